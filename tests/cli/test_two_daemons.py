"""Two daemons on one PostgreSQL: one runs the jobs, the other says who does and waits; killed or frozen, the first is replaced."""

import signal
import subprocess

import pytest
from servers import wait_for

SETTINGS = """
[database]
url = "{url}"
lease_seconds = 2

[erp]
source = "file:{shared}/inbox"
target = "file:{shared}/outbox"
settle_seconds = 0

[schedule]
refresh_snapshot = ""
notify_marketplaces = ""
export_orders = "every 1s"
report_documents = ""
housekeeping = ""
"""


class Node:
    """A project directory of its own on the shared database: another machine, as far as one machine can play it."""

    def __init__(self, project, folder, url):
        self.project, self.log, self.process = type(project)(folder), folder / "daemon.log", None
        (folder / "config").mkdir(parents=True)
        self.project.config.write_text(SETTINGS.format(url=url, shared=project.root))

    def start(self):
        line = [str(self.project.python), "-m", "connector", "daemon"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(line, cwd=self.project.root, env=self.project.environment, stderr=log, stdout=log)

    @property
    def said(self):
        return self.log.read_text() if self.log.exists() else ""

    def signal(self, which):
        self.process.send_signal(which)

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()


@pytest.fixture
def nodes(project, tmp_path, postgresql_url):
    pair = [Node(project, tmp_path / name, postgresql_url) for name in ("one", "two")]
    assert pair[0].project.call("migrate").returncode == 0
    yield pair
    for node in pair:
        node.end()


def leads(node):
    return f"pid {node.process.pid} on " in node.project.document("status")[1]["leaders"].get("daemon", "")


def test_the_second_daemon_names_the_first_and_takes_over_when_it_is_killed(nodes):
    one, two = nodes
    one.start()
    wait_for(lambda: "the daemon runs" in one.said, "the first daemon")
    two.start()
    wait_for(lambda: f"the jobs are run by pid {one.process.pid} on " in two.said, "the second one's sentence")
    assert leads(one)
    assert f"the jobs are run by pid {one.process.pid} on " in one.project.call("check").stdout
    assert "the daemon runs" not in two.said

    one.end()
    wait_for(lambda: "the daemon runs" in two.said, "the take-over", 10)
    assert leads(two)


def test_a_frozen_daemon_is_replaced_says_so_when_it_wakes_and_waits(nodes):
    one, two = nodes
    one.start()
    wait_for(lambda: "the daemon runs" in one.said, "the first daemon")
    two.start()
    wait_for(lambda: "this daemon waits" in two.said, "the second one's sentence")

    one.signal(signal.SIGSTOP)
    wait_for(lambda: "the daemon runs" in two.said, "the take-over", 15)
    one.signal(signal.SIGCONT)
    wait_for(lambda: "another daemon runs the jobs now" in one.said, "what it found when it woke")
    wait_for(lambda: f"the jobs are run by pid {two.process.pid} on " in one.said, "whom it waits for")
    assert leads(two)
    assert one.process.poll() is None

    two.signal(signal.SIGTERM)
    assert two.process.wait(30) == 0
    wait_for(lambda: one.said.count("the daemon runs") == 2, "its own turn again", 15)
    assert "Traceback" not in one.said + two.said

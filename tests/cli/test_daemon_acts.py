"""What people ask for in the console, the real daemon does; what they pause, it leaves out; what they do by command is kept, too."""

import getpass
import signal

import pytest
from servers import wait_for

from connector.app import load
from connector.storage import acts
from connector.storage.database import ready
from connector.usecases import acting, job_switches

NEVER = ('refresh_snapshot = ""', 'notify_marketplaces = ""', 'export_orders = ""', 'report_documents = ""', 'housekeeping = "every 1s"')


@pytest.fixture
def shop(project):
    project.config.write_text("\n".join([project.config.read_text(), "[schedule]", *NEVER, ""]))
    app = load(project.config)
    ready(app.db)
    job_switches.pause(app, "housekeeping", "Ana")
    daemon = project.start("daemon")
    yield project, app
    daemon.send_signal(signal.SIGTERM)
    said = daemon.communicate(timeout=40)[1]
    app.db.close()

    assert "Traceback" not in said
    assert daemon.returncode == 0


def states(app):
    with app.db.read() as tx:
        return {act.what: (act.who, act.via, act.state, act.outcome) for act in acts.page(tx, None, 50)}


def test_the_daemon_does_what_is_asked_for_and_leaves_out_what_is_paused(shop):
    project, app = shop
    wait_for(lambda: job_switches.daemon_of(app), "the daemon's turn")
    for what, about in (("run-job", "export-orders"), ("approve-hold", "77")):
        acting.act(app, what, about, who="Ana")
    wait_for(lambda: {act[2] for act in states(app).values()} <= {"done", "failed"}, "the daemon to do what was asked for")
    jobs = project.document("status")[1]["jobs"]
    project.call("pause", "loja")

    assert states(app) == {
        "run-job": ("Ana", "console", "done", ""),
        "approve-hold": ("Ana", "console", "failed", "there is no hold 77 (connector held list)"),
        "pause-marketplace": (getpass.getuser(), "cli", "done", ""),
    }
    assert "export-orders" in jobs
    assert "housekeeping" not in jobs

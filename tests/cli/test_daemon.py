"""The daemon from outside: jobs at once, one daemon a project, an end within its time."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time

import pytest
from servers import wait_for

SCHEDULE = """
[schedule]
refresh_snapshot = ""
notify_marketplaces = ""
export_orders = ""
report_documents = ""
housekeeping = "every 1s"
"""
WITH_OTHER_JOBS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import connector.daemon, jobs
from connector import log, settings
from connector.app import load
from connector.storage import database
log.configure()
database.ready(load(Path(sys.argv[1])).db)
for name in ("housekeeping", "export-orders"):
    jobs.JOBS[name] = jobs.Job(sys.argv[3], "every 1s")
connector.daemon.DEADLINE_SECONDS = float(sys.argv[4])
sys.exit(connector.daemon.run(settings.load(sys.argv[1])))
"""
OBEDIENT = """
from pathlib import Path
from connector.usecases.report import Report
def run(app, how):
    (app.root / "begun").touch()
    how.stop.wait(60)
    (app.root / "ended").touch()
    return Report("housekeeping")
"""
NAMING = """
import json
from connector.usecases.report import Report
def run(app, how):
    with (app.root / "begun").open("a") as file:
        file.write(json.dumps({"database": id(app.db), "source": id(app.source)}) + "\\n")
    return Report("any")
"""
STUBBORN = """
import time
from connector.usecases.report import Report
def run(app, how):
    (app.root / "begun").touch()
    time.sleep(60)
"""
FAILING = """
from connector.usecases.report import Report
def run(app, how):
    with (app.root / "begun").open("a") as file:
        file.write("x")
    raise ZeroDivisionError("a bug")
"""


@pytest.fixture
def shop(project):
    project.config.write_text(project.config.read_text() + SCHEDULE)
    yield project
    for process in project.__dict__.pop("started", []):
        process.kill()
        process.communicate()


def started(shop, process):
    shop.__dict__.setdefault("started", []).append(process)
    return process


def with_job(shop, source, deadline=20):
    (shop.root / "other_job.py").write_text(source)
    line = [sys.executable, "-c", WITH_OTHER_JOBS, str(shop.config), str(shop.root), "other_job", str(deadline)]
    daemon = subprocess.Popen(line, env=shop.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for((shop.root / "begun").exists, "the job's begin")
    return started(shop, daemon)


def stop(daemon):
    begun = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    said = daemon.communicate(timeout=40)[1]
    return time.monotonic() - begun, said


def runs(shop):
    dead = [process.communicate()[1] for process in shop.__dict__.get("started", []) if process.poll() not in (None, 0, -signal.SIGKILL)]
    assert dead == [], "a daemon ended by itself"
    return shop.document("status")[1]["jobs"].get("housekeeping", {}).get("ended_at")


def test_jobs_run_soon_after_the_start_and_the_end_is_quick(shop):
    daemon = started(shop, shop.start("daemon"))
    wait_for(lambda: runs(shop), "the first run of housekeeping")
    took, said = stop(daemon)

    assert (daemon.returncode, daemon.stdout.closed) == (0, True)
    assert took < 10
    assert "Traceback" not in said


def test_jobs_share_one_database_and_each_has_files_of_its_own(shop):
    shop.config.write_text(shop.config.read_text().replace('export_orders = ""', 'export_orders = "every 1s"'))
    daemon = with_job(shop, NAMING)
    wait_for(lambda: len(named(shop, "source")) == 2, "a run of both jobs")
    stop(daemon)

    assert len(named(shop, "database")) == 1


def named(shop, what):
    return {line[what] for line in map(json.loads, (shop.root / "begun").read_text().splitlines())}


def test_a_second_daemon_is_refused_naming_the_first(shop):
    first = started(shop, shop.start("daemon"))
    wait_for(lambda: runs(shop), "the first daemon's work")
    second = shop.call("daemon")
    stop(first)

    assert second.returncode == 1
    assert f"pid {first.pid} on" in second.stderr


def test_the_turn_goes_with_a_daemon_that_is_killed(shop):
    first = started(shop, shop.start("daemon"))
    wait_for(lambda: runs(shop), "the first daemon's work")
    first.kill()
    first.communicate()
    second = started(shop, shop.start("daemon"))
    wait_for(lambda: f"pid {second.pid}" in (shop.root / "var/locks/daemon.lock").read_text(), "the second daemon")
    took, _ = stop(second)

    assert second.returncode == 0
    assert took < 10


def test_a_job_under_way_is_told_to_end_and_waited_for(shop):
    daemon = with_job(shop, OBEDIENT)
    took, _ = stop(daemon)

    assert (shop.root / "ended").exists()
    assert daemon.returncode == 0
    assert took < 10


def test_a_job_that_does_not_end_is_left_behind(shop):
    daemon = with_job(shop, STUBBORN, deadline=1)
    took, said = stop(daemon)

    assert daemon.returncode == 0
    assert 1 <= took < 10
    assert "abandoned" in said


def test_a_bug_in_a_job_is_logged_and_the_job_is_tried_again(shop):
    daemon = with_job(shop, FAILING)
    wait_for(lambda: len((shop.root / "begun").read_text()) > 1, "the second try")
    _, said = stop(daemon)
    last = shop.document("status")[1]["jobs"]["housekeeping"]

    assert "ZeroDivisionError" in said
    assert last["exit_status"] == 1
    assert "unexpected error" in last["failures"][0]


def test_a_schedule_that_cannot_be_read_names_its_key(shop):
    done = shop.call("daemon", CONNECTOR__SCHEDULE__EXPORT_ORDERS="*/5 * * *")

    assert done.returncode == 2
    assert "schedule.export_orders" in done.stderr


def test_the_lock_names_its_holder(shop):
    daemon = started(shop, shop.start("daemon"))
    wait_for(lambda: runs(shop), "work")
    held = json.loads((shop.root / "var/locks/daemon.lock").read_text())
    stop(daemon)

    assert held["holder"].startswith(f"pid {daemon.pid} on ")
    assert (shop.root / "var/locks/daemon.lock").read_text() == ""


def test_systemd_is_told_of_readiness_life_and_end(shop, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(30)
        daemon = started(shop, shop.start("daemon", NOTIFY_SOCKET=str(tmp_path / "notify")))
        first, second = ear.recv(100), ear.recv(100)
        stop(daemon)
        ear.settimeout(0.1)
        last = b""
        with contextlib.suppress(TimeoutError):
            while last != b"STOPPING=1":
                last = ear.recv(100)

    assert (first, second, last) == (b"READY=1", b"WATCHDOG=1", b"STOPPING=1")

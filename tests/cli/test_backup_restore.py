"""`connector backup` and `connector restore` as a person calls them, beside the daemon and the API."""

import signal
import subprocess
import sys
import urllib.error
import urllib.request

from servers import free_port, wait_for

OVERWRITE = """
import os, sys
with open(sys.argv[1], "r+b") as file:
    for page in range(1, file.seek(0, 2) // 4096):
        file.seek(page * 4096)
        file.write(os.urandom(200))
"""


def damage(project):
    """Overwrite 200 bytes of every page but the first, in another process."""
    subprocess.run([sys.executable, "-c", OVERWRITE, project.root / "var" / "connector.db"], check=True)


def answer(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def test_the_daemon_makes_backups_and_damage_ends_it_with_the_command_that_mends_it(project):
    daemon = project.start("daemon", CONNECTOR__SCHEDULE__EXPORT_ORDERS="every 1s")
    wait_for(lambda: list((project.root / "var" / "backups").glob("connector-*.db")), "a backup")
    beside = project.call("restore", "--force")
    damage(project)
    _, error = daemon.communicate(timeout=60)
    again, status = project.call("daemon"), project.call("status")
    restored = project.call("restore")

    assert (beside.returncode, "daemon is running elsewhere" in beside.stderr) == (1, True)
    assert [daemon.returncode, again.returncode, status.returncode] == [3, 3, 3], error
    assert all("run: connector restore" in said for said in (error, again.stderr, status.stderr))
    assert "database as of" in restored.stdout
    assert project.call("status").returncode == 0
    assert [str(path) for path in (project.root / "var").rglob("*") if path.stat().st_mode & 0o077] == []


def test_the_api_is_not_ready_over_a_damaged_database_and_restore_waits_for_its_end(project):
    project.call("backup")
    port = free_port()
    api = project.start("serve", CONNECTOR__API__BIND=f"127.0.0.1:{port}", CONNECTOR__API__WORKERS="1")
    try:
        wait_for(lambda: answer(port)[0] == 503, "the API")
        damage(project)
        seen = project.call("status")
        wait_for(lambda: "connector restore" in answer(port)[1], "the API to hear of it", seconds=5)
        beside = project.call("restore")
    finally:
        api.send_signal(signal.SIGTERM)
        api.communicate(timeout=60)

    assert seen.returncode == 3
    assert (beside.returncode, "serve is running elsewhere" in beside.stderr) == (1, True)
    assert project.call("serve").returncode == 3
    assert project.document("restore")[1]["backup"].startswith(str(project.root / "var" / "backups"))
    assert list((project.root / "var" / "damaged").iterdir())

"""A project on a disk of 24 MB that fills up: imports and orders stop before it is full, simulations go on, and all heals by itself."""

import contextlib
import os
import shutil
import subprocess

import pytest
from judging import JudgedClient
from servers import missing
from web_world import CART, LOCAL, order, set_up

from connector.errors import Busy, DatabaseUnreachable, DiskShort
from connector.storage import damage
from connector.usecases import alarms, backups, disk, doctor, restoring, surroundings, tombstones, turns, upkeep
from connector.usecases.status import status
from connector.usecases.turns import turn
from connector.web.app import create_app
from jobs import DEFAULT_SCHEDULES, Pass
from jobs.running import run_job

SETTINGS = "[erp]\nsettle_seconds = 0\n[disk]\nleast_free_share = 0.25\n"
SIMULATION = "/pvt/orderForms/simulation"


@pytest.fixture
def small(tmp_path):
    """A file system of its own."""
    if os.getuid() != 0 or shutil.which("mount") is None:
        missing("a small disk needs root and mount")
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", tmp_path], capture_output=True, text=True, check=False)
    if mount.returncode:  # a container that forbids it: there is nothing to install that would help
        pytest.skip(f"a small disk cannot be mounted here: {mount.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "-l", tmp_path], check=True)


@pytest.fixture
def app(small):
    found = set_up(small / "project", SETTINGS).app()
    for folder in ("inbox/stock", "outbox"):
        (found.root / folder).mkdir(parents=True)
    yield found
    found.db.close()


def fill(app, *, leave):
    """Leave so many bytes of the disk."""
    room = os.statvfs(app.root)
    with (app.root / "ballast").open("wb") as ballast:
        ballast.write(b"x" * (room.f_bavail * room.f_frsize - leave))


def fill_up(app):
    """Leave nothing."""
    fill(app, leave=0)
    with (app.root / "ballast").open("ab") as ballast, contextlib.suppress(OSError):
        while True:
            os.write(ballast.fileno(), b"x" * 512)


def place(app, number):
    client = JudgedClient(create_app(app), headers=LOCAL)
    return client.simulate_post("/pvt/orders?sc=1&an=acme-market", json=[order(number)])


def simulated(app):
    answer = JudgedClient(create_app(app), headers=LOCAL).simulate_post(f"{SIMULATION}?sc=1&an=acme-market", json=CART)
    return answer.status_code, len(answer.json["items"])


def drop(app, quantity):
    (app.root / "inbox/stock/s.csv").write_text(f"sku;quantity\n100;{quantity}\n200;5\n")


def test_before_the_disk_is_full_imports_and_orders_stop_simulations_go_on_and_all_heals_by_itself(app):
    taken = place(app, "1")
    drop(app, 7)
    fill(app, leave=5_000_000)
    refused, again = place(app, "2"), place(app, "1")
    report = run_job(app, "refresh-snapshot", Pass(by_hand=True))
    simulation, seen = simulated(app), status(app)
    checks = {check.name: check for check in doctor.examine(app, DEFAULT_SCHEDULES)}
    with app.db.read() as tx:
        raised = [alarm.name for alarm in alarms.current(tx, app)]
    with pytest.raises(DiskShort):
        disk.require(app, app.root, 1)
    (app.root / "ballast").unlink()
    healed, after = place(app, "2"), run_job(app, "refresh-snapshot", Pass(by_hand=True))

    assert (taken.status_code, refused.status_code, refused.headers["Retry-After"]) == (200, 503, "30")
    assert (again.status_code, again.content) == (200, taken.content)  # it was taken before: nothing is to be written
    assert simulation == simulated(app)
    assert (report.exit_status, "must stay free" in report.failures[0]) == (3, True)
    assert [place["short"] for place in seen.disk] == [True]
    assert any("short of room" in line for line in seen.troubles)
    assert (checks["free disk"].state, "disk-short" in raised) == ("fail", True)
    assert (healed.status_code, after.exit_status) == (200, 0)
    assert not any(place.is_short for place in disk.places(app))
    assert surroundings.file_system(app.root / "var") == "tmpfs"


def test_where_something_else_fills_it_to_the_last_byte_nothing_is_damaged_and_all_heals(app):
    before = simulated(app)  # who has the database open goes on reading it; a process that starts now waits for room
    fill_up(app)
    refused, simulation = place(app, "1"), simulated(app)
    run_job_safely(app)
    (app.root / "ballast").unlink()
    app.db.verify()

    assert (refused.status_code, simulation) == (503, before)
    assert place(app, "1").status_code == 200


def test_where_it_is_full_to_the_last_byte_turns_are_taken_without_a_name_and_what_cannot_be_done_says_that_room_is_needed(app):
    app.db.close()  # and with it goes the log, which would have room
    fill_up(app)
    with turn(app, "backup"), pytest.raises(Busy, match="a process that has not yet written its name"), turn(app, "backup", wait_seconds=0):
        pass
    turns.share(app, "serve").close()
    with pytest.raises(DatabaseUnreachable) as full:
        run_job(app, "housekeeping", Pass(by_hand=True))

    assert full.value.remedy.startswith("make room")
    (app.root / "ballast").unlink()
    assert run_job(app, "housekeeping", Pass(by_hand=True)).exit_status == 0


def run_job_safely(app):
    with contextlib.suppress(Exception):  # what it raises is another test's affair; here, that it does no harm
        run_job(app, "housekeeping", Pass(by_hand=True))


def restorable(app):
    """Have a backup of some 3 MB, an order that it does not know, and a database that is marked as damaged; return that order's content."""
    with app.db.write() as tx:
        tx.exec_driver_sql("CREATE TABLE ballast (x BLOB)")
        tx.exec_driver_sql("INSERT INTO ballast VALUES (randomblob(3000000))")
    backups.make(app)
    answer = place(app, "1")
    upkeep.checkpoint(app)
    damage.note(str(damage.mark_of(app.db.path)), "a test says so")
    app.db.close()
    return answer.content


def lies_in(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.endswith("-waiting"))


@pytest.mark.parametrize(("spare", "error"), [(2_000_000, DiskShort), (40_000, DatabaseUnreachable)])
def test_a_restore_for_which_there_is_no_room_replaces_nothing_and_gives_no_order_up(small, spare, error):
    app = set_up(small / "project", SETTINGS.replace("0.25", "0")).app()
    taken = restorable(app)
    before, size = lies_in(app.db.path.parent), app.db.path.stat().st_size
    room_for_all = size + backups.known(app)[0].size
    fill(app, leave=size + spare if error is DiskShort else room_for_all + spare)
    with pytest.raises(error):
        restoring.restore(app, None)
    after = lies_in(app.db.path.parent)
    (app.root / "ballast").unlink()
    done = restoring.restore(app, None)

    assert after == before
    assert (len(done.orders.carried), done.orders.questions, done.orders.unreadable) == (1, 0, [])
    assert place(app, "1").content == taken
    app.db.close()


def test_a_whole_database_is_given_back_where_its_restore_fails(small):
    app = set_up(small / "project", SETTINGS.replace("0.25", "0")).app()
    restorable(app)
    damage.mark_of(app.db.path).unlink()
    fill(app, leave=app.db.path.stat().st_size * 2 + 40_000)
    with pytest.raises(DatabaseUnreachable, match="nothing was replaced"):
        restoring.restore(app, None, force=True)

    assert not damage.mark_of(app.db.path).exists()
    app.db.verify()
    app.db.close()


def test_what_the_list_of_the_erased_cannot_take_in_full_is_not_in_it_at_all(small, tmp_path_factory):
    root = tmp_path_factory.mktemp("elsewhere")
    app = set_up(root, f'{SETTINGS}[backup]\nfolder = "{small}"\n').app()
    tombstones.add(app, ["first"], [])
    before = tombstones.place(app).read_bytes()
    with (small / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(b"x" * 4096)
    with pytest.raises(DiskShort, match="nobody was erased"):
        tombstones.add(app, [f"order-{number}" for number in range(2000)], [])
    full = tombstones.place(app).read_bytes()
    (small / "ballast").unlink()
    tombstones.add(app, ["second"], [])
    app.db.close()

    assert full == before
    assert tombstones.known(app).orders == {"first", "second"}


def test_no_backup_is_made_that_would_fill_it(app):
    fill(app, leave=6_100_000)
    with pytest.raises(DiskShort, match="must stay so"):
        backups.make(app)

    assert backups.known(app) == []

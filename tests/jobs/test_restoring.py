"""Backups made while everything runs, and a damaged database that is recognised, left alone, and restored."""

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from damage_world import content, damage, pages_of
from hypothesis import given
from hypothesis import strategies as st
from orders_world import Seller
from servers import postgresql_programs, wait_for
from sqlalchemy import make_url

from connector.app import utc_now
from connector.domain.orders import OrderState
from connector.errors import Busy, Conflict, DatabaseDamaged, NotFound, Refused, UsageError
from connector.storage import accounts, health, postgresql_dumps, reservations, runs
from connector.storage.damage import mark_of
from connector.storage.database import MIGRATIONS, Database, is_current, migrate
from connector.storage.tables import stock
from connector.usecases import (
    backups,
    doctor,
    job_switches,
    leftovers,
    letters,
    orders,
    privacy,
    readiness,
    restoring,
    soundness,
    upkeep,
    upkeep_alarms,
)
from connector.usecases.backups import Backup
from connector.usecases.turns import share, turn
from jobs import DEFAULT_SCHEDULES, Pass
from jobs.running import run_job

HOLDER = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1])
held.execute("BEGIN")
held.execute("SELECT count(*) FROM orders").fetchone()
print("held", flush=True)
sys.stdin.read()
"""

AT_WORK = """
import sys
from pathlib import Path
from connector import app, settings
from connector.usecases import backups, restoring
ours = app.build(settings.load(Path(sys.argv[1])))
backups.make(ours) if sys.argv[2] == "backup" else restoring.restore(ours, None, force=True)
"""


@pytest.fixture
def seller(tmp_path):
    """A seller whose clock is the machine's, with an order."""
    made = Seller(tmp_path / "shop")
    made.app = replace(made.app, clock=utc_now)
    made.sells("A")
    made.first = made.placed("1")
    return made


def database(seller):
    return seller.app.db.path


def hurt(seller, *tables):
    seller.app.db.close()
    damage(database(seller), *pages_of(database(seller), *tables))
    return content(database(seller))


def lose(seller):
    seller.app.db.close()
    database(seller).unlink()


def known(seller, numbers="123"):
    """Return our numbers of the orders that are known, by the marketplace's."""
    with seller.app.db.read() as tx:
        rows = tx.exec_driver_sql("SELECT marketplace_order_id, order_id FROM orders").all()
    return {number: ours for number, ours in rows if number in numbers}


def test_a_backup_is_named_by_its_time_and_readable_by_its_owner_alone(seller):
    before = datetime.now(UTC).replace(microsecond=0)
    made = backups.make(seller.app)

    assert before <= made.at <= datetime.now(UTC)
    assert re.fullmatch(r"connector-\d{8}T\d{6}Z\.db", made.path.name)
    assert oct(made.path.stat().st_mode & 0o777) == "0o600"
    assert [one.path for one in backups.known(seller.app)] == [made.path]
    assert [path.name for path in made.path.parent.iterdir()] == [made.path.name]


def test_a_backup_holds_what_only_the_write_ahead_log_knows_yet(seller):
    with subprocess.Popen([sys.executable, "-c", HOLDER, database(seller)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as held:
        held.stdout.readline()
        second = seller.placed("2")
        wal = health.wal_bytes(seller.app.db)
        made = backups.make(seller.app)
        held.communicate()
    with closing(sqlite3.connect(made.path)) as copy:
        orders = {row[0] for row in copy.execute("SELECT order_id FROM orders")}

    assert wal > 0
    assert second in orders


def test_no_writer_waits_a_quarter_of_a_second_for_a_backup(seller):
    with seller.app.db.write() as tx:  # some 60 MB
        tx.exec_driver_sql("CREATE TABLE ballast (x BLOB)")
        for _ in range(60):
            tx.exec_driver_sql("INSERT INTO ballast VALUES (randomblob(1000000))")
    upkeep.checkpoint(seller.app)
    waits, commits, done = [], [], threading.Event()

    def write():
        while not done.is_set():
            started = time.monotonic()
            with seller.app.db.write() as tx:
                waits.append(time.monotonic() - started)
                tx.exec_driver_sql("UPDATE stock SET quantity = quantity + 1")
            commits.append(time.monotonic() - started)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = backups.make(seller.app)
    finally:
        done.set()
        writer.join()

    assert made.size > 60_000_000
    assert len(waits) > 5
    assert max(waits) < 0.25  # for the lock; how long the disk takes to make a commit durable is its own affair


@pytest.mark.parametrize("table", ["orders", "products", "alembic_version", "sqlite_schema"])
def test_a_damaged_page_is_recognised_and_nothing_is_read_or_written_any_more(seller, table):
    seller.app.db.close()
    pages = [1] if table == "sqlite_schema" else pages_of(database(seller), table)
    damage(database(seller), *pages)
    damaged = content(database(seller))
    with pytest.raises(DatabaseDamaged, match="connector restore") as found:
        soundness.require(seller.app)
    for use in (seller.app.db.read, seller.app.db.write):
        with pytest.raises(DatabaseDamaged), use():
            pass
    with pytest.raises(DatabaseDamaged):
        run_job(seller.app, "export-orders", Pass(by_hand=True))
    seller.app.db.close()

    assert found.value.exit_status == 3
    assert "\n" not in str(found.value)
    assert "connector restore" in readiness.reasons(seller.app)[0]
    assert content(database(seller)) == damaged


def test_damage_met_in_the_middle_of_the_work_stops_every_process(seller):
    hurt(seller, "orders")
    with pytest.raises(DatabaseDamaged):
        seller.placed("2")
    other = Seller.__new__(Seller)
    other.app = replace(seller.app, db=type(seller.app.db)(seller.app.db.url))
    with pytest.raises(DatabaseDamaged), other.app.db.read():
        pass


def test_restore_brings_the_last_backup_back_and_keeps_the_damaged_database(seller):
    before = known(seller)
    made = backups.make(seller.app)
    damaged = hurt(seller, "products")
    with pytest.raises(DatabaseDamaged):
        soundness.require(seller.app)
    done = restoring.restore(seller.app, None)
    soundness.require(seller.app)

    assert (done.backup, done.aside.name) == (made.path, "connector.db")
    assert known(seller) == before
    assert content(done.aside) == damaged
    assert oct(database(seller).stat().st_mode & 0o777) == "0o600"


def test_orders_placed_since_the_backup_are_taken_over_where_they_can_be_read(seller):
    backups.make(seller.app)
    second = seller.placed("2")
    before = known(seller)
    hurt(seller, "products")
    done = restoring.restore(seller.app, None)

    assert second in done.orders.carried
    assert (done.orders.unreadable, done.orders.questions, restoring.warnings(done)) == ([], 0, [])
    assert known(seller) == before
    assert seller.order(second).items[0].sku == "A"


def test_what_became_of_an_order_since_the_backup_is_taken_over_and_its_file_is_not_written_twice(seller):
    backups.make(seller.app)
    (seller.app.root / "outbox").mkdir()
    run_job(seller.app, "export-orders", Pass(by_hand=True))
    (written,) = (seller.app.root / "outbox" / "orders").iterdir()
    written.unlink()  # the ERP has taken it
    hurt(seller, "products")
    restoring.restore(seller.app, None)
    run_job(seller.app, "export-orders", Pass(by_hand=True))

    assert list((seller.app.root / "outbox" / "orders").iterdir()) == []


def counted(seller, *, order, at):
    """The ERP took an order, then wrote a stock file that counts it and leaves nothing."""
    with seller.app.db.write() as tx:
        reservations.acknowledge(tx, order, at)
        tx.execute(stock.update().values(quantity=0))
        reservations.release_counted(tx, at + timedelta(seconds=1), at + timedelta(seconds=2))


def test_pieces_that_a_stock_file_since_the_backup_counted_are_held_until_such_a_file_comes_again(seller):
    backups.make(seller.app)
    second, now = seller.placed("2", ("A", 7)), utc_now()
    seller.app.db.close()
    counted(seller, order=second, at=now)
    gone = seller.left("A")
    hurt(seller, "job_runs")
    restoring.restore(seller.app, None)
    held = seller.left("A")
    with seller.app.db.write() as tx:
        before = reservations.release_counted(tx, now - timedelta(seconds=1), utc_now())
        freed = reservations.release_counted(tx, now + timedelta(seconds=1), utc_now())

    assert (gone, held) == (0, 2)
    assert (before, freed) == ([], [(second, "A")])


def test_pieces_that_the_backup_s_stock_counts_already_are_not_held_again(seller):
    counted(seller, order=seller.first, at=utc_now())
    backups.make(seller.app)
    orders.cancel(seller.app, "shop", seller.first, {"reason": "gave up"})
    hurt(seller, "job_runs")
    done = restoring.restore(seller.app, None)

    assert done.orders.carried == [seller.first]
    assert seller.left("A") == 0


def test_where_nobody_knows_whether_a_file_was_written_a_person_decides(seller):
    backups.make(seller.app)
    (seller.app.root / "outbox").mkdir()
    run_job(seller.app, "export-orders", Pass(by_hand=True))
    (written,) = (seller.app.root / "outbox" / "orders").iterdir()
    written.unlink()
    hurt(seller, "orders", "outbox")
    done = restoring.restore(seller.app, None)
    run_job(seller.app, "export-orders", Pass(by_hand=True))

    assert done.orders.doubtful == 1
    assert "cannot be read" in "; ".join(restoring.warnings(done))
    assert list((seller.app.root / "outbox" / "orders").iterdir()) == []
    assert "look there" in str(letters.listing(seller.app))


def test_of_a_backup_that_was_copied_and_renamed_nothing_is_lost(seller, tmp_path):
    made = backups.make(seller.app)
    second = seller.placed("2")
    orders.cancel(seller.app, "shop", seller.first, {"reason": "gave up"})
    before, copied = known(seller), tmp_path / "yesterday.db"
    shutil.copyfile(made.path, copied)
    ahead = time.time() + 60  # the copy is younger than all that the database knows
    os.utime(copied, (ahead, ahead))
    hurt(seller, "products")
    done = restoring.restore(seller.app, copied)

    assert set(done.orders.carried) == {seller.first, second}
    assert (known(seller), seller.order(seller.first).state) == (before, OrderState.CANCELED)
    assert done.at <= made.at + timedelta(seconds=1)


def test_a_backup_dated_by_a_clock_that_was_ahead_hides_no_order(seller):
    ahead = replace(seller.app, clock=lambda: utc_now() + timedelta(days=3))
    backups.make(ahead)
    second = seller.placed("2")
    hurt(seller, "products")
    restoring.restore(seller.app, None)

    assert set(known(seller).values()) == {seller.first, second}


def test_a_backup_of_a_clock_that_was_ahead_is_passed_over_by_name_and_hides_no_late_one(seller):
    ahead = backups.make(replace(seller.app, clock=lambda: utc_now() + timedelta(days=2)))
    second = seller.placed("2")
    made = backups.make(seller.app)
    later = replace(seller.app, clock=lambda: utc_now() + timedelta(hours=4))
    alarms = [alarm.name for alarm in upkeep_alarms.found(later)]
    lose(seller)
    done = restoring.restore(seller.app, None)

    assert alarms == ["backup-late"]
    assert done.backup == made.path
    assert set(known(seller).values()) == {seller.first, second}
    assert any(ahead.path.name in line and "passed over" in line for line in restoring.sentences(done))
    assert done.as_dict()["backups_passed_over"] == [str(ahead.path)]


def test_an_order_of_which_the_backup_knows_more_is_not_set_back(seller):
    made = backups.make(seller.app)
    orders.cancel(seller.app, "shop", seller.first, {"reason": "gave up"})
    newer = backups.make(replace(seller.app, clock=lambda: utc_now() + timedelta(hours=1)))
    lose(seller)
    restoring.restore(seller.app, made.path)  # the older one, by mistake
    with seller.app.db.write() as tx:
        tx.exec_driver_sql("UPDATE outbox SET state = 'delivered', settled_at = '2026-01-01 00:00:00.000000'")
    restoring.restore(seller.app, newer.path, force=True)

    assert seller.order(seller.first).state == OrderState.CANCELED


def test_orders_of_a_database_that_an_older_version_left_are_carried_over(seller):
    backups.make(seller.app)
    later = seller.placed("2")
    seller.app.db.close()
    with closing(sqlite3.connect(database(seller))) as old:
        (index,) = old.execute("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE '%erased_at%'").fetchone()
        old.executescript(f"DROP INDEX {index}; ALTER TABLE orders DROP COLUMN erased_at; UPDATE alembic_version SET version_num = '0014'")
    restoring.restore(seller.app, None, force=True)

    assert [one["order_id"] for one in orders.listing(seller.app)] == [later, seller.first]
    assert seller.order(later).state is OrderState.PLACED


def test_orders_of_two_databases_that_went_apart_are_all_kept(seller):
    older = backups.make(seller.app)
    second = seller.placed("2")
    newer = backups.make(replace(seller.app, clock=lambda: utc_now() + timedelta(hours=1)))
    lose(seller)
    restoring.restore(seller.app, older.path)  # by mistake
    third = seller.placed("3")
    done = restoring.restore(seller.app, newer.path, force=True)

    assert set(known(seller).values()) == {seller.first, second, third}
    assert (third in done.orders.carried, done.orders.unreadable) == (True, [])


def test_what_became_of_an_order_that_was_erased_since_is_taken_over(seller):
    backups.make(seller.app)
    orders.cancel(seller.app, "shop", seller.first, {"reason": "gave up"})
    seller.knows_no_more_messages()
    privacy.erase(seller.app, seller.order(seller.first).client["document"])
    restoring.restore(seller.app, None, force=True)

    assert seller.order(seller.first).state == OrderState.CANCELED


def test_what_the_write_ahead_log_beside_the_named_file_holds_is_restored_too(seller, tmp_path):
    kept = tmp_path / "kept.db"
    with subprocess.Popen([sys.executable, "-c", HOLDER, database(seller)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as held:
        held.stdout.readline()
        second = seller.placed("2")
        for ending in ("", "-wal"):
            subprocess.run(["cp", f"{database(seller)}{ending}", f"{kept}{ending}"], check=True)
        held.communicate()
    log = content(f"{kept}-wal")
    lose(seller)
    restoring.restore(seller.app, kept)

    assert set(known(seller).values()) == {seller.first, second}
    assert content(f"{kept}-wal") == log


def test_a_file_that_is_no_database_at_all_is_restored_too(seller):
    backups.make(seller.app)
    seller.app.db.close()
    subprocess.run(["truncate", "-s", "0", database(seller)], check=True)
    subprocess.run([sys.executable, "-c", "import sys; open(sys.argv[1], 'wb').write(b'x' * 9000)", database(seller)], check=True)
    with pytest.raises(DatabaseDamaged):
        soundness.require(seller.app)
    done = restoring.restore(seller.app, None)

    assert done.orders.questions > 0
    assert known(seller) == {"1": seller.first}


def test_a_damaged_schema_of_which_sqlite_speaks_in_its_bytes_stops_no_restore(seller):
    backups.make(seller.app)
    seller.app.db.close()
    subprocess.run(["sed", "-i", r"s/CREATE TABLE orders (/CREATE TABLE orders \x89/", database(seller)], env={"LC_ALL": "C"}, check=True)
    mark_of(database(seller)).write_text("a test says so")
    done = restoring.restore(seller.app, None)

    assert done.orders.questions > 0
    assert known(seller) == {"1": seller.first}


def test_a_lost_database_is_restored_too(seller):
    backups.make(seller.app)
    seller.app.db.close()
    database(seller).unlink()
    done = restoring.restore(seller.app, None)

    assert done.aside is None
    assert known(seller) == {"1": seller.first}


def test_files_taken_since_the_backup_are_named(seller):
    made = backups.make(seller.app)
    late = seller.app.root / "archive" / "prices" / "2026-11-24" / "p.csv"
    late.parent.mkdir(parents=True)
    late.write_text("sku;price\n")
    done = restoring.restore(seller.app, made.path, force=True)

    assert done.files_since == ("archive/prices/2026-11-24/p.csv",)
    assert "archive/prices/2026-11-24/p.csv" in " ".join(restoring.sentences(done))


def test_what_the_source_must_have_again_is_named_the_oldest_first_and_of_a_full_feed_what_counts_alone(seller):
    made = backups.make(seller.app)
    for age, place in enumerate(
        (
            "held/stock/late.csv",
            "rejected/acks/acks.csv",
            "rejected/acks/acks.csv.errors.csv",
            "held/prices/p.csv",
            "archive/prices/2026-11-24/p-3.csv",
            "archive/acks/2026-11-24/acks-2.csv",
            "archive/prices/2026-11-24/p-2.csv",
            "rejected/prices/before.csv",
            "archive/acks/2026-11-24/acks.csv",
            "archive/freight/2026-11-24/a.csv",
            "archive/prices/2026-11-24/p.csv",
        )
    ):
        path = seller.app.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        os.utime(path, (time.time() - 60 * age,) * 2)
    done = restoring.restore(seller.app, made.path, force=True)
    said = next(line for line in restoring.sentences(done) if "taken since" in line)

    assert len(done.files_since) == 10
    assert done.files_to_copy == (
        "archive/freight/2026-11-24/a.csv",
        "archive/acks/2026-11-24/acks.csv",
        "archive/acks/2026-11-24/acks-2.csv",
        "archive/prices/2026-11-24/p-3.csv",
        "held/prices/p.csv",
        "rejected/acks/acks.csv",
        "held/stock/late.csv",
    )
    assert f"cp -p, the oldest first: {', '.join(done.files_to_copy)}" in said


def test_a_file_that_was_dated_ahead_counts_as_of_when_it_was_put_away_in_what_the_source_must_have_again(seller):
    made = backups.make(seller.app)
    folder = seller.app.root / "archive" / "prices" / "2026-11-24"
    folder.mkdir(parents=True)
    for name, ahead in (("a.csv", timedelta(days=300)), ("b.csv", timedelta(0)), ("c.csv", timedelta(0))):
        (folder / name).write_text("x")
        os.utime(folder / name, (time.time() + ahead.total_seconds(),) * 2)
        time.sleep(0.05)
    done = restoring.restore(seller.app, made.path, force=True)

    assert [place[-5:] for place in done.files_since] == ["a.csv", "b.csv", "c.csv"]
    assert done.files_to_copy == ("archive/prices/2026-11-24/c.csv",)


def paused(seller):
    with seller.app.db.read() as tx:
        return accounts.is_paused(tx, "shop"), accounts.is_paused(tx, "mall"), job_switches.paused_by(tx, "export-orders")


def test_what_a_person_paused_or_resumed_since_the_backup_stays_so(seller):
    letters.pause(seller.app, "mall")
    backups.make(seller.app)
    letters.pause(seller.app, "shop")
    letters.resume(seller.app, "mall")
    job_switches.pause(seller.app, "export-orders", "ana")
    hurt(seller, "products")
    done = restoring.restore(seller.app, None)

    assert paused(seller) == (True, False, "ana")
    assert "paused as before: export-orders, shop" in restoring.sentences(done)


def test_pauses_that_cannot_be_read_any_more_are_a_person_s_to_repeat(seller):
    backups.make(seller.app)
    letters.pause(seller.app, "shop")
    hurt(seller, "marketplaces")
    done = restoring.restore(seller.app, None)

    assert paused(seller) == (False, False, "")
    assert [line for line in restoring.warnings(done) if "what was paused or resumed since" in line]


def test_a_whole_database_is_not_replaced_unless_asked(seller):
    backups.make(seller.app)
    second = seller.placed("2")
    with pytest.raises(Conflict, match="--force"):
        restoring.restore(seller.app, None)
    kept = known(seller)
    restoring.restore(seller.app, None, force=True)

    assert kept["2"] == second


def test_what_is_no_whole_backup_of_ours_is_refused(seller, tmp_path):
    made = backups.make(seller.app)
    broken = tmp_path / "connector-20260101T000000Z.db"
    broken.write_bytes(made.path.read_bytes())
    damage(broken, *pages_of(broken, "orders"))
    foreign = tmp_path / "foreign.db"
    with closing(sqlite3.connect(foreign)) as opened:
        opened.execute("CREATE TABLE x (y)")
    newer = tmp_path / "newer.db"
    newer.write_bytes(made.path.read_bytes())
    with closing(sqlite3.connect(newer)) as opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
        opened.commit()
    for file, error in ((broken, Refused), (foreign, Refused), (newer, Refused), (tmp_path / "none.db", NotFound)):
        with pytest.raises(error):
            restoring.restore(seller.app, file, force=True)

    assert known(seller) == {"1": seller.first}


def killed(seller, what, path):
    """Have another process begin a backup or a restore, kill it when that copy has begun, and return what lies about then."""
    with seller.app.db.write() as tx:  # some 60 MB
        tx.exec_driver_sql("CREATE TABLE ballast (x BLOB)")
        tx.exec_driver_sql(
            "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
            " INSERT INTO ballast SELECT randomblob(1000000) FROM n"
        )
    if what == "restore":
        backups.make(seller.app)
    with subprocess.Popen([sys.executable, "-c", AT_WORK, seller.config, what]) as process:
        wait_for(lambda: [one for one in seller.app.root.rglob(path) if one.stat().st_size], path)
        process.kill()
    return leftovers.leftovers(seller.app)


def the_next_backup(app):
    return backups.make(replace(app, clock=lambda: utc_now() + timedelta(minutes=1)))


@pytest.mark.parametrize("clears", [the_next_backup, lambda app: run_job(app, "housekeeping", Pass(by_hand=True))])
def test_a_killed_backup_leaves_no_copy_for_ever(seller, clears):
    left = killed(seller, "backup", ".connector-*.partial")
    during = [path for path in left if path.exists()]
    with turn(seller.app, "backup"):
        kept = leftovers.clear_away(seller.app)
    clears(seller.app)

    assert (len(during), kept) == (len(left), 0)
    assert left
    assert [path for path in backups.folder(seller.app).iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("clears", [lambda app: restoring.restore(app, None), leftovers.clear_away])
def test_a_killed_restore_leaves_no_copy_for_ever(seller, clears):
    left = killed(seller, "restore", ".connector.db.restoring")
    clears(seller.app)

    assert left
    assert [path.name for path in database(seller).parent.iterdir() if path.name.startswith(".")] == []


def test_nothing_is_restored_while_anything_of_ours_runs(seller):
    backups.make(seller.app)
    for name in ("daemon", "export-orders"):
        with turn(seller.app, name, wait_seconds=0), pytest.raises(Busy, match=name):
            restoring.restore(seller.app, None, force=True)
    with share(seller.app, "serve"), share(seller.app, "serve"), pytest.raises(Busy, match="serve"):
        restoring.restore(seller.app, None, force=True)

    restoring.restore(seller.app, None, force=True)


def test_an_interrupted_restore_leaves_no_empty_database_to_start_with(seller):
    backups.make(seller.app)
    seller.app.db.close()
    database(seller).with_name("connector.db-damaged").write_text("a restore was interrupted before its end")
    database(seller).unlink()
    with pytest.raises(DatabaseDamaged):
        run_job(seller.app, "housekeeping", Pass(by_hand=True))
    restoring.restore(seller.app, None)

    assert known(seller) == {"1": seller.first}


def abandoned(seller, what):
    """Have the machine stop while SQLite's log holds what the database does not: both are as they were, and nobody has them open."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, database(seller)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as held:
        held.stdout.readline()
        done = what()
        seller.app.db.close()
        held.kill()
    return done


@pytest.mark.parametrize("cut", range(6))
def test_of_a_restore_that_is_cut_off_between_two_moves_the_next_one_loses_nothing(seller, monkeypatch, cut):
    backups.make(seller.app)
    second = abandoned(seller, lambda: seller.placed("2"))
    mark_of(database(seller)).write_text("page 4 is bad")
    log = content(f"{database(seller)}-wal")
    moved, rename, replaced = [], Path.rename, Path.replace

    def unless_cut(path, to, how):
        if len(moved) == cut:
            raise KeyboardInterrupt
        moved.append(path)
        return how(path, to)

    monkeypatch.setattr(Path, "rename", lambda path, to: unless_cut(path, to, rename))
    monkeypatch.setattr(Path, "replace", lambda path, to: unless_cut(path, to, replaced))
    monkeypatch.setattr(shutil, "move", lambda path, to: unless_cut(path, to, os.rename))
    with contextlib.suppress(KeyboardInterrupt):
        restoring.restore(seller.app, None)
    monkeypatch.undo()
    done = restoring.restore(seller.app, None, force=True)

    assert log
    assert set(known(seller).values()) == {seller.first, second}
    assert restoring.warnings(done) == []
    kept = sorted(path.relative_to(seller.app.root) for path in (seller.app.root / "var" / "damaged").glob("*/*"))
    assert [path.name for path in kept if path.name == "connector.db"]
    assert [path.name for path in database(seller).parent.iterdir() if path.name.startswith(".")] == []


def test_the_log_of_a_lost_database_is_not_taken_for_the_restored_one_s(seller):
    backups.make(seller.app)
    abandoned(seller, lambda: seller.placed("2"))
    log = content(f"{database(seller)}-wal")
    database(seller).unlink()
    done = restoring.restore(seller.app, None)
    seen = known(seller)
    kept = [content(path) for path in (seller.app.root / "var" / "damaged").glob("*/connector.db-wal")]

    assert done.aside is None
    assert seen == {"1": seller.first}
    assert kept == [log]


def test_two_restores_within_a_second_keep_what_each_replaced(seller):
    backups.make(seller.app)
    now = utc_now()
    seller.app = replace(seller.app, clock=lambda: now)
    done = [restoring.restore(seller.app, None, force=True) for _ in range(2)]

    assert len({one.aside for one in done}) == 2
    assert [one.aside.is_file() for one in done] == [True, True]


def test_whoever_was_erased_is_erased_again_in_a_restored_database(seller):
    backups.make(seller.app)
    seller.knows_no_more_messages()
    with seller.app.db.write() as tx:
        tx.exec_driver_sql("UPDATE orders SET state = 'canceled'")
    document = seller.order(seller.first).client["document"]
    assert privacy.erase(seller.app, document)["erased"] == [seller.first]
    seller.app.db.close()
    database(seller).unlink()  # nothing can be taken over: the backup alone knows the order, and the person
    done = restoring.restore(seller.app, None)
    seller.app.db.close()

    assert done.erased_again == 1
    assert [word for word in (b"a@ct.example", b"GOMES") if word in content(database(seller))] == []
    assert document not in (seller.app.root / "var" / "backups" / "erased.jsonl").read_text()


def test_a_late_backup_raises_an_alarm_and_none_at_all_does_not_before_anything_has_run(seller):
    none_yet = list(upkeep_alarms.found(seller.app))
    backups.make(seller.app)
    later = replace(seller.app, clock=lambda: utc_now() + timedelta(hours=4))

    assert none_yet == []
    assert [alarm.name for alarm in upkeep_alarms.found(later)] == ["backup-late"]
    assert backups.is_due(later)
    assert not backups.is_due(seller.app)


def test_backups_that_were_never_made_are_late_as_counted_from_the_first_pass_of_any_job(seller):
    run_job(seller.app, "tell-alarms", Pass())
    begun = utc_now()
    hours = {passed: replace(seller.app, clock=lambda passed=passed: begun + timedelta(hours=passed)) for passed in (2, 4)}
    found = {passed: [alarm.sentence for alarm in upkeep_alarms.found(app)] for passed, app in hours.items()}

    assert found[2] == []
    assert found[4] == [f"no backup is in {seller.app.root}/var/backups; one is made every 1h"]


def test_the_alarm_of_a_late_backup_lasts_where_the_disk_that_it_lay_on_is_not_there_any_more(seller):
    run_job(seller.app, "tell-alarms", Pass())
    backups.make(seller.app)
    later = replace(seller.app, clock=lambda: utc_now() + timedelta(hours=4))
    late = [alarm.name for alarm in upkeep_alarms.found(later)]
    shutil.rmtree(backups.folder(seller.app))

    assert late == ["backup-late"] == [alarm.name for alarm in upkeep_alarms.found(later)]


def test_a_folder_that_was_changed_is_late_as_counted_from_the_last_pass_that_made_a_backup(seller):
    begun = utc_now()
    with seller.app.db.write() as tx:
        runs.start(tx, "tell-alarms", "long ago", "daemon", begun - timedelta(days=20))
    backups.keep_up(seller.app, "made")
    with seller.app.db.write() as tx:
        runs.end(tx, runs.start(tx, "backup", "failed", "daemon", begun), begun, 3, {})
        ahead = begun + timedelta(days=3)
        runs.end(tx, runs.start(tx, "backup", "clock ahead", "daemon", ahead), ahead, 0, {})
    shutil.rmtree(backups.folder(seller.app))
    hours = [replace(seller.app, clock=lambda passed=passed: begun + timedelta(hours=passed)) for passed in (2, 4)]

    assert [[alarm.name for alarm in upkeep_alarms.found(app)] for app in hours] == [[], ["backup-late"]]


def test_a_large_write_ahead_log_raises_an_alarm(seller):
    with subprocess.Popen([sys.executable, "-c", HOLDER, database(seller)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as held:
        held.stdout.readline()
        with seller.app.db.write() as tx:
            tx.exec_driver_sql("CREATE TABLE ballast (x BLOB)")
            tx.exec_driver_sql("INSERT INTO ballast VALUES (zeroblob(70000000))")
        during = [alarm.name for alarm in upkeep_alarms.found(seller.app)]
        held.communicate()
    upkeep.checkpoint(seller.app)

    assert during == ["wal-large"]
    assert list(upkeep_alarms.found(seller.app)) == []


def test_a_database_that_others_can_read_is_named_by_check(seller):
    database(seller).chmod(0o640)
    found = [check for check in doctor.examine(seller.app, DEFAULT_SCHEDULES) if check.name == "database"]
    database(seller).chmod(0o600)
    after = [check.found for check in doctor.examine(seller.app, DEFAULT_SCHEDULES) if check.name == "database"]

    assert any("chmod 600" in check.remedy for check in found)
    assert not any("other users" in line for line in after)


def test_postgresql_is_dumped_by_its_own_program(tmp_path, postgresql_url):
    seller = Seller(tmp_path / "shop", url=postgresql_url)
    made = backups.make(seller.app)
    with pytest.raises(UsageError, match="pg_restore"):
        restoring.restore(seller.app, made.path)
    seller.app.db.close()

    assert made.path.suffix == ".dump"
    assert made.path.read_bytes()[:5] == b"PGDMP"
    assert oct(made.path.stat().st_mode & 0o777) == "0o600"


def by_hand(line):
    """Call what `connector restore` prints, as a person does in a shell; return its exit status."""
    return subprocess.run(
        ["sh", "-c", line], env={**os.environ, "PATH": f"{postgresql_programs()}:{os.environ['PATH']}"}, check=False
    ).returncode


def upgraded(db, revision):
    """Bring an empty database to the schema of an older version."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with db.write() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, revision)


@pytest.mark.parametrize("revision", ["0001", "0015"])
def test_a_dump_of_an_older_version_is_restored_by_the_printed_command_and_brought_up_to_date_again(
    tmp_path, empty_postgresql_url, revision
):
    db, dump = Database(empty_postgresql_url), tmp_path / "old's.dump"
    upgraded(db, revision)
    postgresql_dumps.dump(db, dump)
    migrate(db)
    line = postgresql_dumps.restore_command(db, dump)
    db.close()
    done = [by_hand(line), by_hand(line)]
    was_current = is_current(db)
    migrate(db)
    now_current = is_current(db)
    db.close()

    assert done == [0, 0]
    assert (was_current, now_current) == (False, True)


def test_a_dump_that_cannot_be_read_to_its_end_replaces_nothing(tmp_path, postgresql_url):
    seller = Seller(tmp_path / "shop", url=postgresql_url)
    seller.sells("A")
    first = seller.placed("1")
    made = backups.make(seller.app)
    content, torn = made.path.read_bytes(), tmp_path / "torn.dump"
    torn.write_bytes(content[: len(content) * 9 // 10])
    seller.app.db.close()
    done = [by_hand(postgresql_dumps.restore_command(seller.app.db, path)) for path in (torn, tmp_path / "none.dump")]

    assert 0 not in done
    assert known(seller) == {"1": first}
    seller.app.db.close()


def test_tables_of_others_in_the_database_stay_as_they_are_where_a_dump_is_put_back(tmp_path, postgresql_url):
    seller = Seller(tmp_path / "shop", url=postgresql_url)
    seller.sells("A")
    first = seller.placed("1")
    with seller.app.db.write() as tx:
        tx.exec_driver_sql("CREATE SCHEMA books")
        for table in ("books.orders", "crm"):
            tx.exec_driver_sql(f"CREATE TABLE {table} (number serial PRIMARY KEY, note text)")
            tx.exec_driver_sql(f"INSERT INTO {table} (note) VALUES ('before')")
    made = backups.make(seller.app)
    seller.placed("2")
    with seller.app.db.write() as tx:
        for table in ("books.orders", "crm"):
            tx.exec_driver_sql(f"INSERT INTO {table} (note) VALUES ('since')")
    seller.app.db.close()
    done = by_hand(postgresql_dumps.restore_command(seller.app.db, made.path))
    with seller.app.db.read() as tx:
        theirs = [tx.exec_driver_sql(f"SELECT note FROM {table} ORDER BY number").scalars().all() for table in ("books.orders", "crm")]

    assert (done, theirs) == (0, [["before", "since"]] * 2)
    assert known(seller) == {"1": first}
    seller.app.db.close()


def test_a_dump_put_back_into_an_empty_database_is_all_that_a_migration_makes(tmp_path, postgresql_url):
    seller = Seller(tmp_path / "shop", url=postgresql_url)
    seller.sells("A")
    seller.placed("1")
    before = made_of(seller.app.db)
    made = backups.make(seller.app)
    with seller.app.db.write() as tx:
        tx.exec_driver_sql("DROP SCHEMA public CASCADE")
        tx.exec_driver_sql("CREATE SCHEMA public")
    seller.app.db.close()

    assert by_hand(postgresql_dumps.restore_command(seller.app.db, made.path)) == 0
    assert made_of(seller.app.db) == before
    seller.placed("2")  # the numbers go on where they were
    assert set(known(seller)) == {"1", "2"}
    seller.app.db.close()


def made_of(db):
    """Tables, columns with what they are by default, indexes and constraints, as PostgreSQL writes them."""
    asked = (
        "SELECT table_name, column_name, column_default, is_nullable FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    )
    with db.read() as tx:
        return [sorted(map(str, tx.exec_driver_sql(query))) for query in asked]


def test_what_the_erp_may_have_been_given_since_a_dump_is_laid_aside_and_not_written_a_second_time(tmp_path, postgresql_url):
    seller = Seller(tmp_path / "shop", url=postgresql_url)
    seller.sells("A")
    seller.placed("1")
    with seller.app.db.write() as tx:
        tx.exec_driver_sql("CREATE VIEW of_mine AS SELECT order_id FROM orders")
    made = backups.make(seller.app)
    with pytest.raises(UsageError) as refused:
        restoring.restore(seller.app, made.path)
    line, steps = refused.value.remedy.split(", then: ")
    seller.app.db.close()
    assert by_hand(line) == 0
    laid_aside = restoring.lay_aside(seller.app), restoring.lay_aside(seller.app)
    (seller.app.root / "outbox").mkdir()
    run_job(seller.app, "export-orders", Pass(by_hand=True))
    told = letters.listing(seller.app)

    assert "connector erase --again" in steps
    assert "connector restore --done" in steps
    assert laid_aside == (1, 0)
    assert "look there, then replay or discard" in str(told)
    assert list((seller.app.root / "outbox").rglob("*.json")) == []
    assert letters.replay(seller.app) == 1
    seller.app.db.close()


def test_nothing_is_laid_aside_while_a_daemon_runs_nor_on_sqlite_whose_restore_does_it(tmp_path, postgresql_url, seller):
    shared = Seller(tmp_path / "shared", url=postgresql_url)
    with turn(shared.app, "daemon"), pytest.raises(Busy, match="daemon"):
        restoring.lay_aside(shared.app)
    shared.app.db.close()
    with pytest.raises(UsageError, match="by itself"):
        restoring.lay_aside(seller.app)


@pytest.mark.parametrize(
    "asked", ["?host=127.0.0.1:1&host={host}:{port}", "?host={host}&port={port}", "?host={host}:{port}&sslmode=disable"]
)
def test_postgresql_is_dumped_from_the_host_that_the_address_s_query_names(tmp_path, postgresql_url, asked):
    url = make_url(postgresql_url)
    query = asked.format(host=url.host, port=url.port)
    seller = Seller(tmp_path / "shop", url=f"postgresql+psycopg://{url.username}:hidden@/{url.database}{query}")
    made = backups.make(seller.app)
    line = " ".join(postgresql_dumps.command(seller.app.db, made.path))
    seller.app.db.close()

    assert made.path.read_bytes()[:5] == b"PGDMP"
    assert "hidden" not in line
    assert ("sslmode=disable" in line) == ("sslmode" in asked)


# ── which are kept ──────────────────────────────────────────────────────────────────────────────────────────────────────
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ages = st.lists(st.integers(0, 60 * 24 * 40), unique=True, max_size=60)


@given(ages, st.integers(1, 30))
def test_of_the_last_day_all_are_kept_then_one_a_day_and_none_past_its_days(minutes, days):
    made = [Backup(None, NOW - timedelta(minutes=number), 1) for number in minutes]
    gone = backups.outlived(made, NOW, timedelta(days=days))
    kept = [one for one in made if one not in gone]
    older = [one.at.date() for one in kept if NOW - one.at > timedelta(days=1)]

    assert {one for one in made if NOW - one.at <= timedelta(days=1)} <= set(kept)
    assert len(older) == len(set(older))
    assert [one for one in kept if NOW - one.at > timedelta(days=days) and one.at != max(other.at for other in made)] == []
    assert bool(kept) == bool(made)

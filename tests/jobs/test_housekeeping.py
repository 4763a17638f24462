"""Housekeeping clears away what is over, and nothing else."""

import os
import time
from datetime import timedelta

import pytest
from orders_world import Seller
from sqlalchemy import insert, select

from connector.storage import health
from connector.storage.tables import job_runs, outbox
from connector.usecases import upkeep
from connector.usecases.turns import turn
from jobs import JOBS, Pass

DAY = timedelta(days=1)


@pytest.fixture
def seller(tmp_path):
    return Seller(tmp_path / "shop")


def keep_house(seller, **how):
    return JOBS["housekeeping"].run(seller.app, Pass(**how))


def message(seller, reference, **values):
    row = {"destination": "shop", "kind": "price", "reference": reference, "due_at": seller.now, "put_at": seller.now, **values}
    with seller.app.db.write() as tx:
        tx.execute(insert(outbox).values(row))


def states(seller):
    with seller.app.db.read() as tx:
        return {row.reference: row.state for row in tx.execute(select(outbox.c.reference, outbox.c.state))}


def test_a_lease_that_ran_out_goes_back_to_waiting(seller):
    message(seller, "dead-sender", state="sending", attempt=1, lease="x", lease_until=seller.now - timedelta(seconds=1))
    message(seller, "alive", state="sending", attempt=1, lease="y", lease_until=seller.now + timedelta(seconds=50))

    assert keep_house(seller).exit_status == 0
    assert states(seller) == {"dead-sender": "pending", "alive": "sending"}


def test_settled_messages_go_after_fourteen_days_and_dead_letters_stay(seller):
    message(seller, "old", state="delivered", settled_at=seller.now - 15 * DAY)
    message(seller, "young", state="delivered", settled_at=seller.now - 13 * DAY)
    message(seller, "given-up", state="dead", settled_at=seller.now - 300 * DAY)
    keep_house(seller)

    assert set(states(seller)) == {"young", "given-up"}


def test_runs_go_after_thirty_days_but_each_job_s_last(seller):
    rows = [
        {"job": job, "run_id": f"{job}{days}", "holder": "x", "started_at": seller.now - days * DAY}
        for job, days in (("a", 40), ("a", 5), ("b", 50), ("b", 40))
    ]
    with seller.app.db.write() as tx:
        tx.execute(insert(job_runs), rows)
    keep_house(seller)
    with seller.app.db.read() as tx:
        left = set(tx.execute(select(job_runs.c.run_id)).scalars())

    assert left == {"a5", "b40"}


def test_stray_working_files_go_and_fresh_ones_stay(seller):
    work = seller.app.root / "var" / "work"
    work.mkdir(parents=True)
    for name, hours in (("old", 25), ("fresh", 1)):
        (work / name).touch()
        at = (work / name).stat().st_mtime - hours * 3600
        os.utime(work / name, (at, at))
    dry = keep_house(seller, dry_run=True)

    assert dry.lines == ["would remove the stray file var/work/old"]
    assert len(list(work.iterdir())) == 2
    assert keep_house(seller).lines == ["1 stray working files removed"]
    assert [path.name for path in work.iterdir()] == ["fresh"]


def test_nothing_to_do_says_nothing(seller):
    report = keep_house(seller)

    assert (report.lines, report.failures) == ([], [])


def test_the_write_ahead_log_is_brought_home(seller):
    message(seller, "x")
    before = health.wal_bytes(seller.app.db)
    keep_house(seller)

    assert before > 0
    assert health.wal_bytes(seller.app.db) == 0


def test_only_one_process_at_a_time_brings_the_log_home(seller):
    message(seller, "x")
    with turn(seller.app, "checkpoint"):
        upkeep.checkpoint(seller.app, wait_seconds=0)
        during = health.wal_bytes(seller.app.db)

    assert during > 0


def test_a_reader_holds_the_log_back_for_a_moment_only(seller):
    message(seller, "x")
    with seller.app.db.read() as tx:
        tx.execute(select(outbox)).all()
        message(seller, "y")
        started = time.monotonic()
        upkeep.checkpoint(seller.app)
        took = time.monotonic() - started

    assert took < 10
    assert set(states(seller)) == {"x", "y"}

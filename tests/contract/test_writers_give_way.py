"""Writers of one SQLite database: whoever waits for its lock has it soon, and nobody depends on the others' courtesy."""

import fcntl
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from statistics import median
from threading import Event, Thread

import pytest
from sqlalchemy import text

from connector.storage.database import Database

TIMES = 15
WRITER = """
import sys, time
from sqlalchemy import text
from connector.storage.database import Database
db = Database(sys.argv[1], wait_seconds=20)
print("ready", flush=True)
while True:
    with db.write() as tx:
        tx.execute(text("INSERT INTO rows VALUES ('theirs')"))
        until = time.monotonic() + 0.002
        while time.monotonic() < until:
            pass
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "c.db"


@pytest.fixture
def db(path):
    one = Database(f"sqlite:///{path}", wait_seconds=20)
    with one.write() as tx:
        tx.execute(text("CREATE TABLE rows (name TEXT)"))
    yield one
    one.close()


@contextmanager
def somebody_writes_all_the_time(path):
    """Have another process write one transaction after another."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, f"sqlite:///{path}"], stdout=subprocess.PIPE)
    try:
        assert writer.stdout.readline()
        yield
    finally:
        writer.kill()
        writer.communicate()


def write_once(db):
    with db.write() as tx:
        tx.execute(text("INSERT INTO rows VALUES ('ours')"))


def test_whoever_waits_is_let_go_before_who_has_just_written(db, path):
    passed_by = []
    with somebody_writes_all_the_time(path):
        for _ in range(TIMES):
            before = await_more_than(db, number_of_rows(db, "theirs"))
            write_once(db)
            passed_by.append(number_of_rows(db, "theirs") - before)
    assert median(passed_by) <= 4


def test_a_waiter_that_is_frozen_keeps_nobody_from_writing(db, path):
    with path.with_name("c.db-waiting").open() as sign:
        fcntl.flock(sign, fcntl.LOCK_SH)
        for _ in range(TIMES):
            write_once(db)
    assert number_of_rows(db) == TIMES


def test_where_no_file_can_be_made_for_the_waiting_writers_wait_all_the_same(db, path):
    path.with_name("c.db-waiting").unlink()
    path.with_name("c.db-waiting").mkdir()
    with somebody_writes_all_the_time(path):
        for _ in range(TIMES):
            write_once(db)
    assert number_of_rows(db, "ours") == TIMES


def await_more_than(db, number):
    """Return how many rows the other has written, once they are more."""
    while (found := number_of_rows(db, "theirs")) <= number:
        pass
    return found


def number_of_rows(db, name="ours"):
    with db.read() as tx:
        return tx.execute(text("SELECT count(*) FROM rows WHERE name = :name"), {"name": name}).scalar_one()


def test_writers_go_on_for_most_of_the_time_in_which_the_log_is_brought_home(db, path):
    numbers = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 30000)"
    with db.write() as tx:
        tx.execute(text(f"INSERT INTO rows SELECT zeroblob(3500) FROM ({numbers} SELECT i FROM n)"))
    is_home, waits = Event(), []

    def keep_trying():
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as writer:
            last = time.monotonic()
            while not is_home.is_set():
                try:
                    writer.execute("BEGIN IMMEDIATE")
                    writer.execute("ROLLBACK")
                except sqlite3.OperationalError:
                    time.sleep(0.0005)
                else:
                    waits.append(time.monotonic() - last)
                    last = time.monotonic()
            waits.append(time.monotonic() - last)

    other = Thread(target=keep_trying)
    other.start()
    began = time.monotonic()
    db.checkpoint()
    took = time.monotonic() - began
    is_home.set()
    other.join()

    assert path.with_name(path.name + "-wal").stat().st_size == 0
    assert max(waits) < took / 2

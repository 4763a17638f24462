"""A fresh SQLite database is opened by whoever comes, also by several at once."""

import sqlite3
from contextlib import closing
from threading import Timer

import pytest

from connector.errors import DatabaseUnreachable, SchemaBehind
from connector.storage.database import Database, ready


@pytest.fixture
def half_made(tmp_path):
    """A database without its write-ahead log, which another process is writing to at this moment."""
    other = sqlite3.connect(tmp_path / "connector.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    yield tmp_path / "connector.db", other
    other.close()


def test_a_fresh_database_that_another_process_makes_ready_is_waited_for(half_made):
    path, other = half_made
    Timer(0.3, other.rollback).start()
    database = Database(f"sqlite:///{path}", wait_seconds=20)

    ready(database)

    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"


def test_a_database_that_stays_locked_is_given_up_in_time(half_made):
    path, _ = half_made
    database = Database(f"sqlite:///{path}", wait_seconds=0)

    with pytest.raises(DatabaseUnreachable, match="locked"), database.read():
        pass


def test_a_database_of_a_newer_version_is_left_as_it_is_and_says_so(tmp_path):
    path = tmp_path / "connector.db"
    database = Database(f"sqlite:///{path}")
    ready(database)
    database.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaBehind, match="was made by a newer version of the connector") as caught:
        ready(Database(f"sqlite:///{path}"))
    assert "connector restore" in caught.value.remedy

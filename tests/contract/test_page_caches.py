"""What SQLite keeps of a database's pages in memory, measured by SQLite itself."""

import _sqlite3
import ctypes
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.errors import DatabaseUnreachable
from connector.storage.database import Database
from connector.storage.engines import CACHE_KB, KEPT, MOST_OPEN

CONNECTIONS = 6
OWN_KB = 128
"""Of a connection besides its pages: statements, the schema, lookaside memory."""


@pytest.fixture
def db(tmp_path):
    """A database of 4 MB."""
    db = Database(f"sqlite:///{tmp_path}/c.db")
    with db.write() as tx:
        tx.execute(text("CREATE TABLE filled (content BLOB)"))
        tx.execute(text("INSERT INTO filled VALUES (zeroblob(1000))"))
        for _ in range(12):
            tx.execute(text("INSERT INTO filled SELECT content FROM filled"))
    yield db
    db.close()


def read_at_once(db, number):
    """Read everything in so many views that are open together, and look what is held meanwhile."""
    with ExitStack() as stack:
        for connection in [stack.enter_context(db.read()) for _ in range(number)]:
            connection.execute(text("SELECT sum(length(content)) FROM filled")).scalar_one()
        return memory_used()


def test_each_connection_of_the_pool_keeps_few_pages_however_much_it_read(db):
    before = memory_used()

    assert read_at_once(db, CONNECTIONS) - before < CONNECTIONS * (CACHE_KB + OWN_KB) * 1024


def test_what_a_burst_opened_is_closed_again_but_for_a_few(db):
    before = memory_used()
    held = read_at_once(db, KEPT + CONNECTIONS) - before

    assert memory_used() - before < held * (KEPT + 1) / (KEPT + CONNECTIONS)


def test_what_temporary_tables_took_is_given_back_with_the_connection_that_had_them(db):
    def staged(connection):
        connection.execute(text("CREATE TEMPORARY TABLE staged AS SELECT content FROM filled"))
        connection.commit()
        connection.execute(text("DROP TABLE staged"))

    before = memory_used()
    with ExitStack() as stack:
        for connection in [stack.enter_context(db.connection()) for _ in range(CONNECTIONS)]:
            staged(connection)
        assert len(open_temporary_files()) >= 1

    assert open_temporary_files() == []
    assert memory_used() - before < CONNECTIONS * (CACHE_KB + OWN_KB) * 1024


def test_who_finds_every_connection_in_use_is_told_so_as_of_a_database_that_is_away(db):
    db.engine.pool._timeout = 0.1
    with ExitStack() as stack:
        for _ in range(MOST_OPEN):
            stack.enter_context(db.read())

        with pytest.raises(DatabaseUnreachable, match="in use"), db.read():
            pass


def open_temporary_files():
    """Return the files of this process that SQLite has for temporary tables: named like this, and removed at once."""
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            targets.append(str(descriptor.readlink()))
    return [target for target in targets if "etilqs_" in target]


def memory_used():
    """Return the bytes that SQLite holds in this process."""
    count = ctypes.CDLL(_sqlite3.__file__).sqlite3_memory_used
    count.restype = ctypes.c_int64
    return count()

"""What SQLite keeps of a database's pages in memory, measured by SQLite itself."""

import _sqlite3
import ctypes
from contextlib import ExitStack

from sqlalchemy import text

from connector.storage.database import CACHE_KB, Database

CONNECTIONS = 6
OWN_KB = 128
"""Of a connection besides its pages: statements, the schema, lookaside memory."""


def test_each_connection_of_the_pool_keeps_few_pages_however_much_it_read(tmp_path):
    db = Database(f"sqlite:///{tmp_path}/c.db")
    with db.write() as tx:
        tx.execute(text("CREATE TABLE filled (content BLOB)"))
        tx.execute(text("INSERT INTO filled VALUES (zeroblob(1000))"))
        for _ in range(12):
            tx.execute(text("INSERT INTO filled SELECT content FROM filled"))
    before = memory_used()

    with ExitStack() as stack:
        for connection in [stack.enter_context(db.read()) for _ in range(CONNECTIONS)]:
            connection.execute(text("SELECT sum(length(content)) FROM filled")).scalar_one()

    assert memory_used() - before < CONNECTIONS * (CACHE_KB + OWN_KB) * 1024
    db.close()


def memory_used():
    """Return the bytes that SQLite holds in this process."""
    count = ctypes.CDLL(_sqlite3.__file__).sqlite3_memory_used
    count.restype = ctypes.c_int64
    return count()

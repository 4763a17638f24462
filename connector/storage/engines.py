"""Engines: how connections to SQLite and PostgreSQL are opened, what each is told first, and how many are kept."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from connector.errors import DatabaseUnreachable
from connector.storage.patient import begin_immediate

CACHE_KB = 512
"""SQLite's cache of pages, for each connection of the pool. Its own 2 MB make nothing faster here, and fill up over hours in each one."""
KEPT, MOST_OPEN = 8, 64
"""SQLite connections that wait for work, and that there are at most. One costs 0.4 ms to open, and holds up to 1.6 MB of pages, tables and
prepared statements: kept ones of a burst fill up over hours, for nothing."""
CAREFULLY = {
    "target_session_attrs": "read-write",
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""Never a read replica, whatever the address names. A server gone without a word (a cable, a firewall) is noticed after 20 s."""


def sqlite(url: str, wait_seconds: int) -> Engine:
    given = {"timeout": wait_seconds, "check_same_thread": False}
    # the last one back is the next one out: its pages are still those of the database, and the others' caches stay small
    kept: dict[str, Any] = {"poolclass": QueuePool, "pool_size": KEPT, "max_overflow": MOST_OPEN - KEPT, "pool_use_lifo": True}
    engine = create_engine(url, connect_args=given, hide_parameters=True, **kept)

    def connected(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        _write_ahead(connection, wait_seconds)
        for pragma in (
            "synchronous=FULL",
            "foreign_keys=ON",
            "wal_autocheckpoint=0",
            "secure_delete=ON",
            "temp_store=FILE",
            f"cache_size=-{CACHE_KB}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def begun(connection: Connection) -> None:
        patience = connection.info.get("patience")
        if patience is None:
            connection.exec_driver_sql("BEGIN")
        else:
            seconds, courtesy = patience
            begin_immediate(connection, min(seconds, wait_seconds), courtesy)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


def _write_ahead(connection: sqlite3.Connection, wait_seconds: float) -> None:
    """Turn the write-ahead log on. SQLite does not wait for whoever does the same to a fresh database at this moment: we do."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def postgresql(url: str, wait_seconds: int, idle_seconds: int) -> Engine:
    """What a frozen or cut off process holds in the middle of a transaction is set free after `idle_seconds`.

    READ COMMITTED, whatever role and database are set to: whoever waited for a lock must see what its holder wrote.
    """
    options = f"-c lock_timeout={wait_seconds * 1000} -c idle_in_transaction_session_timeout={idle_seconds * 1000}"
    given = {"connect_timeout": 5, "options": options, **CAREFULLY}
    how: dict[str, Any] = {"isolation_level": "READ COMMITTED", "pool_pre_ping": True, "hide_parameters": True}
    engine = create_engine(url, pool_size=16, max_overflow=32, connect_args=given, **how)
    event.listen(engine, "connect", _demand_utf8, insert=True)  # before SQLAlchemy asks its first: it stumbles over SQL_ASCII
    return engine


def _demand_utf8(connection: Any, _record: Any) -> None:
    """Refuse a database that cannot hold every letter: the server tells at each connection, unasked."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding in (None, "UTF8"):
        return
    name = connection.info.dbname
    connection.close()
    raise DatabaseUnreachable(
        f"the database {name} is encoded in {encoding}: it cannot hold every letter",
        remedy="make another, and name it in database.url: createdb --encoding UTF8 --template template0 NAME, then: connector migrate",
    )

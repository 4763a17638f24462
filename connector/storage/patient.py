"""How a writer waits for SQLite's one lock, for which nobody queues: whoever tries while it is free has it.

A process with much to write would take it again at once, and another that naps meanwhile might wait for half a second. So whoever waits
says so by a shared lock on a file beside the database, and whoever comes and cannot lock that file for itself lets others go first, once
and for a moment: neither a waiter that is frozen nor a file that cannot be made keeps anybody from writing.
"""

from __future__ import annotations

import fcntl
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

SHORTEST_NAP, LONGEST_NAP = 0.00015, 0.01
"""In seconds. SQLite's own naps grow to 100 ms, in which others write a hundred orders."""
SHORT_NAPS = 40
"""Before they grow: together longer than others' orders take."""
COURTESY = 0.0004
"""In seconds: longer than a short nap."""
GREAT_COURTESY = LONGEST_NAP
"""In seconds, of who holds the lock for long and comes again and again: whoever waits naps for as long by then."""
ENDING = "-waiting"


def begin_immediate(connection: Connection, seconds: float, courtesy: float = COURTESY) -> None:
    """Open a writing transaction, trying for so many seconds; whoever waits already may try for `courtesy` seconds before.

    Raises the driver's OperationalError where it never was free.
    """
    driver: Any = connection.connection.driver_connection
    usual = driver.execute("PRAGMA busy_timeout").fetchone()[0]
    driver.execute("PRAGMA busy_timeout=0")
    try:
        with _sign(f"{connection.engine.url.database}{ENDING}") as sign:
            _begin(driver, time.monotonic() + seconds, sign, courtesy)
    finally:
        driver.execute(f"PRAGMA busy_timeout={usual}")


def _begin(driver: sqlite3.Connection, deadline: float, sign: int | None, courtesy: float) -> None:
    if not _lock(sign, fcntl.LOCK_EX):
        time.sleep(courtesy)
    nap, naps = SHORTEST_NAP, 0
    while not _has_begun(driver, deadline):
        _lock(sign, fcntl.LOCK_SH)  # each time, as whoever only looks may hold it at this moment
        time.sleep(nap * random.uniform(1.0, 2.0))  # noqa: S311  # no secret: so that two who wait do not try in step
        naps += 1
        if naps > SHORT_NAPS:
            nap = min(2 * nap, LONGEST_NAP / 2)


def _has_begun(driver: sqlite3.Connection, deadline: float) -> bool:
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
            raise
        return False
    return True


@contextmanager
def _sign(path: str) -> Iterator[int | None]:
    """Open the file by which writers see one another; None where that cannot be done."""
    try:
        sign = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    except OSError:
        yield None
        return
    try:
        yield sign
    finally:
        os.close(sign)


def _lock(sign: int | None, how: int) -> bool:
    """Lock the file, if that can be done at once; closing it frees it."""
    if sign is None:
        return True
    try:
        fcntl.flock(sign, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

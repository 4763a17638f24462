"""How a writer waits for SQLite's one lock."""

from __future__ import annotations

import random
import sqlite3
import time
from typing import Any

from sqlalchemy import Connection

SHORTEST_NAP, LONGEST_NAP = 0.0005, 0.01
"""In seconds. SQLite's own naps grow to 100 ms, in which others write twenty orders, and whoever naps longest may never have its turn."""


def begin_immediate(connection: Connection, seconds: float) -> None:
    """Open a writing transaction, trying for so many seconds. Raises the driver's OperationalError where it never was free."""
    driver: Any = connection.connection.driver_connection
    usual = driver.execute("PRAGMA busy_timeout").fetchone()[0]
    driver.execute("PRAGMA busy_timeout=0")
    try:
        _begin(driver, time.monotonic() + seconds)
    finally:
        driver.execute(f"PRAGMA busy_timeout={usual}")


def _begin(driver: sqlite3.Connection, deadline: float) -> None:
    nap = SHORTEST_NAP
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(nap * random.uniform(0.5, 1.0))  # noqa: S311  # no secret: so that two who wait do not try in step
        nap = min(2 * nap, LONGEST_NAP)

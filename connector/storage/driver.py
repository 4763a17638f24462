"""Statements run below SQLAlchemy's own preparing of them, for the one path where that costs more than the answer itself."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

Row = Sequence[Any]
Ask = Callable[[str, Any], list[Row]]
"""A statement in the driver's own SQL, and its parameters, answered with all rows."""

CACHE_KB = 768
"""Of each connection for glances, of which a busy process has one a thread: enough for the trees' upper pages, all that is met again."""


def rows(tx: Connection, sql: str, parameters: Any = ()) -> list[Row]:
    """Return all rows of a statement in the driver's own SQL and values; its errors come as SQLAlchemy's, as from any other statement."""
    if not tx.in_transaction():
        tx.begin()
    driver = tx.dialect.loaded_dbapi
    try:
        cursor = tx.connection.cursor()
        try:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())
        finally:
            cursor.close()
    except driver.Error as error:
        raise DBAPIError.instance(sql, None, error, driver.Error) from error


class Glances:
    """SQLite connections that each answer one reading statement at a time; as many are open as were ever asked at once.

    A statement alone is a consistent view: no transaction is opened around it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: deque[sqlite3.Connection] = deque()

    def ask(self, sql: str, parameters: Any) -> list[Row]:
        """Return all rows. Raises as `rows`."""
        connection = self._taken()
        try:
            found = connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            connection.close()
            raise DBAPIError.instance(sql, None, error, sqlite3.Error) from error
        self._idle.append(connection)
        return found

    def _taken(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._opened()

    def _opened(self) -> sqlite3.Connection:
        lent = self._engine.raw_connection()
        connection: Any = lent.dbapi_connection
        lent.detach()
        connection.execute(f"PRAGMA cache_size=-{CACHE_KB}")
        return connection  # type: ignore[no-any-return]  # SQLAlchemy does not know which driver's it is

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

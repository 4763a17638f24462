"""Statements run below SQLAlchemy's own preparing of them, for the one path where that costs more than the answer itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

Row = Sequence[Any]


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

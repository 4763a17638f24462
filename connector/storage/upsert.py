"""INSERT … ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy keeps apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, Union

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

Insert: TypeAlias = Union[sqlite.Insert, "postgresql.Insert"]  # a name that is not imported here cannot stand beside a bar


def insert(tx: Connection, table: Table) -> Insert:
    """Return the dialect's insert, which knows ON CONFLICT."""
    if tx.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # with all its drivers, a tenth of a second: not for those who run on SQLite

    return postgresql.insert(table)

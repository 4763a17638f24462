"""Finding texts by how they begin, by index."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_

AFTER_ALL = "\U0010ffff"


def begins(tx: Connection, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Say that a column begins so: in SQLite, which compares bytes, a range of the index; PostgreSQL orders texts by language."""
    if tx.dialect.name == "sqlite":
        return and_(column >= text, column < text + AFTER_ALL)
    return column.startswith(text, autoescape=True)

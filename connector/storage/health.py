"""What there is to say about the database itself."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import func, select, text

from connector.storage.database import Database
from connector.storage.tables import freight

CHECKPOINT_BUG_FIXED = (3, 51, 3)


def describe(database: Database) -> str:
    """Name the database, its version, and where it lies (never its password)."""
    if database.is_sqlite:
        return f"SQLite {sqlite3.sqlite_version}, {database.engine.url.database}"
    with database.read() as tx:
        version = tx.execute(text("SHOW server_version")).scalar_one()
    return f"PostgreSQL {version}, {database.engine.url.host or 'local socket'}/{database.engine.url.database}"


def warning(database: Database) -> tuple[str, str]:
    """Return what is worth knowing about this database, and the remedy; two empty texts where there is nothing."""
    if database.is_sqlite and sqlite3.sqlite_version_info < CHECKPOINT_BUG_FIXED:
        found = (
            f"SQLite {sqlite3.sqlite_version} can damage a database when two processes checkpoint at once; only housekeeping does it here"
        )
        return found, "open the database with no other program while the connector runs; PostgreSQL for serious load"
    return "", ""


def freight_rows(database: Database) -> dict[str, int]:
    """Count the freight rows by file."""
    with database.read() as tx:
        return {row[0]: row[1] for row in tx.execute(select(freight.c.file, func.count()).group_by(freight.c.file))}


def wal_bytes(database: Database) -> int:
    """Return how much SQLite's write-ahead log holds; 0 elsewhere. Looks at its size alone: opening it would drop SQLite's locks."""
    path = Path(f"{database.engine.url.database}-wal")
    return path.stat().st_size if database.is_sqlite and path.exists() else 0

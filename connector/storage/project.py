"""Which project a database is: several may share a folder of the ERP's or of backups, and each clears and takes only what is its own."""

from __future__ import annotations

import json
import socket
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import Connection, text

from connector.storage import watermarks
from connector.storage.database import Database

PROJECT = "project"
PLACE = text("SELECT datname || '/' || oid FROM pg_database WHERE datname = current_database()")


def own_id(tx: Connection, db: Database) -> str:
    """Return the project's id: made at first use, and anew where the database lies elsewhere by now, for a copy is another project."""
    noted, place = json.loads(watermarks.value(tx, PROJECT) or "{}"), _place(tx, db)
    if noted.get("place") == place:
        return str(noted["id"])
    made = uuid4().hex[:8]
    watermarks.put(tx, PROJECT, json.dumps({"id": made, "place": place}))
    return made


def mark(db: Database) -> str:
    """Return what the project's backups bear in their names; "" for PostgreSQL. It is of the place alone: the database may be lost."""
    return sha256(_file(db).encode()).hexdigest()[:8] if db.is_sqlite else ""


def _place(tx: Connection, db: Database) -> str:
    """Name where the database lies: SQLite's file by machine and path; PostgreSQL's, which machines share, by its server's number."""
    return _file(db) if db.is_sqlite else str(tx.execute(PLACE).scalar_one())


def _file(db: Database) -> str:
    return f"{socket.gethostname()}:{db.path.resolve()}"

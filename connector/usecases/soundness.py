"""What must hold of the database before a process that stays starts working with it."""

from __future__ import annotations

from connector.app import App
from connector.errors import Misuse
from connector.usecases import surroundings


def require(app: App) -> None:
    """Check every page of a SQLite file, and that its disk keeps locks. Raises DatabaseDamaged, or Misuse for a network's disk."""
    if not app.db.is_sqlite:
        return
    kind = surroundings.file_system(app.db.path.parent)
    if kind in surroundings.NETWORK_FILE_SYSTEMS:
        raise Misuse(unsafe(kind), remedy=LOCAL)
    app.db.verify()


LOCAL = "put it on a local disk, or use PostgreSQL"


def unsafe(kind: str) -> str:
    return f"SQLite's file lies on {kind}, which keeps no locks that it can trust"

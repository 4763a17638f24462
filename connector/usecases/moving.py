"""Move from SQLite to PostgreSQL: while nothing runs, everything is copied, and compared."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.exc import ArgumentError

from connector.app import App
from connector.errors import UsageError
from connector.storage import copying, moved
from connector.storage.copying import Copied
from connector.storage.database import Database, migrate, ready
from connector.usecases.turns import alone

TARGETS = "postgresql+psycopg://"


def move(app: App, url: str, tell: Callable[[Copied], None]) -> list[Copied]:
    """Copy this project's SQLite database into an empty PostgreSQL database, make its schema there, and mark the old one as moved.

    The settings stay as they are: whoever moves names the new address in them. Raises UsageError for other databases, Busy while
    anything of ours runs, Conflict where the target holds anything, Refused where what arrived is not what was read,
    DatabaseUnreachable, SchemaBehind.
    """
    _demand_way(app, url)
    target = _opened(url)
    try:
        with alone(app):
            app.db.use_though_moved()
            ready(app.db)
            migrate(target)
            return copying.copy(app.db, target, tell, lambda: moved.note(app.db.path, app.now))
    finally:
        target.close()


def _opened(url: str) -> Database:
    try:
        return Database(url)
    except (ValueError, ArgumentError):  # both may repeat a password
        raise UsageError("the address to copy to cannot be read", remedy=f"name it as {TARGETS}user@host:port/name") from None


def _demand_way(app: App, url: str) -> None:
    if not app.db.is_sqlite:
        raise UsageError("only a SQLite database is copied from", remedy="between PostgreSQL servers use its own pg_dump and pg_restore")
    if not url.startswith(TARGETS):
        raise UsageError(f"{url.partition('//')[0]}// is not copied to", remedy=f"name a PostgreSQL database: {TARGETS}user@host/name")
    if not app.db.path.exists():
        raise UsageError(
            f"there is no database at {app.db.path} to copy", remedy="set database.url to the new address, then: connector migrate"
        )

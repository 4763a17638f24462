"""The database: connections, transactions, the schema's version.

SQLite: WAL, synchronous FULL, foreign keys on, every writer BEGIN IMMEDIATE (a deferred one that turns writer fails at once with
"database is locked"), and checkpoints by one process at a time (`usecases.upkeep`): versions before 3.51.3 can damage
the database when two processes checkpoint while a third commits. Nothing else in the process may open the database's files:
closing them would drop SQLite's locks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from connector.errors import DatabaseDamaged, DatabaseUnreachable, SchemaBehind
from connector.storage import damage, driver, engines, fences, moved, owners, troubles
from connector.storage.patient import COURTESY
from connector.storage.together import MOST, Together

MIGRATIONS = Path(__file__).parent / "migrations"
JOB_WAIT_SECONDS = 30
IDLE_SECONDS = 45
DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
READ_ONLY = "25006"
"""PostgreSQL's word for a write where none are taken."""


class Database:
    """One engine; made after a fork, never before."""

    def __init__(self, url: str, *, wait_seconds: int = JOB_WAIT_SECONDS, idle_seconds: int = IDLE_SECONDS) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite:")
        self.engine = engines.sqlite(url, wait_seconds) if self.is_sqlite else engines.postgresql(url, wait_seconds, idle_seconds)
        self._glances = driver.Glances(self.engine) if self.is_sqlite else None
        self._mark = str(damage.mark_of(self.path)) if self.is_sqlite else ""
        self._moved = str(moved.mark_of(self.path)) if self.is_sqlite else ""
        # PostgreSQL's writers wait for rows, not for one lock: two orders in one transaction would take messages' rows in no common order
        self.placing = Together(self.write, wait_seconds, MOST if self.is_sqlite else 1)

    @cached_property
    def path(self) -> Path:
        """SQLite's file."""
        return Path(self.engine.url.database or "")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view; writes are refused by nobody but make no sense here. Keep it short: it holds the WAL."""
        with self._translated(), self.engine.connect() as connection:
            yield connection

    def ask(self, sql: str, parameters: Any) -> list[driver.Row]:
        """Run one reading statement in a view of its own: the driver's SQL, parameters by name."""
        with self._translated():
            if self._glances is not None:
                return self._glances.ask(sql, parameters)
            with self.engine.connect() as connection:
                return driver.rows(connection, sql, parameters)

    @contextmanager
    def write(self, wait_seconds: float | None = None) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back when anything is raised. `wait_seconds` for SQLite's lock; None: as usual."""
        with self._translated(), self.engine.connect() as connection, writing(connection, wait_seconds):
            self.refuse_moved()  # it may have gone while this waited for SQLite's lock
            yield connection

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection of one's own, for temporary tables; open transactions on it with `writing` and `reading`.

        SQLite keeps pages and the file of temporary tables long after they were dropped; with this they are let go at once.
        """
        with self._translated(), self.engine.connect() as connection:
            try:
                yield connection
            finally:
                if self.is_sqlite:
                    _let_go_of_temporary(connection)

    def checkpoint(self) -> None:
        """Bring the WAL home and truncate it; only the holder of the turn "checkpoint" calls this (usecases.upkeep).

        Nearly all of it is brought home beside writers. They wait for the rest, so it gives up after a second behind a reader: the next
        time will do.
        """
        if self.is_sqlite:
            with self._translated(), self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
                usual = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
                connection.exec_driver_sql("PRAGMA busy_timeout=1000")
                try:
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    connection.exec_driver_sql(f"PRAGMA busy_timeout={usual}")

    def close(self) -> None:
        if self._glances is not None:
            self._glances.close()
        self.engine.dispose()

    def verify(self) -> None:
        """Check every page of a SQLite file (a second for each gigabyte or so). Raises DatabaseDamaged, and leaves its mark."""
        if self.is_sqlite and self.path.exists():
            with self.read() as tx:
                found = [str(row[0]) for row in tx.exec_driver_sql("PRAGMA quick_check(3)")]
            if found != ["ok"]:
                raise self._damaged(damage.sentence(found))

    def refuse_damaged(self) -> None:
        """Raise DatabaseDamaged where it is known to be."""
        damage.refuse(self._mark)

    def refuse_moved(self) -> None:
        """Raise Misuse where its content went to PostgreSQL."""
        moved.refuse(self._moved)

    def use_though_moved(self) -> None:
        """Heed no mark that it moved: for whoever copies it once more."""
        self._moved = ""

    def demand_writes(self) -> None:
        """Raise DatabaseUnreachable where PostgreSQL takes no writes at this moment."""
        if not self.is_sqlite and self.ask("SHOW transaction_read_only", None)[0][0] == "on":
            raise self._without_writes()

    def _without_writes(self) -> DatabaseUnreachable:
        """Say so, and have the next connection look for a server that takes writes: those at hand were made to one that did."""
        self.engine.dispose()
        return DatabaseUnreachable(
            f"the database {troubles.place(self.url)} takes no writes any more: it was made a read replica, or set read-only",
            remedy="wait; if it stays so, mend the server (a full disk?), or set database.url to the primary",
        )

    def _damaged(self, reason: str) -> DatabaseDamaged:
        damage.note(self._mark, reason)
        return damage.error(reason)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        self.refuse_damaged()
        self.refuse_moved()
        try:
            yield
        except OperationalError as error:
            if self.is_sqlite and getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_CANTOPEN"):
                owners.refuse(self.path)
            raise troubles.operational(error.orig, self.url) from error
        except PoolTimeout as error:
            raise DatabaseUnreachable(
                "every connection to the database that this process may have was in use for 30 s",
                remedy="wait: what holds them ends by itself; if it comes again, lower concurrency of the marketplaces",
            ) from error
        except self.engine.dialect.loaded_dbapi.OperationalError as error:  # out of COPY, which is the driver's own
            raise troubles.operational(error, self.url) from error
        except (DatabaseError, self.engine.dialect.loaded_dbapi.DatabaseError) as error:
            said = getattr(error, "orig", error)
            if getattr(said, "sqlstate", "") == READ_ONLY:
                raise self._without_writes() from error
            if getattr(error, "connection_invalidated", False):  # by the server: it idled in a transaction while this process was frozen
                raise troubles.unreachable(said, self.url) from error
            if self.is_sqlite and getattr(said, "sqlite_errorname", "").startswith(DAMAGE):
                raise self._damaged(" ".join(str(said).split())) from error
            if lacking := troubles.lacking(said, self.url):
                raise lacking from error
            raise


def _let_go_of_temporary(connection: Connection) -> None:
    """Have SQLite close its database of temporary tables: it does where they are to be kept elsewhere from now on."""
    connection.rollback()
    for place in ("MEMORY", "FILE"):
        connection.connection.cursor().execute(f"PRAGMA temp_store={place}")


@contextmanager
def writing(connection: Connection, wait_seconds: float | None = None, courtesy: float = COURTESY) -> Iterator[Connection]:
    """Open a writing transaction on a connection that is at hand. Raises TurnLost where the job's turn went to another process."""
    connection.info["patience"] = (math.inf if wait_seconds is None else wait_seconds, courtesy)
    try:
        with connection.begin():
            connection.info["patience"] = None
            yield connection
            fences.check(connection)
    finally:
        connection.info["patience"] = None


@contextmanager
def reading(connection: Connection) -> Iterator[Connection]:
    """Open a reading transaction on a connection that is at hand (temporary tables may be written)."""
    with connection.begin():
        yield connection


# ── the schema ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def migrate(database: Database) -> bool:
    """Create or upgrade the schema; True where something was to do."""
    if is_current(database):
        return False
    if database.is_sqlite:
        _make_folder(database.path.parent)
    _upgrade(database)
    return True


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnreachable(
            f"the database's folder {folder} cannot be made: {error.strerror}", remedy="make it, or mend database.url in the settings"
        ) from error


def is_current(database: Database) -> bool:
    if database.is_sqlite and not owners.is_there(database.path):
        return False
    with database.read() as connection:
        return _revision(connection) == newest()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def newest() -> str:
    """Return the newest revision as the migrations' file names tell it: importing alembic costs every command a fifth of a second."""
    return max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]


def ready(database: Database) -> None:
    """Make sure of the schema: SQLite is upgraded by itself, elsewhere SchemaBehind is raised with the remedy."""
    if is_current(database):
        return
    if not database.is_sqlite:
        raise SchemaBehind("the database's schema is behind this version", remedy="run: connector migrate")
    migrate(database)


def _upgrade(database: Database) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    try:
        with database.write() as connection:
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(727274)"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise SchemaBehind(
            f"the database was made by a newer version of the connector ({error}); nothing was changed",
            remedy="install that version again, or restore a backup that was made before: connector restore",
        ) from error
    except SQLAlchemyError as error:
        raise SchemaBehind(
            f"the schema could not be upgraded: {error}",
            remedy="restore a backup as connector restore does or says, or mend the cause; then: connector migrate",
        ) from error

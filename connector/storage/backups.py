"""Copy a SQLite database while it is in use, and make sure that a copy is whole.

By SQLite's backup API alone: a plain copy misses what the write-ahead log holds, without any error, and reading the files ourselves
would drop SQLite's locks.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from connector.errors import DatabaseUnreachable, NotFound, Refused
from connector.storage.database import MIGRATIONS, Database, reading

STEP_PAGES = 256
"""1 MiB at a time: between two steps whoever writes gets the disk."""
PAUSE_SECONDS = 0.004
SYNC_STEPS = 8
RECORDS = (("order_events", "at"), ("job_runs", "started_at"), ("job_runs", "ended_at"), ("files", "taken_at"), ("files", "moved_at"))


def size_of(database: Database) -> int:
    """Return how many bytes a copy takes."""
    with database.read() as tx:
        pages = int(tx.exec_driver_sql("PRAGMA page_count").scalar_one())
        return pages * int(tx.exec_driver_sql("PRAGMA page_size").scalar_one())


def copy(database: Database, path: Path) -> None:
    """Copy the database as it is at one instant to a new file (0600), whole on disk and sure to open; no writer waits for it.

    One reading transaction is held over all steps: without it each commit of another process would start the copying anew.
    Raises DatabaseUnreachable where the copy cannot be written, Refused where it is not whole.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _copy(database, partial)
        verify(partial)
        partial.replace(path)
        _sync(path.parent)
    except (OSError, sqlite3.OperationalError) as error:
        raise DatabaseUnreachable(f"no backup can be written to {path}: {error}", remedy="make room, or mend [backup] folder") from error
    finally:
        partial.unlink(missing_ok=True)


def _copy(database: Database, partial: Path) -> None:
    with database.connection() as connection, reading(connection), closing(sqlite3.connect(partial)) as target:
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()  # only the first read fixes the instant
        source: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # SQLite's own, as the URL says
        with partial.open("rb") as written:  # the copy: nobody else has it open
            source.backup(target, pages=STEP_PAGES, progress=_pacing(written.fileno()))
        target.execute("PRAGMA journal_mode=DELETE")  # one file alone, without a log beside it


def take(path: Path, to: Path) -> None:
    """Copy a whole backup to a new file (0600), with what the write-ahead log beside it holds: just what `verify` read."""
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(_opened(path)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


def _pacing(written: int) -> Callable[[int, int, int], None]:
    """Let others at the disk between two steps, and bring to it what was written every few: a whole copy at once would stall them."""

    def pace(_status: int, remaining: int, _total: int) -> None:
        if remaining // STEP_PAGES % SYNC_STEPS == 0:
            os.fdatasync(written)
        time.sleep(PAUSE_SECONDS if remaining else 0)

    return pace


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def verify(path: Path) -> str:
    """Open a copy, check every page of it, and return its schema's version. Raises NotFound, or Refused for what is no whole copy."""
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    try:
        with closing(_opened(path)) as copy_:
            found = [str(row[0]) for row in copy_.execute("PRAGMA quick_check(3)")]
            version = copy_.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise Refused(f"{path} is no whole backup: {error}") from error
    if found != ["ok"]:
        raise Refused(f"{path} is no whole backup: {'; '.join(found)}")
    return _known(path, version[0] if version else "")


def _opened(path: Path) -> sqlite3.Connection:
    """Open a copy for reading, with the write-ahead log that may lie beside it."""
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(f"file:{quoted}?mode=ro", uri=True)


def newest_record(path: Path) -> datetime:
    """Return the newest instant that a whole copy records; where it records none, 1970."""
    asked = " UNION ALL ".join(f"SELECT max({column}) AS at FROM {table}" for table, column in RECORDS)  # noqa: S608  # names of ours
    with closing(_opened(path)) as copy_:
        (newest,) = copy_.execute(f"SELECT max(at) FROM ({asked})").fetchone()  # noqa: S608  # as above
    return datetime.fromisoformat(newest).replace(tzinfo=UTC) if newest else datetime.fromtimestamp(0, UTC)


def _known(path: Path, version: str) -> str:
    from alembic.script import ScriptDirectory  # a fifth of a second, for no other command

    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if version not in known:
        raise Refused(f"{path} has the schema {version or 'of another program'}, which this version does not know")
    return version


def is_whole(database: Path) -> bool:
    """Say whether a database that nobody uses opens and has no damaged page."""
    try:
        with closing(sqlite3.connect(database)) as opened:
            return [row[0] for row in opened.execute("PRAGMA quick_check(1)")] == ["ok"]
    except sqlite3.DatabaseError:
        return False

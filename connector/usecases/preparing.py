"""Make the database that a restore puts into place, beside the one that is there: until it is whole, nothing is replaced."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from connector.app import App
from connector.errors import ConnectorError, DatabaseDamaged, DatabaseUnreachable
from connector.storage import backups as store
from connector.storage import salvage
from connector.storage.database import Database, migrate
from connector.storage.salvage import Salvage
from connector.usecases import disk, leftovers, privacy

PIECE_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Prepared:
    """The database that is to be put into place, what was taken over from the old one, and how many orders were erased again."""

    path: Path
    orders: Salvage
    erased_again: int


def require_room(app: App, backup: Path) -> None:
    """Raise DiskShort where the backup and a second copy of the old database, with their logs, would leave too little.

    The old one may have to be moved to another disk, too.
    """
    old = _bytes(app.db.path)
    disk.require(app, app.db.path.parent, _bytes(backup) + old)
    disk.require(app, app.root / "var" / "damaged", old)


def _bytes(database: Path) -> int:
    return sum(part.stat().st_size for part in (database, log_of(database)) if part.exists())


def log_of(database: Path) -> Path:
    """Name its write-ahead log."""
    return database.with_name(f"{database.name}-wal")


def prepare(app: App, backup: Path) -> Prepared:
    """Copy a backup, bring its schema up to date, take over what the old database knows since, and erase again whoever was erased.

    Raises DatabaseUnreachable where the disk does not take it.
    """
    fresh = leftovers.beside(app, leftovers.RESTORING)
    prepared = replace(app, db=Database(f"sqlite:///{fresh}"))
    with _written(fresh.parent):
        store.take(backup, fresh)
        migrate(prepared.db)
        erased = privacy.erase_again(prepared)  # while the backup still knows the names that reports repeat
        prepared.db.close()
        orders = _salvage(app, fresh)
        erased += privacy.erase_again(prepared)
        prepared.db.checkpoint()
        prepared.db.close()
    return Prepared(fresh, orders, erased)


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, DatabaseUnreachable, DatabaseDamaged) as error:
        said = error.message if isinstance(error, ConnectorError) else error
        raise DatabaseUnreachable(
            f"the database to be restored cannot be written in {folder}: {said}; nothing was replaced",
            remedy="make room there, or mend that disk; then restore again",
        ) from error


def _salvage(app: App, fresh: Path) -> Salvage:
    """Read from a copy: SQLite writes to what it opens, and the damaged files are to be kept as they are."""
    copy = leftovers.beside(app, leftovers.READING)
    if app.db.path.exists() and not (_copied(app.db.path, copy) and _copied(log_of(app.db.path), log_of(copy))):
        return Salvage(questions=len(salvage.TOUCHED))
    return salvage.carry_over(fresh, copy)


def _copied(path: Path, to: Path) -> bool:
    """Copy a file of the old database, where there is one; False where its disk does not give it. Raises OSError where ours is full."""
    to.touch(mode=0o600)
    with to.open("wb") as target:
        for piece in _pieces(path) if path.exists() else ():
            if piece is None:
                return False
            target.write(piece)
    return True


def _pieces(path: Path) -> Iterator[bytes | None]:
    """Read a file piece by piece; None where it cannot be read."""
    try:
        with path.open("rb") as source:
            while piece := source.read(PIECE_BYTES):
                yield piece
    except OSError:
        yield None

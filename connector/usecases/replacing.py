"""Put a restored database in the old one's place, which is kept; where that was cut off, the next restore finds the old one whole."""

from __future__ import annotations

import shutil
from contextlib import suppress
from itertools import count
from pathlib import Path

from connector.app import App
from connector.errors import DatabaseUnreachable
from connector.storage import damage
from connector.usecases import backups

ENDINGS = ("-wal", "-shm", "")
"""The database last: where it lies aside, so does its log."""


def replaced(database: Path) -> Path:
    """Name where what was replaced lies until it is in var/damaged: beside the database, for a move to another disk can be cut off."""
    return database.with_name(f".{database.name}.replaced")


def _aside(database: Path) -> Path:
    """Name where the old one's parts lie while there may be no other."""
    return database.with_name(f".{database.name}.aside")


def put_into_place(app: App, fresh: Path) -> Path | None:
    """Replace the database, and take the mark of damage away; return where the old one is kept, None where there was none."""
    database = app.db.path
    was_there = database.exists()
    _set_aside(database, _aside(database) if was_there else replaced(database))  # a lost one's log is not the restored one's
    fresh.replace(database)
    damage.mark_of(database).unlink(missing_ok=True)
    kept = _kept(app)
    return kept / database.name if kept and was_there else None


def _set_aside(database: Path, folder: Path) -> None:
    parts = [part for part in (database.with_name(database.name + ending) for ending in ENDINGS) if part.exists()]
    if parts:
        folder.mkdir(mode=0o700)
    for part in parts:
        part.rename(folder / part.name)


def _kept(app: App) -> Path | None:
    """Move what was replaced to var/damaged; where that disk does not take it, it stays where it is."""
    database = app.db.path
    if _aside(database).exists():
        _aside(database).rename(replaced(database))
    if not replaced(database).exists():
        return None
    with suppress(OSError):
        return _keep(app)
    return replaced(database)


def _keep(app: App) -> Path:
    folder, name = app.root / "var" / "damaged", f"{app.now:{backups.TIME}}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = (folder / (f"{name}-{number}" if number > 1 else name) for number in count(1))
    to = next(path for path in names if not path.exists())
    shutil.move(replaced(app.db.path), to)
    return to


def gather(app: App) -> None:
    """Go on where a restore was cut off: the old one is whole again, or kept. Raises DatabaseUnreachable where the disk does not do it."""
    try:
        _gather(app)
    except OSError as error:
        raise DatabaseUnreachable(
            f"what an earlier restore had replaced cannot be moved: {error}",
            remedy=f"make room in {app.root / 'var' / 'damaged'}, or mend that disk; then restore again",
        ) from error


def _gather(app: App) -> None:
    database = app.db.path
    if replaced(database).exists():
        _keep(app)
    if not _aside(database).exists():
        return
    if database.exists() and (_aside(database) / database.name).exists():  # the restored one is in its place
        _aside(database).rename(replaced(database))
        _keep(app)
        return
    for part in _aside(database).iterdir():
        part.rename(database.with_name(part.name))
    _aside(database).rmdir()

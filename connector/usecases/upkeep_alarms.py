"""Alarms about the machine: a disk without room, a write-ahead log that grows, backups that are not made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from connector.app import App
from connector.domain.alarms import Alarm, written
from connector.storage import health, runs
from connector.usecases import backups, disk

LARGEST_WAL_BYTES = 64 * 2**20
"""Housekeeping starts to look after it at 16 MB: so much means that something keeps it from coming home."""


def found(app: App) -> Iterator[Alarm]:
    """Yield what is on now."""
    for place in disk.places(app):
        if place.is_short:
            remedy = "make room; imports and orders go on by themselves then"
            yield Alarm("disk-short", str(place.folder), app.now, 1, f"{place.sentence}: imports and orders stand still", remedy)
    wal = health.wal_bytes(app.db)
    if wal > LARGEST_WAL_BYTES:
        sentence = f"the database's write-ahead log has {backups.written(wal)}: something reads the database without end"
        yield Alarm("wal-large", "database", app.now, 1, sentence, "end other programs that have it open, then: connector run housekeeping")
    yield from _late_backup(app)


def _late_backup(app: App) -> Iterator[Alarm]:
    every = app.settings.backup.made_every
    if not app.db.is_sqlite or every is None:
        return
    made = backups.so_far(app)
    last = made[0].at if made else _begun(app)
    if last is None or app.now - last <= backups.LATE * every:
        return
    found = f"the last backup is of {last:%Y-%m-%d %H:%M} UTC" if made else f"no backup is in {backups.folder(app)}"
    remedy = "the daemon's log says why; by hand: connector backup"
    yield Alarm("backup-late", "database", last + every, 1, f"{found}; one is made every {written(every)}", remedy)


def _begun(app: App) -> datetime | None:
    """Say when a backup was made that is not there any more, or since when one might have been made.

    A folder that was changed has none yet, one that cannot be written to from the first day on never has.
    """
    with app.db.read() as tx:
        return runs.last_success(tx, backups.JOB, app.now) or runs.first_start(tx)

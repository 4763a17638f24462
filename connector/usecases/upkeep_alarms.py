"""Alarms about the machine: a disk without room, a write-ahead log that grows, backups that are not made."""

from __future__ import annotations

from collections.abc import Iterator

from connector.app import App
from connector.domain.alarms import Alarm, written
from connector.storage import health
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
    every, made = app.settings.backup.made_every, backups.known(app)
    if not app.db.is_sqlite or every is None or not made or app.now - made[0].at <= backups.LATE * every:
        return
    sentence = f"the last backup is of {made[0].at:%Y-%m-%d %H:%M} UTC; one is made every {written(every)}"
    remedy = "the daemon's log says why; by hand: connector backup"
    yield Alarm("backup-late", "database", made[0].at + every, 1, sentence, remedy)

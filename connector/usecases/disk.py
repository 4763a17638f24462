"""Free space: before a disk is full, imports and orders stop, and go on by themselves when there is room; simulations never stop.

A full disk damages nothing (SQLite refuses the commit), but nothing can be removed on it either: a delete needs room, too. So the last
megabytes are not ours to use.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from connector.app import App
from connector.errors import DiskShort
from connector.settings import DiskSettings
from connector.usecases import surroundings

MEGABYTE = 10**6
COMFORT_BYTES, COMFORT_SHARE = 200 * MEGABYTE, 0.05
"""Below either, `check` warns."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that is written to, and its disk: bytes free, and in all."""

    folder: Path
    free: int
    total: int
    least: int

    @property
    def share(self) -> float:
        return self.free / self.total if self.total else 0.0

    @property
    def is_short(self) -> bool:
        return self.free < self.least

    @property
    def sentence(self) -> str:
        return f"{self.folder}: {self.free / MEGABYTE:.1f} MB free ({self.share:.0%}), and {self.least / MEGABYTE:.1f} MB must stay free"


def least_free(rules: DiskSettings, total: int) -> int:
    """Return how many bytes of a disk must stay free: the least of the two limits, so that neither a small nor a large disk is idle."""
    return int(min(rules.least_free_mb * MEGABYTE, rules.least_free_share * total))


def look(app: App, folder: Path) -> Place:
    """Look at the disk of a folder, or of what is there above it."""
    found = _disk_of(folder)
    total = found.f_blocks * found.f_frsize
    return Place(folder, found.f_bavail * found.f_frsize, total, least_free(app.settings.disk, total))


def _disk_of(folder: Path) -> os.statvfs_result:
    try:
        return os.statvfs(folder)
    except (FileNotFoundError, NotADirectoryError):
        return _disk_of(folder.parent)


def places(app: App) -> list[Place]:
    """Look at every local disk that is written to, each once; one that cannot be looked at is left to whoever uses it."""
    found = []
    for folder in surroundings.folders(app):
        with suppress(OSError):
            found.append(look(app, folder))
    return found


def own_places(app: App) -> list[Place]:
    """Look at the project's disk and the database's alone: quick, and no other machine can keep us waiting."""
    database = [app.db.path.parent] if app.db.is_sqlite else []
    return [look(app, folder) for folder in dict.fromkeys([app.root, *database])]


def refuse_when_short(found: Iterable[Place]) -> None:
    """Raise DiskShort, naming the first disk that is short."""
    short = next((place for place in found if place.is_short), None)
    if short is not None:
        raise DiskShort(short.sentence, remedy="make room; imports and orders go on by themselves then")


def without_room(found: Iterable[Place], size: int) -> Place | None:
    """Return the first disk that would be short with so many bytes more."""
    return next((place for place in found if place.free - size < place.least), None)


def require(app: App, folder: Path, size: int) -> None:
    """Raise DiskShort where that many bytes more would leave too little."""
    found = look(app, folder)
    if found.free - size < found.least:
        needed = f"{size / MEGABYTE:.0f} MB are to be written to {folder}, where {found.free / MEGABYTE:.0f} MB are free"
        raise DiskShort(f"{needed} and {found.least / MEGABYTE:.0f} MB must stay so", remedy="make room, or set [backup] folder elsewhere")

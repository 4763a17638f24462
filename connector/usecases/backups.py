"""Backups of the database: made while everything runs, checked, kept for some days, named by their time in UTC."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from connector.app import App
from connector.errors import NotFound
from connector.storage import backups as store
from connector.storage import postgresql_dumps, project
from connector.usecases import disk, leftovers, runs
from connector.usecases.report import Report
from connector.usecases.turns import turn
from connector.usecases.upkeep import checkpoint

NAME = re.compile(r"connector-([0-9]{8}T[0-9]{6}Z)(?:-([0-9a-f]{8}))?\.(?:db|dump)")
TIME = "%Y%m%dT%H%M%SZ"
ALL_FOR = timedelta(days=1)
"""So long every backup is kept; after that the last of each day."""
LONGEST_KEPT = timedelta(days=30)
"""So long others may want to keep theirs, at most."""
JOB = "backup"
LATE = 3
"""So many times `[backup] every` the last one may be old."""


@dataclass(frozen=True, slots=True)
class Backup:
    """One copy: where it lies, the instant it shows (UTC), its size in bytes."""

    path: Path
    at: datetime
    size: int

    def as_dict(self) -> dict[str, Any]:
        return {"path": str(self.path), "at": self.at.isoformat(), "bytes": self.size}


def folder(app: App) -> Path:
    return app.settings.path(app.settings.backup.folder)


def known(app: App) -> list[Backup]:
    """Return the project's backups that are there, the newest first; those of earlier versions, whose names tell no project, among them."""
    there = _there(app)
    ours = (there.get(mark, []) for mark in {project.mark(app.db), ""})
    return sorted(chain.from_iterable(ours), key=lambda one: one.at, reverse=True)


def _mark(app: App) -> str:
    """Tell the project's backups from others' in a folder that several may share: none does in the project, wherever that is moved."""
    return "" if folder(app).resolve().is_relative_to(app.root.resolve()) else project.mark(app.db)


def _there(app: App) -> dict[str, list[Backup]]:
    """Return all backups in the folder by the mark of their project: several may share it."""
    found: dict[str, list[Backup]] = {}
    for path in folder(app).glob("connector-*"):
        if match := NAME.fullmatch(path.name):
            found.setdefault(match[2] or "", []).append(_seen(path, match[1]))
    return found


def _others(app: App) -> dict[str, list[Backup]]:
    return {mark: made for mark, made in _there(app).items() if mark not in ("", project.mark(app.db))}


def expired(app: App) -> list[Backup]:
    """Choose those to remove; of other projects what none may keep for so long: one that was moved, or ended, removes nothing itself."""
    others = (outlived(made, app.now, LONGEST_KEPT) for made in _others(app).values())
    return [*outlived(known(app), app.now, app.settings.backup.kept_for), *chain.from_iterable(others)]


def _seen(path: Path, written: str) -> Backup:
    return Backup(path, datetime.strptime(written, TIME).replace(tzinfo=UTC), path.stat().st_size)


def so_far(app: App) -> list[Backup]:
    """Return those that are not dated in the future, the newest first: a clock that was ahead dated those, and they may be far older."""
    return [one for one in known(app) if one.at <= app.now]


def dated_ahead(app: App) -> list[Backup]:
    return [one for one in known(app) if one.at > app.now]


def make(app: App) -> Backup:
    """Make a backup now, and remove those past their days. Raises Busy, DatabaseUnreachable, or DiskShort where it would fill the disk."""
    with turn(app, JOB):
        leftovers.remove(app)
        made = _sqlite(app) if app.db.is_sqlite else _postgresql(app)
        for old in expired(app):
            old.path.unlink(missing_ok=True)
    return made


def _sqlite(app: App) -> Backup:
    """While it reads, bringing the write-ahead log home would keep writers waiting in vain: so it holds that turn, too."""
    disk.require(app, folder(app), store.size_of(app.db))
    mark = _mark(app)
    path = folder(app) / f"connector-{app.now:{TIME}}{f'-{mark}' if mark else ''}.db"
    with turn(app, "checkpoint"):
        at = app.now
        store.copy(app.db, path)
    checkpoint(app, wait_seconds=0)
    return Backup(path, at, path.stat().st_size)


def _postgresql(app: App) -> Backup:
    path = folder(app) / f"connector-{app.now:{TIME}}.dump"
    at = app.now
    postgresql_dumps.dump(app.db, path)
    return Backup(path, at, path.stat().st_size)


def outlived(made: Sequence[Backup], now: datetime, kept_for: timedelta) -> list[Backup]:
    """Choose those to remove: older than their days, or of another day and not its last. The newest one always stays."""
    days: set[Any] = set()
    gone: list[Backup] = []
    for number, one in enumerate(sorted(made, key=lambda backup: backup.at, reverse=True)):
        is_needed = now - one.at <= ALL_FOR or one.at.date() not in days
        days.add(one.at.date())
        if number and (now - one.at > kept_for or not is_needed):
            gone.append(one)
    return gone


def is_due(app: App) -> bool:
    """Say whether the daemon should make one: SQLite alone, where the newest is older than `[backup] every`."""
    every, made = app.settings.backup.made_every, so_far(app)
    return app.db.is_sqlite and every is not None and (not made or app.now - made[0].at >= every)


def keep_up(app: App, run_id: str) -> Backup | None:
    """Make one if it is due, on record as a job's pass is. Raises what `make` raises."""
    if not is_due(app):
        return None
    with runs.recorded(app, JOB, run_id) as record:
        made = make(app)
        report = Report(JOB)
        report.did(sentence(made), bytes=made.size)
        record(report)
    return made


def newest(app: App) -> Backup:
    """Return the project's newest backup, one dated in the future where there is no other. Raises NotFound where there is none."""
    if made := so_far(app) or known(app):
        return made[0]
    others = max(chain.from_iterable(_others(app).values()), key=lambda one: one.at, default=None)
    if others is None:
        raise NotFound(f"there is no backup in {folder(app)}", remedy="name the file: connector restore FILE")
    raise NotFound(
        f"the backups in {folder(app)} are of other projects, or of this one where it lay before",
        remedy=f"name the file, if it is this project's: connector restore {others.path}",
    )


def sentence(made: Backup) -> str:
    return f"{made.path} holds the database as of {made.at:%Y-%m-%d %H:%M:%S} UTC, {written(made.size)}, checked"


def written(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 10**5 else f"{size / 1e3:.1f} kB"

"""What a killed backup or a broken-off restore leaves behind: whole copies of the database, hidden, with personal data in them.

None is being made while one holds the turn "backup": a backup has that turn, and a restore has every one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from connector.app import App
from connector.errors import Busy
from connector.storage import project
from connector.usecases.turns import turn

RESTORING, READING = "restoring", "reading"
MARKED = re.compile(r"\.connector-\w+-([0-9a-f]{8})\.")
MAKING_SECONDS = 24 * 3600


def beside(app: App, what: str) -> Path:
    """Name a restore's working copy: beside the database, to take its place by a rename."""
    return app.db.path.with_name(f".{app.db.path.name}.{what}")


def leftovers(app: App) -> list[Path]:
    """Name them, with what SQLite or a mark of ours put beside each."""
    partials = app.settings.path(app.settings.backup.folder).glob(".connector-*.partial*")
    found = [path for path in partials if not _is_being_made(app, path)]
    if app.db.is_sqlite:
        for path in (beside(app, RESTORING), beside(app, READING)):
            found += path.parent.glob(f"{escape(path.name)}*")
    return sorted(found)


def _is_being_made(app: App, path: Path) -> bool:
    """Tell what another project that shares the folder may be writing just now: it bears that one's mark, and is young."""
    mark = MARKED.match(path.name)
    if mark is None or mark[1] == project.mark(app.db):
        return False
    try:
        return time.time() - path.stat().st_mtime < MAKING_SECONDS
    except FileNotFoundError:
        return True


def remove(app: App) -> int:
    """Remove them; return how many. For whoever holds the turn "backup". What cannot be removed waits for the next one who tries."""
    removed = 0
    for path in leftovers(app):
        with suppress(OSError):
            path.unlink()
            removed += 1
    return removed


@contextmanager
def none_left(app: App) -> Iterator[None]:
    """Leave none of them behind, neither an older one nor what the block makes. For whoever holds the turn "backup"."""
    remove(app)
    try:
        yield
    finally:
        remove(app)


def clear_away(app: App) -> int:
    """Remove them, unless a backup or a restore is at work; return how many."""
    with suppress(Busy), turn(app, "backup", wait_seconds=0):
        return remove(app)
    return 0

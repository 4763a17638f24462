"""Files that were taken since a backup: the database that was restored does not know them, and which of them the source must have again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from connector.app import App
from connector.erp.shelves import ERRORS_ENDING
from connector.feeds import CATALOG_FEEDS

FOLDERS = ("archive", "held", "rejected")


def taken_since(app: App, at: datetime) -> list[str]:
    """Name the files in our folders that were put there since, the oldest first: by their own time, or, dated ahead, by when they came."""
    found = [path for folder in FOLDERS for path in (app.root / folder).rglob("*") if path.is_file()]
    taken = [path for path in found if not path.name.startswith(".") and not path.name.endswith(ERRORS_ENDING)]
    young = [path for path in taken if path.stat().st_ctime >= at.timestamp()]
    return [str(path.relative_to(app.root)) for path in sorted(young, key=_age)]


def _age(path: Path) -> tuple[float, float, str]:
    status = path.stat()
    return min(status.st_mtime, status.st_ctime), status.st_ctime, str(path)


def to_copy(app: App, places: Sequence[str]) -> list[str]:
    """Return those of them that count, in their order: of a feed that is full the last one that was taken, and what came after it."""
    last = {feed: at for at, (folder, feed) in enumerate(map(_shelf, places)) if folder == "archive" and _is_full(app, feed)}
    return [place for at, place in enumerate(places) if at >= last.get(_shelf(place)[1], 0)]


def _shelf(place: str) -> tuple[str, str]:
    """Return the folder and the feed under which a file lies."""
    parts = Path(place).parts
    return parts[0], parts[1]


def _is_full(app: App, feed: str) -> bool:
    """Tell whether one file says all; freight is full by file name, and documents never are."""
    return feed in CATALOG_FEEDS and feed != "freight" and app.settings.feeds.of(feed).mode == "full"

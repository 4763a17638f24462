"""A SQLite database whose content went to PostgreSQL is marked by a file beside it: whoever went on with it would do things twice."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from connector.errors import DatabaseUnreachable, Misuse

ENDING = "-moved"


def mark_of(database: Path) -> Path:
    """Name the file that marks a database as moved."""
    return database.with_name(database.name + ENDING)


def refuse(mark: str) -> None:
    """Raise Misuse where the mark is there. Costs one look at a name."""
    if mark and os.path.exists(mark):  # noqa: PTH110  # a Path costs ten times the look itself, and this is before every transaction
        raise Misuse(
            f"this database moved to PostgreSQL on {_said(mark)}: nothing more is done with it",
            remedy=f"set database.url to the new address, or remove {mark} to go on with this one",
        )


def note(database: Path, now: datetime) -> None:
    """Leave the mark. Raises DatabaseUnreachable where it cannot be written."""
    mark = mark_of(database)
    try:
        mark.write_text(f"{now:%Y-%m-%d %H:%M:%S} UTC", encoding="utf-8")
    except OSError as error:
        raise DatabaseUnreachable(
            f"everything was copied and compared, but {mark} cannot be written: {error.strerror}",
            remedy="set database.url to the new address before anything starts again, timers too",
        ) from error


def _said(mark: str) -> str:
    try:
        return Path(mark).read_text(encoding="utf-8", errors="replace")[:40].strip() or "a day that its mark does not say"
    except OSError:
        return "a day that its mark does not say"

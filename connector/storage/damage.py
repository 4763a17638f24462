"""A damaged SQLite database is marked by a file beside it, for every process to see: nothing is read from it or written to it any more."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from connector.errors import DatabaseDamaged

ENDING = "-damaged"
REMEDY = "stop `connector daemon` and `connector serve`, then run: connector restore"


def mark_of(database: Path) -> Path:
    """Name the file that marks a database as damaged."""
    return database.with_name(database.name + ENDING)


def refuse(mark: str) -> None:
    """Raise DatabaseDamaged where the mark is there. Costs one look at a name, at each transaction."""
    if mark and os.path.exists(mark):  # noqa: PTH110  # a Path costs ten times the look itself, and this is before every transaction
        raise error(_reason(mark))


def error(reason: str) -> DatabaseDamaged:
    return DatabaseDamaged(f"the database is damaged: {reason}; nothing more is written to it", remedy=REMEDY)


def sentence(found: list[str]) -> str:
    """Write what a check of the pages found as one line."""
    return "; ".join(line for text in found for line in text.splitlines() if not line.startswith("***"))


def note(mark: str, reason: str) -> None:
    """Leave the mark. Where not even that can be written, each process still finds out by itself."""
    with suppress(OSError):
        descriptor = os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(reason)


def _reason(mark: str) -> str:
    try:
        return Path(mark).read_text(encoding="utf-8")[:500] or "its mark says no more"
    except OSError:
        return "its mark cannot be read"

"""A last line without an end, of a feed whose files have one: taken as it stands, and told, since its writer may not be through."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Connection

from connector.app import App
from connector.formats.lines import END
from connector.storage import files
from connector.storage.database import reading

TOLD = "its last line has no end, unlike that of the file applied last: is it whole? (a done_marker or a trailer would tell)"
TAIL = 8


def notes(app: App, connection: Connection, feed: str, path: Path) -> tuple[str, ...]:
    """Tell of a file that ends within a line where the one of its kind applied last did not; archived ones that went tell nothing.

    Where a done marker or a trailer has said that it is whole, nothing is told.
    """
    if app.settings.erp.done_marker or app.settings.feeds.of(feed).trailer or _ends_a_line(path):
        return ()
    with reading(connection):
        last = files.last_applied(connection, feed)
    before = app.root / last.place if last is not None and last.place else None
    is_like_it = before is not None and before.suffix == path.suffix and _ends_a_line(before)
    return (TOLD,) if is_like_it else ()


def _ends_a_line(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            return file.read().rstrip(END).endswith((b"\n", b"\r"))
    except OSError:  # whoever reads it says so
        return False

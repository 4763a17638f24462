"""Where a SKU came from: the last line about it in the archived files, found without reading a million rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connector.app import App
from connector.errors import ConnectorError
from connector.formats.encoding import Text, recognise
from connector.formats.layout import Layout
from connector.storage import files, sku_story
from connector.storage.files import Entry
from connector.usecases.opening import layout_of, opened

FILES = {"full": 3, "delta": 20}
"""So many of a feed's last files are searched: a full export names everything, but for rows that were refused or held."""
MOST_READ = 20_000_000
"""Bytes of a file that is no plain text, or whose rows span lines: larger ones are not searched."""


@dataclass(frozen=True, slots=True)
class LastLine:
    """The last line that named a SKU: `file` as reports tell it, `place` below the project directory, when the file was taken."""

    feed: str
    file: str
    place: str
    line: int
    taken_at: datetime
    modified_at: datetime

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def last_line(app: App, feed: str, sku: str) -> LastLine | None:
    """Return the last line of a feed about a SKU; None where the archive tells none."""
    with app.db.read() as tx:
        entries = sku_story.came_in(tx, feed, FILES[app.settings.feeds.of(feed).mode])
        taken = {entry.id: files.taken_at(tx, entry.id) for entry in entries if entry.id is not None}
    for entry in entries:
        line = _searched(app, entry, sku)
        if line and entry.id is not None:
            return LastLine(feed, entry.name, str(entry.place), line, taken[entry.id], entry.modified_at)
    return None


def _searched(app: App, entry: Entry, sku: str) -> int | None:
    path = app.root / str(entry.place)
    try:
        layout = layout_of(app, entry.feed)
        text = None if layout.records is not None else recognise(path, layout.encoding)
        return _in_text(app, entry.feed, path, (text, layout), sku) if text else _in_all(app, entry.feed, path, sku)
    except ConnectorError:
        return _in_all(app, entry.feed, path, sku)
    except OSError:
        return None


def _in_text(app: App, feed: str, path: Path, how: tuple[Text, Layout], sku: str) -> int | None:
    """Read only the lines that hold the SKU's letters, under the file's own header."""
    text, layout = how
    found = list(_candidates(path, text, sku, has_header=not layout.widths))
    if len(found) <= (0 if layout.widths else 1):
        return None
    work = app.root / "var" / "work"
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=work, prefix="why-", ignore_cleanup_errors=True) as folder:
        small = Path(folder, f"lines{path.suffix}")
        small.write_bytes(text.newline.join([*(line for _, line in found), b""]))
        position = _read(app, feed, small, sku, replace(layout, encoding=text.encoding))
    return found[position - 1][0] if position else _in_all(app, feed, path, sku)


def _candidates(path: Path, text: Text, sku: str, *, has_header: bool) -> Iterator[tuple[int, bytes]]:
    """Yield numbered lines that may be about the SKU, the header first."""
    needle = sku.encode(text.encoding, errors="replace").lower()
    with path.open("rb") as file:
        file.seek(text.start)
        lines = (line.removesuffix(b"\n") for line in file) if text.newline == b"\n" else iter(file.read().split(text.newline))
        for number, line in enumerate(lines, 1):
            if (has_header and line.strip()) or needle in line.lower():
                has_header = False
                yield number, line


def _in_all(app: App, feed: str, path: Path, sku: str) -> int | None:
    """Read a whole file: a workbook, an archive, rows that span lines."""
    try:
        return _read(app, feed, path, sku, None) if path.stat().st_size <= MOST_READ else None
    except OSError:
        return None


def _read(app: App, feed: str, path: Path, sku: str, layout: Layout | None) -> int | None:
    """Return the line of the last good row of a SKU."""
    last = None
    try:
        with opened(app, feed, path, layout) as reading:
            for batch in reading.batches():
                last = next((line for line, values in reversed(batch.rows) if values[0] == sku), last)
    except ConnectorError:
        return last
    return last

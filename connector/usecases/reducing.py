"""A file and the one applied last, reduced to the lines that differ: two small files that are read as the whole ones would be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from connector.app import App
from connector.feeds import Reading
from connector.formats.differing import Difference, Lines, OtherOrder, TooDifferent, differences
from connector.formats.encoding import Text, recognise
from connector.formats.layout import Layout
from connector.formats.reordered import differences_in_any_order
from connector.usecases.opening import layout_of, opened

MOST = 0.6
"""Where a larger share of the file differs, reading everything is as fast."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """What went and what came, and of each line of the latter which line of the new file it is.

    Both begin with the line that says how they are read: the header, or, where there is none, the first row. `shared` counts that row.
    """

    was: Reading
    now: Reading
    lines: list[int]
    shared: int


@contextmanager
def reduced(app: App, feed: str, path: Path, last: tuple[Path, str]) -> Iterator[Reduced]:
    """Cut a file and the one applied last (its place, its SHA-256) down to what differs, and open both.

    Raises TooDifferent where everything must be read, FileRefused for what is no text.
    """
    layout = layout_of(app, feed)
    text = _alike(path, last[0], layout)
    work = app.root / "var" / "work"
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=work, prefix="differing-", ignore_cleanup_errors=True) as folder:
        was, now = (Path(folder, f"{name}{path.suffix}") for name in ("was", "now"))
        lines = _cut(path, last, text, (was, now), has_header=not layout.widths, quotes=layout.quotes)
        pinned = replace(layout, encoding=text.encoding)
        with opened(app, feed, was, pinned) as old, opened(app, feed, now, pinned) as new:
            yield Reduced(old, new, lines, shared=1 if layout.positions else 0)


def _alike(path: Path, before: Path, layout: Layout) -> Text:
    """Say how both files are to be read. Raises TooDifferent where that is not one way, FileRefused for what is no text."""
    if layout.records is not None:  # a row may take over values of the line above it
        raise TooDifferent
    text = recognise(path, layout.encoding)
    if text != recognise(before, layout.encoding) or text.newline != b"\n":
        raise TooDifferent
    return text


def _cut(path: Path, last: tuple[Path, str], text: Text, into: tuple[Path, Path], *, has_header: bool, quotes: bool) -> list[int]:
    """Write what differs into two files under the same header; the file applied last must still be what it was."""
    digest = _Digest(last[0])
    with last[0].open("rb") as old, path.open("rb") as new, into[0].open("wb") as was, into[1].open("wb") as now:
        header, first = _headers(old, new, text) if has_header else (b"", [])
        cut = _Cut(was, now, header, first)
        most = 2 * int(path.stat().st_size * MOST)
        try:
            lines = cut.write(differences(*_at(text.start, old, new), quotes=quotes), most)
        except OtherOrder:
            lines = cut.write(differences_in_any_order(*_at(text.start, old, new), quotes=quotes), most)
    if digest.hexdigest() != last[1]:
        raise TooDifferent
    return lines


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where what differs is written, under the files' header and its line."""

    was: BinaryIO
    now: BinaryIO
    header: bytes
    first: list[int]

    def write(self, found: Iterator[Difference], most: int) -> list[int]:
        """Write it anew; return of each new line which one of its file it is. Raises TooDifferent where it is more than `most` bytes."""
        lines, left = list(self.first), most
        for file in (self.was, self.now):
            file.seek(0)
            file.truncate()
            file.write(self.header)
        for one in found:
            left -= _write(self.was, one.removed) + _write(self.now, one.added)
            lines.extend(one.numbers)
            if left < 0:
                raise TooDifferent
        return lines


def _write(file: BinaryIO, lines: Lines) -> int:
    return file.write(b"\n".join((*lines, b""))) if lines else 0


def _at(start: int, *files: BinaryIO) -> tuple[BinaryIO, ...]:
    for file in files:
        file.seek(start)
    return files


def _headers(old: BinaryIO, new: BinaryIO, text: Text) -> tuple[bytes, list[int]]:
    """Return the first line that is not blank, with its number, where both files have the same."""
    (before, _), (header, number) = _header(old, text), _header(new, text)
    if before != header:
        raise TooDifferent
    return header + b"\n", [number]


def _header(file: BinaryIO, text: Text) -> tuple[bytes, int]:
    file.seek(text.start)
    for number, line in enumerate(iter(lambda: file.readline(1 << 16), b""), 1):
        if line.count(b'"') % 2:
            break
        if line.decode(text.encoding, errors="replace").strip():
            return line.rstrip(b"\n"), number
    raise TooDifferent


class _Digest:
    """The SHA-256 of a file, computed beside other work; "" where it cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path, self._found = path, ""
        self._thread = threading.Thread(target=self._run, name="digest", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with suppress(OSError), self._path.open("rb") as file:
            self._found = file_digest(file, "sha256").hexdigest()

    def hexdigest(self) -> str:
        self._thread.join()
        return self._found

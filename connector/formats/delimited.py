"""Delimited text: find the delimiter by the feed's own columns, read the header by name (or go by position), yield rows in columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from connector.errors import FileRefused
from connector.formats.by_position import delimiter_of, names_of
from connector.formats.cutting import Cutter
from connector.formats.encoding import Text, recognise
from connector.formats.header import fields, find_delimiter, refuse_header
from connector.formats.layout import Layout
from connector.formats.lines import Chunk, chunks
from connector.formats.record import Block

NAMES = {";": "semicolon", ",": "comma", "\t": "tab", "|": "vertical bar"}


class DelimitedTable:
    """A delimited file, its header read. Raises FileRefused where there is no header that names any of the feed's columns."""

    decimal = ""

    def __init__(self, path: Path, layout: Layout, is_known: Callable[[str], bool], end: Callable[[Text], int | None]) -> None:
        self._path, self._layout = path, layout
        self._text = recognise(path, layout.encoding)
        self._end = end(self._text)
        self._header_line, header = self._header()
        if layout.positions:
            self._delimiter = delimiter_of(header, layout)
            self.names = names_of(path, header, self._delimiter, layout)
            self._header_line -= 1  # the first line is a row
        else:
            self._delimiter = layout.delimiter or find_delimiter(header, lambda name: is_known(layout.rename(name)))
            self.names = tuple(layout.rename(name) for name in fields(header, self._delimiter, quotes=layout.quotes))
            refuse_header(path, self._header_line, self.names, is_known)
        how = f", columns by position by layout {layout.name}" if layout.positions else ""
        self.notes = [f"read as {self._text.encoding}, delimiter {NAMES[self._delimiter]}{how}"]

    def _header(self) -> tuple[int, str]:
        for chunk in chunks(self._path, self._text, self._end):
            for at, line in enumerate(chunk.lines):
                if line.strip():
                    if at in chunk.damaged:
                        what = f"{self._path.name}: line {chunk.first + at}, the header: {chunk.damaged[at]}"
                        raise FileRefused(what, remedy="save it as text in UTF-8")
                    return chunk.first + at, line.removesuffix("\r")
        raise FileRefused(f"{self._path.name}: it is empty and has no header line", remedy="the first line names the columns")

    def blocks(self) -> Iterator[Block]:
        cutter = Cutter(self._delimiter, len(self.names), self._layout.quotes)
        rest: Chunk | None = None
        for chunk, is_last in self._chunks():
            whole = _joined(rest, chunk)
            cut = cutter.cut(whole, is_last=is_last)
            rest = _tail(whole, cut.rest)
            yield Block(cut.lines, list(zip(*cut.rows, strict=True)) or [()] * len(self.names), cut.flaws, cut.spans)

    def _chunks(self) -> Iterator[tuple[Chunk, bool]]:
        """Yield the chunks after the header, each with whether it is the last."""
        before: Chunk | None = None
        for chunk in chunks(self._path, self._text, self._end):
            if before is not None:
                yield before, False
            skipped = self._header_line + 1 - chunk.first
            before = _tail(chunk, len(chunk.lines) - skipped) if skipped > 0 else chunk
        if before is not None:
            yield before, True


def _joined(rest: Chunk | None, chunk: Chunk) -> Chunk:
    if rest is None:
        return chunk
    count = len(rest.lines)
    damaged = rest.damaged | {at + count: why for at, why in chunk.damaged.items()}
    return Chunk(rest.first, rest.lines + chunk.lines, damaged, is_plain=False)


def _tail(chunk: Chunk, count: int) -> Chunk | None:
    """Return a chunk's last lines; None where there are none."""
    if count <= 0:
        return None
    skipped = len(chunk.lines) - count
    damaged = {at - skipped: why for at, why in chunk.damaged.items() if at >= skipped}
    return Chunk(chunk.first + skipped, chunk.lines[skipped:], damaged, is_plain=chunk.is_plain)

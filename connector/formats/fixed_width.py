"""Fixed-width lines, cut by the positions that a layout names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from connector.formats.encoding import Text, recognise
from connector.formats.layout import Layout
from connector.formats.layout_parts import Width
from connector.formats.lines import Chunk, chunks
from connector.formats.record import Block, Flaw

SHOWN = 200


class FixedWidthTable:
    """A file without header whose fields stand at fixed positions. A line too short for its last field is a flaw."""

    decimal = ""

    def __init__(self, path: Path, layout: Layout, end: Callable[[Text], int | None]) -> None:
        self._path, self._layout = path, layout
        self._text = recognise(path, layout.encoding)
        self._end = end(self._text)
        self._length = max(width.last for width in layout.widths.values())
        self.names = tuple(layout.widths)
        self.notes = [f"read as {self._text.encoding}, fixed width by layout {layout.name}"]

    def blocks(self) -> Iterator[Block]:
        for chunk in chunks(self._path, self._text, self._end):
            yield self._block(chunk)

    def _block(self, chunk: Chunk) -> Block:
        numbers, rows, flaws = list[int](), list[str](), list[Flaw]()
        for at, raw in enumerate(chunk.lines):
            line = raw.removesuffix("\r")
            if not line.strip() or not line.startswith(self._layout.starts_with):
                continue
            reason = chunk.damaged.get(at) or self._too_short(line)
            if reason:
                flaws.append(Flaw(chunk.first + at, line[:SHOWN], reason, tuple(self._cells(line))))
            else:
                numbers.append(chunk.first + at)
                rows.append(line)
        return Block(numbers, [[self._cell(line, width) for line in rows] for width in self._layout.widths.values()], flaws)

    def _too_short(self, line: str) -> str:
        if len(line) >= self._length:
            return ""
        return f"the line has {len(line)} characters, the layout needs {self._length}"

    def _cells(self, line: str) -> Iterator[str]:
        return (self._cell(line, width) for width in self._layout.widths.values())

    def _cell(self, line: str, width: Width) -> str:
        return cell(line, width, self._layout)


def cell(line: str, width: Width, layout: Layout) -> str:
    """Cut one field out of a line, its implied decimals written out."""
    text = line[width.first - 1 : width.last]
    return _with_decimals(text.strip(), width.decimals, layout.decimal or ",") if width.decimals else text


def _with_decimals(digits: str, decimals: int, mark: str) -> str:
    """Write implied decimals out: "1990" of two decimals is "019,90"; the zero keeps the mark from being read as a thousands mark."""
    sign, body = (digits[0], digits[1:]) if digits[:1] in ("-", "+") else ("", digits)
    if not (body.isascii() and body.isdigit()):
        return digits
    padded = body.zfill(decimals + 1)
    return f"{sign}0{padded[:-decimals]}{mark}{padded[-decimals:]}"

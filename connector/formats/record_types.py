"""Files whose lines are records of several types: rows, the header records above them, and what is other feeds' or nobody's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connector.errors import FileRefused
from connector.formats.encoding import Text, recognise
from connector.formats.header import NAMED, written
from connector.formats.layout import Layout, Records
from connector.formats.lines import Chunk, chunks
from connector.formats.record import Block, Flaw
from connector.formats.record_cutting import SHOWN, FieldCutter, LineCutter, WidthCutter, beyond

NO_HEADER = "no header record stands before it"
MOST_TYPES = 1000


@dataclass(slots=True)
class Head:
    """The latest header record: what rows take over from it, or why they cannot."""

    line: int = 0
    cells: tuple[str, ...] = ()
    reason: str = NO_HEADER
    rows: int = 0


@dataclass(slots=True)
class Found:
    """What one walk through the file has met so far."""

    head: Head = field(default_factory=Head)
    left_out: Counter[str] = field(default_factory=Counter)
    childless: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)

    def next_head(self, head: Head) -> None:
        if self.head.cells and not self.head.rows:
            self.childless.append(self.head.line)
        self.head = head


class RecordTable:
    """The rows of one or more record types of a file, each with what its header record says. Raises FileRefused for what is no text.

    A header record that cannot be read costs its own rows, and never lends them those of the one before.
    """

    decimal = ""

    def __init__(self, path: Path, layout: Layout, records: Records, end: Callable[[Text], int | None]) -> None:
        self._path, self._layout, self._records = path, layout, records
        self._text = recognise(path, layout.encoding)
        self._end = end(self._text)
        self._cutter: LineCutter = WidthCutter(layout, records) if layout.widths else self._field_cutter()
        self.names = (*self._cutter.names, *records.inherit)
        self._found = Found()

    def _field_cutter(self) -> FieldCutter:
        """Count the fields of the first row; without any, those that the layout names."""
        least = max(self._layout.positions.values())
        probe = FieldCutter(self._layout, self._records, least)
        for chunk in chunks(self._path, self._text, self._end):
            for at, line in enumerate(chunk.lines):
                pieces = probe.pieces(line.removesuffix("\r"))
                if at not in chunk.damaged and not isinstance(pieces, str) and probe.type_of(pieces) in self._records.rows:
                    return FieldCutter(self._layout, self._records, self._counted(chunk.first + at, len(pieces)))
        return probe

    def _counted(self, line: int, count: int) -> int:
        missing = beyond(self._layout.positions, count)
        if missing:
            raise FileRefused(
                f"{self._path.name}: line {line}, the first row, has {count} fields,"
                f" but layout {self._layout.name} says {', '.join(missing)}",
                remedy="mend the layout's delimiter, [records] or [positions]",
            )
        return count

    @property
    def notes(self) -> list[str]:
        how = f"read as {self._text.encoding}, records {', '.join(sorted(self._records.rows))} by layout {self._layout.name}"
        left_out = ", ".join(f"{count} of type {written(name) or 'none'}" for name, count in self._found.left_out.most_common(NAMED))
        lonely = self._found.childless
        named = ", ".join(map(str, lonely[:NAMED])) + (f" and {len(lonely) - NAMED} more" if len(lonely) > NAMED else "")
        return [
            how,
            *([f"records left out: {left_out}"] if left_out else []),
            *([f"header records without rows on lines {named}"] if lonely else []),
        ]

    def blocks(self) -> Iterator[Block]:
        found = self._found = Found()
        for chunk in chunks(self._path, self._text, self._end):
            found.lines, found.rows, found.flaws = [], [], []
            for at, raw in enumerate(chunk.lines):
                if raw.strip():
                    self._line(found, chunk, at, raw.removesuffix("\r"))
            yield Block(found.lines, list(zip(*found.rows, strict=True)) or [()] * len(self.names), found.flaws)
        found.next_head(Head())

    def _line(self, found: Found, chunk: Chunk, at: int, line: str) -> None:
        number, damage, pieces = chunk.first + at, chunk.damaged.get(at, ""), self._cutter.pieces(line)
        if isinstance(pieces, str):
            self._unclear(found, number, line, damage or pieces)
            return
        kind = self._cutter.type_of(pieces)
        if kind in self._records.rows:
            self._row(found, number, line, pieces, damage)
        elif kind in self._records.headers:
            self._header(found, number, line, pieces, damage)
        elif self._records.skip is not None and kind not in self._records.skip:
            self._unclear(found, number, line, damage or f"its record type {written(kind)!r} is none that the layout names")
        elif damage and not kind.isascii():
            self._unclear(found, number, line, damage)
        else:
            found.left_out[kind if len(found.left_out) < MOST_TYPES else "others"] += 1

    def _nobodys(self, line: int) -> tuple[str, ...]:
        """Return what stands for values that a refused header record has kept to itself: its rows are one another's, and nobody else's."""
        return (f"? line {line}",) * len(self._records.inherit)

    def _unclear(self, found: Found, number: int, line: str, reason: str) -> None:
        """Refuse a line of which nobody knows what it is: it may have been the header record of the rows below it."""
        found.flaws.append(Flaw(number, line[:SHOWN], reason))
        found.next_head(Head(number, reason=f"line {number} above it may be its header record, and is refused"))

    def _header(self, found: Found, number: int, line: str, pieces: Sequence[str], damage: str) -> None:
        reason = damage or self._cutter.misfit(pieces, is_header=True)
        if reason:
            cells = ("",) * len(self._cutter.names) + self._nobodys(number)
            found.flaws.append(Flaw(number, line[:SHOWN], reason, cells))
            found.next_head(Head(number, reason=f"its header record on line {number} is refused"))
        else:
            found.next_head(Head(number, self._cutter.inherited(pieces), ""))

    def _row(self, found: Found, number: int, line: str, pieces: Sequence[str], damage: str) -> None:
        head = found.head
        head.rows += 1
        headless = head.reason if self._records.headers else ""
        reason = damage or self._cutter.misfit(pieces, is_header=False) or headless
        cells = (*self._cutter.row(pieces), *(head.cells or self._nobodys(head.line)))
        if reason:
            found.flaws.append(Flaw(number, line[:SHOWN], reason, cells))
        else:
            found.lines.append(number)
            found.rows.append(cells)

"""Lines cut into fields. A quoted field may span lines; an unclosed quotation mark costs its own line and no other."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from connector.formats.lines import Chunk
from connector.formats.record import Flaw

MOST_LINES = 200
"""A quoted field that is not closed within this many lines was never meant to be one."""
SHOWN = 200


@dataclass(slots=True)
class Cut:
    """What a chunk's lines come to. `rest` counts lines at its end whose quoted field may go on in the next chunk."""

    lines: Sequence[int] = ()
    rows: list[list[str]] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    rest: int = 0
    spans: bool = False
    """A row takes in more than one line."""


@dataclass(frozen=True, slots=True)
class Cutter:
    """Cuts lines at a delimiter into exactly `width` fields."""

    delimiter: str
    width: int
    quotes: bool = True

    def cut(self, chunk: Chunk, *, is_last: bool) -> Cut:
        """Cut a chunk; what does not come to the file's number of fields is a flaw, blank lines are nothing."""
        quick = self._quickly(chunk)
        if quick is not None:
            return self._counted(chunk.first, quick)
        return self._carefully(chunk, is_last=is_last)

    def _quickly(self, chunk: Chunk) -> list[list[str]] | None:
        """Cut at C speed where every line is a row by itself."""
        if chunk.damaged:
            return None
        delimiter = self.delimiter
        if chunk.is_plain:
            return [line.split(delimiter) for line in chunk.lines]
        if not self.quotes:
            return [line.removesuffix("\r").split(delimiter) for line in chunk.lines]
        try:
            rows = list(csv.reader(chunk.lines, delimiter=delimiter, strict=True))
        except csv.Error:
            return None
        return rows if len(rows) == len(chunk.lines) else None

    def _counted(self, first: int, rows: list[list[str]]) -> Cut:
        lines: Sequence[int] = range(first, first + len(rows))
        if all(len(row) == self.width for row in rows):
            return Cut(lines, rows)
        found = Cut()
        for line, row in zip(lines, rows, strict=True):
            self._judge(found, line, row)
        found.lines = [line for line, row in zip(lines, rows, strict=True) if len(row) == self.width]
        return found

    def _judge(self, found: Cut, line: int, row: list[str]) -> None:
        if len(row) == self.width:
            found.rows.append(row)
        elif len(row) > 1 or "".join(row).strip():
            found.flaws.append(Flaw(line, self.delimiter.join(row)[:SHOWN], self._count_reason(row), tuple(row)))

    def _count_reason(self, row: list[str]) -> str:
        trailing = "; it ends with a delimiter that the header has not" if len(row) == self.width + 1 and not row[-1] else ""
        return f"the line has {len(row)} fields, the header {self.width}{trailing}"

    def _carefully(self, chunk: Chunk, *, is_last: bool) -> Cut:
        found, at, numbers = Cut(), 0, list[int]()
        while at < len(chunk.lines):
            line, before = chunk.lines[at], len(found.rows)
            used = 1
            if at in chunk.damaged:
                found.flaws.append(self._flaw(chunk.first + at, line, chunk.damaged[at]))
            elif not self.quotes or '"' not in line:
                self._judge(found, chunk.first + at, line.removesuffix("\r").split(self.delimiter))
            else:
                used = self._quoted(found, chunk, at, is_last=is_last)
            if not used:
                found.rest = len(chunk.lines) - at
                break
            if len(found.rows) > before:
                numbers.append(chunk.first + at)
                found.spans = found.spans or used > 1
            at += used
        found.lines = numbers
        return found

    def _quoted(self, found: Cut, chunk: Chunk, at: int, *, is_last: bool) -> int:
        """Cut the record that begins at a line; return how many lines it took, 0 where the next chunk is needed to tell."""
        reader = csv.reader((f"{line}\n" for line in islice(chunk.lines, at, at + MOST_LINES)), delimiter=self.delimiter, strict=True)
        line = chunk.lines[at]
        try:
            row = next(reader)
        except csv.Error as error:
            is_open = "unexpected end" in str(error)
            if is_open and not is_last and at + MOST_LINES > len(chunk.lines):
                return 0
            reason = "a quotation mark is not closed" if is_open else f"the line cannot be cut into fields ({error})"
            found.flaws.append(self._flaw(chunk.first + at, line, f"{reason}; double quotation marks inside a field, or leave them out"))
            return 1
        used = reader.line_num
        if used > 1 and self._swallows(chunk.lines[at : at + used], row):
            reason = f"its quoted field takes in line {chunk.first + at + 1}, which is a row of its own; close or double the quotation mark"
            found.flaws.append(self._flaw(chunk.first + at, line, reason))
            return 1
        self._judge(found, chunk.first + at, row)
        return used

    def _swallows(self, lines: list[str], row: list[str]) -> bool:
        """Say whether a quoted field took in whole rows: each of its lines has by itself the fields of a row."""
        whole = [line.count(self.delimiter) + 1 == self.width for line in lines]
        return all(whole) or (len(row) != self.width and any(whole[1:]))

    def _flaw(self, number: int, line: str, reason: str) -> Flaw:
        return Flaw(number, line[:SHOWN], reason, tuple(line.removesuffix("\r").split(self.delimiter)))

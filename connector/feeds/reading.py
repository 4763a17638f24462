"""One file read as one feed: rows of values, rejections, notes. In bounded memory, a block of rows at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connector.feeds.columns import Bad, CellReader, Column
from connector.feeds.feed import Feed, Values
from connector.feeds.header import places_of, refuse_missing, unknown_columns
from connector.feeds.marks import Marks
from connector.feeds.rejecting import Rejecter, Wrong
from connector.feeds.specs import GroupReader
from connector.feeds.units import scale_of
from connector.feeds.values import Context
from connector.formats.archives import Unpacked
from connector.formats.layout import Layout
from connector.formats.opening import Kinds, open_parts
from connector.formats.record import Block, Rejection, Table
from connector.formats.trailer import Trailer, check_rows


@dataclass(slots=True)
class Batch:
    """Rows in columns, in the order of the feed's fields, with the line of each, and the rows not taken among the same lines."""

    lines: Sequence[int] = ()
    columns: Sequence[Sequence[Any]] = ()
    rejections: list[Rejection] = field(default_factory=list)

    @property
    def rows(self) -> list[tuple[int, tuple[Any, ...]]]:
        """The rows one by one: (line, values)."""
        return list(zip(self.lines, zip(*self.columns, strict=True), strict=True))


class Reading:
    """A file being read as a feed. `rows_read` counts rows taken and refused; it and `notes` are whole when all batches are read."""

    def __init__(
        self, feed: Feed, path: Path, table: Table, trailer: Trailer | None, *, context: Context, marks: Marks, beside: Sequence[Feed]
    ) -> None:
        self.rows_read, self.spans = 0, False
        self._feed, self._path, self._table, self._trailer, self._marks = feed, path, table, trailer, marks
        self._adjusted: Counter[str] = Counter()
        places = places_of(feed, table.names)
        self._unknown = unknown_columns(feed, table.names, context.layout, beside)
        scaled = [(column, place, replace(context, scale=scale_of(column, context.layout))) for column, place in places]
        self._readers = [(column, place, CellReader(column, own)) for column, place, own in scaled]
        self._groups = [GroupReader(feed, field, table.names, context) for _, field in feed.groups]
        self._rejecter = Rejecter(feed, table.names)

    @property
    def notes(self) -> list[str]:
        """Sentences on what was found out about the file and what was made of it."""
        adjusted = [f"{count} {what}" for what, count in self._adjusted.items()]
        return [*self._table.notes, *self._unknown, *self._marks.notes, *adjusted]

    @property
    def columns(self) -> list[Column]:
        """The feed's columns that the file has, or that its layout fills in."""
        return [column for column, _, _ in self._readers]

    @property
    def groups(self) -> list[str]:
        """The fields of the feed's groups of which the file has a member."""
        return [group.field for group in self._groups if group.is_there]

    @property
    def mark(self) -> str:
        """The decimal mark with which numbers such as 1.234 were read; "" where there was none yet."""
        return self._marks.asked

    def proofs(self) -> frozenset[str]:
        """Return the decimal marks that the file's numbers prove."""
        return self._marks.proofs()

    def pin(self, mark: str) -> None:
        """Read open numbers with this mark: the file is a part of one that shows it."""
        self._marks.pin(mark)

    def marks(self) -> str:
        """Say which decimal mark the file's numbers have."""
        return self._marks.told()

    def batches(self) -> Iterator[Batch]:
        """Yield the file's rows in its order. Raises FileRefused where its trailer does not hold, once all are read."""
        self.rows_read, self.spans = 0, False
        self._adjusted.clear()
        for block in self._table.blocks():
            self.rows_read += len(block.lines) + len(block.flaws)
            self.spans = self.spans or block.spans
            batch = self._batch(block)
            if batch.lines or batch.rejections:
                yield batch
        if self._trailer is not None:
            check_rows(self._path, self._trailer, self.rows_read)

    def keys(self) -> Iterator[list[Sequence[Any]]]:
        """Yield the rows' keys alone, in columns, of a file whose every row is known to be good; a key that cannot be read holds Bad."""
        self.rows_read, self.spans = 0, False
        readers = {column.field: (place, reader) for column, place, reader in self._readers}
        empty = {column.field: column.empty for column in self._feed.columns}
        for block in self._table.blocks():
            self.rows_read += len(block.lines) + len(block.flaws)
            self.spans = self.spans or block.spans
            found = [readers.get(name) for name in self._feed.key]
            yield [
                [empty[name]] * len(block.lines) if one is None else one[1].column(block.columns[one[0]])
                for name, one in zip(self._feed.key, found, strict=True)
            ]

    def _batch(self, block: Block) -> Batch:
        values, wrong = self._values(block)
        lines = block.lines
        if wrong:
            lines, values = _without(lines, values, wrong)
        if self._feed.adjust is not None:
            self._adjusted.update(self._feed.adjust(values))
        contrary: Wrong = {}
        for at, column, reason in self._feed.check(values) if self._feed.check is not None else ():
            contrary.setdefault(at, []).append((column, reason))
        if contrary:
            place = {line: at for at, line in enumerate(block.lines)}
            wrong |= {place[lines[at]]: why for at, why in contrary.items()}
            lines, values = _without(lines, values, contrary)
        return Batch(lines, [values[name] for name in self._feed.fields], self._rejections(block, wrong))

    def _values(self, block: Block) -> tuple[Values, Wrong]:
        """Read a block's columns; a row with a cell that cannot be read is wrong."""
        count = len(block.lines)
        wrong: Wrong = {}
        values: Values = {column.field: [column.empty] * count for column in self._feed.columns}
        for column, place, reader in self._readers:
            misses, values[column.field] = reader.misses, reader.column(block.columns[place])
            if reader.misses != misses:
                _mark_bad(wrong, column.name, values[column.field])
        for group in self._groups:
            misses, values[group.field] = group.misses, group.column(block.columns, count)
            if group.misses != misses:
                _mark_bad(wrong, group.field, values[group.field])
        return values, wrong

    def _rejections(self, block: Block, wrong: Wrong) -> list[Rejection]:
        found = [self._rejecter.of_flaw(flaw) for flaw in block.flaws]
        found += [self._rejecter.of_row(block, at, why) for at, why in wrong.items()]
        return sorted(found, key=lambda rejection: rejection.line)


def _without(lines: Sequence[int], values: Values, wrong: Wrong) -> tuple[Sequence[int], Values]:
    kept = [at for at in range(len(lines)) if at not in wrong]
    return [lines[at] for at in kept], {name: [column[at] for at in kept] for name, column in values.items()}


def _mark_bad(wrong: Wrong, name: str, values: list[Any]) -> None:
    for at, value in enumerate(values):
        if isinstance(value, Bad):
            wrong.setdefault(at, []).append((name, value.reason))


def open_feed(
    feed: Feed, path: Path, found: Unpacked, layout: Layout, *, timezone: ZoneInfo, trailer: str, beside: Sequence[Feed] = ()
) -> Reading:
    """Open a file as a feed; the feeds `beside` take their columns out of it too.

    Raises FileRefused where it cannot be read at all, or misses a required column.
    """
    kinds = Kinds(xml=feed.reads_xml, ocoren=feed.reads_ocoren, every_sheet=feed.reads_every_sheet)
    table, end = open_parts(path, found, layout, feed.knows, kinds, trailer=trailer)
    refuse_missing(feed, path, table.names)
    numbers = [place for column, place in places_of(feed, table.names) if column.is_number]
    marks = Marks(table, numbers, layout)
    return Reading(feed, path, table, end, context=Context(timezone, layout, marks.mark), marks=marks, beside=beside)

"""A table seen through its layout: columns joined, values replaced, constants where the file lacks a column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.errors import FileRefused
from connector.formats.layout import Layout
from connector.formats.layout_parts import Join
from connector.formats.numbers import BLANKS
from connector.formats.record import Block, Flaw, Table

Cells = Sequence[str]


@dataclass(frozen=True, slots=True)
class Joined:
    """A join and where its columns stand in the file."""

    join: Join
    places: tuple[int, ...]

    def column(self, columns: Sequence[Cells]) -> list[str]:
        return [self.join.written([cell.strip(BLANKS) for cell in row]) for row in zip(*(columns[at] for at in self.places), strict=True)]


class ShapedTable:
    """The rows of a table after the layout's joins, values and constants. Raises FileRefused where a join's column is not there.

    Only what the feed knows of is shaped: one layout serves several feeds.
    """

    def __init__(self, path: Path, table: Table, layout: Layout, is_known: Callable[[str], bool]) -> None:
        self._table = table
        self.decimal = table.decimal
        ours = {name.casefold(): at for at, name in reversed(list(enumerate(table.names)))}
        joins = {name: Joined(join, _places(path, layout, name, ours)) for name, join in layout.joins.items() if is_known(name)}
        there = ours.keys() | {name.casefold() for name in joins}
        constants = {name: text for name, text in layout.constants.items() if is_known(name)}
        missing = {name: text for name, text in constants.items() if name.casefold() not in there}
        replaced = {ours[name.casefold()]: joined for name, joined in joins.items() if name.casefold() in ours}
        self._joins = replaced | dict(enumerate([j for n, j in joins.items() if n.casefold() not in ours], start=len(table.names)))
        self._constants = list(missing.values())
        added = [*(name for name in joins if name.casefold() not in ours), *missing]
        self.names = (*table.names, *added)
        self._maps = _maps(layout, self.names)
        self._unused = [name for name in constants if name not in missing]

    @property
    def notes(self) -> list[str]:
        unused = [f"the constant of {name} is not used: the file has the column" for name in self._unused]
        return [*self._table.notes, *unused]

    def blocks(self) -> Iterator[Block]:
        for block in self._table.blocks():
            columns = self._shaped(block.columns, len(block.lines))
            yield Block(block.lines, columns, [self._flaw(flaw, len(block.columns)) for flaw in block.flaws], block.spans)

    def _shaped(self, columns: Sequence[Cells], count: int) -> list[Cells]:
        shaped = [*columns, *([()] * (len(self.names) - len(columns)))]
        for at, joined in self._joins.items():
            shaped[at] = joined.column(columns)
        for at, text in enumerate(self._constants, start=len(self.names) - len(self._constants)):
            shaped[at] = [text] * count
        for at, values in self._maps.items():
            shaped[at] = [values.get(cell.strip(BLANKS).casefold(), cell) for cell in shaped[at]]
        return shaped

    def _flaw(self, flaw: Flaw, width: int) -> Flaw:
        """Shape what could be seen of a line, for its key; of a join whose columns were not all seen nothing is known."""
        seen = len(flaw.cells)
        cells = [*flaw.cells[:width], *([""] * (width - seen))]
        shaped = [column[0] for column in self._shaped([[cell] for cell in cells], 1)]
        for at, joined in self._joins.items():
            if max(joined.places) >= seen:
                shaped[at] = ""
        return Flaw(flaw.line, flaw.value, flaw.reason, tuple(shaped))


def _places(path: Path, layout: Layout, name: str, there: Mapping[str, int]) -> tuple[int, ...]:
    wanted = [layout.rename(column) for _, column in layout.joins[name].pieces]
    lacking = [column for column in wanted if column.casefold() not in there]
    if lacking:
        raise FileRefused(
            f"{path.name}: layout {layout.name} joins {name} of columns that the file lacks: {', '.join(lacking)}",
            remedy=f"mend [joins] in {layout.source}, or have the ERP export the column",
        )
    return tuple(there[column.casefold()] for column in wanted)


def _maps(layout: Layout, names: Sequence[str]) -> dict[int, Mapping[str, str]]:
    maps = {name.casefold(): values for name, values in layout.values.items()}
    return {at: maps[name.casefold()] for at, name in enumerate(names) if name.casefold() in maps}


def shaped(path: Path, table: Table, layout: Layout, is_known: Callable[[str], bool]) -> Table:
    """Return a table through its layout; the table itself where the layout shapes nothing."""
    if layout.joins or layout.values or layout.constants:
        return ShapedTable(path, table, layout, is_known)
    return table

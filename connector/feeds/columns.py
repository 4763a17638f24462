"""A feed's columns: declarations, and reading a whole column at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connector.feeds import dates, plain, values
from connector.feeds.plain import Plain
from connector.feeds.values import BadValue, Context
from connector.formats.numbers import BLANKS

MOST_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Bad:
    """Stands in a column where a value could not be read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a feed: its name in files, the name of its value, how a cell is read, and what an empty cell means."""

    name: str
    field: str
    read: Callable[[str, Context], Any]
    required: bool = False
    empty: Any = None
    is_number: bool = False
    repeats: bool = True
    """Its values occur again and again, and are worth remembering."""
    plain: Plain | None = None
    """Reads a column whose cells are all written plainly."""


Declare = Callable[..., Column]


def _declare(
    read: Callable[[str, Context], Any],
    *,
    empty: Any = None,
    is_number: bool = False,
    repeats: bool = True,
    plain: Plain | None = None,
) -> Declare:
    def declare(name: str, field: str = "", *, required: bool = False, empty: Any = empty) -> Column:
        return Column(name, field or name.lower(), read, required, empty, is_number, repeats, plain)

    return declare


text = _declare(values.line_of_text, empty="", repeats=False, plain=plain.texts)
key_text = _declare(values.key_text, empty="", repeats=False, plain=plain.key_texts)
free_text = _declare(values.free_text, empty="", repeats=False, plain=plain.texts)
invoice_number = _declare(values.invoice_number, empty="")
money = _declare(values.money, is_number=True, plain=plain.cents)
quantity = _declare(values.quantity, is_number=True)
count = _declare(values.count, is_number=True)
weight_kg = _declare(values.grams_of_kg, empty=0, is_number=True)
whole = _declare(values.rounded, empty=0, is_number=True)
length = _declare(values.length, empty=0.0, is_number=True)
multiplier = _declare(values.multiplier, empty=1.0, is_number=True)
percent = _declare(values.percent, empty="0", is_number=True)
cents_per_gram = _declare(values.cents_per_gram, empty="0", is_number=True)
flag = _declare(values.flag)
zip_code = _declare(values.zip_code, empty="")
time_cost = _declare(values.time_cost)
instant = _declare(dates.instant)
until = _declare(dates.until)
images = _declare(values.images, empty="[]", repeats=False)


def choice(name: str, field: str, allowed: Sequence[str], *, required: bool = False, empty: str = "") -> Column:
    """Declare a column that holds one of some words."""
    return replace(text(name, field, required=required, empty=empty), read=values.one_of(*allowed), repeats=True, plain=None)


class CellReader(dict[str, Any]):
    """Reads one column's cells and remembers what it read: prices, quantities and brands repeat.

    `misses` counts cells that could not be read; these are not remembered.
    """

    def __init__(self, column: Column, context: Context) -> None:
        super().__init__()
        self._column, self._context = column, context
        self.misses = 0

    def __missing__(self, raw: str) -> Any:
        value = self._cell(raw)
        if not isinstance(value, Bad):
            if len(self) >= MOST_REMEMBERED:
                self.clear()
            self[raw] = value
        return value

    def _cell(self, raw: str) -> Any:
        bare = raw.strip(BLANKS)
        if bare:
            try:
                return self._column.read(bare, self._context)
            except BadValue as error:
                return self._missed(str(error))
        return self._missed("it is empty") if self._column.required else self._column.empty

    def _missed(self, reason: str) -> Bad:
        self.misses += 1
        return Bad(reason)

    def column(self, raw: Sequence[str]) -> list[Any]:
        """Read a column; Bad stands where a cell could not be read."""
        read = self._plainly(raw)
        return list(map(self.__getitem__ if self._column.repeats else self._cell, raw)) if read is None else read

    def _plainly(self, raw: Sequence[str]) -> list[Any] | None:
        """Read a column at once; None where it has to be read cell by cell."""
        if self._column.plain is None:
            return None
        cells = plain.bare(raw)
        if "" not in cells:
            return self._column.plain(cells, self._context)
        read = None if self._column.required else self._column.plain([cell for cell in cells if cell], self._context)
        if read is None:
            return None
        given = iter(read)
        return [next(given) if cell else self._column.empty for cell in cells]

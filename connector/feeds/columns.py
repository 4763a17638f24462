"""A feed's columns: declarations, and reading a whole column at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connector.feeds import dates, values
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
    is_text: bool = False
    repeats: bool = True
    """Its values occur again and again, and are worth remembering."""


Declare = Callable[..., Column]


def _declare(
    read: Callable[[str, Context], Any], *, empty: Any = None, is_number: bool = False, is_text: bool = False, repeats: bool = True
) -> Declare:
    def declare(name: str, field: str = "", *, required: bool = False, empty: Any = empty) -> Column:
        return Column(name, field or name.lower(), read, required, empty, is_number, is_text, repeats)

    return declare


text = _declare(values.line_of_text, empty="", is_text=True, repeats=False)
free_text = _declare(values.free_text, empty="", is_text=True, repeats=False)
invoice_number = _declare(values.invoice_number, empty="")
money = _declare(values.money, is_number=True)
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
    return replace(text(name, field, required=required, empty=empty), read=values.one_of(*allowed), is_text=False, repeats=True)


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
        plain = raw.strip(BLANKS)
        if plain:
            try:
                return self._column.read(plain, self._context)
            except BadValue as error:
                return self._missed(str(error))
        return self._missed("it is empty") if self._column.required else self._column.empty

    def _missed(self, reason: str) -> Bad:
        self.misses += 1
        return Bad(reason)

    def column(self, raw: Sequence[str]) -> list[Any]:
        """Read a column; Bad stands where a cell could not be read."""
        if self._column.is_text:
            plain = [cell.strip(BLANKS) for cell in raw]
            if "".join(plain).isprintable() and not (self._column.required and "" in plain):
                return plain
        return list(map(self.__getitem__ if self._column.repeats else self._cell, raw))

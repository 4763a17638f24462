"""What a feed is: its columns, its key, and what has to hold between the values of a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from connector.feeds.columns import Column

Values = dict[str, list[Any]]
"""Values in columns, by field name, all lists of the same length."""
Adjust = Callable[[Values], dict[str, int]]
"""Fills in what a row's other values say; returns how often it changed what."""
Check = Callable[[Values], Iterator[tuple[int, str, str]]]
"""Yields position, column and reason of rows whose values contradict one another."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of ERP file. `groups` gathers columns by a prefix of their names into one field of JSON text {name: value}."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    groups: tuple[tuple[str, str], ...] = ()
    adjust: Adjust | None = None
    check: Check | None = None
    reads_xml: bool = False
    reads_ocoren: bool = False
    reads_every_sheet: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the values in a row, in order."""
        return tuple(column.field for column in self.columns if column.field not in self._grouped()) + self._grouped()

    def _grouped(self) -> tuple[str, ...]:
        return tuple(field for _, field in self.groups)

    def column(self, name: str) -> Column | None:
        """Return the column of that name, case aside."""
        return next((column for column in self.columns if column.name.casefold() == name.casefold()), None)

    def group(self, name: str) -> tuple[str, str] | None:
        """Return field and member name of a column that belongs to a group, such as `sku_spec:Cor`."""
        for prefix, field in self.groups:
            if name.casefold().startswith(prefix) and name[len(prefix) :].strip():
                return field, name[len(prefix) :].strip()
        return None

    def knows(self, name: str) -> bool:
        return self.column(name) is not None or self.group(name) is not None

"""The sheets of an Excel workbook row by row, of each row as many cells as are asked for: a stray one far away costs nothing.

What cells mean is as pandas reads them: whole numbers without a point, an error as "nan", old times of day as times.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, time
from typing import Any, Protocol

LAST_COLUMN, LAST_ROW = 16_384, 1_048_576
"""Excel's: XFD1048576 is its last cell."""
_EPOCHS = {0: (1899, 12, 31), 1: (1904, 1, 1)}
"""A day of these is none: the cell holds a time of day."""
_NUMBER, _DATE, _BOOLEAN, _ERROR = 2, 3, 4, 5
"""Kinds of cells of an old workbook."""


class Sheet(Protocol):
    def rows(self, first: int, last: int, width: int) -> Iterator[list[object]]:
        """Yield rows by their numbers, from 1, blank ones too, each with the first `width` cells or fewer; None and "" are empty."""


def sheet(book: Any, name: str) -> Sheet:
    """Return a sheet of what pandas opened."""
    return _Old(book.book, name) if book.engine == "xlrd" else _New(book.book[name])


class _New:
    """A sheet of an .xlsx."""

    def __init__(self, worksheet: Any) -> None:
        worksheet.reset_dimensions()  # what a workbook says of its size may be wrong
        self._worksheet = worksheet

    def rows(self, first: int, last: int, width: int) -> Iterator[list[object]]:
        for row in self._worksheet.iter_rows(min_row=first, max_row=last, max_col=width):
            yield [_value(cell) for cell in row]


def _value(cell: Any) -> object:
    value = cell.value
    if value is None or cell.data_type not in "ne":
        return value
    return math.nan if cell.data_type == "e" else _number(value)


class _Old:
    """A sheet of an .xls."""

    def __init__(self, book: Any, name: str) -> None:
        self._sheet, self._epoch = book.sheet_by_name(name), book.datemode

    def rows(self, first: int, last: int, width: int) -> Iterator[list[object]]:
        for at in range(first - 1, min(last, self._sheet.nrows)):
            yield [self._value(cell.ctype, cell.value) for cell in self._sheet.row_slice(at, 0, width)]

    def _value(self, kind: int, value: Any) -> object:
        if kind == _NUMBER:
            return _number(value) if math.isfinite(value) else value
        if kind == _DATE:
            return self._moment(value)
        return {_BOOLEAN: bool(value), _ERROR: math.nan}.get(kind, value)

    def _moment(self, value: float) -> datetime | time | float:
        from xlrd import xldate

        try:
            moment: datetime = xldate.xldate_as_datetime(value, self._epoch)
        except OverflowError:
            return value
        return moment.time() if moment.timetuple()[:3] == _EPOCHS[self._epoch] else moment


def _number(value: float) -> float:
    whole = int(value)
    return whole if whole == value else float(value)

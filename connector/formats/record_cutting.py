"""Cutting one line of a file of several record types: into columns, or by positions."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Protocol

from connector.formats.fixed_width import cell
from connector.formats.layout import Layout
from connector.formats.layout_parts import Records, Width

SHOWN = 200


class LineCutter(Protocol):
    """Cuts lines. `pieces` returns why a line cannot be cut, or its pieces; the other methods work on these."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of a row's columns, without those it inherits."""

    def pieces(self, line: str) -> Sequence[str] | str: ...
    def type_of(self, pieces: Sequence[str]) -> str: ...
    def row(self, pieces: Sequence[str]) -> tuple[str, ...]: ...
    def inherited(self, pieces: Sequence[str]) -> tuple[str, ...]: ...
    def misfit(self, pieces: Sequence[str], *, is_header: bool) -> str: ...


class FieldCutter:
    """Lines cut at the layout's delimiter; all rows have as many fields as the first, `width`."""

    def __init__(self, layout: Layout, records: Records, width: int) -> None:
        self._layout, self._width = layout, width
        self._place = _column(records.place)
        self._inherit = [_column(at) for at in records.inherit.values()]
        ours = {place: name for name, place in layout.positions.items()}
        self.names = tuple(ours.get(place, f"column {place}") for place in range(1, width + 1))

    def pieces(self, line: str) -> Sequence[str] | str:
        if '"' not in line or not self._layout.quotes:
            return line.split(self._layout.delimiter)
        try:
            return next(csv.reader([line], delimiter=self._layout.delimiter, strict=True))
        except csv.Error:
            return "a quotation mark is not closed; double quotation marks inside a field, or leave them out"

    def type_of(self, pieces: Sequence[str]) -> str:
        return _at(pieces, self._place).strip()

    def row(self, pieces: Sequence[str]) -> tuple[str, ...]:
        return tuple(_at(pieces, place) for place in range(1, self._width + 1))

    def inherited(self, pieces: Sequence[str]) -> tuple[str, ...]:
        return tuple(_at(pieces, place) for place in self._inherit)

    def misfit(self, pieces: Sequence[str], *, is_header: bool) -> str:
        if is_header:
            needed = max(self._inherit)
            return "" if len(pieces) >= needed else f"the header record has {len(pieces)} fields, the layout needs {needed}"
        return "" if len(pieces) == self._width else f"the record has {len(pieces)} fields, the first of its type {self._width}"


class WidthCutter:
    """Lines cut by the characters that the layout names; a line is its own only piece."""

    def __init__(self, layout: Layout, records: Records) -> None:
        self._layout, self._place = layout, _characters(records.place)
        self._inherit = [_characters(at) for at in records.inherit.values()]
        self.names = tuple(layout.widths)

    def pieces(self, line: str) -> Sequence[str] | str:
        return (line,)

    def type_of(self, pieces: Sequence[str]) -> str:
        return pieces[0][self._place.first - 1 : self._place.last].strip()

    def row(self, pieces: Sequence[str]) -> tuple[str, ...]:
        return tuple(cell(pieces[0], width, self._layout) for width in self._layout.widths.values())

    def inherited(self, pieces: Sequence[str]) -> tuple[str, ...]:
        return tuple(cell(pieces[0], width, self._layout) for width in self._inherit)

    def misfit(self, pieces: Sequence[str], *, is_header: bool) -> str:
        needed = max(width.last for width in (self._inherit if is_header else self._layout.widths.values()))
        return "" if len(pieces[0]) >= needed else f"the line has {len(pieces[0])} characters, the layout needs {needed}"


def _at(pieces: Sequence[str], place: int) -> str:
    return pieces[place - 1] if place <= len(pieces) else ""


def _column(place: int | Width) -> int:
    assert isinstance(place, int)  # the layout was checked
    return place


def _characters(place: int | Width) -> Width:
    assert isinstance(place, Width)  # the layout was checked
    return place


def beyond(positions: Mapping[str, int], count: int) -> list[str]:
    """Name the positions that lie beyond a row's last field."""
    return [f"{name} = {place}" for name, place in positions.items() if place > count]

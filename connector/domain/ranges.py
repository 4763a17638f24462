"""Closed ranges that may overlap, and those of them that hold a key."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

Key = TypeVar("Key", str, int)
Value = TypeVar("Value")


class Ranges(Generic[Key, Value]):
    """Values by range, found by bisection.

    Ranges are laid out in layers within which none overlaps: as few layers as the deepest overlap, so one range over the
    whole country above thousands of small ones costs one more bisection and not a walk along all of them.
    """

    def __init__(self, ranges: Iterable[tuple[Key, Key, Value]]) -> None:
        self._layers: list[tuple[list[Key], list[Key], list[Value]]] = []
        free: list[tuple[Key, int]] = []  # where each layer ends so far
        for start, end, value in sorted((r for r in ranges if r[0] <= r[1]), key=lambda r: (r[0], r[1])):
            starts, ends, values = self._layers[number := self._layer_before(start, free)]
            starts.append(start)
            ends.append(end)
            values.append(value)
            heappush(free, (end, number))

    def _layer_before(self, start: Key, free: list[tuple[Key, int]]) -> int:
        if free and free[0][0] < start:
            return heappop(free)[1]
        self._layers.append(([], [], []))
        return len(self._layers) - 1

    def at(self, key: Key) -> list[Value]:
        """Return the values of all ranges that hold the key, both ends included."""
        found = []
        for starts, ends, values in self._layers:
            i = bisect_right(starts, key) - 1
            if i >= 0 and key <= ends[i]:
                found.append(values[i])
        return found

    def values(self) -> Iterator[Value]:
        """Return the values of all ranges."""
        return (value for _, _, values in self._layers for value in values)

    def beside(self, key: Key) -> list[Value]:
        """Return the value of the nearest range that ends below the key, and of the nearest that starts above it, where there are such.

        Walks over all ranges: it is for explaining, not for answering.
        """
        every = [row for layer in self._layers for row in zip(*layer, strict=True)]
        below = max((row for row in every if row[1] < key), key=lambda row: row[1], default=None)
        above = min((row for row in every if row[0] > key), key=lambda row: row[0], default=None)
        return [row[2] for row in (below, above) if row is not None]

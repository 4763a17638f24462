"""A group's work in pieces: one that fails is a row that is not measured, and the others are measured all the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connector.bench.processes import Wrong
from connector.bench.rows import Row


def each(group: str, pieces: Iterable[Iterator[Row]]) -> Iterator[Row]:
    """Measure piece by piece."""
    for piece in pieces:
        try:
            yield from piece
        except Wrong as error:
            yield Row(group, "a piece of work that failed", "–", missing=str(error))

"""The parts that a layout is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Width:
    """Where a field stands in a fixed-width line: first and last position, counted from 1; `decimals` are implied ones."""

    first: int
    last: int
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Join:
    """Several columns written as one: (text before it, column's name) for each, and the text after the last."""

    pieces: tuple[tuple[str, str], ...]
    after: str = ""

    def written(self, cells: Sequence[str]) -> str:
        """Join one row's cells, in the order of the pieces; an empty cell leaves out the text that stands before it.

        Of {COD}-{COR} an empty COR leaves COD, not COD-. All empty, nothing is left.
        """
        text = ""
        for at, ((before, _), cell) in enumerate(zip(self.pieces, cells, strict=True)):
            if cell:
                text += (before if text or not at else "") + cell
        return text + self.after if text else ""


@dataclass(frozen=True, slots=True)
class Records:
    """Lines of several record types. `place` is where a line's type stands: a column counted from 1, or characters.

    Lines of a type in `rows` are rows, those of a type in `headers` head the rows that follow: `inherit` names what these take over,
    by our names. `skip` names the types that are left out; None leaves out every other one.
    """

    place: int | Width
    rows: frozenset[str]
    headers: frozenset[str] = frozenset()
    inherit: Mapping[str, int | Width] = field(default_factory=dict)
    skip: frozenset[str] | None = None

"""What reading a file yields: blocks of rows cut into columns, flaws, and rejections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Flaw:
    """A line that cannot be cut into the file's columns. `cells` are what could be seen of it, by position, for its probable key."""

    line: int
    value: str
    reason: str
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a table: their line numbers, and one sequence of raw texts a column, all of the same length."""

    lines: Sequence[int]
    columns: Sequence[Sequence[str]]
    flaws: Sequence[Flaw] = ()
    spans: bool = False
    """A row takes in more than one line of the file."""


class Table(Protocol):
    """A file seen as rows under column names. `blocks` may be walked more than once; each walk reads the file anew."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, the layout's renames done."""

    @property
    def notes(self) -> list[str]:
        """What was found out about the file, in sentences."""

    @property
    def decimal(self) -> str:
        """The mark for numbers that the file leaves open, where the format knows it; "" asks the layout."""

    def blocks(self) -> Iterator[Block]:
        """Yield the rows in the order of the file."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that is not taken, and why. `key` is the row's key where it could be read; `record` the row as read, by column name.

    `line` is the file's physical line (in a workbook the row), `column` "" where the whole line is meant.
    """

    line: int
    column: str
    value: str
    reason: str
    key: tuple[str, ...] | None = None
    record: dict[str, str] | None = field(default=None, hash=False)

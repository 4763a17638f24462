"""One bad file and what must become of it."""

from typing import Any, NamedTuple


class BadFile(NamedTuple):
    """A file's bytes, and its verdict: which lines are taken, which are refused, or why the whole file is.

    `refused`: (line, column, words of the reason). `file`: words of the reason why none of it can be read. `said`: line, field and
    value that a taken line must come to. `layout`: one of tests/golden or config/layouts, by its path there.
    """

    name: str
    feed: str
    data: bytes
    taken: tuple[int, ...] = ()
    refused: tuple[tuple[int, str, str], ...] = ()
    file: str = ""
    said: tuple[int, str, Any] | None = None
    ending: str = ".csv"
    layout: str = ""


def lines(*rows, end="\n"):
    """Write lines as UTF-8."""
    return (end.join(rows) + end).encode()

"""The line that names the columns."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from connector.errors import FileRefused
from connector.formats.layout import DELIMITERS

NAMED = 20
"""Columns named in one sentence; the rest are counted, for a damaged header can hold a million."""
LONGEST = 80
NO_HEADER = (
    "the first line names the columns; where they have other names, "
    "config/layouts/NAME.toml says which is which, and connector layout guess proposes it"
)


def fields(header: str, delimiter: str, *, quotes: bool = True) -> list[str]:
    """Cut a header line into its names."""
    try:
        return next(csv.reader([header], delimiter=delimiter)) if quotes else header.split(delimiter)
    except csv.Error:
        return header.split(delimiter)


def find_delimiter(header: str, is_known: Callable[[str], bool]) -> str:
    """Return the delimiter that makes most of the header's names known ones, then the one that makes most names."""

    def known(delimiter: str) -> tuple[int, int]:
        names = fields(header, delimiter)
        return sum(map(is_known, names)), len(names)

    return max(DELIMITERS, key=known)


def refuse_header(path: Path, line: int, names: tuple[str, ...], is_known: Callable[[str], bool]) -> None:
    """Raise FileRefused where a line names none of the feed's columns, or one of them twice."""
    if not any(map(is_known, names)):
        raise FileRefused(
            f"{path.name}: line {line} is no header: it names none of the feed's columns ({', '.join(names)[:80]!r})",
            remedy=NO_HEADER,
        )
    refuse_twice(path, f"line {line}, the header,", names)


def refuse_twice(path: Path, where: str, names: tuple[str, ...]) -> None:
    """Raise FileRefused where two columns have the same name, case aside."""
    twice = [name for name, count in Counter(name.casefold() for name in names).items() if count > 1 and name]
    if twice:
        raise FileRefused(f"{path.name}: {where} names the column {written(twice[0])} more than once", remedy="each column once")


def listed(names: Sequence[str]) -> str:
    """Write column names for a sentence, the first of them by name."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(map(written, names[:NAMED])) + more


def written(name: str) -> str:
    """Write a column's name as a screen can show it: cut where it is long, without what a terminal would obey."""
    short = name if len(name) <= LONGEST else f"{name[:LONGEST]}…"
    return short if short.isprintable() else repr(short)[1:-1]

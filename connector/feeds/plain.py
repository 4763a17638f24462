"""Columns whose cells are all written plainly, read at once; None is the answer for any other, which is read cell by cell.

What stands here never refuses anything: a reason why a cell cannot be read is for the careful reading to give. No cell is empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from connector.domain.keys import LONGEST_KEY
from connector.feeds.values import Context
from connector.formats.numbers import BLANKS

Plain = Callable[[Sequence[str], Context], "list[Any] | None"]
_AMOUNTS = {mark: re.compile(rf"(?:[0-9]{{1,12}}[{mark or ',.'}][0-9]{{2}}\n)*+") for mark in ("", ",", ".")}
_CENTS = str.maketrans("", "", ",.")


def bare(cells: Sequence[str]) -> Sequence[str]:
    """Drop the blanks around cells, where any cell has some."""
    joined = ";".join(cells)
    has_none = " ;" not in joined and "; " not in joined and joined[:1] != " " and joined[-1:] != " " and joined.isprintable()
    return cells if has_none else [cell.strip(BLANKS) for cell in cells]


def texts(cells: Sequence[str], _: Context) -> list[str] | None:
    """Read texts without control characters and line breaks."""
    return list(cells) if "".join(cells).isprintable() else None


def key_texts(cells: Sequence[str], context: Context) -> list[str] | None:
    """Read texts that are short enough to find rows by, however many letters of theirs count twice."""
    return texts(cells, context) if 2 * max(map(len, cells), default=0) <= LONGEST_KEY else None


def cents(cells: Sequence[str], context: Context) -> list[int] | None:
    """Read amounts with two decimals and without thousands mark, such as 1234,50."""
    joined = "\n".join((*cells, ""))
    if context.scale != Decimal(1) or not _AMOUNTS[context.layout.decimal].fullmatch(joined):
        return None
    return list(map(int, joined.translate(_CENTS).split()))

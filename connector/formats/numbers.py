"""Numbers as ERPs write them: decimal comma or point, thousands marks, R$. ASCII digits only."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

BLANKS = " \t\u00a0"
MOST_DIGITS = 15
"""More digits than this is no amount, weight or quantity: it is a damaged file."""

_SIGNED = re.compile(r"([+-]?)((?:[0-9]|[.,](?=[0-9]))+)")
_GROUPED = {mark: re.compile(rf"[1-9][0-9]{{0,2}}(?:\{mark}[0-9]{{3}})+") for mark in ",."}
_OPEN = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_OTHER = {",": ".", ".": ","}


def bare(text: str) -> str:
    """Drop what surrounds a number: blanks and `R$`."""
    stripped = text.strip(BLANKS)
    return stripped[2:].lstrip(BLANKS) if stripped[:2] in ("R$", "r$") else stripped


def evidence(text: str) -> str:
    """Return the decimal mark that a number proves its file to use, "?" where it can be read with either, "" where it has no mark."""
    found = _SIGNED.fullmatch(bare(text))
    body = found[2] if found else ""
    if not body or body.isdigit():
        return ""
    if _OPEN.fullmatch(body):
        return "?"
    return next((mark for mark in ",." if _with_mark(body, mark) is not None), "")


def number(text: str, mark: str) -> Decimal | None:
    """Read a number whose decimal mark is `mark`; None where it is none, such as "12.50" with a decimal comma."""
    found = _SIGNED.fullmatch(bare(text))
    plain = _with_mark(found[2], mark) if found else None
    if found is None or plain is None or len(plain.replace(".", "").lstrip("0")) > MOST_DIGITS:
        return None
    return Decimal(("-" if found[1] == "-" else "") + plain)


def ungrouped(text: str, thousands: str, decimal: str) -> str | None:
    """Take a layout's thousands mark out of a number; None where another mark stands there, or the mark at a wrong place.

    `thousands` "none" allows no mark at all.
    """
    body = bare(text)
    sign, body = (body[0], body[1:]) if body[:1] in ("-", "+") else ("", body)
    whole, separator, part = body.partition(decimal)
    if whole.isdigit() or not whole:
        return f"{sign}{body}"
    if thousands == "none" or not _grouped(thousands).fullmatch(whole):
        return None
    return f"{sign}{re.sub('[^0-9]', '', whole)}{separator}{part}"


@lru_cache(maxsize=8)
def _grouped(thousands: str) -> re.Pattern[str]:
    marks = " \u00a0" if thousands == " " else re.escape(thousands)
    return re.compile(rf"[1-9][0-9]{{0,2}}(?:[{marks}][0-9]{{3}})+")


def _with_mark(body: str, mark: str) -> str | None:
    whole, _, part = body.partition(mark)
    if mark in part or _OTHER[mark] in part:
        return None
    if _OTHER[mark] in whole:
        if not _GROUPED[_OTHER[mark]].fullmatch(whole):
            return None
        whole = whole.replace(_OTHER[mark], "")
    return f"{whole or '0'}.{part}" if part else whole

"""What a column's values look like: barcodes, amounts, dates, weights in grams."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from statistics import median

from connector.feeds.erp_names import plain
from connector.formats.numbers import bare, evidence, number

_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
_DATE_FORMS = {
    "dd/mm/yy": "%d/%m/%y",
    "yyyymmdd": "%Y%m%d",
    "dd.mm.yyyy": "%d.%m.%Y",
    "dd-mm-yyyy": "%d-%m-%Y",
    "dd.mm.yy": "%d.%m.%y",
    "ddmmyyyy": "%d%m%Y",
    "yyyy/mm/dd": "%Y/%m/%d",
}
_READ_ANYWAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]{2}/[0-9]{2}/[0-9]{4}.*")
_NO_DATE = re.compile(r"[ /.:0-]+")
GRAMS_FROM, MILLIMETRES_FROM, METRES_TO, CENTS_FROM = 50, 300, 3, 100
"""A median weight of fifty and more in whole numbers is hardly in kilograms, and so on: guesses that a person confirms."""

Looks = Callable[[str], bool]


def is_gtin(text: str) -> bool:
    """Say whether a text is an EAN, UPC or GTIN whose check digit holds."""
    if not _GTIN.fullmatch(text) or not text.strip("0"):
        return False
    weighed = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(reversed(text)))
    return weighed % 10 == 0


def is_invoice_key(text: str) -> bool:
    return len(text) == 44 and text.isascii() and text.isalnum()  # noqa: PLR2004  # an NF-e's key has 44


def is_address(text: str) -> bool:
    return text.lower().startswith(("https://", "http://"))


def mostly(texts: Sequence[str], looks: Looks) -> bool:
    """Say whether nine in ten of the texts that are not empty look so."""
    filled = [text for text in texts if text]
    return bool(filled) and sum(map(looks, filled)) >= 0.9 * len(filled)


def marks(texts: Sequence[str]) -> set[str]:
    """Return the decimal marks that numbers prove."""
    return set(map(evidence, texts)) & {",", "."}


def unit(name: str, texts: Sequence[str], of: str) -> str:
    """Guess in what a column of "weight", "length" or "money" is counted; "" for kg, cm and the currency's unit, which need no word."""
    end = plain(name).rpartition("_")[2]
    said = {"weight": {"G", "GR", "GRAMAS"}, "length": {"MM", "M"}, "money": {"CENTAVOS", "CENTS"}}[of]
    if end in said:
        return {"MM": "mm", "M": "m", "CENTAVOS": "cents", "CENTS": "cents"}.get(end, "g")
    values = [float(value) for text in texts if (value := number(text, "," if "," in text else "."))]
    if not values or end in ("KG", "CM"):
        return ""
    is_whole = not any(mark in bare(text) for text in texts for mark in ",.")
    if of == "length" and not is_whole and max(values) <= METRES_TO:
        return "m"
    least = {"weight": GRAMS_FROM, "length": MILLIMETRES_FROM, "money": float("inf")}[of]
    return {"weight": "g", "length": "mm"}.get(of, "") if is_whole and median(values) >= least else ""


def may_be_cents(texts: Sequence[str]) -> bool:
    """Say whether amounts are whole numbers of three digits and more: only a person knows whether 8990 is 89.90."""
    filled = [text for text in texts if text]
    return bool(filled) and all(text.isascii() and text.isdigit() and int(text) >= CENTS_FROM for text in filled)


def dates(texts: Sequence[str]) -> str:
    """Return the form that all of the dates have; "" where they are read without a word, or have no one form."""
    filled = [text for text in texts if text and not _NO_DATE.fullmatch(text)]
    if not filled or all(_READ_ANYWAY.fullmatch(text) for text in filled):
        return ""
    return next((form for form, pattern in _DATE_FORMS.items() if all(_is_day(text, form, pattern) for text in filled)), "")


def empty_dates(texts: Sequence[str]) -> list[str]:
    """Return what stands where there is no date, such as "/  /" or 00000000."""
    return sorted({text for text in texts if text and _NO_DATE.fullmatch(text)})


def _is_day(text: str, form: str, pattern: str) -> bool:
    if text[len(form) : len(form) + 1] not in ("", " ", "T"):
        return False
    try:
        datetime.strptime(text[: len(form)], pattern)  # noqa: DTZ007  # only its form is asked for
    except ValueError:
        return False
    return True

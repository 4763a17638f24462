"""How one cell's text becomes a value. Every function raises BadValue saying why it does not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import NoReturn
from zoneinfo import ZoneInfo

from connector.domain.keys import LONGEST_KEY, width
from connector.formats.layout import Layout
from connector.formats.numbers import evidence, number, ungrouped

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BREAK = re.compile("[\t\n\r\u2028\u2029]")
_INVOICE_NUMBER = re.compile(r"[^\s#/]{1,60}")
_ZIP = re.compile(r"[0-9A-Za-z]{1,8}")
_TIME = re.compile(r"(?:([0-9]{1,3})\.)?([0-9]{1,2}):([0-5][0-9])(?::([0-5][0-9]))?")
_DAYS = re.compile(r"[0-9]{1,3}")
# possessive: with each length of a host tried, a cell of a hundred thousand characters took ten seconds to be refused
_ADDRESS = re.compile(r"https?://[^\s|/?#]++[^\s|]*+", re.IGNORECASE)
_IMAGE = re.compile(r'(?:([^=|:"\\]*)=)?(https?://[^\s|/?#"\\]++[^\s|"\\]*+)')
"""One image, written so that JSON text holds it as it stands."""
_FLAGS = {"1": True, "s": True, "sim": True, "true": True, "0": False, "n": False, "não": False, "nao": False, "false": False}
DAY_SECONDS = 86_400


class BadValue(Exception):
    """A cell's text is not what its column holds; the message says why."""


@dataclass(frozen=True, slots=True)
class Context:
    """What reading a file's cells depends on. `mark` returns the decimal mark for numbers that can be read with either.

    `scale` is what a number is multiplied by to be in our unit: 0.001 where the file counts a weight in grams.
    """

    timezone: ZoneInfo
    layout: Layout
    mark: Callable[[], str]
    scale: Decimal = Decimal(1)


def line_of_text(text: str, _: Context) -> str:
    """Read text that stands on one line, to the letter."""
    if _CONTROL.search(text) or _BREAK.search(text):
        raise BadValue("it holds a control character or a line break")
    return text


def key_text(text: str, context: Context) -> str:
    """Read text on one line by which rows are found: an index of the database holds no longer one."""
    if width(line_of_text(text, context)) > LONGEST_KEY:
        raise BadValue(f"it has {len(text)} letters, more than {LONGEST_KEY}; shorten it, or look whether the row's columns have slipped")
    return text


def free_text(text: str, _: Context) -> str:
    """Read text that may hold line breaks."""
    if _CONTROL.search(text):
        raise BadValue("it holds a control character")
    return text


def invoice_number(text: str, context: Context) -> str:
    """Read an invoice's number; VTEX cannot track one that holds a blank, # or / (KI 953285)."""
    if not _INVOICE_NUMBER.fullmatch(line_of_text(text, context)):
        raise BadValue("an invoice number of up to 60 characters without blanks, # or /; VTEX cannot track others")
    return text


def decimal(text: str, context: Context) -> Decimal:
    """Read a number that is not negative; one that can be read with either mark is read with the file's, else the layout's."""
    value = _number(text, context)
    if value < 0:
        raise BadValue("it is negative")
    return value * context.scale


def _number(text: str, context: Context) -> Decimal:
    fixed, thousands = context.layout.decimal, context.layout.thousands
    mark = fixed or evidence(text)
    plain = ungrouped(text, thousands, fixed) if thousands else text
    value = None if plain is None else number(plain, context.mark() if mark == "?" else mark or ",")
    if value is None:
        raise BadValue(_no_number(fixed, thousands))
    return value


def _no_number(decimal: str, thousands: str) -> str:
    if not decimal:
        return "it is no number"
    grouped = {"": "", "none": " and no thousands mark", " ": " and blanks for thousands"}.get(thousands, f" and {thousands} for thousands")
    return f"it is no number with a decimal {'comma' if decimal == ',' else 'point'}{grouped}"


def money(text: str, context: Context) -> int:
    """Read an amount in the currency's unit as cents. More than two decimals are refused, unless they are zeros."""
    return _exactly(decimal(text, context) * 100, "an amount of money has at most two decimals")


def quantity(text: str, context: Context) -> int:
    """Read a whole number; it may be negative."""
    return _exactly(_number(text, context), "it is no whole number")


def count(text: str, context: Context) -> int:
    """Read a whole number above 0."""
    value = quantity(text, context)
    if value < 1:
        raise BadValue("it is less than 1")
    return value


def _exactly(value: Decimal, reason: str) -> int:
    if value != int(value):
        raise BadValue(reason)
    return int(value)


def grams_of_kg(text: str, context: Context) -> int:
    """Read a weight in kg as grams, rounded half up."""
    return _rounded(decimal(text, context) * 1000)


def rounded(text: str, context: Context) -> int:
    """Read a number as a whole one, rounded half up: grams and cubic centimetres of a freight sheet."""
    return _rounded(decimal(text, context))


def _rounded(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def length(text: str, context: Context) -> float:
    return float(decimal(text, context))


def multiplier(text: str, context: Context) -> float:
    value = decimal(text, context)
    if not value:
        raise BadValue("it is 0")
    return float(value)


def percent(text: str, context: Context) -> str:
    """Read a percentage as decimal text: "0,5" or "0,5%" is "0.5"."""
    return _plain(decimal(text.removesuffix("%"), context))


def cents_per_gram(text: str, context: Context) -> str:
    """Read an amount in the currency's unit per gram as decimal text in cents."""
    return _plain(decimal(text, context) * 100)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def flag(text: str, _: Context) -> bool:
    value = _FLAGS.get(text.casefold())
    if value is None:
        raise BadValue("it is none of 1, 0, S, N, true, false, sim, não")
    return value


def zip_code(text: str, _: Context) -> str:
    """Read a postal code without its marks, at most 8 digits and letters, as VTEX's freight sheet has it."""
    code = text.replace("-", "").replace(".", "").replace(" ", "")
    if not _ZIP.fullmatch(code):
        raise BadValue("it is no postal code of at most 8 digits or letters")
    return code.upper()


def time_cost(text: str, _: Context) -> int:
    """Read a delivery time as seconds: `d.hh:mm:ss`, `hh:mm:ss` or whole days, as VTEX's freight sheets have had it."""
    if _DAYS.fullmatch(text):
        return int(text) * DAY_SECONDS
    found = _TIME.fullmatch(text)
    if found is None:
        raise BadValue("it is no time such as 2.00:00:00, 12:00:00 or 2 (days)")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return days * DAY_SECONDS + hours * 3600 + minutes * 60 + seconds


def one_of(*allowed: str) -> Callable[[str, Context], str]:
    """Read one of some words, case aside, as it is written here."""
    words = {word.casefold(): word for word in allowed}

    def read(text: str, _: Context) -> str:
        word = words.get(text.casefold())
        if word is None:
            raise BadValue(f"it is none of {', '.join(allowed)}")
        return word

    return read


def images(text: str, context: Context) -> str:
    """Read `name=https://…|https://…` as JSON text [[name, url], …]; an image without a name has "" for it."""
    if (one := _IMAGE.fullmatch(text)) and text.isprintable():
        return f'[["{(one[1] or "").strip()}","{one[2]}"]]'
    return as_json([_image(part.strip()) for part in line_of_text(text, context).split("|") if part.strip()])


def _image(text: str) -> list[str]:
    if _ADDRESS.fullmatch(text):
        return ["", text]
    name, separator, address = text.partition("=")
    if not separator or not _ADDRESS.fullmatch(address.strip()):
        _no_image(text)
    return [name.strip(), address.strip()]


def _no_image(text: str) -> NoReturn:
    raise BadValue(f"{text[:80]!r} is no image: an address that begins with https://, or name=https://…")


def as_json(value: object) -> str:
    """Write JSON text that is the same for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

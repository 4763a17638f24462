"""The keys of a layout file: how each is read, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from connector.formats.layout_parts import Join, Records, Width

DELIMITERS = (";", ",", "\t", "|")
ENCODINGS = ("utf-8", "cp1252", "iso-8859-1", "cp850")
DECIMALS = (",", ".")
THOUSANDS = (".", ",", " ", "'", "none")
MOST_COLUMNS = 1000

_NAMED = re.compile(r"([^{}]*)\{([^{}]+)\}")


def _one_of(allowed: tuple[str, ...]) -> Callable[[Any], str]:
    def read(found: Any) -> str:
        if found not in (*allowed, ""):
            raise ValueError
        return str(found)

    return read


def _string(found: Any) -> str:
    if not isinstance(found, str):
        raise TypeError
    return found


def _flag(found: Any) -> bool:
    if not isinstance(found, bool):
        raise TypeError
    return found


def _pattern(found: Any) -> str:
    try:
        groups = re.compile(_string(found)).groups
    except re.error as error:
        raise ValueError from error
    if groups != 1:
        raise ValueError
    return str(found)


def _dates(found: Any) -> str:
    parts = re.findall(r"dd|mm|yyyy|yy", _string(found))
    if found and sorted(part[0] for part in parts) != ["d", "m", "y"]:
        raise ValueError
    return str(found)


def _columns(found: Any) -> dict[str, str]:
    named = {_string(theirs).strip().casefold(): _string(ours).strip() for theirs, ours in dict(found).items()}
    if len(named) != len(found):
        raise ValueError
    return named


def _widths(found: Any) -> dict[str, Width]:
    widths = {str(name): Width(*map(_position, places)) for name, places in dict(found).items()}
    if not widths or any(not 1 <= width.first <= width.last or not 0 <= width.decimals <= 9 for width in widths.values()):  # noqa: PLR2004 - nine decimals are more than any ERP writes
        raise ValueError
    return widths


def _position(found: Any) -> int:
    if type(found) is not int:
        raise TypeError
    return found


def _text(found: Any) -> str:
    """A value of a cell: text, or a whole number or yes and no as files write them."""
    if isinstance(found, bool):
        return str(int(found))
    return str(found) if isinstance(found, int) else _string(found).strip()


def _texts(found: Any) -> dict[str, str]:
    return {str(name).strip(): _text(value) for name, value in dict(found).items()}


def _maps(found: Any) -> dict[str, Mapping[str, str]]:
    return {str(ours).strip(): _map(table) for ours, table in dict(found).items()}


def _map(found: Any) -> dict[str, str]:
    values = {theirs.casefold(): text for theirs, text in _texts(found).items()}
    if len(values) != len(found):
        raise ValueError
    return values


def _joins(found: Any) -> dict[str, Join]:
    return {str(ours).strip(): _join(_string(template)) for ours, template in dict(found).items()}


def _join(template: str) -> Join:
    pieces = tuple((before, name.strip()) for before, name in _NAMED.findall(template))
    after = template[template.rfind("}") + 1 :]
    if not pieces or "".join(f"{before}{{{name}}}" for before, name in _NAMED.findall(template)) + after != template or "{" in after:
        raise ValueError
    return Join(pieces, after)


def _positions(found: Any) -> dict[str, int]:
    positions = {str(ours).strip(): _position(place) for ours, place in dict(found).items()}
    places = list(positions.values())
    if not places or len(set(places)) != len(places) or not all(1 <= place <= MOST_COLUMNS for place in places):
        raise ValueError
    return positions


def _records(found: Any) -> Records:
    """Read [records]; whether its places are columns or characters has to be the same in all of it."""
    table = dict(found)
    place, inherit = _place(table.pop("type")), {str(ours).strip(): _place(at) for ours, at in dict(table.pop("inherit", {})).items()}
    rows, headers = _types(table.pop("rows")), _types(table.pop("headers", []))
    skip = _types(table.pop("skip")) if "skip" in table else None
    kinds = {type(at) for at in (place, *inherit.values())}
    if table or not rows or len(kinds) > 1 or bool(inherit) != bool(headers) or rows & headers:
        raise ValueError
    return Records(place, rows, headers, inherit, skip)


def _place(found: Any) -> int | Width:
    if isinstance(found, list):
        return next(iter(_widths({"type": found}).values()))
    if not 1 <= _position(found) <= MOST_COLUMNS:
        raise ValueError
    return int(found)


def _types(found: Any) -> frozenset[str]:
    return frozenset(_string(one).strip() for one in ([found] if isinstance(found, str) else found))


KEYS: dict[str, tuple[Callable[[Any], object], str]] = {
    "columns": (_columns, 'a table of "their name" = "our name", each of their names once'),
    "delimiter": (_one_of(DELIMITERS), '";", ",", "\\t" or "|"'),
    "encoding": (_one_of(ENCODINGS), "utf-8, cp1252, iso-8859-1 or cp850"),
    "decimal": (_one_of(DECIMALS), '"," or "."'),
    "thousands": (_one_of(THOUSANDS), '".", ",", " ", "\'" or "none", where decimal says the other mark'),
    "dates": (_dates, 'dd, mm and yyyy (or yy) in the order of the file, such as "dd/mm/yy" or "yyyymmdd"'),
    "quotes": (_flag, "true, or false where quotation marks are letters like any other"),
    "positions": (_positions, "a table of our name = the column's place in a file without header, counted from 1, each place once"),
    "constants": (_texts, "a table of our name = the text that stands in every row"),
    "joins": (_joins, 'a table of our name = "{THEIR COLUMN}-{THEIR OTHER COLUMN}"'),
    "values": (_maps, 'a table [values.OUR_NAME] of "their value" = "our value", each of their values once'),
    "units": (_texts, 'a table of our name = "g", "kg", "mm", "cm", "m", "cents" or "units"'),
    "widths": (_widths, "a table of our name = [first, last] or [first, last, implied decimals], positions counted from 1"),
    "records": (
        _records,
        'a table of type = its place, rows = "I" or several; perhaps headers = "H", inherit = { our name = its place }, skip = ["9"]',
    ),
    "starts_with": (_string, "the text that a record's line begins with"),
    "order_pattern": (_pattern, "a regular expression with one group, which is the order"),
}

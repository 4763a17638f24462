"""How one ERP writes its files: column names, delimiter, encoding, decimal mark, dates, widths. One TOML file per dialect."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from connector.errors import SettingsError

DELIMITERS = (";", ",", "\t", "|")
ENCODINGS = ("utf-8", "cp1252", "iso-8859-1", "cp850")
DECIMALS = (",", ".")


@dataclass(frozen=True, slots=True)
class Width:
    """Where a field stands in a fixed-width line: first and last position, counted from 1; `decimals` are implied ones."""

    first: int
    last: int
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """One dialect. Empty values are found out per file.

    `columns` names the ERP's columns (compared without case) as ours. `widths` make the file a fixed-width one; then only lines that
    begin with `starts_with` are records. `order_pattern` finds the order in an NF-e's additional information (its first group).
    """

    name: str = "default"
    source: str = "the built-in layout default"
    columns: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ""
    encoding: str = ""
    decimal: str = ""
    dates: str = ""
    quotes: bool = True
    widths: Mapping[str, Width] = field(default_factory=dict)
    starts_with: str = ""
    order_pattern: str = ""

    def rename(self, name: str) -> str:
        """Return our name of one of the file's columns: without surrounding blanks, and without case unless it is renamed."""
        plain = name.strip()
        return self.columns.get(plain.casefold(), plain)


def load_layout(name: str, folder: Path) -> Layout:
    """Return a layout by its name: `default`, else folder/<name>.toml, else one that comes with the program.

    Raises SettingsError where there is none of that name, or where it holds a key or a value that cannot be used.
    """
    if name == "default":
        return Layout()
    for place in (folder / f"{name}.toml", Path(str(resources.files("connector.formats"))) / "layouts" / f"{name}.toml"):
        if place.is_file():
            return _from_table(name, str(place), _toml(place))
    raise SettingsError(
        str(folder / f"{name}.toml"), "layout", found=name, allowed="default, or the name of a file in that folder without .toml"
    )


def _toml(place: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(place.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(str(place), "the file", found=str(error), allowed="readable TOML in UTF-8") from None


def _from_table(name: str, source: str, table: dict[str, Any]) -> Layout:
    values: dict[str, Any] = {key: _value(source, key, found) for key, found in table.items()}
    if "starts_with" in values and "widths" not in values:
        raise SettingsError(source, "starts_with", found=values["starts_with"], allowed="only together with [widths]")
    return Layout(name=name, source=source, **values)


def _value(source: str, key: str, found: object) -> object:
    if key not in _KEYS:
        near = difflib.get_close_matches(key, _KEYS, n=1)
        raise SettingsError(source, key, found=key, allowed="no such key" + (f"; did you mean {near[0]}?" if near else ""))
    reader, allowed = _KEYS[key]
    try:
        return reader(found)
    except (ValueError, TypeError):
        raise SettingsError(source, key, found=found, allowed=allowed) from None


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
    if len(set(named.values())) != len(found):
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


_KEYS: dict[str, tuple[Callable[[Any], object], str]] = {
    "columns": (_columns, 'a table of "their name" = "our name", each of our names once'),
    "delimiter": (_one_of(DELIMITERS), '";", ",", "\\t" or "|"'),
    "encoding": (_one_of(ENCODINGS), "utf-8, cp1252, iso-8859-1 or cp850"),
    "decimal": (_one_of(DECIMALS), '"," or "."'),
    "dates": (_dates, 'dd, mm and yyyy (or yy) in the order of the file, such as "dd/mm/yy" or "yyyymmdd"'),
    "quotes": (_flag, "true, or false where quotation marks are letters like any other"),
    "widths": (_widths, "a table of our name = [first, last] or [first, last, implied decimals], positions counted from 1"),
    "starts_with": (_string, "the text that a record's line begins with"),
    "order_pattern": (_pattern, "a regular expression with one group, which is the order"),
}

"""How one ERP writes its files: column names, delimiter, encoding, decimal mark, dates, widths. One TOML file per dialect."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from connector.errors import SettingsError
from connector.formats.layout_keys import DELIMITERS, KEYS
from connector.formats.layout_parts import Join, Records, Width

__all__ = ["DELIMITERS", "Join", "Layout", "Records", "Width", "from_text", "load_layout"]


@dataclass(frozen=True, slots=True)
class Layout:
    """One dialect. Empty values are found out per file.

    `columns` names the ERP's columns (compared without case) as ours, `spelled` ours as the layout writes theirs. `widths` make the file a
    fixed-width one; then only lines that begin with `starts_with` are records. `positions` make it a delimited file without header.
    `records` choose among lines of several types, for both of these. `order_pattern` finds the order in an NF-e's additional information
    (its first group).

    Then, by our names: `joins` write several of the file's columns as one, `values` replace texts (compared without case), `constants`
    stand in for columns that the file lacks, and `units` say in what weights, lengths and amounts are counted.
    """

    name: str = "default"
    source: str = "the built-in layout default"
    columns: Mapping[str, str] = field(default_factory=dict)
    spelled: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ""
    encoding: str = ""
    decimal: str = ""
    thousands: str = ""
    dates: str = ""
    quotes: bool = True
    widths: Mapping[str, Width] = field(default_factory=dict)
    starts_with: str = ""
    positions: Mapping[str, int] = field(default_factory=dict)
    records: Records | None = None
    joins: Mapping[str, Join] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    order_pattern: str = ""

    def rename(self, name: str) -> str:
        """Return our name of one of the file's columns: without surrounding blanks, and without case unless it is renamed."""
        plain = name.strip()
        return self.columns.get(plain.casefold(), plain)

    def theirs(self, name: str) -> str:
        """Return the ERP's name of a column of ours, as the layout writes it; the same name where it renames none so."""
        return self.spelled.get(name, name)

    def joined(self) -> frozenset[str]:
        """Return the names, as the table has them and in small letters, of columns that are only joined, or hold the record type."""
        kinds = {f"column {self.records.place}"} if self.records and isinstance(self.records.place, int) else set()
        return frozenset(self.rename(name).casefold() for join in self.joins.values() for _, name in join.pieces) | kinds


def load_layout(name: str, folder: Path) -> Layout:
    """Return a layout by its name: `default`, else folder/<name>.toml, else one that comes with the program.

    Raises SettingsError where there is none of that name, or where it holds a key or a value that cannot be used.
    """
    if name == "default":
        return Layout()
    for place in (folder / f"{name}.toml", Path(str(resources.files("connector.formats"))) / "layouts" / f"{name}.toml"):
        if place.is_file():
            return from_text(name, str(place), _content(place))
    raise SettingsError(
        str(folder / f"{name}.toml"), "layout", found=name, allowed="default, or the name of a file in that folder without .toml"
    )


def from_text(name: str, source: str, text: str) -> Layout:
    """Return the layout that a TOML text describes. Raises SettingsError as load_layout does; `source` is what it names."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(source, error) from None
    return _from_table(name, source, table)


def _content(place: Path) -> str:
    try:
        return place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(str(place), error) from None


def _unreadable(source: str, error: Exception) -> SettingsError:
    return SettingsError(source, "the file", found=str(error), allowed="readable TOML in UTF-8")


def _from_table(name: str, source: str, table: dict[str, Any]) -> Layout:
    values: dict[str, Any] = {key: _value(source, key, found) for key, found in table.items()}
    if "starts_with" in values and "widths" not in values:
        raise SettingsError(source, "starts_with", found=values["starts_with"], allowed="only together with [widths]")
    if "positions" in values and "widths" in values:
        raise SettingsError(source, "positions", found="positions and widths", allowed="one of them: columns, or characters")
    if values.get("thousands") and values.get("decimal", "") in ("", values["thousands"]):
        raise SettingsError(source, "thousands", found=values["thousands"], allowed="only together with decimal, and another mark than it")
    spelled = {ours.strip(): theirs.strip() for theirs, ours in dict(table.get("columns", ())).items()}
    layout = Layout(name=name, source=source, spelled=spelled, **values)
    if layout.records is not None:
        _check_records(layout, layout.records)
    return layout


def _check_records(layout: Layout, records: Records) -> None:
    """Raise SettingsError where [records] do not fit the rest of the layout."""
    if not (layout.widths or (layout.positions and layout.delimiter)):
        allowed = "only together with [widths], or with [positions] and delimiter"
        raise SettingsError(layout.source, "records", found="records alone", allowed=allowed)
    if isinstance(records.place, Width) != bool(layout.widths) or layout.starts_with:
        allowed = "places as in the layout: characters with [widths] and without starts_with, columns with [positions]"
        raise SettingsError(layout.source, "records", found="other places", allowed=allowed)
    twice = sorted(records.inherit.keys() & (layout.widths.keys() | layout.positions.keys()))
    if twice:
        raise SettingsError(layout.source, "records.inherit", found=twice[0], allowed="names that the rows have not themselves")


def _value(source: str, key: str, found: object) -> object:
    if key not in KEYS:
        near = difflib.get_close_matches(key, KEYS, n=1)
        raise SettingsError(source, key, found=key, allowed="no such key" + (f"; did you mean {near[0]}?" if near else ""))
    reader, allowed = KEYS[key]
    try:
        return reader(found)
    except (ValueError, TypeError, KeyError):
        raise SettingsError(source, key, found=found, allowed=allowed) from None

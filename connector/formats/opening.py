"""Which format a file is in, by its layout, its name and its first bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from connector.errors import FileRefused
from connector.formats.delimited import DelimitedTable
from connector.formats.encoding import Text
from connector.formats.fixed_width import FixedWidthTable
from connector.formats.layout import Layout
from connector.formats.ocoren import OcorenTable, is_ocoren
from connector.formats.record import Table
from connector.formats.shaping import shaped
from connector.formats.trailer import Trailer, read_trailer
from connector.formats.workbook import SUFFIXES, WorkbookTable


@dataclass(frozen=True, slots=True)
class Kinds:
    """What else than delimited text, fixed widths and workbooks a feed may come as; `every_sheet` reads all of a workbook."""

    xml: bool = False
    ocoren: bool = False
    every_sheet: bool = False


def open_table(
    path: Path, layout: Layout, is_known: Callable[[str], bool], kinds: Kinds, *, trailer: str = ""
) -> tuple[Table, Trailer | None]:
    """Open a file as a table, together with its trailer where the feed has one.

    `is_known` says whether a column name is one of the feed's. Raises FileRefused for what cannot be read.
    """
    joined = layout.joined()

    def is_told(name: str) -> bool:
        return is_known(name) or name.casefold() in joined

    try:
        table = _special(path, layout, is_told, kinds)
        if table is None:
            text, end = _open_text(path, layout, is_told, trailer)
            return shaped(path, text, layout, is_known), end
    except OSError as error:
        raise FileRefused(f"{path.name}: it cannot be read ({error.strerror or error})", remedy="is it a file, and readable?") from error
    if trailer and isinstance(table, WorkbookTable):
        raise FileRefused(f"{path.name}: a workbook has no trailer line", remedy="send delimited text, or clear the feed's trailer")
    return shaped(path, table, layout, is_known) if isinstance(table, WorkbookTable) else table, None


def _special(path: Path, layout: Layout, is_known: Callable[[str], bool], kinds: Kinds) -> Table | None:
    suffix = path.suffix.lower()
    if suffix == ".xml" and kinds.xml:
        from connector.formats.nfe_xml import NfeTable

        return NfeTable(path, layout)
    if suffix in SUFFIXES:
        return WorkbookTable(path, layout, is_known, every_sheet=kinds.every_sheet)
    return OcorenTable(path) if kinds.ocoren and is_ocoren(path) else None


def _open_text(path: Path, layout: Layout, is_known: Callable[[str], bool], pattern: str) -> tuple[Table, Trailer | None]:
    found: list[Trailer] = []

    def end(text: Text) -> int | None:
        if pattern:
            found.append(read_trailer(path, text, pattern))
        return found[0].start if found else None

    table: Table = FixedWidthTable(path, layout, end) if layout.widths else DelimitedTable(path, layout, is_known, end)
    return table, found[0] if found else None

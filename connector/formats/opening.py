"""Which format a file is in, by its layout, its name and its first bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from connector.errors import FileRefused
from connector.formats.delimited import DelimitedTable
from connector.formats.encoding import Text
from connector.formats.fixed_width import FixedWidthTable
from connector.formats.layout import Layout
from connector.formats.record import Table
from connector.formats.trailer import Trailer, read_trailer
from connector.formats.workbook import SUFFIXES, WorkbookTable


def open_table(
    path: Path, layout: Layout, is_known: Callable[[str], bool], *, trailer: str = "", every_sheet: bool = False, xml: bool = False
) -> tuple[Table, Trailer | None]:
    """Open a file as a table, together with its trailer where the feed has one.

    `is_known` says whether a column name is one of the feed's; `xml` that NF-e are expected; `every_sheet` reads all of a workbook.
    Raises FileRefused for what cannot be read.
    """
    try:
        return _open(path, layout, is_known, trailer=trailer, every_sheet=every_sheet, xml=xml)
    except OSError as error:
        raise FileRefused(f"{path.name}: it cannot be read ({error.strerror or error})", remedy="is it a file, and readable?") from error


def _open(
    path: Path, layout: Layout, is_known: Callable[[str], bool], *, trailer: str, every_sheet: bool, xml: bool
) -> tuple[Table, Trailer | None]:
    suffix = path.suffix.lower()
    if suffix == ".xml" and xml:
        from connector.formats.nfe_xml import NfeTable

        return NfeTable(path, layout), None
    if suffix in SUFFIXES:
        if trailer:
            raise FileRefused(f"{path.name}: a workbook has no trailer line", remedy="send delimited text, or clear the feed's trailer")
        return WorkbookTable(path, layout, is_known, every_sheet=every_sheet), None
    return _open_text(path, layout, is_known, trailer)


def _open_text(path: Path, layout: Layout, is_known: Callable[[str], bool], pattern: str) -> tuple[Table, Trailer | None]:
    found: list[Trailer] = []

    def end(text: Text) -> int | None:
        if pattern:
            found.append(read_trailer(path, text, pattern))
        return found[0].start if found else None

    table: Table = FixedWidthTable(path, layout, end) if layout.widths else DelimitedTable(path, layout, is_known, end)
    return table, found[0] if found else None

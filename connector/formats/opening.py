"""Which format a file is in, by its layout, its name and its first bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from connector.errors import FileRefused
from connector.formats.archives import Part, Unpacked
from connector.formats.chaining import ChainedTable, Link
from connector.formats.delimited import DelimitedTable
from connector.formats.encoding import Text
from connector.formats.fixed_width import FixedWidthTable
from connector.formats.layout import Layout
from connector.formats.ocoren import OcorenTable, is_ocoren
from connector.formats.record import Table
from connector.formats.record_types import RecordTable
from connector.formats.shaping import shaped
from connector.formats.trailer import Trailer, read_trailer
from connector.formats.trouble import unreadable
from connector.formats.workbook import SUFFIXES, WorkbookTable


@dataclass(frozen=True, slots=True)
class Kinds:
    """What else than delimited text, fixed widths and workbooks a feed may come as; `every_sheet` reads all of a workbook."""

    xml: bool = False
    ocoren: bool = False
    every_sheet: bool = False


def open_parts(
    path: Path, found: Unpacked, layout: Layout, is_known: Callable[[str], bool], kinds: Kinds, *, trailer: str = ""
) -> tuple[Table, Trailer | None]:
    """Open what a file holds as one table: the file itself, or the files of an archive one after the other.

    Of several NF-e each is refused by itself; any other file that cannot be read refuses the archive. Raises FileRefused.
    """
    parts = found.parts
    if len(parts) == 1 and not parts[0].name:
        return open_table(path, layout, is_known, kinds, trailer=trailer)
    links = [_link(path, part, len(parts), lambda at: open_table(at, layout, is_known, kinds, trailer=trailer)) for part in parts]
    return ChainedTable(path, links, found.notes), None


def _link(path: Path, part: Part, count: int, opened: Callable[[Path], tuple[Table, Trailer | None]]) -> Link:
    try:
        table, end = opened(part.path)
    except FileRefused as error:
        reason = error.message.removeprefix(f"{part.path.name}: ")
        if part.path.suffix == ".xml" and count > 1:
            return Link(part.name, None, reason=f"{reason} ({error.remedy})" if error.remedy else reason)
        raise FileRefused(f"{path.name}: {part.name} in it: {reason}", remedy=error.remedy) from error
    return Link(part.name, table, end)


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
        raise unreadable(path, error) from error
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

    return _text_table(path, layout, is_known, end), found[0] if found else None


def _text_table(path: Path, layout: Layout, is_known: Callable[[str], bool], end: Callable[[Text], int | None]) -> Table:
    if layout.records is not None:
        return RecordTable(path, layout, layout.records, end)
    return FixedWidthTable(path, layout, end) if layout.widths else DelimitedTable(path, layout, is_known, end)

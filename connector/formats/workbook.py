"""Excel workbooks (.xlsx, .xls), opened by pandas, which is imported only when one comes, and read as wide as the header is.

Numbers have lost their leading zeros where Excel shows them by a number format: an SKU 000123 has to be a text cell.
"""

from __future__ import annotations

import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from connector.errors import FileRefused
from connector.formats.header import NO_HEADER, refuse_twice
from connector.formats.layout import Layout
from connector.formats.record import Block
from connector.formats.sheets import LAST_COLUMN, LAST_ROW, sheet

SUFFIXES = (".xlsx", ".xls")
OLD = (b"\xd0", b"\x09")
"""The first byte of what xlrd reads."""
MOST_BYTES = 50 << 20
MOST_UNPACKED = 500 << 20
MOST_CELLS = 20_000_000
"""Of all sheets together, within the width of their headers."""
ROWS_A_BLOCK = 10_000

_DAMAGED = (
    *(OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, SyntaxError, RuntimeError),
    *(struct.error, zlib.error, zipfile.BadZipFile),
)
"""What the libraries raise for damaged workbooks: whatever the damage makes them stumble over."""


@dataclass(frozen=True, slots=True)
class _Cells:
    """A sheet's first row, without the blank cells at its end, and what stands below it: rows that are not blank, with their numbers."""

    header: list[str]
    rows: list[tuple[int, list[str]]]

    @property
    def last(self) -> int:
        """The number of the last row that is not blank."""
        return self.rows[-1][0] if self.rows else int(bool(self.header))

    def __len__(self) -> int:
        return len(self.rows) * len(self.header)


class WorkbookTable:
    """The rows of a workbook's first sheet, or of every sheet with the same columns. Raises FileRefused for what is no workbook.

    A row's line is its row number; the rows of a second sheet are numbered on from the last of the first.
    """

    decimal = "."

    def __init__(self, path: Path, layout: Layout, is_known: Callable[[str], bool], *, every_sheet: bool) -> None:
        self._path = path
        self.notes: list[str] = []
        self.names: tuple[str, ...] = ()
        self._rows: list[tuple[int, list[str]]] = []
        offset = 0
        for name, cells in _sheets(path, every_sheet=every_sheet).items():
            names = tuple(layout.rename(column) for column in cells.header)
            if any(map(is_known, names)):
                self._add(name, offset, names, cells.rows)
            else:
                self.notes.append(f"sheet {name!r} left out: its first row names none of the feed's columns")
            offset += cells.last
        if not self.names:
            raise FileRefused(f"{path.name}: the first row of its sheet names none of the feed's columns", remedy=NO_HEADER)

    def _add(self, sheet: str, offset: int, names: tuple[str, ...], rows: list[tuple[int, list[str]]]) -> None:
        if self.names and names != self.names:
            raise FileRefused(f"{self._path.name}: sheet {sheet!r} has other columns than the first", remedy="give every sheet the same")
        refuse_twice(self._path, f"sheet {sheet!r}", names)
        self.names = names
        self.notes.append(f"read sheet {sheet!r}" + (f", its row 1 counted as {offset + 1}" if offset else ""))
        self._rows += [(offset + number, row) for number, row in rows] if offset else rows

    def blocks(self) -> Iterator[Block]:
        for start in range(0, len(self._rows), ROWS_A_BLOCK):
            part = self._rows[start : start + ROWS_A_BLOCK]
            yield Block([line for line, _ in part], list(zip(*(row for _, row in part), strict=True)))


def _sheets(path: Path, *, every_sheet: bool) -> dict[str, _Cells]:
    import pandas as pd
    from xlrd.biffh import XLRDError
    from xlrd.compdoc import CompDocError

    try:
        _refuse_huge(path)
        with warnings.catch_warnings(action="ignore"), pd.ExcelFile(path, engine_kwargs=_options(path)) as book:
            names = [str(name) for name in book.sheet_names]
            return _read(path, book, names if every_sheet else names[:1])
    except MemoryError as error:
        raise FileRefused(f"{path.name}: to read it takes more memory than there is", remedy="send it as delimited text") from error
    except (*_DAMAGED, XLRDError, CompDocError) as error:
        raise FileRefused(f"{path.name}: it is no readable workbook ({error})", remedy="save it again, or as delimited text") from error


def _options(path: Path) -> dict[str, Any]:
    """Take xlrd's warnings aside: it would print them to standard output, where a command's JSON stands."""
    with path.open("rb") as file:
        is_old = file.read(1) in OLD
    return {"logfile": StringIO()} if is_old else {}


def _read(path: Path, book: Any, names: list[str]) -> dict[str, _Cells]:
    found: dict[str, _Cells] = {}
    for name in names:
        found[name] = _cells(path, book, name, MOST_CELLS - sum(map(len, found.values())))
    return found


def _cells(path: Path, book: Any, name: str, most: int) -> _Cells:
    """Read a sheet as wide as its header is. Raises FileRefused where that is more than so many cells, or where Excel's rows end."""
    cells = _Cells(_header(book, name), [])
    width = len(cells.header)
    rows = sheet(book, name).rows(2, LAST_ROW + 1, width) if width else iter(())
    for number, row in enumerate(rows, start=2):
        if any(texts := [render(cell) for cell in row]):
            cells.rows.append((number, texts))
        if number > LAST_ROW:
            raise FileRefused(f"{path.name}: the workbook has more than {LAST_ROW} rows", remedy="send it as delimited text")
        if len(cells) > most:
            raise FileRefused(f"{path.name}: the workbook has more than {MOST_CELLS} cells", remedy="send it as delimited text")
    return cells


def _header(book: Any, name: str) -> list[str]:
    """Return the first row without the blank cells at its end."""
    texts = [render(cell) for cell in next(sheet(book, name).rows(1, 1, LAST_COLUMN), [])]
    while texts and not texts[-1].strip():
        texts.pop()
    return texts


def _refuse_huge(path: Path) -> None:
    size = path.stat().st_size
    if size <= MOST_BYTES and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist()) // (MOST_UNPACKED // MOST_BYTES)
    if size > MOST_BYTES:
        raise FileRefused(f"{path.name}: the workbook is larger than {MOST_BYTES >> 20} MB", remedy="send it as delimited text")


def render(cell: object) -> str:
    """Write a cell as the text that stands for it: numbers with a point and the digits that Excel keeps, days and instants as ISO 8601."""
    if cell is None:
        return ""
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return _RENDERED.get(type(cell), str)(cell)


def _number(value: float) -> str:
    """Fifteen significant digits are what Excel keeps: 19.900000000000002 is 19.9."""
    text = f"{value:.15g}"
    return f"{value:.15f}".rstrip("0").rstrip(".") if "e-" in text else f"{value:.0f}" if "e" in text else text


def _duration(value: timedelta) -> str:
    hours, rest = divmod(value.seconds, 3600)
    return f"{value.days}.{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"


def _flag(value: bool) -> str:
    return "true" if value else "false"


_RENDERED: dict[type, Callable[[Any], str]] = {bool: _flag, float: _number, timedelta: _duration}

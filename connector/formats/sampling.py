"""The first rows of a file of which nothing is known yet: its encoding, its delimiter, whether its first line names the columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from connector.errors import FileRefused
from connector.formats.delimited import DelimitedTable
from connector.formats.encoding import recognise
from connector.formats.header import fields
from connector.formats.layout import DELIMITERS, Layout
from connector.formats.lines import chunks
from connector.formats.record import Table
from connector.formats.trouble import unreadable
from connector.formats.workbook import SUFFIXES, WorkbookTable

ROWS = 500
LINES = 50
_DATA = re.compile(r"[+-]?[0-9][0-9.,/: -]*|R\$.*|https?://.*")


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen of a file: column names ("column 1" where it has no header), and the texts below each, blanks around dropped.

    `encoding` and `delimiter` are "" for a workbook.
    """

    names: tuple[str, ...]
    columns: Sequence[Sequence[str]]
    has_header: bool
    encoding: str = ""
    delimiter: str = ""


def sample(path: Path) -> Sample:
    """Look at the first rows of a delimited file or a workbook. Raises FileRefused for what is neither."""
    suffix = path.suffix.lower()
    if suffix == ".xml":
        raise FileRefused(f"{path.name}: XML has its own names for everything", remedy="NF-e files of the feed invoices need no layout")
    try:
        if suffix in SUFFIXES:
            table = WorkbookTable(path, Layout(), bool, every_sheet=False)
            return Sample(table.names, _columns(table), has_header=True)
        return _of_text(path)
    except OSError as error:
        raise unreadable(path, error) from error


def _of_text(path: Path) -> Sample:
    text = recognise(path)
    lines = [line for chunk in islice(chunks(path, text), 1) for line in chunk.lines if line.strip()][:LINES]
    if not lines:
        raise FileRefused(f"{path.name}: it is empty", remedy="let the ERP export some rows")
    delimiter = _delimiter(path, lines)
    has_header = not any(_DATA.fullmatch(cell.strip()) for cell in fields(lines[0], delimiter))
    layout = Layout(delimiter=delimiter, positions={} if has_header else {"column 1": 1})
    table = DelimitedTable(path, layout, bool, lambda _: None)
    return Sample(table.names, _columns(table), has_header, text.encoding, delimiter)


def _delimiter(path: Path, lines: Sequence[str]) -> str:
    """Return the delimiter that cuts most lines into equally many fields, of these the one that makes most fields."""

    def score(mark: str) -> tuple[int, int]:
        count, times = Counter(len(fields(line, mark)) for line in lines).most_common(1)[0]
        return (times, count) if count > 1 else (0, 0)

    best = max(DELIMITERS, key=score)
    if score(best) == (0, 0):
        raise FileRefused(
            f"{path.name}: no semicolon, comma, tab or vertical bar cuts its lines into columns",
            remedy="is it a fixed-width file? config/layouts/example.toml shows how [widths] name the positions",
        )
    return best


def _columns(table: Table) -> list[list[str]]:
    """Return the texts of the first rows, in columns."""
    columns: list[list[str]] = [[] for _ in table.names]
    for block in table.blocks():
        for kept, cells in zip(columns, block.columns, strict=True):
            kept += [cell.strip() for cell in cells[: ROWS - len(kept)]]
        if columns and len(columns[0]) >= ROWS:
            break
    return columns

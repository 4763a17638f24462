"""The errors file that lies beside a refused file: one line a rejection, made for a spreadsheet."""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterable

from connector.formats.record import Rejection
from connector.formats.translating import phrases

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def errors_csv(rejections: Iterable[Rejection], language: str = "en") -> bytes:
    """Write rejections as `line;column;value;reason` in UTF-8 with its mark, so that Excel opens it right; "pt" writes Portuguese.

    A cell that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    text, said = io.StringIO(newline=""), phrases(language).said
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(map(said, ("line", "column", "value", "reason")))
    writer.writerows((found.line, safe_cell(found.column), safe_cell(found.value), safe_cell(said(found.reason))) for found in rejections)
    return BOM_UTF8 + text.getvalue().encode("utf-8", errors="replace")


def safe_cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text

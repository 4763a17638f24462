"""What a file's bytes are: its encoding and line ends, found by evidence; what is no text is refused with the remedy."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from connector.errors import FileRefused

LOOK = 1 << 16
PIECE = 1 << 20
ENOUGH = 10_000
"""Lines with letters beyond ASCII that are looked at before the encoding is decided."""
FEW = 8
MOST_CONTROLS = 0.1
"""The share of NULs or other control characters from which on a file is no text; a FEW may be one bad row's."""

_MARKS = (
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"PK\x03\x04", "a ZIP archive or workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x1f\x8b", "gzip"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "RTF"),
)
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 26}) + b"\x7f"
_LEAD = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
"""What every letter of _MULTIBYTE begins with: found several times as fast."""
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_TWICE = re.compile(rb"\xc3[\xa0-\xad\xaf-\xbf]")


@dataclass(frozen=True, slots=True)
class Text:
    """How to read a file's bytes as lines: `start` is where the text begins (after a byte order mark), `newline` what ends a line."""

    encoding: str
    newline: bytes
    start: int = 0


def recognise(path: Path, encoding: str = "") -> Text:
    """Find out encoding and line ends; `encoding` is the layout's, "" leaves it to the file.

    Lines that are UTF-8 beyond ASCII are counted against lines that cannot be; the more numerous decide, UTF-8 where they are equal.
    Raises FileRefused for UTF-16, archives, workbooks and other binary content.
    """
    with path.open("rb") as file:
        head = file.read(LOOK)
        _refuse_binary(path, head)
        start = len(BOM_UTF8) if head.startswith(BOM_UTF8) else 0
        if start and encoding not in {"", "utf-8"}:
            raise FileRefused(
                f"{path.name}: it begins with the mark of UTF-8, but its layout says {encoding}", remedy="correct the layout's encoding"
            )
        file.seek(0)
        newline = b"\n" if b"\n" in head or b"\r" not in head else b"\r"
        return Text(encoding or ("utf-8" if start else _by_evidence(file, newline)), newline, start)


def _refuse_binary(path: Path, head: bytes) -> None:
    for mark, what in _MARKS:
        if head.startswith(mark):
            raise FileRefused(f"{path.name}: it is {what}, not text in UTF-8 or cp1252", remedy="save it as delimited text in UTF-8")
    if head.count(0) > max(FEW, len(head) * MOST_CONTROLS):
        raise FileRefused(f"{path.name}: it holds NUL bytes as UTF-16 or binary content does", remedy="save it as text in UTF-8")
    if len(head) - len(head.translate(None, _CONTROLS)) > max(FEW, len(head) * MOST_CONTROLS):
        raise FileRefused(f"{path.name}: it is binary content, not text", remedy="send delimited text in UTF-8 or cp1252")


def _by_evidence(file: BinaryIO, newline: bytes) -> str:
    utf8 = other = 0
    while (utf8 + other) < ENOUGH and (piece := file.read(PIECE) + file.readline(PIECE)):
        if piece.isascii():
            continue
        for line in piece.split(newline):
            if line.isascii():
                continue
            if is_utf8(line):
                utf8 += 1
            else:
                other += 1
    return "cp1252" if other > utf8 else "utf-8"


def is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def may_hold_utf8(piece: bytes) -> bool:
    """Say whether bytes hold any sequence that could be a letter of UTF-8 beyond ASCII."""
    found = _LEAD.search(piece)
    return found is not None and _MULTIBYTE.search(piece, found.start()) is not None


def damage(line: bytes, encoding: str) -> str:
    """Say why a line contradicts its file's encoding; "" where it does not."""
    if line.isascii():
        return ""
    if encoding == "utf-8":
        return "" if is_utf8(line) else "the file is UTF-8, but this line is not"
    if encoding == "cp1252" and (is_utf8(line) or _TWICE.search(line)):
        return "the file is cp1252, but this line holds UTF-8"
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return f"the line holds a byte that {encoding} does not know"
    return ""

"""The last line of a file that says how many rows came before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from connector.errors import FileRefused
from connector.formats.encoding import Text
from connector.formats.lines import END

TAIL = 1 << 16
MARK = "{rows}"


@dataclass(frozen=True, slots=True)
class Trailer:
    """Where a file's trailer begins (a byte's position) and how many rows it says there are."""

    start: int
    rows: int


def read_trailer(path: Path, text: Text, pattern: str) -> Trailer:
    """Read the file's last line that is not blank. Raises FileRefused where it does not fit the pattern, such as "TRL;{rows}"."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(text.start, size - TAIL))
        offset = file.tell()
        tail = file.read().rstrip(END).rstrip()
    begin = tail.rfind(text.newline) + 1
    last = tail[begin:].decode(text.encoding, errors="replace").strip()
    found = _expression(pattern).fullmatch(last)
    if found is None:
        raise FileRefused(
            f"{path.name}: its last line is {last[:80]!r}, not a trailer such as {pattern!r}: the file is not whole",
            remedy="send the file again, or change the feed's trailer",
        )
    return Trailer(offset + begin, int(found[1]))


def check_rows(path: Path, trailer: Trailer, rows: int) -> None:
    """Raise FileRefused where a file does not hold the rows that its trailer counts."""
    if rows != trailer.rows:
        raise FileRefused(f"{path.name}: its trailer counts {trailer.rows} rows, but it holds {rows}", remedy="send the file again")


def _expression(pattern: str) -> re.Pattern[str]:
    before, _, after = pattern.partition(MARK)
    return re.compile(rf"{re.escape(before.strip())}\s*([0-9]{{1,12}})\s*{re.escape(after.strip())}")

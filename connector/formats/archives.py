"""Archives (.zip, .gz) unpacked for reading: within limits, in bounded time and memory, and never under a name of theirs."""

from __future__ import annotations

import gzip
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Protocol

from connector.errors import FileRefused, Unreachable
from connector.formats.header import listed
from connector.formats.trouble import unreadable
from connector.formats.workbook import SUFFIXES

ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"
EMPTY_ZIP = b"PK\x05\x06"
MOST_ENTRIES = 5_000
MOST_DIRECTORY = 4 << 20
"""Bytes of a ZIP's list of contents; Python reads it whole."""
MOST_UNPACKED = 2 << 30
MOST_RATIO = 200
"""Delimited text packs to a tenth, seldom to a fiftieth; a bomb to a thousandth."""
UNSUSPICIOUS = 16 << 20
"""Unpacked bytes below which the ratio does not matter."""
PIECE = 1 << 18
LONGEST_NAME = 80
PACKED = "the packed file"
"""What a .gz holds is called so: its own name is that of our working copy."""
KNOWN = (".csv", ".txt", ".xml", *SUFFIXES)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


_END = struct.Struct("<4s4H2LH")
_DAMAGED = (
    *(OSError, EOFError, ValueError, NotImplementedError, RuntimeError, LookupError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
"""What the libraries raise for damaged archives."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file to be read. `name` is what an archive calls it, to be shown and never opened; "" where it came by itself."""

    path: Path
    name: str = ""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a file holds to be read, in the order of the archive, and sentences on what was left out."""

    parts: Sequence[Part]
    notes: Sequence[str] = ()


@contextmanager
def unpacked(path: Path, folder: Path | None = None, pattern: str = "*") -> Iterator[Unpacked]:
    """Yield the data files of an archive, or the file itself where it is none; copies lie in `folder` (None: the system's) meanwhile.

    One data file is taken whatever it is called; of several those whose name matches the pattern. Raises FileRefused for what is
    damaged, encrypted, nested or too large, Unreachable where there is no room to unpack it.
    """
    kind = _kind(path)
    if not kind:
        yield Unpacked([Part(path)])
        return
    with _room(path):
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = TemporaryDirectory(dir=folder, prefix="unpacked-", ignore_cleanup_errors=True)
    with made as work:
        try:
            found = _of_zip(path, Path(work), pattern) if kind == "zip" else _of_gzip(path, Path(work))
        except _DAMAGED as error:
            raise FileRefused(f"{path.name}: the archive is damaged ({error})", remedy="pack it again") from error
        yield found


def _kind(path: Path) -> str:
    """Tell an archive by its first bytes; a workbook is one too, and is told by its ending."""
    if path.suffix.lower() in SUFFIXES:
        return ""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise unreadable(path, error) from error
    return "zip" if head in (ZIP, EMPTY_ZIP) else "gzip" if head.startswith(GZIP) else ""


# ── .zip ────────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _of_zip(path: Path, work: Path, pattern: str) -> Unpacked:
    _refuse_long_list(path)
    with zipfile.ZipFile(path) as archive:
        wanted, left_out = _chosen(path, [entry for entry in archive.infolist() if _is_data(entry.filename)], pattern)
        budget = _Budget(path)
        parts: list[Part] = []
        for at, entry in enumerate(wanted):
            _refuse_entry(path, entry)
            with archive.open(entry) as opened:
                parts.append(budget.copy(opened, work / f"{at}{_ending(entry.filename)}", shown(entry.filename)))
    return Unpacked(parts, [f"left out of the archive: {listed(left_out)}"] if left_out else [])


def _refuse_long_list(path: Path) -> None:
    """Look at the ZIP's own count before Python reads its list of contents into memory."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 16) - _END.size))
        tail = file.read()
    at = tail.rfind(EMPTY_ZIP)
    if at < 0 or len(tail) - at < _END.size:
        raise FileRefused(f"{path.name}: the ZIP archive has no end: it is not whole", remedy="send it again")
    _, _, _, _, count, size, _, _ = _END.unpack_from(tail, at)
    if count > MOST_ENTRIES or size > MOST_DIRECTORY:
        raise FileRefused(f"{path.name}: the archive has more than {MOST_ENTRIES} entries", remedy="pack fewer files into one archive")


def _is_data(name: str) -> bool:
    """Leave out folders, hidden files and what systems put into archives beside the files."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return not name.endswith("/") and bool(parts) and "__MACOSX" not in parts and not parts[-1].startswith(".")


def _chosen(path: Path, entries: list[zipfile.ZipInfo], pattern: str) -> tuple[list[zipfile.ZipInfo], list[str]]:
    if not entries:
        raise FileRefused(f"{path.name}: the archive holds no file", remedy="pack the export into it")
    if len(entries) == 1:
        return entries, []
    wanted = [entry for entry in entries if fnmatchcase(_last(entry.filename), pattern)]
    if not wanted:
        names = listed([shown(entry.filename) for entry in entries])
        raise FileRefused(
            f"{path.name}: the archive holds several files ({names}), and none matches {pattern!r}",
            remedy="pack one file, or let the last part of the feed's pattern match the files in the archive",
        )
    return wanted, [shown(entry.filename) for entry in entries if entry not in wanted]


def _refuse_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & 1:
        raise FileRefused(f"{path.name}: {shown(entry.filename)} is encrypted", remedy="pack it without a password")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileRefused(
            f"{path.name}: {shown(entry.filename)} is packed by an unusual method", remedy="pack it as an ordinary ZIP (deflate)"
        )


# ── .gz ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _of_gzip(path: Path, work: Path) -> Unpacked:
    name = path.name[:-3] if path.name.lower().endswith(".gz") else path.name
    with gzip.open(path) as opened:
        return Unpacked([_Budget(path).copy(opened, work / f"0{_ending(name)}", PACKED)])


# ── limits ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
class _Budget:
    """What may still be unpacked of one archive; what an archive says of its sizes is not believed."""

    def __init__(self, path: Path) -> None:
        self._path, self._packed, self._unpacked = path, path.stat().st_size, 0

    def copy(self, source: _Readable, to: Path, name: str) -> Part:
        """Unpack one file. Raises FileRefused where it is too much, or an archive itself."""
        piece = source.read(PIECE)
        if _is_nested(piece, to.suffix):
            raise FileRefused(f"{self._path.name}: {name} in it is an archive itself", remedy="pack the export once")
        with _room(self._path):
            file = to.open("xb")
        with file:
            while piece:
                self._spend(len(piece))
                with _room(self._path):
                    file.write(piece)
                    file.flush()
                piece = source.read(PIECE)
        return Part(to, name)

    def _spend(self, count: int) -> None:
        self._unpacked += count
        if self._unpacked > MOST_UNPACKED:
            raise FileRefused(f"{self._path.name}: it unpacks to more than {MOST_UNPACKED >> 30} GB", remedy="split the export")
        if self._unpacked > UNSUSPICIOUS and self._unpacked > self._packed * MOST_RATIO:
            raise FileRefused(
                f"{self._path.name}: it unpacks to more than {MOST_RATIO} times its size, as no export does", remedy="send it unpacked"
            )


@contextmanager
def _room(path: Path) -> Iterator[None]:
    """Tell a disk that has no room from an archive that is damaged."""
    try:
        yield
    except OSError as error:
        remedy = "free some space; the next pass tries again"
        raise Unreachable(f"{path.name} cannot be unpacked: {error.strerror or error}", remedy=remedy) from error


def _is_nested(head: bytes, ending: str) -> bool:
    is_workbook = ending in SUFFIXES
    return (head.startswith(ZIP) and not is_workbook) or head.startswith((GZIP, b"Rar!", b"7z\xbc\xaf")) or head[257:262] == b"ustar"


def _last(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _ending(name: str) -> str:
    ending = PurePosixPath(_last(name)).suffix.lower()
    return ending if ending in KNOWN else ""


def shown(name: str) -> str:
    """Write an entry's name for people: cut where it is long, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[-LONGEST_NAME:])

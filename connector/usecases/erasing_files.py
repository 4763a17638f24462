"""Take a person out of the files that lie with us: archive/, rejected/, held/, and what we wrote for the ERP and it has let lie."""

from __future__ import annotations

import gzip
import io
import os
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from connector.app import App
from connector.erp import shelves
from connector.errors import Unreachable
from connector.settings.files import DOCUMENTS
from connector.storage import files

FOLDERS = ("archive", "rejected", "held")
TARGET_FOLDERS = ("orders", "dispatches", "cancellations", "changes")
ENCODINGS = ("utf-8", "cp1252", "cp850", "utf-16-le")
MOST_UNPACKED = 512 * 2**20
PACKED = (zipfile.BadZipFile, OSError, EOFError, zlib.error, RuntimeError, NotImplementedError)


@dataclass(slots=True)
class Erased:
    """Files in which lines were made unreadable, files removed, and files that could not be looked at."""

    masked: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def forget(app: App, texts: Collection[str]) -> Erased:
    """Make the lines that bear one of the texts unreadable; a file that is not made of lines (XML, packed, UTF-16) is removed whole.

    The feeds of documents alone: catalogues name no persons. The ERP has its own copies of all of them.
    """
    done, marks = Erased(), _marks(texts)
    for path in _lying(app.root):
        content = path.read_bytes()
        if not any(mark in part.lower() for part in _parts(content) for mark in marks):
            continue
        place = str(path.relative_to(app.root))
        if _has_lines(content):
            _rewrite(path, _masked_lines(content, marks))
            done.masked.append(place)
        else:
            path.unlink()
            with app.db.write() as tx:
                files.lies_no_more(tx, place)
            done.removed.append(place)
    return done


def _lying(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for feed in DOCUMENTS:
            yield from sorted(path for path in (root / folder / feed).rglob("*") if path.is_file() and not path.is_symlink())


def _marks(texts: Collection[str]) -> set[bytes]:
    return {mark for text in texts for encoding in ENCODINGS for mark in [text.encode(encoding, "ignore").lower()] if mark}


def _parts(content: bytes) -> Iterator[bytes]:
    """Yield what there is to be searched: the content, and what is packed in it, two deep."""
    yield content
    for part in _unpacked(content):
        yield part
        yield from _unpacked(part)


def _unpacked(content: bytes) -> Iterator[bytes]:
    try:
        if content.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                for member in packed.infolist():
                    with packed.open(member) as opened:
                        yield opened.read(MOST_UNPACKED)
        elif content.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as opened:
                yield opened.read(MOST_UNPACKED)
    except PACKED:
        return  # what nobody can unpack, nobody can read either


def _has_lines(content: bytes) -> bool:
    return (
        b"\0" not in content
        and not content.startswith((b"PK", b"\x1f\x8b"))
        and not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    )


def _masked_lines(content: bytes, marks: set[bytes]) -> bytes:
    """Letters and digits become stars; delimiters, widths and line ends stay as they were."""
    lines = content.splitlines(keepends=True)
    return b"".join(re.sub(rb"[0-9A-Za-z\x80-\xff]", b"*", line) if any(mark in line.lower() for mark in marks) else line for line in lines)


def _rewrite(path: Path, content: bytes) -> None:
    status = path.stat()
    shelves.keep(path, content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def take_from_target(app: App, orders: Collection[str]) -> Erased:
    """Remove the files about these orders that still lie in the ERP's target; names what could not be looked at."""
    done = Erased()
    for folder in TARGET_FOLDERS if orders else ():
        try:
            for file in app.target.listing(folder):
                if _is_about(Path(file.name).name, orders) and app.target.remove(file):
                    done.removed.append(f"{app.target.url}/{file.name}")
        except Unreachable as error:
            done.unknown.append(f"{app.target.url}/{folder}: {error.message}")
    return done


def _is_about(name: str, orders: Collection[str]) -> bool:
    """`<orderId>.json`, `<orderId>-2.json`: our numbers hold dashes, too."""
    stem = name.partition(".")[0]
    return stem in orders or stem.rpartition("-")[0] in orders

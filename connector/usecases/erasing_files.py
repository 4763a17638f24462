"""Take a person out of the files that lie with us: archive/, rejected/, held/, var/, and what we wrote for the ERP and it has let lie."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from connector.app import App
from connector.domain.naming import Naming
from connector.erp import shelves
from connector.erp.store import SourceFile
from connector.errors import Busy, FileChanged, Unreachable
from connector.settings.files import DOCUMENTS
from connector.storage import files
from connector.usecases import errors_back
from connector.usecases.places import lies_here
from connector.usecases.turns import turn
from connector.usecases.upkeep import WORK

FOLDERS = ("archive", "rejected", "held")
TARGET_FOLDERS = ("orders", "dispatches", "cancellations", "changes")
ENCODINGS = ("utf-8", "cp1252", "cp850")
WIDE = ("utf-16-le", "utf-16-be")
PATIENCE_SECONDS = 15
MOST_UNPACKED = 512 * 2**20
WINDOW, OVERLAP = 2**20, 2**12
"""Bytes that are searched at a time, and how many of them once more with what follows: nothing that names a person is longer."""
ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"
PACKED = (zipfile.BadZipFile, OSError, EOFError, zlib.error, RuntimeError, NotImplementedError)


@dataclass(slots=True)
class Erased:
    """Files in which lines were made unreadable, files removed, and files that could not be looked at."""

    masked: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def forget(app: App, naming: Naming) -> Erased:
    """Make the lines that name the person unreadable; a file that is not made of lines (XML, packed, UTF-16) is removed whole.

    The feeds of documents alone: catalogues name no persons. The ERP has its own copies of all of them.
    """
    done = Erased()
    for path in _lying(app.root):
        _forget_in(app, path, naming, done)
    try:
        with turn(app, "report-documents", wait_seconds=PATIENCE_SECONDS):  # nobody reads documents meanwhile
            for path in (path for folder in WORK for path in _regular(app.root / folder)):
                _forget_in(app, path, naming, done)
    except Busy as error:
        done.unknown.append(f"{WORK[0]}: {error.message}")
    return done


def folders_of_time(app: App, spans: Collection[tuple[float, float]]) -> list[str]:
    """Return the folders in which files lie from one of these times, in seconds since 1970."""
    found = set()
    for path in _lying(app.root) if spans else ():
        with suppress(FileNotFoundError):
            status = path.stat()
            if any(status.st_mtime <= end and start <= max(status.st_mtime, status.st_ctime) for start, end in spans):
                found.add("/".join(path.relative_to(app.root).parts[:2]))
    return sorted(found)


def folders_elsewhere(app: App) -> list[str]:
    """Return the folders of files that the ledger names and that do not lie here: several machines share PostgreSQL alone."""
    if app.db.is_sqlite:
        return []
    with app.db.read() as tx:
        found = files.lying_of(tx, DOCUMENTS)
    return sorted({"/".join(Path(str(one.place)).parts[:2]) for one in found if not lies_here(app, one)})


def _lying(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for feed in DOCUMENTS:
            yield from _regular(root / folder / feed)
    yield from _regular(root / "var" / errors_back.FOLDER)


def _regular(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _forget_in(app: App, path: Path, naming: Naming, done: Erased) -> None:
    try:
        if not _is_named_in(path, naming):
            return
        content = path.read_bytes()
    except FileNotFoundError:  # its job, or housekeeping, was quicker
        return
    place = str(path.relative_to(app.root))
    if _has_lines(content):
        _rewrite(path, _masked_lines(content, naming))
        done.masked.append(place)
    else:
        path.unlink()
        with app.db.write() as tx:
            files.lies_no_more(tx, place, hashlib.sha256(content).hexdigest())
        done.removed.append(place)


def _is_named_in(path: Path, naming: Naming) -> bool:
    with path.open("rb") as file:
        if _names(file, naming):
            return True
        file.seek(0)
        if not file.read(4).startswith((ZIP, GZIP)):
            return False
    return any(_names(io.BytesIO(part), naming) for part in _parts(path.read_bytes()))


def _names(file: BinaryIO, naming: Naming) -> bool:
    """Say whether the bytes name the person, in whatever encoding they are; looks at a window at a time."""
    kept = b""
    while piece := file.read(WINDOW):
        window = kept + piece
        encodings = ENCODINGS[:1] if window.isascii() else ENCODINGS
        if any(naming.is_in(window.decode(encoding, "replace")) for encoding in (*encodings, *(WIDE if b"\0" in window else ()))):
            return True
        kept = piece[-OVERLAP:]
    return False


def _parts(content: bytes) -> Iterator[bytes]:
    """Yield what is packed in the content, two deep."""
    for part in _unpacked(content):
        yield part
        yield from _unpacked(part)


def _unpacked(content: bytes) -> Iterator[bytes]:
    try:
        if content.startswith(ZIP):
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                for member in packed.infolist():
                    with packed.open(member) as opened:
                        yield opened.read(MOST_UNPACKED)
        elif content.startswith(GZIP):
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as opened:
                yield opened.read(MOST_UNPACKED)
    except PACKED:
        return  # what nobody can unpack, nobody can read either


def _has_lines(content: bytes) -> bool:
    return b"\0" not in content and not content.startswith((b"PK", GZIP)) and not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _masked_lines(content: bytes, naming: Naming) -> bytes:
    """Letters and digits become stars; delimiters, widths and line ends stay as they were."""
    lines = content.splitlines(keepends=True)
    return b"".join(re.sub(rb"[0-9A-Za-z\x80-\xff]", b"*", line) if _names(io.BytesIO(line), naming) else line for line in lines)


def _rewrite(path: Path, content: bytes) -> None:
    status = path.stat()
    shelves.keep(path, content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def take_from_target(app: App, orders: Collection[str]) -> Erased:
    """Remove the files about these orders that still lie in the ERP's target; names what could not be looked at."""
    done = Erased()
    for folder in TARGET_FOLDERS if orders else ():
        with _noted(app, folder, done):
            for file in app.target.listing(folder):
                if _is_about(Path(file.name).name, orders) and app.target.remove(file):
                    done.removed.append(f"{app.target.url}/{file.name}")
    return done


def forget_on_target(app: App, naming: Naming) -> Erased:
    """Make the lines that name the person unreadable in the errors files that lie in the ERP's target."""
    done = Erased()
    for folder in (f"{errors_back.FOLDER}/{feed}" for feed in DOCUMENTS):
        with _noted(app, folder, done):
            for file in app.target.listing(folder):
                content = _fetched(app, file)
                if _names(io.BytesIO(content), naming):
                    app.target.put(file.name, _masked_lines(content, naming))
                    done.masked.append(f"{app.target.url}/{file.name}")
    return done


def _fetched(app: App, file: SourceFile) -> bytes:
    work = app.root / WORK[0]
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=work, prefix="erasing-", ignore_cleanup_errors=True) as folder:
        app.target.fetch(file, copy := Path(folder, "copy"))
        return copy.read_bytes()


@contextmanager
def _noted(app: App, folder: str, done: Erased) -> Iterator[None]:
    try:
        yield
    except (Unreachable, FileChanged) as error:
        done.unknown.append(f"{app.target.url}/{folder}: {error.message}")


def _is_about(name: str, orders: Collection[str]) -> bool:
    """`<orderId>.json`, `<orderId>-2.json`: our numbers hold dashes, too."""
    stem = name.partition(".")[0]
    return stem in orders or stem.rpartition("-")[0] in orders

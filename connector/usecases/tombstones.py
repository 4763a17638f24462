"""The list of what was erased, beside the backups: whoever restores one erases it again. It names orders and rows, and no person."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.app import App
from connector.erp import files, shelves
from connector.errors import DatabaseUnreachable, DiskShort
from connector.usecases.turns import turn

NAME = "erased.jsonl"
FULL = (errno.ENOSPC, errno.EDQUOT)

Line = tuple[list[str], list[tuple[str, int]], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Orders by our number; refused rows by their file's SHA-256 and their line.

    `searched` are the orders that told the name when files were searched for it here; the others had been overwritten before.
    `unreadable` are the lines of the list that somebody or something spoiled; `torn` is a last one that was never written to its end.
    """

    path: Path
    orders: frozenset[str]
    searched: frozenset[str]
    rows: frozenset[tuple[str, int]]
    unreadable: tuple[int, ...]
    torn: bool


def place(app: App) -> Path:
    return app.settings.path(app.settings.backup.folder) / NAME


def known(app: App) -> Tombstones:
    """Return all that was ever erased, as far as it can be read. Raises DatabaseUnreachable where the list cannot be opened."""
    path = place(app)
    with _translated(path, "read", "mend that: without it nobody is erased again"):
        *whole, last = path.read_bytes().split(b"\n") if path.exists() else [b""]
    read = [_read(line) for line in (*whole, last)]
    unreadable = tuple(number for number, one in enumerate(read[:-1], 1) if one is None)
    found = [one for one in read if one is not None]
    orders = frozenset(order for one, _, _ in found for order in one)
    searched = frozenset(order for one, _, nameless in found for order in one if order not in nameless)
    return Tombstones(path, orders, searched, frozenset(row for _, rows, _ in found for row in rows), unreadable, read[-1] is None)


def _read(line: bytes) -> Line | None:
    """Read a line; None for what is none of ours."""
    if not line.strip():
        return [], [], frozenset()
    try:
        one = json.loads(line)
        rows = [(str(sha256), int(number)) for sha256, number in one["rows"]]
        return [str(order) for order in one["orders"]], rows, frozenset(map(str, one.get("nameless", ())))
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def notes(found: Tombstones) -> list[str]:
    """Say what was passed over without harm."""
    said = f"the last line of {found.path} was not written to its end: that erasure was refused then, and is passed over"
    return [said] if found.torn else []


def warnings(found: Tombstones) -> list[str]:
    """Say of whom nobody knows any more that they were erased."""
    remedy = "mend that line from a copy of the list, then: connector erase --again; or erase them by connector erase --document"
    return [f"{found.path}, line {line} cannot be read: what it names was not erased again ({remedy})" for line in found.unreadable]


def missing(app: App) -> list[str]:
    """Say that this machine has no list: on PostgreSQL another one may have it."""
    path = place(app)
    if app.db.is_sqlite or path.exists():
        return []
    remedy = "call connector erase --again on each machine that ever erased anybody, or copy that one's list here and call it again"
    return [f"{path} is not there: this machine erased nobody, or its list is lost ({remedy})"]


def add(app: App, orders: list[str], rows: list[tuple[str, int]], nameless: Collection[str] = ()) -> None:
    """Note what is about to be erased, durably, before it is, and which orders told no name by then.

    Raises DiskShort or DatabaseUnreachable: then nothing may be erased.
    """
    if not orders and not rows and not nameless:
        return
    path = place(app)
    noted = {"at": app.now.isoformat(), "orders": [*orders, *nameless], "rows": rows}
    line = json.dumps(noted | ({"nameless": list(nameless)} if nameless else {})).encode() + b"\n"
    with _translated(path, "written", "nobody was erased: make room there, or mend [backup] folder, and erase again"), turn(app, "erased"):
        shelves.make_folders(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, files.FILE_MODE)
        try:
            _append(descriptor, path.read_bytes(), line)
        finally:
            os.close(descriptor)
        files.sync_folder(path.parent)


def _append(descriptor: int, there: bytes, line: bytes) -> None:
    """Write a line in full, or leave the file as it was; what a torn write left at its end goes."""
    last = there.rpartition(b"\n")[2]
    is_torn = _read(last) is None
    end = len(there) - len(last) if is_torn else len(there)
    os.ftruncate(descriptor, end)
    try:
        files.write_all(descriptor, line if is_torn or not last else b"\n" + line)
        os.fsync(descriptor)
    except BaseException:
        os.ftruncate(descriptor, end)
        raise


@contextmanager
def _translated(path: Path, what: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = DiskShort if error.errno in FULL else DatabaseUnreachable
        raise kind(f"{path} cannot be {what}: {error.strerror or error}", remedy=remedy) from error

"""The list of what was erased, beside the backups: whoever restores one erases it again. It names orders and rows, and no person."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.app import App
from connector.erp import files, shelves
from connector.errors import DatabaseUnreachable, DiskShort
from connector.usecases.turns import turn

NAME = "erased.jsonl"
FULL = (errno.ENOSPC, errno.EDQUOT)

Line = tuple[list[str], list[tuple[str, int]]]


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Orders by our number; refused rows by their file's SHA-256 and their line.

    `unreadable` are the lines of the list that somebody or something spoiled; `torn` is a last one that was never written to its end.
    """

    path: Path
    orders: frozenset[str]
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
    orders = frozenset(order for one, _ in found for order in one)
    return Tombstones(path, orders, frozenset(row for _, rows in found for row in rows), unreadable, read[-1] is None)


def _read(line: bytes) -> Line | None:
    """Read a line; None for what is none of ours."""
    if not line.strip():
        return [], []
    try:
        one = json.loads(line)
        return [str(order) for order in one["orders"]], [(str(sha256), int(number)) for sha256, number in one["rows"]]
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


def add(app: App, orders: list[str], rows: list[tuple[str, int]]) -> None:
    """Note what is about to be erased, durably, before it is. Raises DiskShort or DatabaseUnreachable: then nothing may be erased."""
    if not orders and not rows:
        return
    path = place(app)
    line = json.dumps({"at": app.now.isoformat(), "orders": orders, "rows": rows}).encode() + b"\n"
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

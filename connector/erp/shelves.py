"""Folders of the project directory that keep what was taken: archive/, rejected/, held/. Nothing in them is ever overwritten."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from connector.erp import files

ERRORS_ENDING = ".errors.csv"
LONGEST_NAME = 200  # bytes; the file system's limit is 255, and endings are still to come
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to put away: where it lies, the name it should have, and how to know it again when the step is repeated."""

    path: Path
    name: str
    sha256: str
    modified_at: datetime


def local_name(name: str) -> str:
    """Shorten a name that would be too long here, keeping its ending and a mark that tells it from others."""
    if len(name.encode()) <= LONGEST_NAME:
        return name
    ending = Path(name).suffix[:16]
    short = name.encode()[: LONGEST_NAME - 40].decode("utf-8", "ignore")
    return f"{short}-{hashlib.sha256(name.encode()).hexdigest()[:12]}{ending}"


def cleared(folder: Path, name: str) -> Path:
    """Return the path of a file that is not there: what an interrupted take left under that name is thrown away."""
    with files.translated(str(folder)):
        make_folders(folder)
        path = folder / name
        path.unlink(missing_ok=True)
    return path


def twin(path: Path, name: str) -> Path:
    """Give a file a second name beside it: a link where the disk knows links, else a copy with the same time."""
    other = path.with_name(name)
    with files.translated(str(path.parent)):
        other.unlink(missing_ok=True)
        try:
            os.link(path, other)
        except OSError:
            shutil.copy2(path, other)
    return other


def make_folders(folder: Path) -> None:
    """Make a folder and those above it (0700), each made durable in its parent."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    folder.mkdir(mode=files.FOLDER_MODE, exist_ok=True)
    files.sync_folder(folder.parent)


def shelve(wanted: Wanted, folder: Path, errors: bytes | None = None) -> Path:
    """Move a file into a folder under its name, or the name with the first free number; `errors` go beside it as <name>.errors.csv.

    Where a repetition finds the very file there already (bytes and time), that is its place, and the copy is dropped.
    """
    with files.translated(str(folder)):
        make_folders(folder)
        place = next(place for place in _places(wanted, folder) if _lies_there(wanted, place) or _moved(wanted, place))
        if errors is not None:
            _replace(place.with_name(place.name + ERRORS_ENDING), errors)
    return place


def note(folder: Path, name: str, errors: bytes) -> Path:
    """Write <name>.errors.csv where the file itself lies elsewhere; under the first free number, unless an earlier try wrote it already."""
    with files.translated(str(folder)):
        make_folders(folder)
        for place in _numbered(local_name(name), folder):
            beside = place.with_name(place.name + ERRORS_ENDING)
            if not place.exists() and (not beside.exists() or beside.read_bytes() == errors):
                _replace(beside, errors)
                return beside
    raise AssertionError("numbers never end")


def keep(path: Path, content: bytes) -> None:
    """Write a file of our own in one step, durably, with its folders; one of that name is replaced."""
    with files.translated(str(path.parent)):
        make_folders(path.parent)
        _replace(path, content)


def _places(wanted: Wanted, folder: Path) -> Iterator[Path]:
    """Yield the names to try; not those whose errors file would be another's file."""
    for place in _numbered(local_name(wanted.name), folder):
        if place.exists() or not place.with_name(place.name + ERRORS_ENDING).exists():
            yield place


def _numbered(name: str, folder: Path) -> Iterator[Path]:
    """Yield a.csv, a-2.csv, a-3.csv, …"""
    stem, dot, ending = name.rpartition(".")
    for number in count(1):
        yield folder / (name if number == 1 else f"{stem or name}-{number}{dot if stem else ''}{ending if stem else ''}")


def _lies_there(wanted: Wanted, place: Path) -> bool:
    """Say whether the file lies there, put by an earlier try or sent before; then drop the copy."""
    try:
        status = place.lstat()
    except FileNotFoundError:
        return False
    if not files.is_regular(status) or files.instant(status.st_mtime_ns) != wanted.modified_at:
        return False
    if not _holds(place, wanted):
        return False
    wanted.path.unlink(missing_ok=True)
    return True


def _holds(place: Path, wanted: Wanted) -> bool:
    """Say whether a place has the file's bytes; by the copy, quicker than by the hash, which serves where that is gone."""
    with place.open("rb") as there:
        try:
            with wanted.path.open("rb") as ours:
                return _are_alike(there, ours)
        except FileNotFoundError:
            return hashlib.file_digest(there, "sha256").hexdigest() == wanted.sha256


def _are_alike(one: BinaryIO, other: BinaryIO) -> bool:
    while (piece := one.read(files.CHUNK_BYTES)) == other.read(files.CHUNK_BYTES):
        if not piece:
            return True
    return False


def _moved(wanted: Wanted, place: Path) -> bool:
    """Move the file to a free name, durably, with the time that it is known by; False where the name is taken."""
    _set_time(wanted.path, wanted.modified_at)
    source = _on_the_same_disk(wanted.path, place.parent)
    try:
        _rename(source, place)
    except FileExistsError:
        if source != wanted.path:
            source.unlink()
        return False
    wanted.path.unlink(missing_ok=True)
    return True


def _set_time(path: Path, modified_at: datetime) -> None:
    nanoseconds = (modified_at - EPOCH) // timedelta(microseconds=1) * 1000
    os.utime(path, ns=(nanoseconds, nanoseconds))


def _rename(path: Path, place: Path) -> None:
    source, target = os.open(path.parent, files.FOLDER), os.open(place.parent, files.FOLDER)
    try:
        _sync(path)
        files.rename_without_replacing(os.fsencode(path.name), source, os.fsencode(place.name), target)
        os.fsync(target)
    finally:
        os.close(source)
        os.close(target)


def _on_the_same_disk(path: Path, folder: Path) -> Path:
    """Return the file, or a hidden copy of it in the folder where that lies on another disk."""
    status = path.stat()
    if status.st_dev == folder.stat().st_dev:
        return path
    copy = folder / f".{uuid4().hex}"
    with path.open("rb") as source, files.new_file(copy) as write:
        while chunk := source.read(files.CHUNK_BYTES):
            write(chunk)
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    return copy


def _sync(path: Path) -> None:
    descriptor = os.open(path, files.READING)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    """Write a file in one step, over the one that an earlier try wrote."""
    temporary = path.with_name(f".{uuid4().hex}")
    folder = os.open(path.parent, files.FOLDER)
    try:
        files.write_durably(os.fsencode(temporary.name), content, folder)
        temporary.replace(path)
        os.fsync(folder)
    finally:
        os.close(folder)
        temporary.unlink(missing_ok=True)

"""From the ERP's folder to ours: which files are ready, taking one, and where it goes afterwards.

Nothing here knows the database. Every step can be repeated: the copy lies safely in its place before the source file goes, last of all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path

from connector.erp import shelves
from connector.erp.store import FileStore, SourceFile
from connector.errors import SettingsError
from connector.settings import FeedSettings

IGNORED_ENDINGS = ("~", ".tmp", ".part", ".partial", ".filepart", ".writing", ".swp")


@dataclass(frozen=True, slots=True)
class Look:
    """When, by our clock, a file was first seen as it is."""

    size: int
    modified_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    file: SourceFile
    ready_at: datetime


@dataclass(frozen=True, slots=True)
class Settling:
    """Which files may be taken, which must rest, and the looks to remember (of files that are there, by name)."""

    ready: list[SourceFile]
    waiting: list[Waiting]
    looks: dict[str, Look]


@dataclass(frozen=True, slots=True)
class Taken:
    """A file's copy in the work folder; `sha256` is that of its bytes, in hex. `first_at` is when it was taken before, where it was."""

    file: SourceFile
    path: Path
    sha256: str
    first_at: datetime | None = None


# ── ready? ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def candidates(store: FileStore, feed: FeedSettings, done_marker: str) -> list[SourceFile]:
    """List the feed's files, oldest first (time, then name); with a done marker, those alone that have one beside them.

    Raises SettingsError where the pattern has a wildcard in its folder, and what the store's `listing` raises.
    """
    folder, pattern = _pattern(feed.pattern)
    listed = store.listing(folder)
    found = [file for file in listed if not is_ignored(file, done_marker) and fnmatchcase(_last(file), pattern)]
    if done_marker:
        found = list(_marked(found, {file.name: file for file in listed}, done_marker))
    return sorted(found, key=_age)


def is_ignored(file: SourceFile, done_marker: str = "") -> bool:
    """Say whether a name is one that writers use for what is not finished, a hidden one, or a done marker."""
    name = _last(file)
    return name.startswith(".") or name.lower().endswith(IGNORED_ENDINGS) or bool(done_marker and name.endswith(done_marker))


def settled(found: list[SourceFile], looks: dict[str, Look], now: datetime, settle_seconds: float) -> Settling:
    """Part the files that stayed as they are from our last look but one to this, `settle_seconds` or longer, from those that must rest.

    `now` is aware UTC and ours: what clock the ERP's machine has does not matter. 0 seconds: every file is ready at once.
    """
    rest = timedelta(seconds=settle_seconds)
    ready: list[SourceFile] = []
    waiting: list[Waiting] = []
    kept: dict[str, Look] = {}
    for file in sorted(found, key=_age):
        look = kept[file.name] = _look(file, looks.get(file.name), now)
        if now - look.seen_at >= rest:
            ready.append(file)
        else:
            waiting.append(Waiting(file, look.seen_at + rest))
    return Settling(ready, waiting, kept)


def _look(file: SourceFile, before: Look | None, now: datetime) -> Look:
    """Keep the first look at a file that has not changed; a look in the future is a clock set back, and counts for nothing."""
    if before is not None and (before.size, before.modified_at) == (file.size, file.modified_at) and before.seen_at <= now:
        return before
    return Look(file.size, file.modified_at, now)


def _pattern(pattern: str) -> tuple[str, str]:
    folder, _, last = pattern.rpartition("/")
    if any(mark in folder for mark in "*?["):
        raise SettingsError(
            "the settings", "pattern", found=pattern, allowed="a folder without wildcards, then / and a pattern of file names"
        )
    return folder, last


def _marked(found: Iterable[SourceFile], listed: dict[str, SourceFile], done_marker: str) -> Iterable[SourceFile]:
    for file in found:
        marker = listed.get(file.name + done_marker) or listed.get(_stem(file) + done_marker)
        if marker is not None:
            yield replace(file, marker=marker)


def _last(file: SourceFile) -> str:
    return file.name.rpartition("/")[2]


def _stem(file: SourceFile) -> str:
    """Return a file's path without its last ending: prices/today.csv is prices/today."""
    folder, slash, last = file.name.rpartition("/")
    return folder + slash + (last.rpartition(".")[0] or last)


def _age(file: SourceFile) -> tuple[datetime, str]:
    return file.modified_at, file.name


# ── take, and put in its place ──────────────────────────────────────────────────────────────────────────────────────────
def take(store: FileStore, file: SourceFile, work: Path) -> Taken:
    """Copy a file into the work folder, under a name that a repeated take uses again. Raises FileChanged, ErpUnreachable."""
    name = f"{sha256(file.raw_name).hexdigest()[:12]}-{shelves.local_name(_last(file))}"
    path = shelves.cleared(work, name)
    return Taken(file, path, store.fetch(file, path))


def twin(taken: Taken, number: int) -> Taken:
    """Return the same file under another name of the work folder, for one more feed that is read out of it."""
    return replace(taken, path=shelves.twin(taken.path, f"{taken.path.name}.{number}"))


def archive(taken: Taken, root: Path, feed: str, taken_at: datetime) -> str:
    """Move the copy to archive/<feed>/<date it was taken>/; return the place below `root`. The source file stays, here and below."""
    return _put_away(taken, root, f"archive/{feed}/{taken_at.date().isoformat()}")


def hold(taken: Taken, root: Path, feed: str) -> str:
    """Move the copy to held/<feed>/; return the place below `root`."""
    return _put_away(taken, root, f"held/{feed}")


def refuse(taken: Taken, root: Path, feed: str, errors: bytes) -> str:
    """Move the copy to rejected/<feed>/, with `errors` beside it as <name>.errors.csv; return the place below `root`."""
    return _put_away(taken, root, f"rejected/{feed}", errors)


def rehouse(taken: Taken, root: Path, folder: str) -> str:
    """Move a file that lies in a folder of ours to another one below `root`; returns its place there."""
    return f"{folder}/{shelves.shelve(_wanted(taken), root / folder).name}"


def note_errors(taken: Taken, root: Path, feed: str, errors: bytes) -> None:
    """Write the errors of a file whose good rows were applied to rejected/<feed>/<name>.errors.csv, where people look for them."""
    shelves.note(root / f"rejected/{feed}", _last(taken.file), errors)


def _put_away(taken: Taken, root: Path, folder: str, errors: bytes | None = None) -> str:
    return f"{folder}/{shelves.shelve(_wanted(taken), root / folder, errors).name}"


def _wanted(taken: Taken) -> shelves.Wanted:
    return shelves.Wanted(taken.path, _last(taken.file), taken.sha256, taken.file.modified_at)


def leave(store: FileStore, file: SourceFile) -> None:
    """Remove the source file, its done marker first: a marker left behind would vouch for the next file of that name before it is whole.

    A file that changed meanwhile is news, and stays with its marker.
    """
    if store.stat(file) != file:
        return
    if file.marker is not None and not _is_shared(store, file, file.marker):
        store.remove(file.marker)
    store.remove(file)


def _is_shared(store: FileStore, file: SourceFile, marker: SourceFile) -> bool:
    """Say whether a marker for a stem (today.ok) vouches for another file too (today.csv and today.xml)."""
    if marker.name.startswith(file.name):
        return False
    ending = marker.name[len(_stem(file)) :]
    others = store.listing(file.name.rpartition("/")[0])
    return any(_stem(other) == _stem(file) and other != file and not is_ignored(other, ending) for other in others)

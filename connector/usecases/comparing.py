"""The short way of an import: read only the lines that differ from the file applied last (decision 10).

It makes the plan that reading everything makes, or steps aside. It is open where the snapshot says, row by row, what that file said: the
feed is full, the file was read with the same settings, layout and program, without a refused, held or repeated row, and nothing else
changed the feed's snapshot since.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from connector.app import App
from connector.errors import FileRefused
from connector.feeds import Batch, Reading
from connector.formats.differing import TooDifferent
from connector.storage import partial, repeats, snapshots, watermarks
from connector.storage.database import reading
from connector.storage.files import Entry
from connector.storage.staging import Stage, load
from connector.usecases.reducing import Reduced, reduced


@dataclass(frozen=True, slots=True)
class Read:
    """What came of reading a file: its rows, and the decimal mark that its open numbers were read with, with the proofs for it.

    `spans` says that a row took in more than one line: then no line can be told for a row by itself.

    `version` is that of the snapshot that differences were staged for; None where everything was read.
    """

    rows: int
    notes: tuple[str, ...]
    mark: str
    proofs: frozenset[str]
    spans: bool = False
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """The file applied last, as the ledger tells of it."""

    path: Path
    sha256: str
    rows: int
    mark: str
    proofs: frozenset[str]
    version: int


def noted(read: Read, version: int, read_with: str) -> dict[str, object]:
    """Return what the ledger keeps of a file that was applied to the last row, for the next one to be compared with it."""
    return {"rows": read.rows, "mark": read.mark, "proofs": sorted(read.proofs), "version": version, "read_with": read_with}


def basis_of(app: App, last: Entry | None, read_with: str) -> Basis | None:
    """Return what a feed's next file can be compared with, None where nothing."""
    kept = last.plan.get("basis") if last is not None else None
    if last is None or not kept or kept["read_with"] != read_with or last.place is None or not (app.root / last.place).is_file():
        return None
    return Basis(app.root / last.place, last.sha256, kept["rows"], kept["mark"], frozenset(kept["proofs"]), kept["version"])


def stage_differences(app: App, connection: Connection, stage: Stage, path: Path, basis: Basis) -> Read | None:
    """Stage only what differs from the file applied last; None where everything must be read: then nothing is staged."""
    try:
        with reduced(app, stage.feed, path, (basis.path, basis.sha256)) as parts:
            found = _staged(connection, stage, basis, parts)
    except (TooDifferent, FileRefused, OSError):
        found = None
    if found is None:
        partial.clear(connection, stage)
    return found


def _staged(connection: Connection, stage: Stage, basis: Basis, parts: Reduced) -> Read | None:
    was, now = parts.was, parts.now
    if not _read_alike(basis, was, now):
        return None
    partial.load_gone(connection, stage, was.keys())
    load(connection, stage, _renumbered(now.batches(), parts.lines))
    repeats.sift(connection, stage)
    accepted, refused = repeats.counts(connection, stage)
    with reading(connection):
        is_current = watermarks.number(connection, snapshots.version_name(stage.feed)) == basis.version
        if (
            not is_current
            or refused
            or was.spans
            or now.spans
            or accepted != now.rows_read
            or not partial.fits(connection, stage, was.rows_read)
        ):
            return None
    if now.mark and not basis.mark:  # the first open number: only the whole file can tell what it means
        return None
    note = f"compared with the file applied last, {accepted - parts.shared} lines differ"
    return Read(basis.rows - was.rows_read + now.rows_read, (*now.notes, note), basis.mark, basis.proofs, version=basis.version)


def _read_alike(basis: Basis, was: Reading, now: Reading) -> bool:
    """Make sure that open numbers such as 1.234 mean in both files what they meant in the first."""
    if not basis.mark:
        return True
    come = now.proofs()
    now.pin(basis.mark)
    if not (come <= {basis.mark} and basis.proofs <= {basis.mark}):
        return False
    may_lose_proof = bool(basis.proofs) and not come
    return not may_lose_proof or basis.mark not in was.proofs()


def _renumbered(batches: Iterator[Batch], lines: list[int]) -> Iterator[Batch]:
    """Give rows the line that they have in the whole file; a refused one makes us read that."""
    for batch in batches:
        if batch.rejections:
            raise TooDifferent
        yield Batch([lines[line - 1] for line in batch.lines], batch.columns)

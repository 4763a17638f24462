"""The short way of an import: read only the lines that differ from the file applied last (decision 10).

It makes the plan that reading everything makes, or steps aside. It is open where the snapshot says, row by row, what that file said: the
feed is full, the file was read with the same settings, layout and program, without a refused, held or repeated row, and nothing else
changed the feed's snapshot since.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import file_digest
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from sqlalchemy import Connection

from connector.app import App
from connector.errors import FileRefused
from connector.feeds import Batch, Reading
from connector.formats.differing import TooDifferent, differences
from connector.formats.encoding import Text, recognise
from connector.formats.layout import Layout
from connector.storage import partial, repeats, snapshots, watermarks
from connector.storage.database import reading
from connector.storage.files import Entry
from connector.storage.staging import Stage, load
from connector.usecases.opening import layout_of, opened

MOST = 0.3
"""Where a larger share of the file differs, reading everything is as fast."""


@dataclass(frozen=True, slots=True)
class Read:
    """What came of reading a file: its rows, and the decimal mark that its open numbers were read with, with the proofs for it.

    `version` is that of the snapshot that differences were staged for; None where everything was read.
    """

    rows: int
    notes: tuple[str, ...]
    mark: str
    proofs: frozenset[str]
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


@dataclass(frozen=True, slots=True)
class Reduced:
    """What went and what came, and of each line of the latter which line of the new file it is.

    Both begin with the line that says how they are read: the header, or, where there is none, the first row. `shared` counts that row.
    """

    was: Reading
    now: Reading
    lines: list[int]
    shared: int


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
        with _reduced(app, stage.feed, path, basis) as reduced:
            found = _staged(connection, stage, basis, reduced)
    except (TooDifferent, FileRefused, OSError):
        found = None
    if found is None:
        partial.clear(connection, stage)
    return found


def _staged(connection: Connection, stage: Stage, basis: Basis, reduced: Reduced) -> Read | None:
    was, now = reduced.was, reduced.now
    if not _read_alike(basis, was, now):
        return None
    partial.load_gone(connection, stage, was.batches())
    load(connection, stage, _renumbered(now.batches(), reduced.lines))
    repeats.sift(connection, stage)
    accepted, refused = repeats.counts(connection, stage)
    with reading(connection):
        is_current = watermarks.number(connection, snapshots.version_name(stage.feed)) == basis.version
        if not is_current or refused or accepted != now.rows_read or not partial.fits(connection, stage, was.rows_read):
            return None
    if now.mark and not basis.mark:  # the first open number: only the whole file can tell what it means
        return None
    note = f"compared with the file applied last, {accepted - reduced.shared} lines differ"
    return Read(basis.rows - was.rows_read + now.rows_read, (*now.notes, note), basis.mark, basis.proofs, basis.version)


def _read_alike(basis: Basis, was: Reading, now: Reading) -> bool:
    """Make sure that open numbers such as 1.234 mean in both files what they meant in the first."""
    if not basis.mark:
        return True
    gone, come = was.proofs(), now.proofs()
    now.pin(basis.mark)
    is_proof_lost = basis.proofs == {basis.mark} and basis.mark in gone and basis.mark not in come
    return come <= {basis.mark} and basis.proofs <= {basis.mark} and not is_proof_lost


def _renumbered(batches: Iterator[Batch], lines: list[int]) -> Iterator[Batch]:
    """Give rows the line that they have in the whole file; a refused one makes us read that."""
    for batch in batches:
        if batch.rejections:
            raise TooDifferent
        yield Batch([(lines[line - 1], values) for line, values in batch.rows])


# ── the two files, reduced to what differs ──────────────────────────────────────────────────────────────────────────────
@contextmanager
def _reduced(app: App, feed: str, path: Path, basis: Basis) -> Iterator[Reduced]:
    layout = layout_of(app, feed)
    text = _alike(path, basis.path, layout)
    work = app.root / "var" / "work"
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=work, prefix="differing-", ignore_cleanup_errors=True) as folder:
        was, now = (Path(folder, f"{name}{path.suffix}") for name in ("was", "now"))
        lines = _cut(path, basis, text, (was, now), has_header=not layout.widths, quotes=layout.quotes)
        pinned = replace(layout, encoding=text.encoding)
        with opened(app, feed, was, pinned) as old, opened(app, feed, now, pinned) as new:
            yield Reduced(old, new, lines, shared=1 if layout.positions else 0)


def _alike(path: Path, before: Path, layout: Layout) -> Text:
    """Say how both files are to be read. Raises TooDifferent where that is not one way, FileRefused for what is no text."""
    if layout.records is not None:  # a row may take over values of the line above it
        raise TooDifferent
    text = recognise(path, layout.encoding)
    if text != recognise(before, layout.encoding) or text.newline != b"\n":
        raise TooDifferent
    return text


def _cut(path: Path, basis: Basis, text: Text, into: tuple[Path, Path], *, has_header: bool, quotes: bool) -> list[int]:
    """Write what differs into two files under the same header; the file applied last must still be what it was."""
    digest = _Digest(basis.path)
    with basis.path.open("rb") as old, path.open("rb") as new, into[0].open("wb") as was, into[1].open("wb") as now:
        header, lines = _headers(old, new, text) if has_header else (b"", [])
        was.write(header)
        now.write(header)
        for file in (old, new):
            file.seek(text.start)
        most = int(path.stat().st_size * MOST)
        for found in differences(old, new, quotes=quotes):
            was.writelines(chain.from_iterable((line, b"\n") for line in found.removed))
            now.writelines(chain.from_iterable((line, b"\n") for line in found.added))
            lines.extend(range(found.number, found.number + len(found.added)))
            if was.tell() + now.tell() > 2 * most:
                raise TooDifferent
    if digest.hexdigest() != basis.sha256:
        raise TooDifferent
    return lines


def _headers(old: BinaryIO, new: BinaryIO, text: Text) -> tuple[bytes, list[int]]:
    """Return the first line that is not blank, with its number, where both files have the same."""
    (before, _), (header, number) = _header(old, text), _header(new, text)
    if before != header:
        raise TooDifferent
    return header + b"\n", [number]


def _header(file: BinaryIO, text: Text) -> tuple[bytes, int]:
    file.seek(text.start)
    for number, line in enumerate(iter(lambda: file.readline(1 << 16), b""), 1):
        if line.count(b'"') % 2:
            break
        if line.decode(text.encoding, errors="replace").strip():
            return line.rstrip(b"\n"), number
    raise TooDifferent


class _Digest:
    """The SHA-256 of a file, computed beside other work; "" where it cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path, self._found = path, ""
        self._thread = threading.Thread(target=self._run, name="digest", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with suppress(OSError), self._path.open("rb") as file:
            self._found = file_digest(file, "sha256").hexdigest()

    def hexdigest(self) -> str:
        self._thread.join()
        return self._found

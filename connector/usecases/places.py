"""Where recorded files lie below the project directory, and moving them when it was decided of them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from connector.app import App
from connector.erp import files as disk_files
from connector.erp import intake
from connector.erp.intake import Taken
from connector.erp.store import SourceFile
from connector.errors import NotFound
from connector.storage import files
from connector.storage.files import Entry

REMEDY = "do it on the machine that took the file, or let the ERP send it again"
MASKED_LINE = re.compile(rb"^[^0-9A-Za-z\x80-\xff\n*]*\*[^0-9A-Za-z\x80-\xff\n]*$", re.MULTILINE)
"""What `erase` leaves of a line that named a person."""


def lying(app: App, number: int, *, corrected: bool = False) -> Entry:
    """Return a line of the ledger whose file lies with us; `corrected`: or what a person made of it in its place. Raises NotFound."""
    with app.db.read() as tx:
        entry = files.one(tx, number)
    if entry.place is None or not (app.root / entry.place).is_file():
        raise NotFound(f"{entry.name} does not lie in {entry.place or 'its place'} any more", remedy=REMEDY)
    if not lies_here(app, entry) and not (corrected and _is_nobody_elses(app, entry)):
        raise NotFound(f"{entry.name} lies on another machine, or was replaced: {entry.place} holds another file", remedy=REMEDY)
    return entry


def lies_here(app: App, entry: Entry) -> bool:
    """Tell whether a line's own file lies at its place: there may be that of another machine's line, whose folders are named alike."""
    if entry.place is None:
        return False
    path = app.root / entry.place
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256 or _is_masked(path, entry)
    except OSError:
        return False


def _is_nobody_elses(app: App, entry: Entry) -> bool:
    """Tell whether what lies at a line's place can be no line's of other bytes: not its file, nor what was made of one that was refused."""
    with app.db.read() as tx:
        others = [other for other in files.lines_at(tx, str(entry.place)) if other.sha256 != entry.sha256]
    return not any(other.state == "refused" or lies_here(app, other) for other in others)


def _is_masked(path: Path, entry: Entry) -> bool:
    """Tell whether it is the file as `erase` left it: of the same size and time, a line of it made unreadable."""
    status = path.stat()
    if (status.st_size, disk_files.instant(status.st_mtime_ns)) != (entry.size, entry.modified_at):
        return False
    return MASKED_LINE.search(path.read_bytes()) is not None


def move(app: App, number: int, folder: str) -> str:
    """Move a recorded file of ours to another folder, and note it; says so in a sentence. Raises NotFound."""
    entry = lying(app, number)
    file = SourceFile(entry.name, b"", entry.size, entry.modified_at)
    place = intake.rehouse(Taken(file, app.root / str(entry.place), entry.sha256), app.root, folder)
    with app.db.write() as tx:
        files.moved(tx, number, place, app.now)
    return f"{entry.name} lies in {place} now"


def tidy(app: App) -> None:
    """Empty held/ of what no longer waits there: exports that a newer one made pointless, and what a crash left."""
    with app.db.read() as tx:
        left = files.left_in_held(tx)
    for entry in left:
        if entry.id is not None and lies_here(app, entry):
            move(app, entry.id, f"rejected/{entry.feed}" if entry.state == "discarded" else archive(app, entry.feed))


def archive(app: App, feed: str) -> str:
    """Return today's folder of the archive."""
    return f"archive/{feed}/{app.now.date().isoformat()}"

"""Where recorded files lie below the project directory, and moving them when it was decided of them."""

from __future__ import annotations

from connector.app import App
from connector.erp import intake
from connector.erp.intake import Taken
from connector.erp.store import SourceFile
from connector.errors import NotFound
from connector.storage import files
from connector.storage.files import Entry


def lying(app: App, number: int) -> Entry:
    """Return a line of the ledger whose file lies with us. Raises NotFound."""
    with app.db.read() as tx:
        entry = files.one(tx, number)
    if entry.place is None or not (app.root / entry.place).is_file():
        raise NotFound(f"{entry.name} does not lie in {entry.place or 'its place'} any more", remedy="let the ERP send it again")
    return entry


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
        if entry.id is not None and entry.place is not None and (app.root / entry.place).is_file():
            move(app, entry.id, f"rejected/{entry.feed}" if entry.state == "discarded" else archive(app, entry.feed))


def archive(app: App, feed: str) -> str:
    """Return today's folder of the archive."""
    return f"archive/{feed}/{app.now.date().isoformat()}"

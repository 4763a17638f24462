"""Errors files for the ERP's side: kept beside the database until the export of files has published them in the target, once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from connector.app import App
from connector.domain.messages import ERP, Kind
from connector.erp import shelves
from connector.errors import NotFound
from connector.feeds import Rejection
from connector.formats.errors_csv import errors_csv
from connector.storage import files, outbox
from connector.storage.files import Entry
from connector.storage.quarantine import Refusal

FOLDER = "errors"


def ask(app: App, entry: Entry, errors: bytes) -> None:
    """Ask for a file's errors to be put on the target, where the settings want that; once for each line of the ledger."""
    if not app.settings.erp.errors_on_target or entry.id is None:
        return
    with app.db.read() as tx:
        if outbox.was_ever_put(tx, ERP, Kind.ERRORS_FILE, str(entry.id)):
            return
    shelves.keep(_kept(app, str(entry.id)), errors)
    with app.db.write() as tx:
        outbox.put(tx, ERP, Kind.ERRORS_FILE, [str(entry.id)], app.now)


def of_applied(app: App, entry: Entry, found: Sequence[Refusal]) -> None:
    """Write the errors file of a file of ours that was applied: one held until now, or replayed."""
    if found:
        errors = errors_csv([Rejection(one.line, one.column, one.value, one.reason) for one in found], app.settings.erp.language)
        ask(app, entry, errors)
        shelves.note(app.root / f"rejected/{entry.feed}", entry.name.rpartition("/")[2], errors)


def rendered(app: App, reference: str) -> tuple[str, bytes]:
    """Return the name below the target and the content: errors/<feed>/<name>.errors.csv, with its number where that name is taken.

    Raises NotFound where the kept copy is gone.
    """
    with app.db.read() as tx:
        entry = files.one(tx, int(reference))
    folder, last = f"{FOLDER}/{entry.feed}", shelves.local_name(entry.name.rpartition("/")[2])
    name = f"{folder}/{last.lstrip('.')}{shelves.ERRORS_ENDING}"
    if name in {file.name for file in app.target.listing(folder)}:
        name = f"{folder}/{last.lstrip('.')}-{reference}{shelves.ERRORS_ENDING}"
    try:
        return name, _kept(app, reference).read_bytes()
    except OSError as error:
        raise NotFound(f"the errors of {entry.name} are not kept any more", remedy=f"they lie in rejected/{entry.feed}/") from error


def forget(app: App, reference: str) -> None:
    """Remove the kept copy of what was published."""
    _kept(app, reference).unlink(missing_ok=True)


def _kept(app: App, reference: str) -> Path:
    return app.root / "var" / FOLDER / f"{reference}.csv"

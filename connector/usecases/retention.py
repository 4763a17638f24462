"""Keeping files only as long as the settings ask: what lies in archive/ and rejected/ and is needed no more."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from connector.app import App
from connector.erp.shelves import ERRORS_ENDING
from connector.feeds import CATALOG_FEEDS
from connector.storage import files, freight, quarantine
from connector.storage.files import Entry
from connector.usecases import backups
from connector.usecases.places import lies_here
from connector.usecases.replacing import replaced

REPLACED_FOR = timedelta(days=30)


def outlived(app: App) -> list[Entry]:
    """Return the lines of the ledger whose file may go from here: older than its folder's days, and neither held, nor open in the
    quarantine, nor the last applied one of a catalogue's feed, with which the next is compared.

    Another machine's file is that machine's to remove. What lies in a file's place without being it goes after twice the days.
    """
    long_ago = {entry.id for entry in _of_age(app, times=2)}
    return [one for one in _of_age(app) if lies_here(app, one) or (one.id in long_ago and _lies_alone(app, one))]


def _of_age(app: App, times: int = 1) -> list[Entry]:
    days = {"archive": app.settings.erp.archive_days, "rejected": app.settings.erp.rejected_days}
    with app.db.read() as tx:
        needed, before = _last_applied(tx), {folder: app.now - times * timedelta(days=most) for folder, most in days.items() if most}
        return [entry for folder, instant in before.items() for entry in files.outlived(tx, folder, instant, needed)]


def _last_applied(tx: Connection) -> set[int | None]:
    """Freight is full by file name: the last one of each counts."""
    named = [("freight", name) for name in freight.files(tx)]
    of_feeds = [(feed, None) for feed in CATALOG_FEEDS if feed != "freight"]
    return {entry.id for feed, name in (*of_feeds, *named) if (entry := files.last_applied(tx, feed, name))}


def _lies_alone(app: App, entry: Entry) -> bool:
    """Tell whether something lies at a line's place that no other line leads to: it was replaced by hand."""
    with app.db.read() as tx:
        return (app.root / str(entry.place)).is_file() and len(files.lines_at(tx, str(entry.place))) == 1


def remove_outlived(app: App) -> dict[str, int]:
    """Remove such files, with their errors files; return how many of each folder. Lines of files that nobody removed are freed late."""
    removed = {"archive": 0, "rejected": 0}
    for entry in outlived(app):
        place = app.root / str(entry.place)
        for path in (place, place.with_name(place.name + ERRORS_ENDING)):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # a day's folder goes with its last file
            place.parent.rmdir()
        _free(app, entry)
        removed[str(entry.place).partition("/")[0]] += 1
    for entry in _of_age(app, times=2):  # gone by hand, or with its machine
        _free(app, entry)
    return removed


def _free(app: App, entry: Entry) -> None:
    with app.db.write() as tx:
        files.let_go(tx, files.number_of(entry))


def outlived_notes(app: App) -> list[Path]:
    """Name the errors files of files that lie elsewhere, older than rejected/'s days, of whose rows none is open any more."""
    most = app.settings.erp.rejected_days
    if not most:
        return []
    oldest = (app.now - timedelta(days=most)).timestamp()
    found = sorted((app.root / "rejected").glob(f"*/*{ERRORS_ENDING}"))
    alone = [path for path in found if not path.with_name(path.name.removesuffix(ERRORS_ENDING)).exists()]
    with app.db.read() as tx:
        needed = quarantine.files_with_open_rows(tx)
    return [path for path in alone if path.stat().st_mtime < oldest and not _is_needed(path, needed)]


def outlived_copies(app: App) -> list[Path]:
    """Name the backups past their days, and the databases that a restore replaced 30 days ago: both hold what may be erased meanwhile."""
    old = [one.path for one in backups.expired(app)]
    found = [*(app.root / "var" / "damaged").glob("*/*"), *(replaced(app.db.path).glob("*") if app.db.is_sqlite else ())]
    return [*old, *(path for path in sorted(found) if path.stat().st_ctime < (app.now - REPLACED_FOR).timestamp())]


def remove_copies(app: App) -> int:
    """Remove them; return how many."""
    found = outlived_copies(app)
    for path in found:
        path.unlink(missing_ok=True)
        with suppress(OSError):
            path.parent.rmdir()
    return len(found)


def places(app: App) -> list[str]:
    """Name, below the project directory, all that would be removed."""
    return [*(str(entry.place) for entry in outlived(app)), *(str(path.relative_to(app.root)) for path in outlived_notes(app))]


def remove_notes(app: App) -> int:
    """Remove them; return how many."""
    found = outlived_notes(app)
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _is_needed(path: Path, needed: set[tuple[str, str]]) -> bool:
    """Tell whether a file of that feed and name, its number aside, has an open row."""
    return any(feed == path.parent.name and path.name.startswith(Path(name).stem) for feed, name in needed)

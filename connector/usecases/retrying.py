"""Taking again what was refused: a file whole, a document by itself. Values returned are plain, to be shown."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.erp import files as disk_files
from connector.erp import intake as copies
from connector.erp.local import LocalStore
from connector.erp.shelves import ERRORS_ENDING
from connector.errors import Conflict, DiskShort, NotFound, Refused
from connector.feeds import CATALOG_FEEDS, DOCUMENT_FEEDS
from connector.storage import files, quarantine
from connector.storage.files import Entry
from connector.usecases import disk, document_files, documents, intake, places, refreshing
from connector.usecases.document_rows import of_record
from connector.usecases.report import Report
from connector.usecases.turns import turn

REFRESH, REPORT = "refresh-snapshot", "report-documents"
RETRY = "var/retry"
COPIES = 2
"""One that lies as if in the source, one that is read."""


def retry(app: App, numbers: Sequence[int] | None) -> dict[str, list[dict[str, Any]]]:
    """Take what was refused again, by the numbers that the list shows; None: everything that can be taken as it is.

    Returns `taken` (id, outcome) and `refused` (id, outcome, reasons): what is refused still, or cannot be taken again; where it has an
    outcome its good rows were taken, and the reasons name the others. Numbers of one file or of one document are one. Raises Busy while
    its job runs, and Unreachable.
    """
    done: dict[str, list[dict[str, Any]]] = {"taken": [], "refused": []}
    for number in _one_for_each(app, _retriable(app) if numbers is None else numbers):
        try:
            report = _again(app, number)
        except (Refused, Conflict, DiskShort, NotFound) as error:
            done["refused"].append({"id": number, "outcome": "", "reasons": [str(error)]})
            continue
        outcome = "; ".join(report.lines)
        if report.failures:
            done["refused"].append({"id": number, "outcome": outcome, "reasons": report.failures})
        else:
            done["taken"].append({"id": number, "outcome": outcome})
    return done


def _retriable(app: App) -> list[int]:
    """Return the numbers of the refused files, and of the documents' rows that could be read."""
    with app.db.read() as tx:
        whole = [
            rows[0]["id"] for entry in files.refused(tx, limit=None) if entry.id is not None and (rows := quarantine.rows_of(tx, entry.id))
        ]
        rows = quarantine.open_rows(tx, DOCUMENT_FEEDS, limit=None)
    return sorted([*whole, *(row["id"] for row in rows if of_record(row["record"]) is not None)])


def _one_for_each(app: App, numbers: Sequence[int]) -> list[int]:
    """Keep the first number of each file that was refused whole, and of each document."""
    found: dict[tuple[Any, ...], int] = {}
    with app.db.read() as tx:
        for number in numbers:
            found.setdefault(quarantine.belonging(tx, number), number)
    return list(found.values())


def _again(app: App, number: int) -> Report:
    with app.db.read() as tx:
        row = quarantine.one(tx, number)
        later = _refused_again(tx, row)
    if later is not None:
        return _retry_file(app, row["feed"], later)
    if row["healed_at"] is not None:
        raise Conflict(f"row {number} of {row['name']} was settled already", remedy="connector quarantine list")
    if row["file_state"] == "refused":
        return _retry_file(app, row["feed"], row["file_id"])
    if row["feed"] in CATALOG_FEEDS:
        reason = f"row {number} is one of {row['name']}, whose good rows were applied"
        raise Conflict(reason, remedy="correct it in the ERP: the next file with a good row of its key heals it")
    report = Report(REPORT)
    with turn(app, REPORT):
        report.did(documents.take_again(app, number))
    return report


def _refused_again(tx: Connection, row: dict[str, Any]) -> int | None:
    """Find the file that a row's file became when it was taken again and refused again: the list shows it under another number."""
    if row["file_state"] != "superseded":
        return None
    return next((entry.id for entry in files.refused(tx, limit=None) if (entry.feed, entry.name) == (row["feed"], row["name"])), None)


# ── a file refused whole ────────────────────────────────────────────────────────────────────────────────────────────────
def _retry_file(app: App, feed: str, number: int) -> Report:
    """Take a refused file again from a copy, as it is now: a person may have corrected it. It stays in rejected/ until it was taken."""
    job = REFRESH if feed in CATALOG_FEEDS else REPORT
    report = Report(job)
    with turn(app, job):
        entry = places.lying(app, number, corrected=True)
        place = app.root / str(entry.place)
        with _copied(app, entry, place):
            _take(app.taking_from(LocalStore(app.root / RETRY)), feed, entry, report)
        with app.db.write() as tx:
            files.set_state(tx, number, "superseded")
            quarantine.heal_file(tx, number, app.now)
        _forget(app, place, entry)
    return report


@contextmanager
def _copied(app: App, entry: Entry, place: Path) -> Iterator[None]:
    """Let a copy of the file lie where it can be taken from, young: housekeeping takes old ones for strays.

    Raises DiskShort, and ErpUnreachable where the disk is full all the same.
    """
    if short := disk.without_room(disk.places(app), COPIES * entry.size):
        large = f"{entry.name} has {entry.size / disk.MEGABYTE:.1f} MB, of which {COPIES} copies are made"
        raise DiskShort(f"{large}: there is no room in {short.sentence}", remedy="make room, and take it again")
    copy = app.root / RETRY / entry.name
    try:
        with disk_files.translated(str(copy.parent)):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place, copy)
        yield
    finally:
        copy.unlink(missing_ok=True)


def _take(app: App, feed: str, entry: Entry, report: Report) -> None:
    file = next(f for f in app.source.listing(entry.name.rpartition("/")[0]) if f.name == entry.name)
    copy = copies.take(app.source, file, app.root / "var" / "work")
    taken = replace(copy, file=replace(file, modified_at=entry.modified_at), first_at=entry.taken_at)
    turn = refreshing.take if feed in CATALOG_FEEDS else document_files.take_file
    intake.take_one(app, [feed], taken, lambda feed, taken, to: turn(app, feed, taken, to), report)


def _forget(app: App, place: Path, entry: Entry) -> None:
    """Remove the refused copy, unless it was refused again and is the one that lies there."""
    with app.db.read() as tx:
        others = files.lines_at(tx, str(entry.place))
    if not any(other.state == "refused" and places.lies_here(app, other) for other in others):
        place.unlink(missing_ok=True)
        place.with_name(place.name + ERRORS_ENDING).unlink(missing_ok=True)

"""Taking an archived file once more: with the guards of now, as if it came today. Values returned are plain, to be shown."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from connector.app import App
from connector.errors import Conflict, FileRefused, NotFound
from connector.feeds import CATALOG_FEEDS
from connector.storage import files
from connector.storage.files import Entry
from connector.usecases import document_files, errors_back, imports, places, refreshing
from connector.usecases.report import Report
from connector.usecases.turns import turn

REMEDIES = {"held": "connector held approve", "refused": "connector quarantine retry"}


def replay(app: App, named: str, *, force: bool = False) -> Report:
    """Apply an archived file again, by its path or by its name in the ledger (the newest of that name); its line is written anew.

    A file that several feeds were read out of is applied for all of them by its name, for one of them by its path. A full export older
    than one applied since is superseded, and replayed only with `force`; the next newer export comes over it all the same, and its feed
    is no fresher by it. So are the rows of a delta that newer ones have named: without `force` they are passed over. Guards hold it as
    they would hold any file. Raises NotFound; Conflict where it is superseded, is not in the archive, cannot be read any more, or is not
    the file that was taken; Busy while its job runs.
    """
    entries = _named(app, named)
    report = Report("refresh-snapshot" if entries[0].feed in CATALOG_FEEDS else "report-documents")
    with turn(app, report.job):
        originals = [(entry, _original(app, entry)) for entry in entries]
        for entry in entries:
            if not force and entry.feed in CATALOG_FEEDS:
                _refuse_superseded(app, entry)
        for entry, path in originals:
            _put(app, entry, _applied(app, path, entry, report, force=force))
    return report


def _applied(app: App, path: Path, entry: Entry, report: Report, *, force: bool) -> str:
    try:
        if entry.feed in CATALOG_FEEDS:
            return _import(app, path, entry, report, force=force)
        return document_files.retake(app, path, entry, report)
    except FileRefused as error:
        raise Conflict(f"{entry.name} can no longer be read: {error}", remedy="mend the layout, and replay it again") from error


def described(named: str, report: Report) -> dict[str, Any]:
    """Return what a replay came to as what JSON knows."""
    return {"file": named, "done": report.lines, "failures": report.failures, "counts": dict(report.counts)}


def _named(app: App, named: str) -> list[Entry]:
    place = Path(named)
    inside = place.resolve().is_relative_to(app.root.resolve()) and place.is_file()
    below = str(place.resolve().relative_to(app.root.resolve())) if inside else named
    with app.db.read() as tx:
        there = files.lines_at(tx, below)
        found = [next((one for one in there if places.lies_here(app, one)), there[0])] if there else files.newest_named(tx, named)
    if not found:
        raise NotFound(f"{named} is no file that was ever taken", remedy="name a file in archive/, or its name as reports tell it")
    return found


def _original(app: App, entry: Entry) -> Path:
    """Return the archived original, its bytes those that were taken."""
    if entry.state in REMEDIES or not (entry.place or "archive/").startswith("archive/"):
        raise Conflict(f"{entry.name} is {entry.state}, not in the archive", remedy=REMEDIES.get(entry.state, "let the ERP send it again"))
    assert entry.id is not None
    path = app.root / str(places.lying(app, entry.id).place)
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != entry.sha256:
            raise Conflict(f"{entry.place} is not the file that was taken: its bytes changed since", remedy="let the ERP send it again")
    return path


def _refuse_superseded(app: App, entry: Entry) -> None:
    newer = refreshing.newer_than(app, entry)
    if newer is not None:
        raise Conflict(f"{entry.name} is superseded: {newer.name}, applied since, is newer", remedy="replay it with --force all the same")


def _import(app: App, path: Path, entry: Entry, report: Report, *, force: bool) -> str:
    draft, settled, refusals = imports.import_file(app, path, replace(entry, plan={"forced": force}), all_of_it=True)
    refreshing.say(report, draft.plan, draft.verdict, refusals, draft.planned.held.all)
    if settled.state == "applied":
        errors_back.of_applied(app, entry, refusals)
    return settled.state


def _put(app: App, entry: Entry, state: str) -> None:
    """Let the original lie where its state says."""
    assert entry.id is not None
    if state in ("held", "refused"):
        places.move(app, entry.id, f"{'held' if state == 'held' else 'rejected'}/{entry.feed}")
    else:
        with app.db.write() as tx:
            files.moved(tx, entry.id, str(entry.place), app.now)

"""The ERP's last files against the snapshot: what importing each of them once more would change."""

from __future__ import annotations

from typing import Any

from connector.app import App
from connector.errors import ConnectorError
from connector.feeds import CATALOG_FEEDS
from connector.storage import files, freight
from connector.storage.files import Entry
from connector.usecases import imports, places, replaying
from connector.usecases.report import Report

Compared = dict[str, Any]


def compare(app: App, feed: str) -> list[Compared]:
    """Compare the snapshot with the file of a feed that was applied last; freight is full by file name, so each of its files counts."""
    return [_compared(app, entry) for entry in _last(app, feed)]


def _last(app: App, feed: str) -> list[Entry]:
    with app.db.read() as tx:
        names = freight.files(tx) if feed == "freight" else [None]
        found = [files.last_applied(tx, feed, name) for name in names]
    return [entry for entry in found if entry is not None]


def _compared(app: App, entry: Entry) -> Compared:
    said: Compared = {"feed": entry.feed, "file": entry.name, "place": entry.place, "differences": 0, "trouble": ""}
    path = app.root / str(entry.place)
    if not places.lies_here(app, entry):
        return {**said, "trouble": "it lies in the archive no more, so it cannot be compared"}
    try:
        with imports.drafted(app, entry.feed, path, entry.name, all_of_it=True, behind=entry) as draft:
            plan, held = draft.plan, len(draft.planned.held.all) + len(draft.planned.held.quiet)
    except ConnectorError as error:
        return {**said, "trouble": str(error)}
    counted = {"added": plan.added, "changed": plan.changed, "removed": plan.removed, "refused": plan.refused, "held": held}
    return {**said, **counted, "differences": plan.changes, "by_field": plan.changed_by_field, "samples": plan.samples}


def mend(app: App, compared: Compared, report: Report) -> None:
    """Apply the file once more, by the way of any file: guards hold what they would hold."""
    try:
        report.add(replaying.replay(app, str(compared["place"])))
    except ConnectorError as error:
        report.failed(f"{compared['file']}: {error}")


FEEDS = CATALOG_FEEDS

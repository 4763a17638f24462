"""Files as the console shows them: the ledger, one file with its plan and rows, what may be downloaded, what is refused or held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connector.app import App
from connector.domain import keys
from connector.errors import NotFound
from connector.feeds import DOCUMENT_FEEDS, FEEDS, Rejection
from connector.formats.errors_csv import errors_csv
from connector.storage import acts, files, holds, quarantine
from connector.storage.views import ledger as rows
from connector.usecases import places

__all__ = ["DOCUMENT_FEEDS", "FEEDS", "STATES", "Page", "errors", "file", "held", "hold", "ledger", "original", "refused"]

PAGE = 50
STATES = ("applied", "refused", "held", "superseded", "discarded")
LARGEST_DOWNLOAD = 512 * 2**20
MOST_ERRORS = 100_000
FILE_ACTS = ("replay-file", "download-file", "download-errors")


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the number to go on from; None where these are the last."""

    rows: list[dict[str, Any]]
    next: int | None


def _paged(found: list[dict[str, Any]]) -> Page:
    return Page(found[:PAGE], found[PAGE - 1]["id"] if len(found) > PAGE else None)


def ledger(app: App, feed: str, state: str, before: int | None) -> Page:
    """List the files taken, the newest first."""
    wanted = {"feed": feed if feed in FEEDS else "", "state": state if state in STATES else ""}
    with app.db.read() as tx:
        return _paged(rows.page(tx, **wanted, before=before, limit=PAGE + 1))


def file(app: App, number: int, after: int) -> dict[str, Any]:
    """Tell all of one file: the ledger's line, its plan, its refused rows from one on, its hold, what people did. Raises NotFound."""
    with app.db.read() as tx:
        entry = files.one(tx, number)
        refused = _paged(rows.refused_rows(tx, number, after, PAGE + 1))
        hold, done = holds.of_file(tx, number), acts.about(tx, [str(number), *_names(entry)], FILE_ACTS)
    is_there = entry.place is not None and (app.root / entry.place).is_file()
    listed = [{**row, "key": _key(entry.feed, row["key"])} for row in refused.rows]
    return {"entry": entry, "is_there": is_there, "refused": Page(listed, refused.next), "hold": hold, "acts": done}


def _names(entry: files.Entry) -> list[str]:
    return [name for name in (entry.name, entry.place) if name]


def _key(feed: str, key: str) -> str:
    return keys.shown(key, len(FEEDS[feed].key)) if feed in FEEDS else key


def refused(app: App, after: int) -> tuple[list[dict[str, Any]], Page]:
    """List the files refused whole, and the refused rows of the others that no good one has mended."""
    with app.db.read() as tx:
        whole, page = rows.refused_files(tx, PAGE), _paged(rows.open_rows(tx, after, PAGE + 1))
    return whole, Page(_with_keys(page.rows), page.next)


def held(app: App, after: int) -> tuple[Page, list[dict[str, Any]]]:
    """List what waits for a yes, and what was decided lately."""
    with app.db.read() as tx:
        page, decided = _paged(rows.held(tx, after, PAGE + 1)), rows.decided(tx, 10)
    return Page(_with_keys(page.rows), page.next), _with_keys(decided)


def _with_keys(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "key": _key(row["feed"], row["key"])} for row in found]


def hold(app: App, number: int) -> dict[str, Any]:
    """Tell what a hold would change. Raises NotFound."""
    with app.db.read() as tx:
        row = holds.one(tx, number)
    return {**row, "key": _key(row["feed"], row["key"])}


# ── downloads ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def original(app: App, number: int) -> tuple[str, bytes]:
    """Return a file's name and bytes as the ERP sent it. Raises NotFound where it does not lie with us or is too large."""
    with app.db.read() as tx:
        entry = files.one(tx, number)
    path = app.root / str(places.lying(app, number).place)
    if path.stat().st_size > LARGEST_DOWNLOAD or not path.resolve().is_relative_to(app.root.resolve()):
        raise NotFound(f"{entry.name} cannot be downloaded here", remedy=f"it lies in {entry.place}")
    return entry.name.rpartition("/")[2], path.read_bytes()


def errors(app: App, number: int, language: str) -> tuple[str, bytes]:
    """Return the name and content of a file's errors, made for a spreadsheet. Raises NotFound."""
    with app.db.read() as tx:
        entry = files.one(tx, number)
        found = quarantine.of_file(tx, number, MOST_ERRORS)
    content = errors_csv([Rejection(one.line, one.column, one.value, one.reason) for one in found], language)
    return f"{entry.name.rpartition('/')[2]}.errors.csv", content

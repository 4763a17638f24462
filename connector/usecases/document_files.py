"""One file of documents: read, taken in one transaction with its line in the ledger, then moved out of the source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from connector.app import App
from connector.erp.intake import Taken
from connector.errors import FileRefused
from connector.feeds import FEEDS, Rejection
from connector.storage import files
from connector.storage.files import Entry
from connector.usecases import intake
from connector.usecases.document_rows import Row
from connector.usecases.document_taking import Outcome, take_rows
from connector.usecases.intake import Settled
from connector.usecases.opening import opened
from connector.usecases.report import Report
from connector.usecases.taking import Taking

NAMED = 20
"""Sentences of one file in a report; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file says: rows, rows that could not be read, notes."""

    rows: list[Row]
    rejections: list[Rejection]
    notes: list[str]


def read(app: App, feed: str, path: Path) -> Contents:
    """Read a file of documents whole. Raises FileRefused where it cannot be read at all."""
    contents = Contents([], [], [])
    with opened(app, feed, path) as reading:
        for batch in reading.batches():
            contents.rows.extend((line, dict(zip(FEEDS[feed].fields, values, strict=True))) for line, values in batch.rows)
            contents.rejections.extend(batch.rejections)
        contents.notes.extend(reading.notes)
    return contents


def take_file(app: App, feed: str, taken: Taken, report: Report) -> Settled:
    """Take one file, good documents whatever the bad ones are; a file that cannot be read is refused whole."""
    try:
        contents = read(app, feed, taken.path)
    except FileRefused as error:
        return intake.refuse_whole(app, feed, taken, intake.reason_of(error, taken), report)
    entry = intake.entry_of(feed, taken)
    with app.db.write() as tx:
        number, outcome = _apply(app, tx, entry, contents)
    say(report, entry.name, contents, outcome)
    return Settled(replace(entry, id=number), outcome.refusals)


def try_file(app: App, feed: str, taken: Taken, report: Report) -> None:
    """Do all of it but keep nothing: say what taking the file would do."""
    try:
        contents = read(app, feed, taken.path)
    except FileRefused as error:
        report.failed(f"{taken.file.name} would be refused: {intake.reason_of(error, taken)}", refused_files=1)
        return
    with app.db.write() as tx:
        _, outcome = _apply(app, tx, intake.entry_of(feed, taken), contents)
        tx.rollback()
    say(report, f"{taken.file.name} (dry run)", contents, outcome)


def _apply(app: App, tx: Connection, entry: Entry, contents: Contents) -> tuple[int, Outcome]:
    """Take the documents and write the ledger's line, in one transaction."""
    now, rows = app.now, len(contents.rows) + len(contents.rejections)
    number = files.record(tx, replace(entry, rows_read=rows), now)
    outcome = take_rows(Taking(tx, app, number, entry.modified_at, now), entry.feed, contents.rows, contents.rejections)
    plan = {"taken": len(outcome.news), "known": outcome.known, "refused": len(outcome.refusals), "notes": contents.notes}
    files.record(tx, replace(entry, id=number, rows_read=rows, rows_refused=len(outcome.refusals), plan=plan), now)
    return number, outcome


def say(report: Report, name: str, contents: Contents, outcome: Outcome) -> None:
    """Tell what a file came to: what is new in sentences, what is refused by line, column, value and reason."""
    known = f", {outcome.known} known before" if outcome.known else ""
    notes = f" ({'; '.join(contents.notes)})" if contents.notes else ""
    report.did(f"{name}: {len(outcome.news)} taken{known}{notes}", documents=len(outcome.news), known=outcome.known)
    for sentence in outcome.news[:NAMED]:
        report.did(f"{name}: {sentence}")
    for one in outcome.refusals[:NAMED]:
        where = f", {one.column} {one.value!r}" if one.column else ""
        report.failed(f"{name}, line {one.line}{where}: {one.reason}", refused_rows=1)
    if len(outcome.refusals) > NAMED:
        more = len(outcome.refusals) - NAMED
        report.failed(f"{name}: and {more} more refused rows: connector quarantine list", refused_rows=more)

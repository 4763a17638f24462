"""One file of documents: read, taken part by part with its line in the ledger, then moved out of the source."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from connector.app import App
from connector.erp.intake import Taken
from connector.errors import FileRefused
from connector.feeds import FEEDS, Rejection
from connector.storage import files, repeated
from connector.storage.files import Entry
from connector.usecases import document_work, intake
from connector.usecases.document_rows import Row
from connector.usecases.document_work import Outcome, Work
from connector.usecases.intake import Settled
from connector.usecases.opening import opened
from connector.usecases.report import NOT_LOGGED, Report, of_feed
from connector.usecases.taking import Taking

NAMED = 20
"""Sentences of one file in a report; the rest are counted."""
HOLD_SECONDS = 0.1
REST_SECONDS = 0.1
"""Between two parts: a writer that waits for SQLite's lock looks again after at most a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file says: rows, rows that could not be read, notes."""

    rows: list[Row]
    rejections: list[Rejection]
    notes: list[str]

    @property
    def count(self) -> int:
        return len(self.rows) + len(self.rejections)


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
    entry, outcome = _in_parts(app, intake.entry_of(feed, taken), contents)
    say(report, entry.name, contents, outcome)
    return Settled(entry, outcome.refusals)


def retake(app: App, path: Path, entry: Entry, report: Report) -> str:
    """Take a recorded file's documents once more, under its line in the ledger; returns its state. Raises FileRefused."""
    contents = read(app, entry.feed, path)
    entry = replace(entry, state="applied")
    _, outcome = _in_parts(app, entry, contents)
    say(report, entry.name, contents, outcome)
    return entry.state


def try_file(app: App, feed: str, taken: Taken, report: Report) -> None:
    """Do all of it but keep nothing: say what taking the file would do."""
    try:
        contents = read(app, feed, taken.path)
    except FileRefused as error:
        intake.say_refused(report, f"{of_feed(feed, taken.file.name)} would be refused", intake.reason_of(error, taken))
        return
    outcome = _tried(app, intake.entry_of(feed, taken), contents)
    say(report, f"{taken.file.name} (dry run)", contents, outcome)


@repeated.when_deadlocked
def _in_parts(app: App, entry: Entry, contents: Contents) -> tuple[Entry, Outcome]:
    """Take the documents, in transactions that are short; each notes how far it came, and the last one that the file was taken.

    Returns its line in the ledger as it was recorded. A file that another process left half taken is gone on with where that one stopped.
    """
    entry = replace(entry, rows_read=contents.count)
    with app.db.read() as tx:
        begun = files.unfinished(tx, entry)
    work = document_work.begin(entry.feed, contents.rows, contents.rejections, begun.plan if begun else None)
    number = begun.id if begun else entry.id
    while True:
        with app.db.write() as tx:
            number = files.begin(tx, entry, app.now) if number is None else number
            is_done = _part(app, tx, work, number, entry)
            if is_done:
                entry = _taken(replace(entry, id=number), work.outcome, contents)
                files.record(tx, entry, app.now)
            else:
                files.note_progress(tx, number, document_work.progress_of(work))
        if is_done:
            return entry, work.outcome
        time.sleep(REST_SECONDS)


def _tried(app: App, entry: Entry, contents: Contents) -> Outcome:
    """Take the documents as `_in_parts` does, and roll each part back."""
    work, is_done = document_work.by_order(document_work.begin(entry.feed, contents.rows, contents.rejections)), False
    while not is_done:
        with app.db.write() as tx:
            is_done = _part(app, tx, work, files.begin(tx, entry, app.now), entry)
            tx.rollback()
        time.sleep(0 if is_done else REST_SECONDS)
    return work.outcome


def _part(app: App, tx: Connection, work: Work, number: int, entry: Entry) -> bool:
    end = time.monotonic() + HOLD_SECONDS
    return document_work.go_on(Taking(tx, app, number, entry.modified_at, app.now), work, lambda: time.monotonic() < end)


def _taken(entry: Entry, outcome: Outcome, contents: Contents) -> Entry:
    plan = {"taken": outcome.taken, "known": outcome.known, "refused": len(outcome.refusals), "notes": contents.notes}
    return replace(entry, rows_refused=len(outcome.refusals), plan=plan)


def say(report: Report, name: str, contents: Contents, outcome: Outcome) -> None:
    """Tell what a file came to: what is new in sentences, what is refused by line, column, value and reason."""
    known = f", {outcome.known} known before" if outcome.known else ""
    notes = f" ({'; '.join(contents.notes)})" if contents.notes else ""
    taken = f"{name}: {outcome.taken} taken{known}"
    report.did(f"{taken}{notes}", (taken, ""), documents=outcome.taken, known=outcome.known)
    for sentence in outcome.news[:NAMED]:
        report.did(f"{name}: {sentence}", NOT_LOGGED)  # it quotes the file: an ack's message, a carrier's words
    for one in outcome.refusals[:NAMED]:
        intake.say_refused_row(report, name, one)
    if len(outcome.refusals) > NAMED:
        more = len(outcome.refusals) - NAMED
        report.failed(f"{name}: and {more} more refused rows: connector quarantine list", refused_rows=more)

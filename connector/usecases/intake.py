"""Taking the ERP's files, of whatever feed: which are ready, one file's turn, and where it goes afterwards.

The file leaves the source last, after the commit that made it count; a crash between the two is healed by the next pass, which knows the
file again and only moves it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from connector.app import App
from connector.erp import intake
from connector.erp.intake import Look, Settling, Taken
from connector.erp.store import SourceFile
from connector.errors import ConnectorError, FileChanged, FileRefused, Unreachable
from connector.feeds import Rejection
from connector.formats.errors_csv import errors_csv
from connector.storage import files, quarantine
from connector.storage.files import Entry
from connector.storage.quarantine import Refusal
from connector.usecases.passes import Pass
from connector.usecases.report import Report

log = logging.getLogger(__name__)

Turn = Callable[[str, Taken, Report], None]
"""What a job does with one file of a feed."""


def take_files(app: App, feeds: Sequence[str], turn: Turn, report: Report, how: Pass) -> None:
    """Give every ready file its turn, feed by feed, the oldest first; one file's failure stays with it.

    A source that cannot be reached is a failure in the report.
    """
    for feed in feeds:
        try:
            for file in _ready(app, feed, report, how).ready:
                if how.stop.is_set():
                    return
                _one(app, feed, file, turn, report)
        except Unreachable as error:
            report.failed(str(error), unreachable=True)
            return


def _one(app: App, feed: str, file: SourceFile, turn: Turn, report: Report) -> None:
    try:
        turn(feed, intake.take(app.source, file, app.root / "var" / "work"), report)
    except FileChanged as error:
        report.did(f"{file.name}: {error}")
    except Unreachable:
        raise
    except ConnectorError as error:
        report.failed(f"{file.name}: {error}")
    except Exception:  # one of the four places: a bug in one file's turn stays with that file, which stays in the source
        log.exception("a file's turn met an unexpected error", extra={"feed": feed, "file": file.name})
        report.failed(f"{file.name}: an unexpected error; the log has it, and the file stays where it is")


def _ready(app: App, feed: str, report: Report, how: Pass) -> Settling:
    """Look at the source, and remember what was seen; a pass by hand names what still settles."""
    found = intake.candidates(app.source, app.settings.feeds.of(feed), app.settings.erp.done_marker)
    with app.db.read() as tx:
        before = files.looks_of(tx, feed)
    seen = intake.settled(found, {name: Look(*look) for name, look in before.items()}, app.now, app.settings.erp.settle_seconds)
    after = {name: (look.size, look.modified_at, look.seen_at) for name, look in seen.looks.items()}
    if not how.dry_run and after != before:
        with app.db.write() as tx:
            files.replace_looks(tx, feed, before, after)
    if how.by_hand or how.dry_run:
        for waiting in seen.waiting:
            report.did(f"{waiting.file.name} still settles: it can be taken from {waiting.ready_at:%H:%M:%S} UTC", settling=1)
    return seen


# ── one file ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def entry_of(feed: str, taken: Taken, state: str = "applied") -> Entry:
    """Return the ledger's line of a file that was taken, not yet recorded."""
    return Entry(feed, taken.file.name, taken.file.size, taken.file.modified_at, taken.sha256, state)


def was_settled(app: App, feed: str, taken: Taken) -> bool:
    """Tell whether a crash came after this very file's commit and before it left the source; it is moved then."""
    with app.db.read() as tx:
        entry = files.not_moved(tx, taken.file.name, taken.file.size, taken.file.modified_at, taken.sha256)
        refusals = quarantine.of_file(tx, entry.id) if entry is not None and entry.id is not None else []
    if entry is None or entry.feed != feed:
        return False
    put_away(app, taken, entry, refusals)
    return True


def reason_of(error: FileRefused, taken: Taken) -> str:
    """Say why a file cannot be read, without the name of our working copy: the sentence begins with the file's own."""
    return str(error).removeprefix(f"{taken.path.name}: ")


def refuse_whole(app: App, feed: str, taken: Taken, reason: str, report: Report) -> None:
    """Refuse a file that cannot be read at all: it goes to rejected/, with the reason beside it."""
    entry, refusal = entry_of(feed, taken, "refused"), Refusal(1, "", "", reason)
    with app.db.write() as tx:
        number = files.record(tx, replace(entry, plan={"reasons": [reason]}), app.now)
        quarantine.add(tx, number, feed, [refusal], app.now)
    report.failed(f"{entry.name} was refused: {reason}", refused_files=1)
    put_away(app, taken, replace(entry, id=number), [refusal])


def put_away(app: App, taken: Taken, entry: Entry, refusals: Iterable[Refusal]) -> None:
    """Move a recorded file out of the source, last of all, with an errors file where rows were refused; repeating it is harmless."""
    now, found = app.now, [Rejection(one.line, one.column, one.value, one.reason) for one in refusals]
    errors = errors_csv(found)
    if entry.state == "refused":
        place = intake.refuse(app.source, taken, app.root, entry.feed, errors)
    elif entry.state == "held":
        place = intake.hold(app.source, taken, app.root, entry.feed)
    else:
        if found:
            intake.note_errors(taken, app.root, entry.feed, errors)
        place = intake.archive(app.source, taken, app.root, entry.feed, now)
    assert entry.id is not None
    with app.db.write() as tx:
        files.moved(tx, entry.id, place, now)

"""Taking the ERP's files, of whatever feed: which are ready, one file's turn, and where it goes afterwards.

The file leaves the source last, after the commit that made it count; a crash between the two is healed by the next pass, which knows the
file again and only moves it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connector.app import App
from connector.erp import intake
from connector.erp.intake import Look, Settling, Taken
from connector.erp.store import SourceFile
from connector.errors import ConnectorError, DiskShort, ErpPlaceUnusable, FileChanged, Refused, Unreachable
from connector.feeds import Rejection
from connector.formats.errors_csv import errors_csv
from connector.log import bound
from connector.storage import files, quarantine
from connector.storage.files import Entry
from connector.storage.quarantine import Refusal
from connector.usecases import disk, errors_back
from connector.usecases.passes import Pass
from connector.usecases.report import Report, of_feed

log = logging.getLogger(__name__)
FILE_ID = 12
"""So many characters of its SHA-256 name a file in the log; the ledger holds all of them."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a file for one feed: its line in the ledger, recorded but not yet put away, and its refused rows."""

    entry: Entry
    refusals: Sequence[Refusal] = ()


Turn = Callable[[str, Taken, Report], Settled | None]
"""What a job does with one file for one feed; None in a dry run, where nothing is settled."""


def take_files(app: App, feeds: Sequence[str], turn: Turn, report: Report, how: Pass) -> None:
    """Give every ready file its turn, feed by feed, the oldest first; one file's failure stays with it.

    A folder that cannot be used is its feed's failure. A source that cannot be reached, or a disk that is short of room, ends the pass.
    """
    try:
        for feed in feeds:
            _take_feed(app, feed, turn, report, how)
    except DiskShort as error:
        report.failed(str(error), unreachable=True, disk_short=1)
    except Unreachable as error:
        report.failed(str(error), unreachable=True)


def _take_feed(app: App, feed: str, turn: Turn, report: Report, how: Pass) -> None:
    sharing = app.settings.feeds.sharing(feed)
    if not sharing or how.stop.is_set():
        return
    try:
        ready = _ready(app, feed, report, how).ready
    except ErpPlaceUnusable as error:
        _say_unusable(report, feed, error)
        return
    for file in ready:
        if how.stop.is_set():
            return
        if how.dry_run or _has_room(app, file, report):
            _one(app, sharing, file, turn, report)


def _has_room(app: App, file: SourceFile, report: Report) -> bool:
    """Tell whether a file fits on the disks, and say so where it does not. Raises DiskShort where one is short without it."""
    found = disk.places(app)
    disk.refuse_when_short(found)
    if place := disk.without_room(found, file.size):
        large = f"{file.name} has {file.size / disk.MEGABYTE:.1f} MB, for which there is no room in {place.sentence}"
        report.failed(f"{large} (make room, or let the ERP write less into one file; it is taken by itself then)", unusable=1)
    return place is None


def _say_unusable(report: Report, what: str, error: ErpPlaceUnusable) -> None:
    report.failed(f"{what}: {error}", (f"{what}: {error.code}", str(error)), unusable=1)


def _one(app: App, feeds: Sequence[str], file: SourceFile, turn: Turn, report: Report) -> None:
    try:
        take_one(app, feeds, intake.take(app.source, file, app.root / "var" / "work"), turn, report)
    except FileChanged as error:
        report.did(f"{file.name}: {error}", (f"{file.name}: {type(error).code}", ""))
    except ErpPlaceUnusable as error:
        _say_unusable(report, file.name, error)
    except Unreachable:
        raise
    except ConnectorError as error:
        report.failed(f"{file.name}: {error}", (f"{file.name}: {error.code}", str(error)))
    except Exception:  # a bug in one file's turn stays with that file, which stays in the source
        log.exception("a file's turn met an unexpected error", extra={"feed": feeds[0], "file": file.name})
        report.failed(f"{file.name}: an unexpected error; the log has it, and the file stays where it is")


def take_one(app: App, feeds: Sequence[str], taken: Taken, turn: Turn, report: Report) -> None:
    """Give a file its turn for each feed that is read out of it, in a transaction each; it leaves the source when all have settled it.

    A crash between two feeds is healed by the next pass: those that settled it are known, and are not asked again.
    """
    with bound(file=taken.file.name, file_id=taken.sha256[:FILE_ID]):
        found = [_settled_before(app, feed, taken) or turn(feed, taken, report) for feed in feeds]
        settled = [one for one in found if one is not None]
        if settled:
            _put_away(app, taken, settled)
        else:
            taken.path.unlink(missing_ok=True)
        for one in settled:
            facts = {"feed": one.entry.feed, "state": one.entry.state, "rows": one.entry.rows_read, "refused": one.entry.rows_refused}
            log.info("file settled", extra={"action": "file-settled", **facts})


def _ready(app: App, feed: str, report: Report, how: Pass) -> Settling:
    """Look at the source, and remember what was seen; a pass by hand names what still settles."""
    found = intake.candidates(app.source, app.settings.feeds.of(feed), app.settings.erp.done_marker)
    with app.db.read() as tx:
        before = files.looks_of(tx, feed)
    seen = intake.settled(found, {name: Look(*look) for name, look in before.items()}, app.now, app.settings.erp.settle_seconds)
    after = {name: (look.size, look.modified_at, look.seen_at) for name, look in seen.looks.items()}
    if not how.dry_run:
        _note_gone(app, feed, found)
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
    file = taken.file
    return Entry(feed, file.name, file.size, file.modified_at, taken.sha256, state, taken_at=taken.first_at)


def _settled_before(app: App, feed: str, taken: Taken) -> Settled | None:
    """Return what a feed made of this very file before a crash that came before it left the source."""
    with app.db.read() as tx:
        entry = files.not_moved(tx, entry_of(feed, taken))
        if entry is None or entry.id is None:
            return None
        return Settled(entry, quarantine.of_file(tx, entry.id))


def reason_of(error: Refused, taken: Taken) -> str:
    """Say why a file cannot be read, without the name of our working copy: the sentence begins with the file's own."""
    return str(error).removeprefix(f"{taken.path.name}: ")


def refuse_whole(app: App, feed: str, taken: Taken, reason: str, report: Report) -> Settled:
    """Refuse a file that cannot be read at all: it goes to rejected/, with the reason beside it."""
    entry, refusal = entry_of(feed, taken, "refused"), Refusal(1, "", "", reason)
    with app.db.write() as tx:
        number = files.record(tx, replace(entry, plan={"reasons": [reason]}), app.now)
        quarantine.add(tx, number, feed, [refusal], app.now)
    say_refused(report, f"{of_feed(feed, entry.name)} was refused", reason)
    return Settled(replace(entry, id=number), [refusal])


def say_refused(report: Report, what: str, reason: str) -> None:
    """Tell that a whole file is or would be refused; its reason may quote the file."""
    report.failed(f"{what}: {reason}", (what, reason), refused_files=1)


def say_refused_row(report: Report, file: str, one: Refusal) -> None:
    """Name a refused row by file, line, column, value and reason; the log is not told the value."""
    line = f"{file}, line {one.line}"
    where = f", {one.column} {one.value!r}" if one.column else ""
    logged = (f"{line}, {one.column}" if one.column else line, one.reason)
    report.failed(f"{line}{where}: {one.reason}", logged, refused_rows=1)


def _put_away(app: App, taken: Taken, settled: Sequence[Settled]) -> None:
    """Give each feed's file its place, and take it out of the source, last of all; repeating it is harmless, also on another day."""
    last, numbers = len(settled) - 1, [files.number_of(one.entry) for one in settled]
    with app.db.read() as tx:
        taken_at = files.taken_at(tx, numbers[last])
    places = [_placed(app, taken if at == last else intake.twin(taken, at), one, taken_at) for at, one in enumerate(settled)]
    lines = list(zip(numbers, places, strict=True))
    with app.db.write() as tx:  # before it leaves: once gone, nothing would lead to its line any more
        for number, place in lines:
            files.lies(tx, number, place)
    intake.leave(app.source, taken.file)
    with app.db.write() as tx:
        files.left(tx, numbers, app.now)


def _note_gone(app: App, feed: str, there: Sequence[SourceFile]) -> None:
    """Note of files put away before a crash that they are gone from the source: no pass will meet them again."""
    known = {(file.name, file.size, file.modified_at) for file in there}
    with app.db.read() as tx:
        gone = [entry for entry in files.still_to_leave(tx, feed) if (entry.name, entry.size, entry.modified_at) not in known]
    if gone:
        with app.db.write() as tx:
            files.left(tx, [files.number_of(entry) for entry in gone], app.now)


def _placed(app: App, taken: Taken, settled: Settled, taken_at: datetime) -> str:
    """Move a file's copy where it belongs, with an errors file where rows were refused."""
    entry = settled.entry
    found = [Rejection(one.line, one.column, one.value, one.reason) for one in settled.refusals]
    errors = errors_csv(found, app.settings.erp.language)
    if found and entry.state != "held":
        errors_back.ask(app, entry, errors)
    if entry.state == "refused":
        return intake.refuse(taken, app.root, entry.feed, errors)
    if entry.state == "held":
        return intake.hold(taken, app.root, entry.feed)
    if found:
        intake.note_errors(taken, app.root, entry.feed, errors)
    return intake.archive(taken, app.root, entry.feed, taken_at)

"""The alarms: what is on now, found from what the database knows; and those raised and over since the last look, for the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from connector.app import App
from connector.domain import alarms as rules
from connector.domain.alarms import Alarm, Expectation
from connector.domain.expecting import hours, span
from connector.domain.keeping_back import Freshness
from connector.errors import Unreachable
from connector.settings import FeedsSettings
from connector.storage import alarms as store
from connector.storage import findings, runs
from connector.storage.findings import Finding
from connector.usecases import left, schedules, stock_terms, upkeep_alarms
from connector.usecases.report import for_the_log

REJECTION_LASTS = timedelta(days=1)
"""The order is cancelled already; a person is told for so long."""
MINUTES = 30
WRITTEN_WITHIN = timedelta(minutes=MINUTES)
"""After the first pass that was due: some are made once an hour."""
SIZES_OF = 5 * (rules.USUAL_FILES + 1)
"""So many files back, sizes are compared: freight comes as several files, each compared with its own name's."""

REFRESH, EXPORT = "refresh-snapshot", "export-orders"
UNREACHABLE = Unreachable.exit_status
QUOTING = ("blocked", "erp-unreachable")
"""The alarms whose sentences end with a reason that may be somebody else's words."""

log = logging.getLogger("connector.alarms")


@dataclass(frozen=True, slots=True)
class Changes:
    raised: tuple[Alarm, ...]
    over: tuple[Alarm, ...]


def current(tx: Connection, app: App) -> list[Alarm]:
    """Return what is on now, the oldest first; what was raised before keeps its beginning."""
    before = store.raised(tx)
    found = [_begun(alarm, before.get((alarm.name, alarm.subject))) for alarm in _found(tx, app)]
    return sorted(found, key=lambda alarm: (alarm.since, alarm.name, alarm.subject))


def watch(app: App) -> Changes:
    """Look, keep what is on, and log each alarm once when it is raised and once when it is over."""
    with app.db.read() as tx:
        if not store.raised(tx) and not any(_found(tx, app)):
            return Changes((), ())
    with app.db.write() as tx:
        before, now_on = store.raised(tx), current(tx, app)
        keys = {(alarm.name, alarm.subject) for alarm in now_on}
        over = {key: alarm for key, alarm in before.items() if key not in keys}
        store.remove(tx, over.keys())
        store.put(tx, now_on, app.now)
    changes = Changes(tuple(a for a in now_on if (a.name, a.subject) not in before), tuple(over.values()))
    _log(changes)
    return changes


def _log(changes: Changes) -> None:
    for alarm in changes.raised:
        sentence = f"alarm: {_logged(alarm)} -> {alarm.remedy}"
        log.warning(sentence, extra=_keys(alarm))
    for alarm in changes.over:
        sentence = f"alarm over: {_logged(alarm)}"
        log.info(sentence, extra=_keys(alarm))


def _logged(alarm: Alarm) -> str:
    """Leave out what a marketplace or a file wrote."""
    begins, _, reason = alarm.sentence.partition(": ")
    return for_the_log((begins, reason)) if alarm.name in QUOTING else alarm.sentence


def _keys(alarm: Alarm) -> dict[str, str]:
    return {"alarm": alarm.name, "subject": alarm.subject, "since": alarm.since.isoformat()}


def _begun(alarm: Alarm, before: Alarm | None) -> Alarm:
    return alarm if before is None else replace(alarm, since=before.since)


# ── what is looked at ───────────────────────────────────────────────────────────────────────────────────────────────────
def _found(tx: Connection, app: App) -> Iterator[Alarm]:
    for feed in FeedsSettings.model_fields:
        yield from _of_feed(tx, app, feed)
    yield from _old_stock(tx, app)
    yield from _waiting(tx)
    yield from _blocked(tx, app)
    for one in left.behind(tx, app):
        yield _alarm("blocked", one, left.in_words(one), left.REMEDY)
    yield from _unreachable(tx)
    yield from _orders(tx, app)
    yield from _not_written(tx, app)
    yield from upkeep_alarms.found(app)


def _of_feed(tx: Connection, app: App, feed: str) -> Iterator[Alarm]:
    settings = app.settings.feeds.of(feed)
    expected = Expectation(span(settings.expected_every), hours(settings.expected_between), settings.alarm_below)
    if expected.every is not None:
        zone = ZoneInfo(app.settings.schedule.timezone)
        yield from rules.lateness(feed, findings.last_arrival(tx, feed), expected, zone, app.now)
    if settings.mode == "full":
        for name, arrivals in findings.arrivals(tx, feed, SIZES_OF).items():
            yield from rules.size(name or feed, arrivals, expected.least_share)


def _old_stock(tx: Connection, app: App) -> Iterator[Alarm]:
    old, limits = stock_terms.age(tx, app), app.stock_terms
    remedy = "let the ERP send a stock file; the marketplaces are told when it is fresh again"
    match limits.freshness(old):
        case Freshness.STALE if old is not None and limits.stale_after is not None:
            kept = app.settings.feeds.stock.stale_buffer
            sentence = f"stock: the last file is {rules.written(old)} old; {kept} of each SKU is kept back ({_limit('stale_after', app)})"
            yield Alarm("stock-stale", "stock", app.now - old + limits.stale_after, 1, sentence, remedy)
        case Freshness.UNAVAILABLE if old is not None and limits.unavailable_after is not None:
            sentence = f"stock: the last file is {rules.written(old)} old; nothing is offered ({_limit('unavailable_after', app)})"
            yield Alarm("stock-unavailable", "stock", app.now - old + limits.unavailable_after, 1, sentence, remedy)


def _limit(name: str, app: App) -> str:
    return f"{name} = {getattr(app.settings.feeds.stock, name)}"


def _waiting(tx: Connection) -> Iterator[Alarm]:
    for one in findings.held(tx):
        sentence = f"{one.subject}: {_many(one.count, 'file or row waits', 'files and rows wait')} for a yes or a no"
        yield _alarm("held", one, sentence, "connector held list")
    for one in findings.quarantined(tx):
        yield _alarm("quarantined", one, f"{one.subject}: {_refused(one)}, not mended yet", _mending(one))
    for one in findings.dead_letters(tx):
        sentence = f"{one.subject}: {_many(one.count, 'message was', 'messages were')} given up"
        yield _alarm("dead-letters", one, sentence, "connector dead-letters list, then replay or discard")


def _refused(one: Finding) -> str:
    rows, whole = _many(one.count - one.files, "refused row", "refused rows"), _many(one.files, "file refused whole", "files refused whole")
    return " and ".join([*([rows] if one.count > one.files else []), *([whole] if one.files else [])])


def _mending(one: Finding) -> str:
    """Say what mends it: nothing of a file refused whole was taken, so a good row alone brings back nothing of it."""
    row = "a good row in the next export mends a row"
    whole = "let the ERP mend a file refused whole and send it again, or mend the settings, then: connector quarantine retry ID"
    return "; ".join(["connector quarantine list", *([row] if one.count > one.files else []), *([whole] if one.files else [])])


def _blocked(tx: Connection, app: App) -> Iterator[Alarm]:
    for account, (reason, needs_a_person) in findings.blocked(tx, [m.account for m in app.marketplaces]).items():
        wait = "mend that, then: connector run notify-marketplaces" if needs_a_person else "it is tried again by itself; connector status"
        yield Alarm("blocked", account, app.now, 1, f"{account} takes nothing: {reason}", wait)


def _unreachable(tx: Connection) -> Iterator[Alarm]:
    """Yield the ERP's folders that the last pass over them could not reach, or not use in full; a disk that is short has its own alarm."""
    last = runs.last(tx, ended=True)  # one that is under way knows nothing yet
    for job, subject in ((REFRESH, "source"), (EXPORT, "target")):
        run = last.get(job)
        failures, counts = _said(run)
        if run and run["exit_status"] == UNREACHABLE and failures and not counts.get("disk_short"):
            remedy = f"connector check says what is amiss; mend that, then: connector run {job}"
            yield Alarm("erp-unreachable", subject, run["ended_at"], 1, f"the ERP's {subject} cannot be reached: {failures[0]}", remedy)
        elif run and (number := counts.get("unusable", 0)):
            sentence = f"of the ERP's {subject} {_many(number, 'file or folder', 'files or folders')} cannot be used; the others are taken"
            yield Alarm("erp-unreachable", subject, run["ended_at"], number, sentence, f"connector run {job} names each with its remedy")


def _is_unreachable(run: Mapping[str, Any] | None) -> bool:
    return run is not None and run["exit_status"] == UNREACHABLE


def _said(run: Mapping[str, Any] | None) -> tuple[list[str], Mapping[str, int]]:
    """Return the failures and counts of a pass."""
    report = (run["report"] if run else None) or {}
    return report.get("failures") or [], report.get("counts") or {}


def _orders(tx: Connection, app: App) -> Iterator[Alarm]:
    rejected = findings.rejected_by_erp(tx, app.now - REJECTION_LASTS)
    if rejected is not None:
        sentence = f"the ERP rejected {_many(rejected.count, 'order', 'orders')} within a day: {_named(rejected)}"
        yield _alarm("rejected-by-erp", rejected, sentence, "connector orders show ID tells why; the order is cancelled at the marketplace")
    lying = findings.not_picked_up(tx) if app.settings.orders.pickup_minutes else None
    if lying is not None:
        minutes = app.settings.orders.pickup_minutes
        sentence = f"the ERP has not taken {_many(lying.count, 'file', 'files')} within {minutes} minutes: {_named(lying)}"
        yield _alarm("not-picked-up", lying, sentence, "does the ERP's import run, and does it read [erp] target?")


def _not_written(tx: Connection, app: App) -> Iterator[Alarm]:
    """Yield the files for the ERP that no pass writes; a target that cannot be reached has its own alarm."""
    found = findings.not_written(tx, app.now - WRITTEN_WITHIN)
    if found is None or _is_unreachable(runs.last(tx, ended=True).get(EXPORT)):
        return
    since = schedules.first_pass(app.settings, EXPORT, found.since) + WRITTEN_WITHIN
    if app.now > since:
        waits = _many(found.count, "file for the ERP has", "files for the ERP have")
        sentence = f"{waits} waited for more than {MINUTES} minutes to be written: {_named(found)}"
        remedy = "does the daemon run, and is export-orders paused in the console? By hand: connector run export-orders"
        yield Alarm("not-written", found.subject, since, found.count, sentence, remedy)


def _alarm(name: str, found: Finding, sentence: str, remedy: str) -> Alarm:
    return Alarm(name, found.subject, found.since, found.count, sentence, remedy)


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _named(found: Finding) -> str:
    more = found.count - len(found.names)
    return ", ".join(found.names) + (f" and {more} more" if more > 0 else "")

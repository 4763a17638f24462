"""Refresh the snapshot: the turn of each catalogue file, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from connector.app import App
from connector.domain.guards import Apply, Hold, Plan, Refuse, Verdict
from connector.domain.keys import shown
from connector.erp.intake import Taken
from connector.errors import FileRefused, TooLong
from connector.feeds import CATALOG_FEEDS
from connector.storage import applying, files, repeated
from connector.storage.files import Entry
from connector.storage.price_holds import Held
from connector.storage.quarantine import Refusal
from connector.usecases import imports, intake, newcomers, places, strays
from connector.usecases.intake import Settled
from connector.usecases.passes import Pass
from connector.usecases.report import Report, of_feed

AHEAD = timedelta(minutes=5)
NAMED = 20
"""Rows that a report names one by one; the rest are counted."""


def refresh(app: App, how: Pass, report: Report) -> None:
    """Take every ready file of the catalogue's feeds, the oldest first; in a dry run say what would change."""

    def turn(feed: str, taken: Taken, report: Report) -> Settled | None:
        return (_try if how.dry_run else take)(app, feed, taken, report)

    if not how.dry_run:
        newcomers.note(app)
        _bring_home(app)
    intake.take_files(app, CATALOG_FEEDS, turn, report, how)
    if (how.by_hand or how.dry_run) and not (report.lines or report.failures):
        _tell_strays(app, report)
    if not how.dry_run:
        places.tidy(app)


def _bring_home(app: App) -> None:
    """Finish what a pass that was killed had shown."""
    with app.db.connection() as connection:
        for feed in CATALOG_FEEDS:
            imports.bring_home(app, connection, feed)


def _tell_strays(app: App, report: Report) -> None:
    """To whoever put a file there and sees nothing done, say why."""
    if left := strays.strays(app):
        report.did(f"nothing to do; in {app.source.url} {strays.found(left)} ({strays.remedy(left)})")


def take(app: App, feed: str, taken: Taken, report: Report) -> Settled:
    """Settle one file for one feed: apply, hold, refuse or lay it aside."""
    _tell_of_a_wrong_clock(app, feed, taken, report)
    if older := _superseded_by(app, feed, taken):
        return _put_aside(app, feed, taken, older, report)
    if _is_the_last_one_again(app, feed, taken):
        return _renew(app, feed, taken, report)
    return _import(app, feed, taken, report)


def _try(app: App, feed: str, taken: Taken, report: Report) -> None:
    """Make the same plan and keep nothing of it."""
    try:
        if older := _superseded_by(app, feed, taken):
            report.did(f"{of_feed(feed, taken.file.name)}: would be superseded, it is older than {older.name}", superseded=1)
            return
        if _is_the_last_one_again(app, feed, taken):
            report.did(f"{of_feed(feed, taken.file.name)}: the file applied last, sent again; nothing would be changed", unchanged=1)
            last = _last(app, feed, taken)
            _name_discarded(report, of_feed(feed, taken.file.name), last.plan.get("discarded", ()) if last else ())
            return
        with imports.drafted(app, feed, taken.path, taken.file.name, behind=intake.entry_of(feed, taken)) as draft:
            say(report, draft.plan, draft.verdict, draft.refusals(), draft.planned.held.all, dry_run=True)
    except FileRefused as error:
        intake.say_refused(report, f"{of_feed(feed, taken.file.name)} would be refused", intake.reason_of(error, taken))


def _import(app: App, feed: str, taken: Taken, report: Report) -> Settled:
    try:
        draft, entry, refusals = imports.import_file(app, taken.path, intake.entry_of(feed, taken))
    except (FileRefused, TooLong) as error:
        return intake.refuse_whole(app, feed, taken, intake.reason_of(error, taken), report)
    say(report, draft.plan, draft.verdict, refusals, draft.planned.held.all)
    return Settled(entry, refusals)


# ── files that change nothing ───────────────────────────────────────────────────────────────────────────────────────────
def _tell_of_a_wrong_clock(app: App, feed: str, taken: Taken, report: Report) -> None:
    """Say that a file is dated ahead: by its own time it would shut out every export until then."""
    ahead = taken.file.modified_at - app.now
    if ahead > AHEAD:
        found = f"{of_feed(feed, taken.file.name)}: its time, {taken.file.modified_at:%Y-%m-%d %H:%M} UTC, is still to come"
        report.did(f"{found}; it counts as of now (compare the ERP's clock with this machine's)")


def _superseded_by(app: App, feed: str, taken: Taken) -> Entry | None:
    """Return the newer full export that was applied before this one came, where there is one."""
    return newer_than(app, intake.entry_of(feed, taken))


def newer_than(app: App, entry: Entry) -> Entry | None:
    """Return the last applied full export of a file's feed where a newer one than this file was applied."""
    with app.db.read() as tx:
        if app.settings.feeds.of(entry.feed).mode == "delta":
            return files.newer_full(tx, entry, app.now)
        is_outdated = files.is_outdated(tx, entry, app.now)
        last = files.last_applied(tx, entry.feed, entry.of_its_own)
    return last if is_outdated and (last is None or last.sha256 != entry.sha256) else None


def _is_the_last_one_again(app: App, feed: str, taken: Taken) -> bool:
    """Tell whether reading the file would change and say nothing: its bad or held rows would be named again, another layout
    reads anew, and what was passed over in it may have become the newest.
    """
    last = _last(app, feed, taken)
    if last is None or last.sha256 != taken.sha256 or last.rows_refused or last.plan.get("held") or last.plan.get("passed_over"):
        return False
    return bool(last.plan.get("read_with") == imports.read_with(app, feed))


def _last(app: App, feed: str, taken: Taken) -> Entry | None:
    with app.db.read() as tx:
        return files.last_applied(tx, feed, intake.entry_of(feed, taken).of_its_own)


def _put_aside(app: App, feed: str, taken: Taken, newer: Entry, report: Report) -> Settled:
    entry = intake.entry_of(feed, taken, "superseded")
    with app.db.write() as tx:
        number = files.record(tx, replace(entry, plan={"notes": [f"older than {newer.name}, which was applied before"]}), app.now)
    report.did(f"{of_feed(feed, entry.name)}: superseded, it is older than {newer.name}; nothing was changed", superseded=1)
    return Settled(replace(entry, id=number))


def _renew(app: App, feed: str, taken: Taken, report: Report) -> Settled:
    """The file applied last, under whatever name: it changes no value, but says that they still hold."""
    last = _last(app, feed, taken)
    entry = _renewed(app, feed, replace(intake.entry_of(feed, taken), rows_read=last.rows_read if last else 0))
    report.did(f"{of_feed(feed, entry.name)}: the file applied last, sent again; nothing was changed", unchanged=1)
    _name_discarded(report, of_feed(feed, entry.name), entry.plan.get("discarded", ()))
    return Settled(entry)


@repeated.when_deadlocked
def _renewed(app: App, feed: str, entry: Entry) -> Entry:
    with app.db.write() as tx:
        last = files.last_applied(tx, feed, entry.of_its_own)
        kept: dict[str, Any] = {name: last.plan[name] for name in ("basis", "discarded") if last is not None and name in last.plan}
        mode = app.settings.feeds.of(feed).mode
        plan = {"notes": ["the file applied last, sent again"], "mode": mode, "read_with": imports.read_with(app, feed), **kept}
        return applying.renew(tx, app.marketplaces, replace(entry, plan=plan), mode, app.now)


# ── what is said ────────────────────────────────────────────────────────────────────────────────────────────────────────
def say(report: Report, plan: Plan, verdict: Verdict, refusals: list[Refusal], held: tuple[Held, ...], *, dry_run: bool = False) -> None:
    """Tell what became, or would become, of a file: its plan in a sentence, and by name what is refused or held."""
    would, file = "would be " if dry_run else "", of_feed(plan.feed, plan.name)
    match verdict:
        case Apply():
            said, notes = _sentence(plan), f" ({'; '.join(plan.notes)})" if plan.notes else ""
            report.did(f"{said}{notes}", (said, ""), added=plan.added, changed=plan.changed, removed=plan.removed)
        case Hold(reasons):
            for reason in reasons:
                report.failed(f"{file} {would or 'is '}held: {reason.sentence}{_approve(dry_run=dry_run)}", held_files=1)
            return
        case Refuse(reasons):
            for reason in reasons:
                report.failed(f"{file} {would or 'was '}refused: {reason.sentence}", refused_files=1)
            held = ()  # nothing of a refused file waits for a yes
    _name_refusals(report, plan, refusals)
    _name_discarded(report, file, plan.discarded if isinstance(verdict, Apply) else ())
    for one in held[:NAMED]:
        report.failed(f"{file}, {shown(one.key, 3)}: held: {one.reason.sentence}{_approve(dry_run=dry_run)}", held_rows=1)
    if len(held) > NAMED:
        report.failed(f"{file}: and {len(held) - NAMED} more held rows", held_rows=len(held) - NAMED)


def _approve(*, dry_run: bool) -> str:
    return "" if dry_run else " (connector held list)"


def _sentence(plan: Plan) -> str:
    fields = ", ".join(f"{name.removesuffix('_cents')} {count}" for name, count in plan.changed_by_field.items())
    changed = f"{plan.changed} changed" + (f" ({fields})" if fields else "")
    bad = f", {plan.refused} refused" if plan.refused else ""
    return f"{of_feed(plan.feed, plan.name)}: {plan.added} added, {changed}, {plan.removed} removed{bad}"


def _name_discarded(report: Report, file: str, discarded: Iterable[str]) -> None:
    """Tell what a person said no to and the ERP says again: no failure, for it is decided."""
    for sentence in discarded:
        report.did(f"{file}, {sentence}", (f"{file}: a price that was discarded came again", ""))


def _name_refusals(report: Report, plan: Plan, refusals: list[Refusal]) -> None:
    file = of_feed(plan.feed, plan.name)
    for one in refusals[:NAMED]:
        intake.say_refused_row(report, file, one)
    if len(refusals) > NAMED:
        report.failed(
            f"{file}: and {len(refusals) - NAMED} more refused rows (connector quarantine list)",
            refused_rows=len(refusals) - NAMED,
        )

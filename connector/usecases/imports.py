"""Imports: from a catalogue file to the snapshot. The same plan for `run`, `--dry-run` and `preview`; only `run` applies it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

import connector
from connector.app import App
from connector.domain.guards import Apply, Hold, Limits, Plan, Reason, Refuse, Verdict, judge
from connector.domain.keys import shown
from connector.errors import UsageError, guessed
from connector.feeds import CATALOG_FEEDS, FEEDS
from connector.settings import PricesFeedSettings, StockFeedSettings
from connector.storage import applying, files, generations, owners, quarantine, repeated, repeats, snapshots
from connector.storage.database import reading, writing
from connector.storage.files import Entry
from connector.storage.quarantine import Refusal
from connector.storage.snapshots import Planned
from connector.storage.staging import Stage, load, staging
from connector.usecases import comparing, cut_short, unknown_accounts, unreached, upkeep
from connector.usecases.comparing import Read
from connector.usecases.opening import layout_of, opened
from connector.usecases.passing_over import Passed, pass_over

SHOWN = 100
"""Refused rows that a preview names; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A file read, staged and planned, and what the guards say of it; nothing has changed yet."""

    connection: Connection
    planned: Planned
    verdict: Verdict
    read: Read
    passed_over: int = 0

    @property
    def plan(self) -> Plan:
        return self.planned.plan

    def refusals(self) -> list[Refusal]:
        """Return the file's bad rows in the order of their lines."""
        with reading(self.connection):
            return list(quarantine.errors(self.connection, self.planned.stage))


@contextmanager
def drafted(
    app: App, feed: str, path: Path, name: str, waived: Collection[str] = (), *, all_of_it: bool = False, behind: Entry | None = None
) -> Iterator[Draft]:
    """Read, stage and plan a file; `name` is its path below the source, `waived` the guards that a person has overruled.

    With `all_of_it` every row is compared with the snapshot, though the file applied last may tell most of them. `behind` is the file's
    line, where newer files than that go before it: of a delta what they have named is passed over.

    Raises FileRefused where it cannot be read at all.
    """
    limits = limits_of(app, feed)
    with (
        app.db.connection() as connection,
        staging(connection, feed, FEEDS[feed].fields, name if feed == "freight" else "") as stage,
    ):
        read = (None if all_of_it else _differences(app, connection, stage, path)) or _everything(app, connection, stage, path)
        passed = Passed() if behind is None else pass_over(app, connection, stage, behind)
        accepted, refused = repeats.counts(connection, stage) if read.version is None else (read.rows, 0)
        told = (*unknown_accounts.notes(app, connection, stage), *unreached.notes(app, connection, stage))
        notes = (*read.notes, *cut_short.notes(app, connection, feed, path), *passed.notes, *told)
        mode = app.settings.feeds.of(feed).mode
        plan = Plan(feed, name, mode, rows_read=read.rows, accepted=accepted, refused=refused, notes=notes)
        asked, is_whole = unknown_accounts.asked_of(app), read.version is None
        planned = snapshots.plan(connection, stage, plan, limits, app.now, asked=asked, is_whole=is_whole)
        if passed.newer:
            planned = _healing_none_of(connection, planned, passed.newer)
        yield Draft(connection, planned, judge(planned.plan, limits, waived), read, passed.rows)


def _healing_none_of(connection: Connection, planned: Planned, newer: Sequence[Entry]) -> Planned:
    """Leave refused rows of newer files open: a good row that is older says nothing in their place."""
    with reading(connection):
        theirs = quarantine.open_in(connection, planned.stage.feed, [files.number_of(one) for one in newer])
    return replace(planned, healed=tuple(number for number in planned.healed if number not in theirs))


def _differences(app: App, connection: Connection, stage: Stage, path: Path) -> Read | None:
    """Stage what differs from the file applied last; None where everything must be read."""
    if app.settings.feeds.of(stage.feed).mode != "full" or app.settings.feeds.of(stage.feed).trailer or stage.file:
        return None
    with reading(connection):
        last = files.last_applied(connection, stage.feed)
    basis = comparing.basis_of(app, last, read_with(app, stage.feed))
    return comparing.stage_differences(app, connection, stage, path, basis) if basis else None


def _everything(app: App, connection: Connection, stage: Stage, path: Path) -> Read:
    with opened(app, stage.feed, path) as found:
        load(connection, stage, found.batches())
        repeats.sift(connection, stage)
        return Read(found.rows_read, tuple(found.notes), found.mark, found.proofs() if found.mark else frozenset(), found.spans)


def limits_of(app: App, feed: str) -> Limits:
    """Return the limits that a feed's settings name."""
    settings = app.settings.feeds.of(feed)
    return Limits(
        settings.max_removed,
        settings.max_rejected,
        max_zeroed=settings.max_zeroed if isinstance(settings, StockFeedSettings) else None,
        max_price_change=settings.max_price_change if isinstance(settings, PricesFeedSettings) else None,
    )


def read_with(app: App, feed: str) -> str:
    """Return a mark of all that decides what the bytes of a feed's file say, besides the bytes: settings, layout, program."""
    settings = app.settings.feeds.of(feed)
    parts = (connector.__version__, settings, layout_of(app, feed), app.settings.schedule.timezone)
    return sha256(repr(parts).encode()).hexdigest()[:16]


def settle(app: App, draft: Draft, entry: Entry, approved_by: str = "") -> Entry | None:
    """Write what became of a file in one transaction, with all that follows from it; returns its line in the ledger.

    A large change is laid down before that, and brought home after it (storage/generations.py).

    `approved_by` names who said yes to a file that was held.

    None where the snapshot changed since the plan was made (a person approved something meanwhile): plan again.
    """
    if draft.planned.version == snapshots.NEVER or draft.read.version not in (None, draft.planned.version):
        return None
    verdict, now = draft.verdict, app.now
    refused = draft.plan.refused
    entry = replace(
        entry,
        rows_read=draft.plan.rows_read,
        rows_refused=refused,
        plan={**described(draft.plan, verdict), "read_with": read_with(app, entry.feed), **_marks(draft, entry), **_basis(app, draft)},
    )
    if isinstance(verdict, Apply):
        return _apply(app, draft, replace(entry, state="applied"), approved_by)
    with writing(draft.connection) as tx:
        match verdict:
            case Hold(reasons):
                return applying.hold(tx, replace(entry, state="held"), reasons, draft.plan.mode, now)
            case Refuse():
                return applying.refuse(tx, draft.planned.stage, replace(entry, state="refused"), now)


def _apply(app: App, draft: Draft, entry: Entry, approved_by: str) -> Entry | None:
    planned, feed = draft.planned, entry.feed
    is_large = generations.is_large(draft.plan) and generations.fits(draft.connection, planned.stage)
    generation = generations.lay_down(draft.connection, planned.stage) if is_large else None
    settled = _applied(app, draft, entry, approved_by, generation)
    if settled is not None:
        bring_home(app, draft.connection, feed)
    return settled


@repeated.when_deadlocked
def _applied(app: App, draft: Draft, entry: Entry, approved_by: str, generation: int | None) -> Entry | None:
    planned, feed = draft.planned, entry.feed
    with writing(draft.connection) as tx:
        is_whole = generation is None or generations.is_newest(tx, feed, generation)
        if not (is_whole and snapshots.advance(tx, feed, planned.version)):
            return None
        if approved_by:
            applying.approve(tx, entry, approved_by, app.now)
        return applying.apply(tx, app.marketplaces, planned, entry, app.now, generation=generation)


@repeated.when_deadlocked
def bring_home(app: App, connection: Connection, feed: str) -> None:
    """Put what an import showed of a feed, and did not come to bring home, into the snapshot."""
    for _part in generations.bring_home(connection, feed, app.marketplaces, app.now):
        upkeep.checkpoint(app, over_bytes=upkeep.LARGE_WAL_BYTES, wait_seconds=0)  # else the log takes as much room as all parts


def _marks(draft: Draft, entry: Entry) -> dict[str, Any]:
    """Note how much of a file was passed over (sent again, and so the newest, it is news), and whether nothing was to be."""
    found = {"passed_over": draft.passed_over, "forced": bool(entry.plan.get("forced"))}
    return {name: value for name, value in found.items() if value}


def _basis(app: App, draft: Draft) -> dict[str, Any]:
    """Say what the feed's next file can be compared with this one by, where the snapshot will say what this one does, to the row."""
    plan, held = draft.plan, draft.planned.held
    is_clean = plan.mode == "full" and plan.accepted == plan.rows_read and not plan.refused and not held.all and not held.quiet
    is_clean = is_clean and not draft.read.spans
    if not is_clean or draft.planned.stage.file:
        return {}
    return {"basis": comparing.noted(draft.read, draft.planned.version + 1, read_with(app, plan.feed))}


def preview(app: App, path: Path, feed: str) -> dict[str, Any]:
    """Say what importing a file would change, and change nothing. Raises Misuse, FileRefused."""
    if feed not in CATALOG_FEEDS:
        raise UsageError(f"no feed {feed!r} can be previewed", remedy=guessed(feed, CATALOG_FEEDS, f"one of {', '.join(CATALOG_FEEDS)}"))
    owners.refuse_named(path)
    if not path.is_file():
        raise UsageError(f"{path} is not there, or is no file")
    name = f"{feed}/{path.name}"
    with drafted(app, feed, path, name) as draft:
        refusals = draft.refusals()
        rejected = [{"line": r.line, "column": r.column, "value": r.value, "reason": r.reason} for r in refusals[:SHOWN]]
        held = [{"key": shown(one.key, 3), **one.row, "reason": one.reason.sentence} for one in draft.planned.held.all]
        return {**described(draft.plan, draft.verdict), "rejected": rejected, "held_rows": held}


def described(plan: Plan, verdict: Verdict) -> dict[str, Any]:
    """Return a plan and its verdict as what JSON knows."""
    reasons: tuple[Reason, ...] = verdict.reasons if isinstance(verdict, Hold | Refuse) else ()
    words = {Apply: "apply", Hold: "hold", Refuse: "refuse"}
    return {
        **asdict(plan),
        "notes": list(plan.notes),
        "discarded": list(plan.discarded),
        "verdict": words[type(verdict)],
        "reasons": [reason.sentence for reason in reasons],
    }


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's yes: who said it, and to which guards."""

    by: str
    guards: frozenset[str]


def import_file(
    app: App, path: Path, entry: Entry, approval: Approval | None = None, *, all_of_it: bool = False
) -> tuple[Draft, Entry, list[Refusal]]:
    """Plan and settle a file, anew where somebody came between plan and commit; returns what it came to. `all_of_it` as `drafted` has it.

    What newer files have named is passed over in a delta, unless its line's plan says that it is forced. Raises FileRefused where it
    cannot be read at all.
    """
    waived, behind = approval.guards if approval else (), None if entry.plan.get("forced") else entry
    while True:
        with app.db.connection() as connection:
            bring_home(app, connection, entry.feed)
        with drafted(app, entry.feed, path, entry.name, waived, all_of_it=all_of_it, behind=behind) as draft:
            settled = settle(app, draft, entry, approval.by if approval else "")
            if settled is not None:
                return draft, settled, draft.refusals()

"""Is everything flowing? The four ways that data goes, each with its last success, what waits, what is held and what failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain.alarms import Alarm
from connector.domain.messages import CATALOG_KINDS, DOCUMENT_KINDS, ERP, FILE_KINDS, TELLING_KINDS
from connector.domain.orders import OPEN_STATES
from connector.domain.schedule import Every, parse
from connector.feeds import CATALOG_FEEDS, DOCUMENT_FEEDS
from connector.storage import counts, hourly, runs
from connector.storage.views import flow as rows
from connector.usecases import alarms, job_switches

HOURS = 24
LATE_TIMES = 4
"""A job that has not ended well for so many of its intervals is late."""
LEAST_LATE = timedelta(minutes=5)
BAD = frozenset(
    {
        "late",
        "empty",
        "blocked",
        "rejected-by-erp",
        "not-picked-up",
        "not-written",
        "stock-unavailable",
        "unreachable",
        "erp-unreachable",
        "disk-short",
    }
)
"""Alarms that stop something; others wait for a person and stop nothing else."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of data: `state` is good, warn or bad; `why` names what it is for, as words that the console knows."""

    name: str
    job: str
    last: datetime | None
    waiting: int
    held: int
    failed: int
    state: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """`curves` has a row of 24 hours for each thing counted, the last one under way. `state` is the worst of all."""

    at: datetime
    state: str
    ways: tuple[Way, ...]
    alarms: tuple[Alarm, ...]
    curves: dict[str, tuple[int, ...]]
    feeds: dict[str, dict[str, Any]]
    lying: tuple[tuple[str, str, datetime], ...]
    orders: dict[str, int]
    daemon: str


def flow(app: App) -> Flow:
    """Look at everything once; quick whatever the tables hold."""
    feeds = [*CATALOG_FEEDS, *DOCUMENT_FEEDS]
    with app.db.read() as tx:
        on, last = tuple(alarms.current(tx, app)), runs.last(tx)
        ways = tuple(_ways(tx, app, on, last))
        return Flow(
            at=app.now,
            state=_worst([*(way.state for way in ways), *("warn" for _ in on[:1])]),
            ways=ways,
            alarms=on,
            curves=_curves(tx, app.now),
            feeds=rows.last_files(tx, feeds),
            lying=tuple(rows.lying(tx)),
            orders=rows.open_orders(tx, [state.value for state in OPEN_STATES]),
            daemon=job_switches.daemon_of(app),
        )


def _worst(states: Sequence[str]) -> str:
    return next((state for state in ("bad", "warn") if state in states), "good")


def _ways(tx: Connection, app: App, on: Sequence[Alarm], last: dict[str, dict[str, Any]]) -> list[Way]:
    reasons = {
        name: (*_of_job(tx, app, job, last.get(job)), *(alarm.name for alarm in on if alarm.subject in subjects))
        for name, (job, subjects) in _subjects(app).items()
    }
    numbers = _numbers(tx, app, on)
    return [
        Way(name, job, rows.last_good(tx, job), *numbers[name], _state(reasons[name], sum(numbers[name][1:])), _once(reasons[name]))
        for name, (job, _) in _subjects(app).items()
    ]


def _subjects(app: App) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return each way's job, and what alarms of its are about."""
    return {
        "catalog": ("refresh-snapshot", (*CATALOG_FEEDS, "source")),
        "notices": ("notify-marketplaces", tuple(m.account for m in app.marketplaces)),
        "orders": ("export-orders", (ERP, "orders", "target")),
        "documents": ("report-documents", (*DOCUMENT_FEEDS, "source")),
    }


def _numbers(tx: Connection, app: App, on: Sequence[Alarm]) -> dict[str, tuple[int, int, int]]:
    """Return what waits, is held and failed of each way."""
    names, lying, dead = [m.account for m in app.marketplaces], rows.lying(tx), counts.dead_letters(tx)
    held, refused = sum(a.count for a in on if a.name == "held"), {a.subject: a.count for a in on if a.name == "quarantined"}
    told, papers = (sum(rows.waiting(tx, name, kinds) for name in names) for kinds in (TELLING_KINDS, DOCUMENT_KINDS))
    lost, lost_papers = (
        sum(dead.get(n, {}).get(kind.value, 0) for n in names for kind in kinds) for kinds in (CATALOG_KINDS, DOCUMENT_KINDS)
    )
    return {
        "catalog": (_among(lying, CATALOG_FEEDS), held, _sum(refused, CATALOG_FEEDS)),
        "notices": (told, 0, lost),
        "orders": (rows.waiting(tx, ERP, FILE_KINDS), 0, sum(dead.get(ERP, {}).values())),
        "documents": (papers + _among(lying, DOCUMENT_FEEDS), 0, lost_papers + _sum(refused, DOCUMENT_FEEDS)),
    }


def _state(why: Sequence[str], for_a_person: int) -> str:
    return "bad" if BAD & set(why) else "warn" if why or for_a_person else "good"


def _once(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _among(lying: Sequence[tuple[str, str, datetime]], feeds: Sequence[str]) -> int:
    return sum(feed in feeds for feed, _, _ in lying)


def _sum(numbers: dict[str, int], feeds: Sequence[str]) -> int:
    return sum(numbers.get(feed, 0) for feed in feeds)


def _of_job(tx: Connection, app: App, job: str, last: dict[str, Any] | None) -> list[str]:
    """Say what is wrong with a job itself: paused, its last pass failing or unreachable, or long without one that ended well."""
    switch = next(one for one in job_switches.switches(tx) if one.job == job)
    why = ["paused"] if switch.paused_by else []
    if last is None:
        return [*why, "never-ran"]
    if last["exit_status"]:
        why.append("unreachable" if last["exit_status"] == 3 else "failing")  # noqa: PLR2004  # the exit status that the contract names
    schedule, good = parse(switch.schedule), rows.last_good(tx, job)
    if isinstance(schedule, Every) and not switch.paused_by:
        limit = max(timedelta(seconds=schedule.seconds * LATE_TIMES), LEAST_LATE)
        why += ["late"] if app.now - (good or last["started_at"]) > limit else []
    return why


# ── curves ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
COUNTED = {
    "changed": {("refresh-snapshot", what) for what in ("added", "changed", "removed")},
    "told": {("notify-marketplaces", kind.value) for kind in TELLING_KINDS},
    "written": {("export-orders", kind.value) for kind in FILE_KINDS},
    "reported": {("report-documents", kind.value) for kind in DOCUMENT_KINDS},
}


def _curves(tx: Connection, now: datetime) -> dict[str, tuple[int, ...]]:
    end = now.replace(minute=0, second=0, microsecond=0)
    hours = [end - timedelta(hours=back) for back in reversed(range(HOURS))]
    placed = rows.placed_by_hour(tx, hours[0])
    found = {name: dict.fromkeys(hours, 0) for name in (*COUNTED, "failures")}
    for hour, job, what, count in hourly.since(tx, hours[0]):
        for name, sources in COUNTED.items():
            if (job, what) in sources and hour in found[name]:
                found[name][hour] += count
        if what == "failures" and hour in found["failures"]:
            found["failures"][hour] += count
    return {"orders": tuple(placed[hour] for hour in hours), **{name: tuple(by.values()) for name, by in found.items()}}

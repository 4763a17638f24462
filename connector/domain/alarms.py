"""Alarms: what a person should see to, since when, and what helps; and which files are late, empty or much smaller than usual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from statistics import median

from connector.domain.expecting import Hours, due

USUAL_FILES = 10
"""What is usual is the median of so many files before the last."""
LEAST_USUAL_FILES = 3


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is not as it should be: `name` says what, `subject` where (a feed, a marketplace, orders).

    It lasts as long as it is found again. `since` is when it began, `count` how many things it is about. Instants are aware UTC.
    """

    name: str
    subject: str
    since: datetime
    count: int
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of a feed: a file every so often within the hours, and at least this share of the usual rows (0: any)."""

    every: timedelta | None
    within: Hours | None
    least_share: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that came: when we took it, and how many rows it had."""

    name: str
    at: datetime
    rows: int


def lateness(feed: str, last: datetime | None, expected: Expectation, zone: tzinfo, now: datetime) -> Iterator[Alarm]:
    """Yield the alarm of a feed whose next file is overdue, or that never sent one. `last` is when the last file came, of whatever fate."""
    if expected.every is None:
        return
    often = f"one is expected every {written(expected.every)}"
    if last is None:
        sentence = f"{feed}: no file has ever come; {often}"
        yield Alarm("never-came", feed, now, 1, sentence, "is the export switched on, and is [erp] source its folder? connector check")
        return
    until = due(last, expected.every, expected.within, zone)
    if now > until:
        sentence = f"{feed}: the last file came on {_clock(last, zone)}; {often}, and the next was due by {_clock(until, zone)} ({zone})"
        yield Alarm("late", feed, until, 1, sentence, "did the ERP's export run, and does it still write to [erp] source? connector check")


def size(feed: str, arrivals: Sequence[Arrival], least_share: float) -> Iterator[Alarm]:
    """Yield the alarm of a full export that is empty or much smaller than usual. `arrivals`: the newest first, no superseded ones."""
    if not arrivals:
        return
    last, before = arrivals[0], [one.rows for one in arrivals[1 : 1 + USUAL_FILES]]
    remedy = "look at the export before the shop does: connector held list, and the file in archive/"
    if last.rows == 0:
        yield Alarm("empty", feed, last.at, 1, f"{feed}: {last.name} has no rows", remedy)
        return
    usual = median(before) if len(before) >= LEAST_USUAL_FILES else 0
    if last.rows < least_share * usual:
        share = f"{100 * last.rows / usual:.0f} % of the usual {usual:.0f}"
        yield Alarm("small", feed, last.at, 1, f"{feed}: {last.name} has {last.rows} rows, {share}", remedy)


def written(length: timedelta) -> str:
    """Write a span as settings do: 2h, 1d, 90m."""
    minutes = round(length.total_seconds() / 60)
    for unit, size_ in (("d", 24 * 60), ("h", 60)):
        if minutes and minutes % size_ == 0:
            return f"{minutes // size_}{unit}"
    return f"{minutes}m"


def _clock(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"

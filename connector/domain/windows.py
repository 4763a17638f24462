"""Scheduled delivery: the windows of time in which a buyer can have a parcel brought. Money in cents, instants aware UTC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from connector.domain.working_days import Calendar


@dataclass(frozen=True, slots=True)
class WindowRule:
    """A window of every week: on these weekdays (0 = Monday), from one local time to another of the same day."""

    weekdays: frozenset[int]
    start: time
    end: time
    price_cents: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    start: datetime
    end: datetime
    price_cents: int


def coming(rules: Sequence[WindowRule], calendar: Calendar, today: date, days: int) -> tuple[Window, ...]:
    """Return the windows of today and of so many days after it, by their start; none on a closed day, and of equal ones the cheapest."""
    found: dict[tuple[datetime, datetime], Window] = {}
    for window in _every(rules, calendar, today, days):
        known = found.setdefault((window.start, window.end), window)
        if window.price_cents < known.price_cents:
            found[window.start, window.end] = window
    return tuple(found[key] for key in sorted(found))


def _every(rules: Sequence[WindowRule], calendar: Calendar, today: date, days: int) -> Iterator[Window]:
    for day in (today + timedelta(days=n) for n in range(days + 1)):
        for rule in rules if day not in calendar.closed else ():
            if day.weekday() in rule.weekdays:
                yield Window(calendar.instant(day, rule.start), calendar.instant(day, rule.end), rule.price_cents)


def left(windows: Iterable[Window], ready_at: datetime | None, now: datetime) -> tuple[Window, ...]:
    """Return the windows that can be kept: not begun yet, and not before the parcel can be there."""
    if ready_at is None:
        return ()
    return tuple(window for window in windows if window.start > now and window.start >= ready_at)

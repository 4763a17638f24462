"""When a job runs: cron as cron means it, "every 5m", or never. Pure: the daemon asks, and passes the time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
ALLOWED = 'five cron fields such as "15 3 * * *", "every 30s", "every 5m", "every 2h", or "" for never'
LONGEST_SEARCH_DAYS = 366 * 8
"""29 February of a given weekday can be far away; a date that never comes (30 February) is found out by then."""


@dataclass(frozen=True, slots=True)
class Every:
    """Run again and again, this many seconds apart."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Cron:
    """Run at the local times that match. Weekdays as cron counts them: 0 = Sunday, 1 = Monday."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool  # both day of month and day of week are restricted: then cron takes a day that matches one of them

    @property
    def every_hour(self) -> bool:
        return len(self.hours) == 24  # noqa: PLR2004  # hours of a day

    def next_after(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first instant after the given one (aware UTC); None where there is none.

        Named hours run once per local date: the repeated hour of a clock change counts once, and a time that the change leaves out runs
        as much later as the clock jumped. Jobs of every hour follow the real time instead.
        """
        first = after.astimezone(zone).date() - timedelta(days=1)
        for day in (first + timedelta(days=n) for n in range(LONGEST_SEARCH_DAYS)):
            coming = [instant for instant in self._instants(day, zone) if instant > after]
            if coming:
                return min(coming)
        return None

    def _instants(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        if not self._has(day):
            return
        for hour in self.hours:
            for minute in self.minutes:
                local = datetime.combine(day, time(hour, minute), zone)
                yield from _all_instants(local) if self.every_hour else (local.astimezone(UTC),)

    def _has(self, day: date) -> bool:
        by_date, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and (by_date or by_weekday if self.either_day else by_date and by_weekday)


def _all_instants(local: datetime) -> Iterator[datetime]:
    """Yield the instants of a local time: one, two (the clock went back) or none (it went forward)."""
    for fold in (0, 1):
        instant = local.replace(fold=fold).astimezone(UTC)
        if instant.astimezone(local.tzinfo).replace(fold=0) == local.replace(fold=0):
            yield instant


Schedule = Every | Cron


def parse(text: str) -> Schedule | None:
    """Read a schedule; None for "" (never). Raises ValueError saying what cannot be read."""
    words = text.lower().split()
    if not words:
        return None
    if words[0] == "every":
        return _every(text, words)
    if len(words) != 5:  # noqa: PLR2004  # cron's fields
        raise ValueError(f"{text!r} is not {ALLOWED}")
    minutes, hours, days, months, weekdays = words
    return Cron(
        _field("minute", minutes, 0, 59),
        _field("hour", hours, 0, 23),
        _field("day of month", days, 1, 31),
        _field("month", months, 1, 12, MONTHS),
        frozenset(day % 7 for day in _field("day of week", weekdays, 0, 7, WEEKDAYS)),
        either_day=not days.startswith("*") and not weekdays.startswith("*"),
    )


def _every(text: str, words: list[str]) -> Every:
    match = re.fullmatch(r"([1-9][0-9]{0,5})\s*([smhd])", "".join(words[1:]))
    if match is None:
        raise ValueError(f"{text!r} is not {ALLOWED}")
    return Every(int(match[1]) * SECONDS[match[2]])


def _field(name: str, text: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        start, dash, end = ("*", "", "") if span == "*" else span.partition("-")
        try:
            begin = low if start == "*" else _number(start, names, low)
            stop = _number(end, names, low) if dash else high if start == "*" or slash else begin
            width = int(step) if slash else 1
        except ValueError:
            raise ValueError(f"{part!r} is no {name} that cron knows") from None
        if not (low <= begin <= stop <= high and width >= 1):
            raise ValueError(f"{part!r} is no {name}: {low} to {high} is allowed")
        found.update(range(begin, stop + 1, width))
    return frozenset(found)


def _number(text: str, names: tuple[str, ...], first: int) -> int:
    return names.index(text) + first if text in names else int(text)

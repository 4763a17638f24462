"""Working days: when a parcel leaves, and what is promised for it: cut-off, handling, weekends and holidays. The time is passed.

A day falls into stretches: before opening, open, after the cut-off, or closed all day. What is promised is the same for a whole stretch,
so that a cart asked twice is answered alike (KI 1448353); it is reckoned from the stretch's beginning, and so never too early.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connector.domain.freight import SECONDS, EstimateUnit, estimate

DAY = 86400
SATURDAY = 5
EVERY_DAY = frozenset(range(7))
LONGEST_DAYS = 1000
"""Longer times are not laid over a calendar: a table that says so is mistaken, and must still be answered."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the seller works. `weekdays` as Python counts them (0 = Monday), never none; `closed`: holidays and the seller's own."""

    zone: ZoneInfo
    weekdays: frozenset[int] = EVERY_DAY
    closed: frozenset[date] = frozenset()
    opens: time = time.min

    def is_open(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.closed

    def open_day(self, day: date, further: int = 0) -> date:
        """Return the first open day from this one on, and so many open days further."""
        while not self.is_open(day) or further > 0:
            further -= self.is_open(day)
            day += ONE_DAY
        return day

    def arrival(self, day: date, business_days: int) -> date:
        """Return the day so many of the carriers' business days later: Monday to Friday, without the closed ones."""
        while business_days > 0:
            day += ONE_DAY
            business_days -= day.weekday() < SATURDAY and day not in self.closed
        return day

    def instant(self, day: date, clock: time) -> datetime:
        """Return a local time as aware UTC."""
        return datetime.combine(day, clock, self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Handling:
    """What happens before a parcel leaves: so many working days and seconds; after `cut_off` (local) it begins the next working day.

    `counts_business_days`: the table's times are business days in units other than "bd", too.
    """

    cut_off: time | None = None
    days: int = 0
    seconds: int = 0
    counts_business_days: bool = False


@dataclass(frozen=True, slots=True)
class Departure:
    """When that leaves which is ordered from `since` to `until`: on `day`.

    `wait_seconds`: from the stretch's beginning to the start, where it is open from the order itself. `at`: None where the order's own
    time counts.
    """

    calendar: Calendar
    today: date
    day: date
    wait_seconds: int
    at: datetime | None
    since: datetime
    until: datetime


def departure(calendar: Calendar, handling: Handling, now: datetime) -> Departure:
    """Say when an order of now (aware UTC) leaves: today, or on a later working day."""
    local = now.astimezone(calendar.zone)
    today, clock = local.date(), local.time()
    marks = [mark for mark in (calendar.opens, handling.cut_off) if mark is not None] if calendar.is_open(today) else []
    begins = max((mark for mark in marks if mark <= clock), default=time.min)
    ends = min((mark for mark in marks if mark > clock), default=None)
    since, until = calendar.instant(today, begins), calendar.instant(today + (ends is None) * ONE_DAY, ends or time.min)
    is_late = handling.cut_off is not None and handling.cut_off <= clock
    first = calendar.open_day(today + is_late * ONE_DAY)
    day = calendar.open_day(first, handling.days)
    if first == today and begins >= calendar.opens:
        return Departure(calendar, today, day, (day - first).days * DAY, None, since, until)
    at = calendar.instant(day, calendar.opens)
    return Departure(calendar, today, day, int((at - since).total_seconds()), at, since, until)


class Promise:
    """What one way of delivery promises within one stretch of a day, by its table's times. Remembers what it has worked out.

    Without a departure nothing is laid over the table: its times are written as they are.
    """

    def __init__(self, unit: EstimateUnit, handling: Handling | None = None, leaves: Departure | None = None) -> None:
        self.unit = unit
        self.leaves = leaves
        self._handling = handling or Handling()
        self._made: dict[int, str] = {}

    def estimate(self, seconds: int) -> str:
        """Write what a table's time (seconds) comes to: "6bd". Never less than the table says."""
        made = self._made.get(seconds)
        if made is None:
            leaves, unit = self.leaves, self.unit
            made = self._made[seconds] = self._estimate(leaves, seconds + self._handling.seconds) if leaves else estimate(seconds, unit)
        return made

    def _estimate(self, leaves: Departure, seconds: int) -> str:
        days = -(-seconds // DAY)
        if days > LONGEST_DAYS:
            return estimate(seconds + max(leaves.wait_seconds, (leaves.day - leaves.today).days * DAY), self.unit)
        if self.unit == "bd":
            return f"{business_days(leaves.today, self._arrival(leaves, days))}bd"
        if self.unit == "d":
            return f"{(self._arrival(leaves, days) - leaves.today).days}d"
        return estimate(leaves.wait_seconds + self._travel(leaves, seconds), self.unit)

    def ready_at(self, seconds: int, now: datetime) -> datetime | None:
        """Return the instant from which on a delivery window can be kept; None where that is too far away to be said."""
        seconds += self._handling.seconds
        days = -(-seconds // DAY)
        if self.leaves is None or days > LONGEST_DAYS:
            return None
        if SECONDS[self.unit] == DAY:
            return max(now, self.leaves.calendar.instant(self._arrival(self.leaves, days), time.min))
        leaves_at = self.leaves.at or now + timedelta(seconds=self.leaves.wait_seconds)
        return leaves_at + timedelta(seconds=self._travel(self.leaves, seconds))

    def _arrival(self, leaves: Departure, days: int) -> date:
        if self.unit == "bd" or self._handling.counts_business_days:
            return leaves.calendar.arrival(leaves.day, days)
        return leaves.day + timedelta(days=days)

    def _travel(self, leaves: Departure, seconds: int) -> int:
        days, rest = divmod(seconds, DAY)
        return (self._arrival(leaves, days) - leaves.day).days * DAY + rest


def business_days(today: date, arrival: date) -> int:
    """Count as the marketplace does: Mondays to Fridays after today; an arrival on a weekend counts as the Monday after it.

    The marketplace knows nothing of our holidays: a day on which nothing travels is one more that it counts.
    """
    weeks, rest = divmod((arrival - today).days, 7)
    weekdays = sum((today + timedelta(days=n)).weekday() < SATURDAY for n in range(1, rest + 1))
    return weeks * 5 + weekdays + (arrival > today and arrival.weekday() >= SATURDAY)

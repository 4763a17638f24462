"""When a file of the ERP's is due: every so often, within the hours in which the ERP works."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([0-9]{1,4})([dhm])")
_HOURS = re.compile(r"(?:([a-z]{3})(?:-([a-z]{3}))? +)?([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours in which files are expected, by the local clock; `days` are weekdays, 0 is Monday."""

    days: frozenset[int]
    opens: time
    closes: time

    def on(self, day: date, zone: tzinfo) -> tuple[datetime, datetime] | None:
        """Return from when to when files are expected on a day, aware UTC; None where they are not."""
        if day.weekday() not in self.days:
            return None
        return _utc(day, self.opens, zone), _utc(day, self.closes, zone)


def _utc(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


def span(text: str) -> timedelta | None:
    """Read a span such as "30m", "2h" or "1d"; None for "". Raises ValueError."""
    if not text:
        return None
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no span such as 30m, 2h or 1d")
    return timedelta(**{{"d": "days", "h": "hours", "m": "minutes"}[match[2]]: int(match[1])})


def hours(text: str) -> Hours | None:
    """Read hours such as "08:00-20:00" or "mon-sat 08:00-20:00" (fri-mon goes over the weekend); None for "". Raises ValueError."""
    if not text:
        return None
    match = _HOURS.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no such thing as mon-sat 08:00-20:00")
    first, last, opens, closes = match[1] or "mon", match[2] or match[1] or "sun", *map(time.fromisoformat, match.group(3, 4))
    if first not in DAYS or last not in DAYS or opens >= closes:
        raise ValueError(f"{text!r}: days are {', '.join(DAYS)}, and the day closes after it opens")
    start, length = DAYS.index(first), (DAYS.index(last) - DAYS.index(first)) % 7 + 1
    return Hours(frozenset((start + n) % 7 for n in range(length)), opens, closes)


def due(last: datetime, every: timedelta, within: Hours | None, zone: tzinfo) -> datetime:
    """Say until when the next file must have come (aware UTC): only time within the hours counts."""
    if within is None:
        return last + every
    day, left = last.astimezone(zone).date(), every
    while True:
        found = within.on(day, zone)
        if found is not None:
            opens, closes = max(found[0], last), found[1]
            if opens + left <= closes:
                return opens + left
            left -= max(closes - opens, timedelta(0))
        day += timedelta(days=1)

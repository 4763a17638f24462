"""Which alarms a channel is told now: new ones, those that last long, and those that are over; never one twice, never one alone of many."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from connector.domain.alarms import Alarm

OFF_FOR = timedelta(minutes=5)
"""An alarm that is off for so long is over: a marketplace that stumbles every minute is one trouble, not thirty."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
Key = tuple[str, str]
"""An alarm's name and subject."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a channel was told of an alarm, when last, and since when it is off (None while it is on)."""

    alarm: Alarm
    told_at: datetime
    off_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """When to tell: what lasts for `lasting`, again after `repeat_after` (None: once), in `quiet` hours what is `urgent` alone."""

    lasting: timedelta = timedelta(0)
    repeat_after: timedelta | None = None
    quiet: tuple[time, time] | None = None
    urgent: frozenset[str] = frozenset()

    def is_quiet(self, now: datetime, zone: tzinfo) -> bool:
        """Say whether the local clock stands within the quiet hours, which may go over midnight."""
        if self.quiet is None:
            return False
        begins, ends = self.quiet
        clock = now.astimezone(zone).time()
        return begins <= clock < ends if begins < ends else clock >= begins or clock < ends


@dataclass(frozen=True, slots=True)
class News:
    """One message's worth: alarms raised, still on, over."""

    raised: tuple[Alarm, ...] = ()
    still_on: tuple[Alarm, ...] = ()
    over: tuple[Alarm, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.raised or self.still_on or self.over)

    @property
    def told(self) -> tuple[Alarm, ...]:
        return (*self.raised, *self.still_on)


def news(on: Collection[Alarm], told: Mapping[Key, Notice], terms: Terms, now: datetime, *, quiet: bool) -> News:
    """Return what a channel is to be told; an alarm that came and went untold is not told.

    Where one that lasts is told again, all that last are, in the same message: their times then run together.
    """
    heard = [alarm for alarm in on if not quiet or alarm.name in terms.urgent]
    raised = tuple(alarm for alarm in heard if key_of(alarm) not in told and _is_past(alarm.since, terms.lasting, now))
    lasting = [alarm for alarm in heard if key_of(alarm) in told]
    again = terms.repeat_after
    is_due = again is not None and any(_is_past(told[key_of(a)].told_at, again, now) for a in lasting)
    over = tuple(n.alarm for n in told.values() if _is_over(n, now) and (not quiet or n.alarm.name in terms.urgent))
    return News(raised, tuple(lasting) if is_due else (), over)


def _is_past(since: datetime, span: timedelta, now: datetime) -> bool:
    """Tell whether so much time has gone by; what began in the future was noted by a clock that was ahead, and has waited enough."""
    return not since <= now < since + span


def key_of(alarm: Alarm) -> Key:
    return alarm.name, alarm.subject


def _is_over(notice: Notice, now: datetime) -> bool:
    return notice.off_at is not None and _is_past(notice.off_at, OFF_FOR, now)


def turned(on: Iterable[Alarm], told: Mapping[Key, Notice]) -> tuple[list[Key], list[Key]]:
    """Return the told alarms that went off since the last look, and those that came on again."""
    keys = {key_of(alarm) for alarm in on}
    off = [key for key, notice in told.items() if notice.off_at is None and key not in keys]
    return off, [key for key, notice in told.items() if notice.off_at is not None and key in keys]


def wait_after(failures: int) -> timedelta:
    """Say how long a channel that failed so many times in a row is left alone: 1 minute, doubling up to an hour."""
    wait: timedelta = min(FIRST_WAIT * 2 ** min(failures - 1, 10), LONGEST_WAIT)
    return wait


def quiet_hours(text: str) -> tuple[time, time] | None:
    """Read hours such as "22:00-07:00"; None for ""."""
    return (time.fromisoformat(text[:5]), time.fromisoformat(text[6:])) if text else None

"""Every change between summer and winter time of six zones in four years: schedules, cut-offs, validities and quiet hours around each."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from connector import daemon
from connector.domain.alarm_telling import Terms
from connector.domain.schedule import parse
from connector.domain.working_days import Calendar, Handling, departure
from connector.feeds.dates import until
from connector.feeds.values import Context
from connector.formats.layout import Layout

ZONES = ("America/New_York", "America/Santiago", "America/Havana", "Europe/Lisbon", "Europe/Berlin", "Australia/Lord_Howe")
"""Among them: midnights that are missing (Santiago, Havana) or come twice (Havana), and a change of half an hour (Lord Howe)."""
STILL = ("America/Sao_Paulo", "America/Asuncion")
"""Their clocks do not change any more."""
FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
DAY, HOUR, QUARTER = timedelta(days=1), timedelta(hours=1), timedelta(minutes=15)
DAILY = ("15 3 * * *", "30 1 * * *", "30 2 * * *", "0 0 * * *", "15 0 * * *", "45 23 * * *")
OFTEN = {"0 * * * *": HOUR, "*/15 * * * *": QUARTER, "every 5m": timedelta(minutes=5)}
CUT_OFFS = (time(0, 15), time(1, 30), time(2, 30), time(14))
QUIET = ((time(22), time(7)), (time(2, 30), time(3, 30)), (time(0), time(1)))


def changes(zone):
    """Return the instants at which a zone's clock changes, to the minute."""
    found, at = [], FIRST
    while at < LAST:
        if at.astimezone(zone).utcoffset() != (at + DAY).astimezone(zone).utcoffset():
            found.append(_change(at, at + DAY, zone))
        at += DAY
    return found


def _change(low, high, zone):
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) // 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    return high.replace(second=0, microsecond=0)


def faults(zone, change):
    """Yield what goes wrong around one change."""
    instants = [change - 2 * DAY + n * QUARTER for n in range(4 * 24 * 4 + 8)]
    for looked in (_schedules, _cut_offs, _quiet_hours, _validities):
        yield from (f"{zone.key} {change:%Y-%m-%d}: {fault}" for fault in looked(zone, change, instants))


def fires(text, zone, begin, end):
    """Return when the daemon would run a job of that schedule, asked as APScheduler asks."""
    trigger, found = daemon.Trigger(parse(text), zone), []
    at = trigger.get_next_fire_time(None, begin)
    while at is not None and at < end:
        found.append(at)
        at = trigger.get_next_fire_time(at, at)
    return found


def _schedules(zone, change, instants):
    for text in DAILY:
        dates = [at.astimezone(zone).date() for at in fires(text, zone, instants[0], instants[-1])]
        if any(later - earlier != DAY for earlier, later in pairwise(dates)) or len(dates) < 3:
            yield f"{text} runs on {', '.join(map(str, dates))}"
    for text, gap in OFTEN.items():
        gaps = {later - earlier for earlier, later in pairwise(fires(text, zone, change - 3 * HOUR, change + 3 * HOUR))}
        if max(gaps) > gap + (timedelta(minutes=30) if zone.key == "Australia/Lord_Howe" else timedelta()):
            yield f"{text} pauses for {max(gaps)}"


def _cut_offs(zone, _change, instants):
    """What comes before the cut-off, by the clock on the wall, leaves on that day where it is a working day; else on the next one."""
    calendar = Calendar(zone, frozenset(range(5)), opens=time(0))
    for cut_off in CUT_OFFS:
        for now in instants:
            local = now.astimezone(zone)
            day = local.date() + DAY if local.time() >= cut_off else local.date()
            while day.weekday() > 4:
                day += DAY
            leaves = departure(calendar, Handling(cut_off=cut_off), now)
            if (leaves.today, leaves.day) != (local.date(), day):
                yield f"what is ordered at {local} with cut-off {cut_off} leaves {leaves.day}"
            if not leaves.since <= now < leaves.until and not _comes_twice(local):
                yield f"at {local} the stretch of the day is {leaves.since} to {leaves.until}"


def _comes_twice(local):
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _quiet_hours(zone, _change, instants):
    for begins, ends in QUIET:
        terms = Terms(quiet=(begins, ends))
        for now in instants:
            clock = (now.replace(tzinfo=None) + now.astimezone(zone).utcoffset()).time()
            inside = begins <= clock < ends if begins < ends else not ends <= clock < begins
            if terms.is_quiet(now, zone) != inside:
                yield f"at {now.astimezone(zone)} quiet hours {begins}-{ends} are {'on' if not inside else 'off'}"


def _validities(zone, change, instants):
    """A price that is valid until a day ends with its last instant: neither an hour early nor late."""
    context = Context(zone, Layout(), lambda: ",")
    first = change.astimezone(zone).date() - DAY
    for day in (first, first + DAY):
        ends = until(f"{day:%d/%m/%Y}", context)
        next_day = min(at for at in instants if at.astimezone(zone).date() > day)
        if ends != next_day:
            yield f"what is valid until {day} ends {ends}, the day {next_day}"


def main():
    """Return how many changes were looked at, by zone, and the faults."""
    counts, found = {}, []
    for name in ZONES:
        zone = ZoneInfo(name)
        counts[name] = len(changes(zone))
        for change in changes(zone):
            found += faults(zone, change)
    found += [f"the clocks of {name} change" for name in STILL if changes(ZoneInfo(name))]
    return counts, found

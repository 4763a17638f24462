"""The seller's calendar: the days on which parcels leave, the holidays, the hour at which work begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from zoneinfo import ZoneInfo

from connector.domain.expecting import DAYS
from connector.domain.working_days import Calendar
from connector.settings import CalendarSettings

YEARS_AHEAD = 5


def calendar(settings: CalendarSettings, zone: ZoneInfo, year: int) -> Calendar:
    """Return the seller's calendar from a year on, with the holidays of that year and of the four after it."""
    closed = frozenset(settings.closed) | _holidays(settings.holidays, year)
    return Calendar(zone, weekdays(settings.weekdays), closed, time.fromisoformat(settings.opens))


def _holidays(code: str, year: int) -> frozenset[date]:
    if not code:
        return frozenset()
    from holidays import country_holidays

    country, _, state = code.partition("-")
    return frozenset(country_holidays(country, subdiv=state or None, years=range(year, year + YEARS_AHEAD)))


def is_calendar_kept(settings: CalendarSettings) -> bool:
    """Say whether the settings want a calendar for every way of delivery; else those with a cut-off or a handling time have it alone."""
    return settings != CalendarSettings()


def weekdays(names: Sequence[str]) -> frozenset[int]:
    """Return the numbers of weekdays, 0 is Monday."""
    return frozenset(DAYS.index(name) for name in names)

"""The ways of delivery of this process: settings as the domain knows them, laid over the calendar once for each stretch of a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from functools import cached_property
from zoneinfo import ZoneInfo

from connector.domain import money
from connector.domain.freight import SECONDS, EstimateUnit, postal_key
from connector.domain.pickup import Address, PickupMap, PickupPoint
from connector.domain.ways import Sla, SlaRules, Ways, prepare
from connector.domain.windows import Window, WindowRule, coming
from connector.domain.working_days import Calendar, Handling
from connector.settings import CalendarSettings, PickupPointSettings, ShippingSettings, SlaSettings, WindowSettings

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
YEARS_AHEAD = 5


class WaysMemory:
    """What is offered, as it stands now; safe to use from all threads of a process, each of which may at worst prepare it once more."""

    def __init__(self, shipping: ShippingSettings, timezone: str) -> None:
        self._shipping = shipping
        self._zone = ZoneInfo(timezone)
        self._calendar: tuple[int, Calendar] | None = None
        self._held: tuple[Sequence[Sla], Ways] | None = None

    def at(self, slas: Sequence[Sla], now: datetime) -> Ways:
        """Return everything offered at an instant (aware UTC), with the rates given."""
        held = self._held
        if held is None or held[0] is not slas or not held[1].since <= now < held[1].until:
            held = self._held = slas, prepare(slas, self._rules, self._pickups, self.calendar(now), now)
        return held[1]

    def windows(self, now: datetime) -> dict[str, tuple[Window, ...]]:
        """Return the windows of each scheduled way of delivery that are not over yet, by its id."""
        found, kept = {}, self.calendar(now)
        for sla, rules in zip(self._shipping.slas, self._rules, strict=True):
            if rules.windows:
                every = coming(rules.windows, kept, now.astimezone(self._zone).date(), rules.window_days)
                found[sla.id] = tuple(window for window in every if window.end > now)
        return found

    def calendar(self, now: datetime) -> Calendar:
        """Return the seller's calendar, with the holidays of this year and the coming ones."""
        year, held = now.astimezone(self._zone).year, self._calendar
        if held is None or held[0] != year:
            held = self._calendar = year, calendar(self._shipping.calendar, self._zone, year)
        return held[1]

    @cached_property
    def _rules(self) -> tuple[SlaRules, ...]:
        return tuple(rules_of(sla, is_calendar_kept(self._shipping.calendar)) for sla in self._shipping.slas)

    @cached_property
    def _pickups(self) -> PickupMap:
        kept = is_calendar_kept(self._shipping.calendar)
        return PickupMap([pickup_point(point, self._shipping.country, kept) for point in self._shipping.pickup_points])


def calendar(settings: CalendarSettings, zone: ZoneInfo, year: int) -> Calendar:
    closed = frozenset(settings.closed) | _holidays(settings.holidays, year)
    return Calendar(zone, _weekdays(settings.weekdays), closed, time.fromisoformat(settings.opens))


def _holidays(code: str, year: int) -> frozenset[date]:
    if not code:
        return frozenset()
    from holidays import country_holidays

    country, _, state = code.partition("-")
    return frozenset(country_holidays(country, subdiv=state or None, years=range(year, year + YEARS_AHEAD)))


def is_calendar_kept(settings: CalendarSettings) -> bool:
    """Say whether the settings want a calendar for every way of delivery; else those with a cut-off or a handling time have it alone."""
    return settings != CalendarSettings()


def rules_of(sla: SlaSettings, calendar_kept: bool) -> SlaRules:
    windows = tuple(_window(window) for window in sla.windows)
    return SlaRules(sla.cubic_factor, handling(sla, calendar_kept), windows, sla.window_days)


def handling(sla: SlaSettings, calendar_kept: bool) -> Handling | None:
    """Return what happens before a parcel leaves; None where nothing is set that the table's own times would not say."""
    number, unit = duration(sla.handling)
    counts = sla.transit == "business"
    if not (calendar_kept or sla.cut_off or number or counts):
        return None
    return Handling(_clock(sla.cut_off), *((number, 0) if unit == "bd" else (0, number * SECONDS[unit])), counts_business_days=counts)


def duration(text: str) -> tuple[int, EstimateUnit]:
    """Take a duration apart: "2bd" is 2 and "bd"."""
    unit: EstimateUnit = "bd" if text.endswith("bd") else "d" if text.endswith("d") else "h" if text.endswith("h") else "m"
    return int(text.removesuffix(unit)), unit


def _window(window: WindowSettings) -> WindowRule:
    start, end = time.fromisoformat(window.start), time.fromisoformat(window.end)
    return WindowRule(_weekdays(window.weekdays), start, end, money.cents(window.price))


def pickup_point(point: PickupPointSettings, country: str, calendar_kept: bool) -> PickupPoint:
    number, unit = duration(point.ready_in)
    kept = calendar_kept or bool(point.cut_off)
    return PickupPoint(
        id=point.id,
        name=point.name,
        additional_info=point.additional_info,
        address=_address(point, country),
        reach=tuple((postal_key(start), postal_key(end)) for start, end in point.reach),
        reach_km=point.reach_km,
        price_cents=money.cents(point.price),
        ready_in_seconds=number * SECONDS[unit],
        unit=unit,
        handling=Handling(_clock(point.cut_off)) if kept else None,
    )


def _address(point: PickupPointSettings, country: str) -> Address:
    position = None if point.latitude is None or point.longitude is None else (point.latitude, point.longitude)
    place = (point.postal_code, point.state, point.city, point.neighborhood, point.street, point.number, point.complement)
    return Address(country, *place, position)


def _weekdays(names: Sequence[str]) -> frozenset[int]:
    return frozenset(WEEKDAYS.index(name) for name in names)


def _clock(text: str) -> time | None:
    return time.fromisoformat(text) if text else None

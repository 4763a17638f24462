"""The ways of delivery of this process, laid over the calendar once for each stretch of a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from connector.configured.calendar import calendar, is_calendar_kept
from connector.configured.slas import pickup_point, rules_of
from connector.domain.pickup import PickupMap
from connector.domain.ways import Sla, SlaRules, Ways, prepare
from connector.domain.windows import Window, coming
from connector.domain.working_days import Calendar
from connector.settings import ShippingSettings


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

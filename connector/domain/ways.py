"""Ways of delivery: as settings and freight files have them, and as they stand at one moment of the calendar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.domain.freight import EstimateUnit, RateTable
from connector.domain.pickup import PickupMap, PickupPoint
from connector.domain.windows import Window, WindowRule, coming
from connector.domain.working_days import Calendar, Departure, Handling, Promise, departure

NEVER = datetime.max.replace(tzinfo=UTC)
EVER = datetime.min.replace(tzinfo=UTC)
NO_PICKUPS = PickupMap(())


@dataclass(frozen=True, slots=True)
class Sla:
    """A way of delivery, with the rates it is priced by."""

    id: str
    name: str
    estimate_unit: EstimateUnit
    table: RateTable


@dataclass(frozen=True, slots=True)
class SlaRules:
    """What settings say of a way of delivery beside its rates.

    `cubic_factor` in kg per m³, 0 = off. `handling` None: no calendar is laid over its times. With `windows` it is a scheduled one.
    """

    cubic_factor: float = 0
    handling: Handling | None = None
    windows: tuple[WindowRule, ...] = ()
    window_days: int = 0


PLAIN = SlaRules()


@dataclass(frozen=True, slots=True)
class Way:
    """A way of delivery as it stands now: what it promises, and the windows of the coming days."""

    sla: Sla
    rules: SlaRules
    promise: Promise
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """A pickup point as it stands now: when goods are there."""

    point: PickupPoint
    promise: Promise

    @property
    def estimate(self) -> str:
        return self.promise.estimate(self.point.ready_in_seconds)


@dataclass(frozen=True, slots=True)
class Ways:
    """All that a seller offers, as it stands from `since` to `until`; `collections` by their points' numbers in `pickups`."""

    ways: tuple[Way, ...]
    pickups: PickupMap = NO_PICKUPS
    collections: tuple[Collection, ...] = ()
    since: datetime = EVER
    until: datetime = NEVER

    def ships_to(self, home: str) -> tuple[str, ...]:
        """Name the countries served: the seller's own first, then those that the rates name."""
        others = {country for way in self.ways for country in way.sla.table.countries} - {home}
        return (home, *sorted(others))

    @property
    def ids(self) -> tuple[str, ...]:
        return (*(way.sla.id for way in self.ways), *(one.point.id for one in self.collections))


def plain(slas: Iterable[Sla]) -> Ways:
    """Return ways of delivery that no calendar, no window and no cubic weight concerns."""
    return Ways(tuple(Way(sla, PLAIN, Promise(sla.estimate_unit), ()) for sla in slas))


def prepare(slas: Sequence[Sla], rules: Sequence[SlaRules], pickups: PickupMap, calendar: Calendar, now: datetime) -> Ways:
    """Lay the calendar over everything once, for all that is asked until something changes by the clock alone."""
    ways = tuple(_way(sla, one, calendar, now) for sla, one in zip(slas, rules, strict=True))
    collections = tuple(Collection(one, _promise(one.unit, one.handling, calendar, now)) for one in pickups.points)
    promises = [way.promise for way in ways] + [one.promise for one in collections]
    leavings = [promise.leaves for promise in promises if promise.leaves]
    since = max((leaves.since for leaves in leavings), default=EVER)
    return Ways(ways, pickups, collections, since, min((leaves.until for leaves in leavings), default=NEVER))


def _way(sla: Sla, rules: SlaRules, calendar: Calendar, now: datetime) -> Way:
    if rules.windows and rules.handling is None:  # windows need the day, even where no calendar is kept
        anyday = Calendar(calendar.zone)
        leaves: Departure | None = departure(anyday, Handling(), now)
        promise = Promise(sla.estimate_unit, None, leaves)
    else:
        promise = _promise(sla.estimate_unit, rules.handling, calendar, now)
        leaves = promise.leaves
    windows = coming(rules.windows, calendar, leaves.today, rules.window_days) if leaves else ()
    return Way(sla, rules, promise, windows)


def _promise(unit: EstimateUnit, handling: Handling | None, calendar: Calendar, now: datetime) -> Promise:
    return Promise(unit, handling, departure(calendar, handling, now) if handling else None)

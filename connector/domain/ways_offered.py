"""Which ways of delivery the parts of a cart have, what each part pays for them, and when they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from math import fsum
from typing import Literal, NamedTuple

from connector.domain import money
from connector.domain.catalog import Offer
from connector.domain.freight import Destination, NoQuote, Parcel, Quote, quote, weighed
from connector.domain.pickup import PickupPoint
from connector.domain.ways import Collection, Way, Ways
from connector.domain.windows import Window, left

Split = Literal["item", "cart"]
Load = tuple[Offer, int]
"""An offer, and how many of it are sent."""


class SlaOffer(NamedTuple):
    """One way of delivery for one line: its own share of the freight, and the time it takes ("5bd").

    `windows`: those to choose from, where it is a scheduled one; `pickup`: where it is fetched, where it is not brought.
    """

    id: str
    name: str
    price_cents: int
    estimate: str
    windows: tuple[Window, ...] = ()
    pickup: PickupPoint | None = None


def ways_offered(
    loads: Sequence[Load], ways: Ways, destination: Destination | None, split: Split, now: datetime
) -> list[tuple[SlaOffer, ...]]:
    """Say for each load which ways of delivery it has, and its own price in each; none without a destination or a quantity.

    split "item": each load priced by itself; "cart": all in one shipment, its price split over the loads by weight, to the cent.
    """
    found: list[list[SlaOffer]] = [[] for _ in loads]
    sent = [i for i, (_, quantity) in enumerate(loads) if quantity > 0]
    if destination is not None and sent:
        parcels = [parcel(*loads[i]) for i in sent]
        shipment = Shipment(parcels, _order_by_content([loads[i] for i in sent]), split)
        for way in ways.ways:
            for i, offered in zip(sent, _brought(way, destination, shipment, now), strict=True):
                if offered:
                    found[i].append(offered)
        for number in ways.pickups.reaching(destination) if ways.collections else ():
            for i, offered in zip(sent, _fetched(ways.collections[number], shipment), strict=True):
                found[i].append(offered)
    return [tuple(offered) for offered in found]


def parcel(offer: Offer, quantity: int) -> Parcel:
    """Pack a load: weights and volumes add up; goods at price × unit multiplier × quantity, in whole cents."""
    volume = offer.height_cm * offer.width_cm * offer.length_cm * quantity
    return Parcel(offer.weight_g * quantity, volume, goods_cents(offer, quantity))


def goods_cents(offer: Offer, quantity: int) -> int:
    """Price × multiplier × quantity, rounded half up (facts 0.2); a multiplier of 0 is none."""
    if offer.unit_multiplier in (0, 1):
        return offer.price_cents * quantity
    exact = Decimal(offer.price_cents * quantity) * Decimal(str(offer.unit_multiplier))
    return int(exact.to_integral_value(rounding=ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Shipment:
    """The parcels that are sent; `order`: their positions by what they hold, which no order of a cart's lines changes."""

    parcels: Sequence[Parcel]
    order: Sequence[int]
    split: Split

    def weighed(self, cubic_factor: float) -> Shipment:
        if not cubic_factor:
            return self
        return replace(self, parcels=[weighed(part, cubic_factor) for part in self.parcels])

    def whole(self) -> Parcel:
        parcels = self.parcels
        return Parcel(sum(p.weight_g for p in parcels), fsum(p.volume_cm3 for p in parcels), sum(p.goods_cents for p in parcels))

    def shares(self, cents: int) -> list[int]:
        """Return what each parcel pays of a price: all of it by itself, or its share by weight of one for the whole cart."""
        if self.split == "item" or not cents:
            return [cents for _ in self.parcels]
        shares = money.split(cents, [self.parcels[i].weight_g for i in self.order])
        by_position = dict(zip(self.order, shares, strict=True))
        return [by_position[i] for i in range(len(self.parcels))]


def _brought(way: Way, destination: Destination, shipment: Shipment, now: datetime) -> list[SlaOffer | None]:
    """Offer one way of delivery to each parcel.

    All parcels are given the windows that the slowest of them can keep: one id has one set of windows in a cart (KI 298665).
    """
    weighed_in = shipment.weighed(way.rules.cubic_factor)
    quotes = quotes_of(way, destination, shipment, weighed_in)
    windows = _windows(way, quotes, weighed_in, now) if way.rules.windows else [()] * len(quotes)
    if not windows:
        return [None] * len(quotes)
    id_, name, estimate = way.sla.id, way.sla.name, way.promise.estimate
    return [
        SlaOffer(id_, name, found.price_cents, estimate(found.rate.time_cost_seconds), kept) if isinstance(found, Quote) else None
        for found, kept in zip(quotes, windows, strict=True)
    ]


def windows_kept(loads: Sequence[Load], way: Way, destination: Destination, split: Split, now: datetime) -> tuple[Window, ...] | None:
    """Return the windows that a cart is offered in a scheduled way, at their full price; None where no rate takes any of it."""
    shipment = Shipment([parcel(*load) for load in loads], _order_by_content(loads), split)
    quotes = quotes_of(way, destination, shipment, shipment.weighed(way.rules.cubic_factor))
    return _left(way, quotes, now) if any(isinstance(found, Quote) for found in quotes) else None


def _left(way: Way, quotes: Iterable[Quote | NoQuote], now: datetime) -> tuple[Window, ...]:
    slowest = max((found.rate.time_cost_seconds for found in quotes if isinstance(found, Quote)), default=0)
    return left(way.windows, way.promise.ready_at(slowest, now), now)


def _fetched(collection: Collection, shipment: Shipment) -> Iterator[SlaOffer]:
    point = collection.point
    for cents in shipment.shares(point.price_cents):
        yield SlaOffer(point.id, point.name, cents, collection.estimate, pickup=point)


def quotes_of(way: Way, destination: Destination, shipment: Shipment, weighed_in: Shipment) -> list[Quote | NoQuote]:
    zone = way.sla.table.zone(destination)
    if shipment.split == "item":
        return [quote(zone, part) for part in weighed_in.parcels]
    found = quote(zone, weighed(shipment.whole(), way.rules.cubic_factor))
    if isinstance(found, NoQuote):
        return [found for _ in shipment.parcels]
    return [Quote(cents, found.rate) for cents in weighed_in.shares(found.price_cents)]


def _windows(way: Way, quotes: Iterable[Quote | NoQuote], shipment: Shipment, now: datetime) -> list[tuple[Window, ...]]:
    """Return each parcel's windows, the same for all but for their prices; [] where none can be kept."""
    kept = _left(way, quotes, now)
    if not kept or shipment.split == "item":
        return [kept for _ in shipment.parcels] if kept else []
    shares = [shipment.shares(window.price_cents) for window in kept]
    return [
        tuple(replace(window, price_cents=cents[n]) for window, cents in zip(kept, shares, strict=True))
        for n in range(len(shipment.parcels))
    ]


def _order_by_content(loads: Sequence[Load]) -> list[int]:
    """Order loads by what they are, not where they stand: the spare cent must not move when a cart's lines change places (KI 1448353)."""
    return sorted(range(len(loads)), key=lambda i: (loads[i][0].sku, loads[i][1], i))

"""Simulation: a cart, what is on offer and the freight rates, made into what can be sold, at what price, and how it gets there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from connector.domain import money
from connector.domain.availability import CartLine, Policy, shared_out
from connector.domain.catalog import Offer
from connector.domain.freight import Destination, EstimateUnit, NoQuote, Parcel, Quote, RateTable, estimate, quote

Split = Literal["item", "cart"]
Load = tuple[Offer, int]
"""An offer, and how many of it are sent."""


@dataclass(frozen=True, slots=True)
class Cart:
    """What is asked: lines, and the address as it was sent (None where it was not). `destination` is None without one.

    `sales_channel` is the one that the request itself names, None where it names none.
    """

    lines: tuple[CartLine, ...]
    country: str | None
    postal_code: str | None
    coordinates: tuple[float, ...]
    destination: Destination | None
    sales_channel: str | None = None


@dataclass(frozen=True, slots=True)
class Sla:
    """A way of delivery, with the rates it is priced by."""

    id: str
    name: str
    estimate_unit: EstimateUnit
    table: RateTable


@dataclass(frozen=True, slots=True)
class SlaOffer:
    """One way of delivery for one line: its own share of the freight, and the time it takes ("5bd")."""

    id: str
    name: str
    price_cents: int
    estimate: str


@dataclass(frozen=True, slots=True)
class SimulatedLine:
    """What one line can be sold at: `quantity` is what was asked or what is left, `stock` what was left before this line."""

    line: CartLine
    offer: Offer
    quantity: int
    stock: int
    slas: tuple[SlaOffer, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """Lines in the order of the cart; those that are not for sale are not there."""

    lines: tuple[SimulatedLine, ...]
    ships_to: tuple[str, ...]


def simulate(
    cart: Cart, offers: Mapping[str, Offer], slas: Sequence[Sla], *, split: Split, home: str, unavailable: Policy = "mixed"
) -> Simulation:
    """Answer a cart (facts 3.4); `unavailable` says what becomes of lines that cannot be had."""
    shares = shared_out(cart.lines, offers, unavailable)
    ways = slas_offered([(share.offer, share.quantity) for share in shares], slas, cart.destination, split)
    lines = tuple(
        SimulatedLine(share.line, share.offer, share.quantity, share.stock, found) for share, found in zip(shares, ways, strict=True)
    )
    return Simulation(lines, ships_to(slas, home))


def ships_to(slas: Iterable[Sla], home: str) -> tuple[str, ...]:
    """Name the countries served: the seller's own first, then those that the rates name."""
    others = {country for sla in slas for country in sla.table.countries} - {home}
    return (home, *sorted(others))


def slas_offered(loads: Sequence[Load], slas: Iterable[Sla], destination: Destination | None, split: Split) -> list[tuple[SlaOffer, ...]]:
    """Say for each load which ways of delivery it has, and its own price in each; none without a destination or a quantity.

    split "item": each load priced by itself; "cart": all in one shipment, its price split over the loads by weight, to the cent.
    """
    ways: list[list[SlaOffer]] = [[] for _ in loads]
    sent = [i for i, (_, quantity) in enumerate(loads) if quantity > 0]
    if destination is not None and sent:
        parcels = [parcel(*loads[i]) for i in sent]
        order = _order_by_content([loads[i] for i in sent])
        for sla in slas:
            quotes = _by_cart(sla, destination, parcels, order) if split == "cart" else _by_item(sla, destination, parcels)
            for i, found in zip(sent, quotes, strict=True):
                if isinstance(found, Quote):
                    unit = estimate(found.rate.time_cost_seconds, sla.estimate_unit)
                    ways[i].append(SlaOffer(sla.id, sla.name, found.price_cents, unit))
    return [tuple(way) for way in ways]


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


def _by_item(sla: Sla, destination: Destination, parcels: Sequence[Parcel]) -> list[Quote | NoQuote]:
    zone = sla.table.zone(destination)
    return [quote(zone, part) for part in parcels]


def _by_cart(sla: Sla, destination: Destination, parcels: Sequence[Parcel], order: Sequence[int]) -> list[Quote | NoQuote]:
    whole = Parcel(sum(p.weight_g for p in parcels), sum(p.volume_cm3 for p in parcels), sum(p.goods_cents for p in parcels))
    found = quote(sla.table.zone(destination), whole)
    if isinstance(found, NoQuote):
        return [found for _ in parcels]
    shares = money.split(found.price_cents, [parcels[i].weight_g for i in order])
    by_position = dict(zip(order, shares, strict=True))
    return [Quote(by_position[i], found.rate) for i in range(len(parcels))]


def _order_by_content(loads: Sequence[Load]) -> list[int]:
    """Order loads by what they are, not where they stand: the spare cent must not move when a cart's lines change places (KI 1448353)."""
    return sorted(range(len(loads)), key=lambda i: (loads[i][0].sku, loads[i][1], i))

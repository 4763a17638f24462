"""Simulation: a cart, what is on offer and the freight rates, made into what can be sold, at what price, and how it gets there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from connector.domain.availability import CartLine, Policy, shared_out
from connector.domain.catalog import Offer
from connector.domain.freight import Destination
from connector.domain.ways import Ways
from connector.domain.ways_offered import SlaOffer, Split, ways_offered


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


class SimulatedLine(NamedTuple):
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
    has_pickup: bool = False


def simulate(
    cart: Cart, offers: Mapping[str, Offer], ways: Ways, *, split: Split, home: str, now: datetime, unavailable: Policy = "mixed"
) -> Simulation:
    """Answer a cart as of now (facts 3.4); `unavailable` says what becomes of lines that cannot be had."""
    shares = shared_out(cart.lines, offers, unavailable)
    offered = ways_offered([(share.offer, share.quantity) for share in shares], ways, cart.destination, split, now)
    lines = tuple([SimulatedLine(*share, found) for share, found in zip(shares, offered, strict=True)])
    return Simulation(lines, ways.ships_to(home), bool(ways.collections))

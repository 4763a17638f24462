"""Availability: the lines of a cart, what is on offer and what is in stock, made into how much each line gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from connector.domain.catalog import Offer

Policy = Literal["mixed", "echo_zero", "omit"]
"""What becomes of a line that cannot be had. "mixed": one without stock is answered with quantity 0, one that is unknown or has no price
is left out; "echo_zero": both are answered with quantity 0, so that positions in answer and request agree; "omit": both are left out."""


class CartLine(NamedTuple):
    """One line asked for; `position` is its place in the request, bad lines counted.

    A tuple, as all that a simulation makes by the line: a frozen dataclass takes three times as long to make.
    """

    position: int
    sku: str
    quantity: int
    seller: str


class Share(NamedTuple):
    """What one line gets: `quantity` is what was asked or what is left, `stock` what was left before this line."""

    line: CartLine
    offer: Offer
    quantity: int
    stock: int


def shared_out(lines: Iterable[CartLine], offers: Mapping[str, Offer], policy: Policy) -> list[Share]:
    """Share out the stock in the order of the lines (facts 3.4): lines of one SKU together never get more than there is."""
    left: dict[str, int] = {}
    shares = []
    for line in lines:
        offer = _for_sale(line.sku, offers, policy)
        if offer is None:
            continue
        stock = left.get(line.sku, offer.stock)
        quantity = min(line.quantity, stock)
        left[line.sku] = stock - quantity
        if quantity or policy != "omit":
            shares.append(Share(line, offer, quantity, stock))
    return shares


def _for_sale(sku: str, offers: Mapping[str, Offer], policy: Policy) -> Offer | None:
    offer = offers.get(sku)
    if offer is not None and offer.price_cents > 0:
        return offer
    return _nothing(sku) if policy == "echo_zero" else None


def _nothing(sku: str) -> Offer:
    """Make the offer of a SKU that is not for sale: no price, and no stock either (quantity 0 with stock left oversells; KI 1316990)."""
    return Offer(sku, 0, 0, None, 0, 0, 0.0, 0.0, 0.0, "", 1.0)

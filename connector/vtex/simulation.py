"""The simulation's documents: VTEX's request to our cart, our answer to theirs (facts 3; seed guide, "Cart Simulation Update").

The answer carries every key of the 2017 guide and of today's OpenAPI: a superset is valid for both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from connector.domain.availability import CartLine
from connector.domain.freight import Destination, postal_key
from connector.domain.simulation import Cart, SimulatedLine, Simulation
from connector.errors import RequestInvalid
from connector.vtex.delivery_ways import channels, sla

COORDINATES = 2
LONGEST_NUMBER = 18  # digits: what fits 64 bits
WHOLE_NUMBER = re.compile(r"\s*\+?0*([0-9]+)(?:\.0*)?\s*", re.ASCII)


def read(document: object, default_country: str) -> Cart:
    """Read a request: names of properties without regard to case, lines that make no sense left out alone.

    Raises RequestInvalid where the document is no object, or has no list of items; nothing else is ever refused (facts 3.1, 3.4).
    """
    if not isinstance(document, Mapping):
        raise RequestInvalid("the body must be a JSON object with a list named items")
    items = _get(document, "items")
    if not isinstance(items, list):
        raise RequestInvalid("items must be a list; send [] for an empty cart")
    lines = [_line(position, item) for position, item in enumerate(items)]
    country, postal_code = _text(_get(document, "country")), _text(_get(document, "postalCode"))
    coordinates = _coordinates(_get(document, "geoCoordinates"))
    return Cart(
        lines=tuple([line for line in lines if line is not None]),
        country=country,
        postal_code=postal_code,
        coordinates=coordinates,
        destination=_destination(country, postal_code, coordinates, default_country),
        sales_channel=_text(_get(document, "sc")),
    )


def _get(document: Mapping[str, Any], name: str) -> Any:
    """Return a property, whatever the case of its name (VTEX writes seller and Seller); the exact name goes first."""
    if name in document:
        return document[name]
    wanted = name.lower()
    return next((value for key, value in document.items() if isinstance(key, str) and key.lower() == wanted), None)


def _line(position: int, item: object) -> CartLine | None:
    if not isinstance(item, dict):
        return None
    sku, quantity = _text(_get(item, "id")), _quantity(_get(item, "quantity"))
    if not sku or quantity is None:
        return None
    return CartLine(position, sku, quantity, _text(_get(item, "seller")) or "")


def _text(value: object) -> str | None:
    """Return text, numbers too; None for anything else, and for what no database or answer can carry (a NUL, half a surrogate pair)."""
    if isinstance(value, str):
        return value if "\0" not in value and _is_whole(value) else None
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**LONGEST_NUMBER:
        value = int(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**LONGEST_NUMBER else None
    return None


def _is_whole(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)


def _quantity(value: object) -> int | None:
    """Return a positive whole number, also one written as "2", "2.0" or 2.0; however large, what is in stock limits it."""
    if type(value) is int:
        return value if value > 0 else None
    if isinstance(value, str):
        written = WHOLE_NUMBER.fullmatch(value)
        value = int(written[1][:LONGEST_NUMBER]) if written else None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    return value if type(value) is int and value > 0 else None


def _coordinates(value: object) -> tuple[float, ...]:
    """Return the numbers that were sent, as many as two; strings and decimal commas are read too (KI 582065)."""
    found = [_number(part) for part in value[:COORDINATES]] if isinstance(value, list) else []
    return tuple(part for part in found if part is not None)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value.replace(",", ".") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _destination(country: str | None, postal_code: str | None, coordinates: tuple[float, ...], default_country: str) -> Destination | None:
    """Return an address where a postal code or a pair of coordinates makes one; the country, where none was sent, is the seller's own."""
    code = postal_key(postal_code or "")
    if not code and len(coordinates) < COORDINATES:
        return None
    return Destination((country or "").strip().upper() or default_country, code, coordinates)


# ── the answer ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def write(cart: Cart, simulation: Simulation, merchant: str | None = None) -> dict[str, Any]:
    """Write the answer; money in cents. Lines that are not for sale are in neither list; indexes are positions in the request.

    `merchant` names the seller where it takes the payment itself; None where the marketplace does (facts 3.2).
    """
    everywhere, has_pickup = list(simulation.ships_to), simulation.has_pickup
    return {
        "items": [_item(line, merchant) for line in simulation.lines],
        "logisticsInfo": [_logistics(line, everywhere, has_pickup=has_pickup) for line in simulation.lines],
        "country": cart.country,
        "postalCode": cart.postal_code,
        "geoCoordinates": list(cart.coordinates),
        "allowMultipleDeliveries": True,
    }


def _item(found: SimulatedLine, merchant: str | None) -> dict[str, Any]:
    offer = found.offer
    return {
        "id": offer.sku,
        "requestIndex": found.line.position,
        "price": offer.price_cents,
        "listPrice": max(offer.list_price_cents, offer.price_cents),
        "quantity": found.quantity,
        "seller": found.line.seller,
        "merchantName": merchant,
        "priceValidUntil": offer.valid_until.isoformat() if offer.valid_until else None,
        "offerings": [{"type": s.type, "id": s.id, "name": s.name, "price": s.price_cents} for s in offer.services]
        if offer.services
        else [],
        "priceTags": [],
        "measurementUnit": offer.measurement_unit or "un",
        "unitMultiplier": _multiplier(offer.unit_multiplier),
        "attachmentOfferings": [],  # the marketplace knows a SKU's attachments by its own definitions alone (KI 957343)
    }


def _multiplier(value: float) -> int | float:
    """Write 1 rather than 1.0, where it is whole: VTEX's schema says integer, its own carts send decimals; 0 is 1 (facts 0.2)."""
    if not value:
        return 1
    return int(value) if value.is_integer() else value


def _logistics(found: SimulatedLine, ships_to: list[str], *, has_pickup: bool) -> dict[str, Any]:
    return {
        "itemIndex": found.line.position,
        "stockBalance": found.stock,
        "quantity": found.quantity,
        "shipsTo": ships_to,
        "slas": [sla(way) for way in found.slas],
        "deliveryChannels": channels(found.stock, has_pickup=has_pickup),
    }

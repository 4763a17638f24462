"""Ways of delivery in VTEX's words: services, their windows, pickup points (facts 3.2)."""

from __future__ import annotations

from typing import Any

from connector.domain.freight import Destination, postal_key
from connector.domain.pickup import Address, PickupPoint
from connector.domain.ways_offered import SlaOffer
from connector.domain.windows import Window
from connector.vtex.order_fields import Fields

DELIVERY = "delivery"
PICKUP = "pickup-in-point"


def destination(address: dict[str, Any], home: str) -> Destination | None:
    """Read where an order goes, for its freight; None where it names no postal code."""
    fields = Fields.of(address, "")
    code = fields.get("postalCode")
    key = postal_key(code) if isinstance(code, str) else ""
    country = fields.get("country")
    return Destination((country.strip().upper() if isinstance(country, str) else "") or home, key) if key else None


def channels(stock: int, *, has_pickup: bool) -> list[dict[str, Any]]:
    ids = (DELIVERY, PICKUP) if has_pickup else (DELIVERY,)
    return [{"id": name, "stockBalance": stock} for name in ids]


def sla(way: SlaOffer) -> dict[str, Any]:
    return {
        "id": way.id,
        "name": way.name,
        "price": way.price_cents,
        "shippingEstimate": way.estimate,
        "deliveryChannel": PICKUP if way.pickup else DELIVERY,
        "availableDeliveryWindows": [_window(window) for window in way.windows] if way.windows else [],
        "pickupStoreInfo": _store(way.pickup) if way.pickup else None,
    }


def _window(window: Window) -> dict[str, Any]:
    return {"startDateUtc": window.start.isoformat(), "endDateUtc": window.end.isoformat(), "price": window.price_cents}


def _store(point: PickupPoint) -> dict[str, Any]:
    """Describe a pickup point; its address's id is the point's own, which the marketplace keeps (ORD048)."""
    return {
        "isPickupStore": True,
        "friendlyName": point.name,
        "additionalInfo": point.additional_info,
        "address": _address(point.id, point.address),
    }


def _address(address_id: str, address: Address) -> dict[str, Any]:
    return {
        "addressType": "pickup",
        "receiverName": None,
        "addressId": address_id,
        "postalCode": address.postal_code,
        "city": address.city,
        "state": address.state,
        "country": address.country,
        "street": address.street,
        "number": address.number,
        "neighborhood": address.neighborhood,
        "complement": address.complement,
        "reference": None,
        "geoCoordinates": [address.position[1], address.position[0]]
        if address.position
        else [],  # the longitude first, as VTEX writes them
    }

"""The fields of a simulation's answer, with the types that VTEX reads them as."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from connector.sandbox.calls import is_number, is_text, is_whole


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def is_instant(value: object) -> bool:
    try:
        return datetime.fromisoformat(str(value)) is not None
    except ValueError:
        return False


def _is_instant_or_none(value: object) -> bool:
    return value is None or is_instant(value)


def is_estimate(value: object) -> bool:
    return re.fullmatch(r"\d+(?:bd|d|h|m)", str(value)) is not None


Shape = Mapping[str, Callable[[Any], bool]]
WHOLE: Shape = {"items": _is_list, "logisticsInfo": _is_list, "country": _is_text_or_none, "postalCode": _is_text_or_none}
ITEM: Shape = {
    "id": is_text,
    "requestIndex": is_whole,
    "price": is_whole,
    "listPrice": is_whole,
    "quantity": is_whole,
    "seller": _is_string,
    "merchantName": _is_text_or_none,
    "priceValidUntil": _is_instant_or_none,
    "offerings": _is_list,
    "priceTags": _is_list,
    "measurementUnit": is_text,
    "unitMultiplier": is_number,
}
ROW: Shape = {
    "itemIndex": is_whole,
    "stockBalance": is_whole,
    "quantity": is_whole,
    "shipsTo": lambda value: _is_list(value) and bool(value),
    "slas": _is_list,
    "deliveryChannels": _is_list,
}
OFFERING: Shape = {"type": is_text, "id": is_text, "name": is_text, "price": is_whole}
CHANNEL: Shape = {"id": lambda value: value in ("delivery", "pickup-in-point"), "stockBalance": is_whole}
SLA: Shape = {
    "id": is_text,
    "name": is_text,
    "deliveryChannel": lambda value: value in ("delivery", "pickup-in-point"),
    "price": is_whole,
    "shippingEstimate": is_estimate,
    "availableDeliveryWindows": _is_list,
    "pickupStoreInfo": lambda v: v is None or isinstance(v, dict),
}
WINDOW: Shape = {"startDateUtc": is_instant, "endDateUtc": is_instant, "price": is_whole}


def misfits(value: object, shape: Shape, where: str) -> Iterator[str]:
    """Say which field is missing or of another type."""
    if not isinstance(value, dict):
        yield f"{where} is no object"
        return
    for name, fits in shape.items():
        if name not in value:
            yield f"{where}.{name} is missing"
        elif not fits(value[name]):
            yield f"{where}.{name} is {value[name]!r}"

"""VTEX's order modifications and their agreements in our words (Orders API, change v2; facts 6.2, decision 11)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from connector.domain.changing import Added, OrderChange, Removed
from connector.domain.orders import Order
from connector.vtex.order_fields import Fields, check_storable, invalid

Agreement = Literal["Acknowledgment", "Confirmation"]
ACKNOWLEDGMENT: Agreement = "Acknowledgment"
CONFIRMATION: Agreement = "Confirmation"
REQUEST_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
"""What can stand in an address: the answer goes to one that names it."""
ID_NAMES = ("changeRequestId", "changeId", "requestId")


@dataclass(frozen=True, slots=True)
class ChangeCall:
    """One call about a change: asked for (Acknowledgment), or to be applied now (Confirmation)."""

    agreement: Agreement
    request_id: str
    marketplace_order_id: str
    body: dict[str, Any]

    @property
    def content_hash(self) -> str:
        """Hash what is asked for, whatever stands around it."""
        said = {name: self.body.get(name) for name in sorted(self.body) if name.lower() in _ASKING}
        return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


_ASKING = ("reason", "add", "remove", "replace", "manualdiscountvalue", "manualincrementvalue")


def read_call(body: object, request_id: str = "") -> ChangeCall:
    """Read a call about a change; its id stands in the address or in the body. Raises RequestInvalid naming the field."""
    check_storable(body)
    fields = Fields.of(body, "")
    found = request_id or next((text for name in ID_NAMES if (text := fields.text(name))), "")
    if not REQUEST_ID.fullmatch(found):
        raise invalid(ID_NAMES[0], found or None, "up to 100 letters, digits, dots, dashes and underscores")
    return ChangeCall(_agreement(fields), found, fields.text("marketplaceOrderId"), body if isinstance(body, dict) else {})


def _agreement(fields: Fields) -> Agreement:
    said = fields.text("agreementType").lower()
    if said in ("", ACKNOWLEDGMENT.lower()):
        return ACKNOWLEDGMENT
    if said == CONFIRMATION.lower():
        return CONFIRMATION
    raise invalid("agreementType", fields.get("agreementType"), f"{ACKNOWLEDGMENT} or {CONFIRMATION}")


def read_change(body: object, request_id: str) -> OrderChange:
    """Read what is to be taken off, added and replaced. Raises RequestInvalid naming the field, and for a change of nothing."""
    fields = Fields.of(body, "")
    removed, added = list(_removed(fields, "remove")), list(_added(fields, "add"))
    adjustment = _adjustment(fields)
    for one in fields.objects("replace"):
        gone = list(_removed(one, "from"))
        removed += gone
        added += _added(one, "to", gone)
    adjustment += sum(_adjustment(item) for part in _parts(fields) for item in part.objects("items"))
    if not removed and not added and not adjustment:
        raise invalid("", body, "something to add, remove, replace or adjust")
    return OrderChange(request_id, fields.text("reason"), tuple(removed), tuple(added), adjustment)


def _adjustment(fields: Fields) -> int:
    return fields.amount("manualIncrementValue") - fields.amount("manualDiscountValue")


def _parts(fields: Fields) -> Iterator[Fields]:
    """Walk through everything that is added."""
    yield from _some(fields, "add")
    for one in fields.objects("replace"):
        yield from _some(one, "to")


def _some(fields: Fields, name: str) -> list[Fields]:
    """Read a part, or several: VTEX's request has an object, its answer an array of them."""
    return fields.objects(name) if isinstance(fields.get(name), list) else [fields.object(name)]


def _removed(fields: Fields, name: str) -> Iterator[Removed]:
    for part in _some(fields, name):
        for item in part.objects("items"):
            yield Removed(item.id("id"), item.quantity("quantity"))


def _added(fields: Fields, name: str, gone: list[Removed] | None = None) -> Iterator[Added]:
    for part in _some(fields, name):
        shipping = {entry.get("itemIndex"): entry for entry in part.object("shippingData").objects("logisticsInfo") if _has_index(entry)}
        for position, item in enumerate(part.objects("items")):
            replaced = gone[min(position, len(gone) - 1)].sku if gone else ""
            yield _one_added(item, shipping.get(position, Fields.of(None, "")), replaced)


def _has_index(entry: Fields) -> bool:
    return type(entry.get("itemIndex")) is int


def _one_added(item: Fields, shipping: Fields, replaced: str) -> Added:
    return Added(
        sku=item.id("id"),
        quantity=item.quantity("quantity"),
        price_cents=None if item.get("price") is None else item.amount("price"),
        unit_multiplier=item.multiplier("unitMultiplier") if item.get("unitMultiplier") else None,
        measurement_unit=item.text("measurementUnit"),
        sla=shipping.text("selectedSla"),
        freight_cents=None if shipping.get("price") is None else shipping.amount("price"),
        instead_of=replaced,
    )


def change_receipt(order: Order, call: ChangeCall) -> dict[str, Any]:
    """Answer a call about a change: taken, not yet done (202); our agreement follows as a call of its own."""
    return {
        "orderId": order.order_id,
        "marketplaceOrderId": order.marketplace_order_id,
        "changeRequestId": call.request_id,
        "agreementType": call.agreement,
    }

"""VTEX's orders in our words, and our answers in VTEX's (guide of 2017, "Send order and authorize dispatch"; facts 4 to 6)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from connector.domain.keys import LONGEST_KEY
from connector.domain.orders import NewOrder, Order, OrderItem, totals
from connector.vtex.order_fields import Fields, check_storable, invalid
from connector.vtex.order_lines import read_lines

MOST_ORDERS = 500
LONGEST_TOTAL = 10**15


def read(document: object, account: str, sales_channel: str) -> list[NewOrder]:
    """Read what VTEX placed: an array of orders, or a single one.

    Raises RequestInvalid naming the field; OrderRefused (FMT0026) for an order without items, which a paused seller's
    promotion creates (KI 1350336).
    """
    orders = document if isinstance(document, list) else [document]
    if not orders or len(orders) > MOST_ORDERS:
        raise invalid("", orders or "an empty array", f"an order, or an array of 1 to {MOST_ORDERS} orders")
    is_many = isinstance(document, list)
    return [_read_one(order, f"[{n}]" if is_many else "", account, sales_channel) for n, order in enumerate(orders)]


def _read_one(document: object, place: str, account: str, sales_channel: str) -> NewOrder:
    if not isinstance(document, dict):
        raise invalid(place, document, "an order (an object)")
    check_storable(document, place)
    order = Fields.of(document, place)
    shipping = order.object("shippingData")
    new = NewOrder(
        account=account,
        sales_channel=sales_channel,
        marketplace_order_id=order.id("marketplaceOrderId"),
        services_endpoint=order.text("marketplaceServicesEndpoint"),
        payment_cents=None if order.get("marketplacePaymentValue") is None else order.amount("marketplacePaymentValue"),
        items=read_lines(order, shipping),
        client=_as_sent(order, "clientProfileData"),
        address=_as_sent(shipping, "address"),
        raw=document,
        content_hash=hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        document=_person(order.object("clientProfileData")),
        note=_note(order),
        custom_data=order.get("customData"),
        unitless=_unitless(order),
    )
    return _bounded(new, order)


def _bounded(new: NewOrder, order: Fields) -> NewOrder:
    if not 0 <= new.totals.total <= LONGEST_TOTAL:
        raise invalid(order.at("items"), new.totals.total, f"a total from 0 to {LONGEST_TOTAL} cents")
    return new


def _unitless(order: Fields) -> frozenset[str]:
    return frozenset(line.id("id") for line in order.objects("items") if not line.get("unitMultiplier"))


def placed_unitless(document: object) -> frozenset[str]:
    """Return the SKUs of an order that VTEX placed without a unit multiplier. Raises RequestInvalid naming the field."""
    return _unitless(Fields.of(document, ""))


def placed_cents(document: object) -> int:
    """Return what the lines of an order came to as VTEX placed it, in cents. Raises RequestInvalid naming the field."""
    order = Fields.of(document, "")
    return totals(read_lines(order, order.object("shippingData"))).total


def _as_sent(fields: Fields, name: str) -> dict[str, Any]:
    """Return an object with its names as they were written, once it is known to be one."""
    fields.object(name)
    return dict(fields.get(name) or {})


def _note(order: Fields) -> str:
    """Return what the buyer wrote: text, or an older marketplace's object around it (facts 4.2)."""
    written = order.get("openTextField")
    found = Fields.of(written, "").get("value") if isinstance(written, dict) else written
    return found if isinstance(found, str) else ""


def _person(client: Fields) -> str:
    """Return the buyer's CPF or CNPJ, digits and letters only, cut where it can be none."""
    return re.sub(r"[^0-9A-Za-z]", "", client.text("document") or client.text("corporateDocument"))[:LONGEST_KEY].upper()


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def answer(new: NewOrder, order_id: str) -> dict[str, Any]:
    """Answer a placed order: all of it again, with our id, and unit and multiplier as the guide's answer shows them."""
    answered = dict(new.raw)
    _set(answered, "orderId", order_id)
    email = Fields.of(new.client, "").get("email")
    _set(answered, "followUpEmail", email if isinstance(email, str) else "")
    _set(answered, "items", [_answered_item(line, item) for line, item in zip(_lines(new), new.items, strict=True)])
    return answered


def _lines(new: NewOrder) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = Fields.of(new.raw, "").get("items")
    return lines


def _answered_item(line: dict[str, Any], item: OrderItem) -> dict[str, Any]:
    answered = dict(line)
    multiplier = item.unit_multiplier
    _set(answered, "measurementUnit", Fields.of(line, "").get("measurementUnit") or "un")
    _set(answered, "unitMultiplier", int(multiplier) if multiplier.is_integer() else multiplier)
    return answered


def _set(answered: dict[str, Any], name: str, value: object) -> None:
    """Set a value under the name as it was sent, in whatever case, or as documented where it was not."""
    sent = next((key for key in answered if key.lower() == name.lower()), name)
    answered[sent] = value


def receipt(order: Order, at: datetime, number: str) -> dict[str, Any]:
    """Answer an authorization or a cancellation; `date` in UTC, as the guide writes it."""
    return {
        "date": f"{at:%Y-%m-%d %H:%M:%S}",
        "marketplaceOrderId": order.marketplace_order_id,
        "orderId": order.order_id,
        "receipt": number,
    }


# ── authorization and cancellation ──────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Authorization:
    marketplace_order_id: str
    payments: Any


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """What VTEX says about a cancellation; `requested_at` as sent (seven digits of a second), "" where it says nothing."""

    marketplace_order_id: str
    request_id: str
    requested_at: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return {"id": self.request_id, "requested_at": self.requested_at, "reason": self.reason}


def read_authorization(body: object) -> Authorization:
    """Read the body of an authorization; payment data is kept as sent (facts 5)."""
    fields = _lone(body)
    return Authorization(fields.text("marketplaceOrderId"), fields.get("paymentData"))


def read_cancellation(body: object) -> CancelRequest:
    """Read the body of a cancellation; every field may be missing, and so may the body (facts 6.1)."""
    fields = _lone(body)
    return CancelRequest(
        fields.text("marketplaceOrderId"),
        fields.text("cancellationRequestId"),
        fields.text("cancellationRequestDate"),
        fields.text("reason"),
    )


def _lone(body: object) -> Fields:
    """Take a body, or the array of one in which an older guide wraps it; nothing, null and an empty array are an empty one."""
    check_storable(body)
    if isinstance(body, list) and len(body) <= 1:
        return Fields.of(body[0] if body else None, "")
    return Fields.of(body, "")

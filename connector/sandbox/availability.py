"""What the marketplace makes of a seller's answer: can each line be sold, and if not, VTEX's word for why."""

from __future__ import annotations

from typing import Any

from connector.sandbox import shapes
from connector.sandbox.calls import Body, Exchange
from connector.sandbox.catalog import Listed

_OK, _BAD_GATEWAY = 200, 502


def failure(exchange: Exchange, limit_seconds: float) -> str:
    """Say why the whole answer is of no use, or "" where it is of some."""
    if not exchange.status:
        return exchange.note
    if exchange.seconds > limit_seconds:
        return "ORD015.1: no answer in time"
    if exchange.status == _BAD_GATEWAY:
        return "ORD015.3: the seller answered 502"
    if exchange.status != _OK:
        return f"ORD015.4: the seller answered {exchange.status}"
    is_read = isinstance(exchange.answer, dict) and not list(shapes.misfits(exchange.answer, shapes.WHOLE, ""))
    return "" if is_read else "ORD015.5: the answer cannot be read"


def lines(exchange: Exchange, cart: Body, limit_seconds: float) -> list[dict[str, Any]]:
    """Return for each line asked for: SKU, quantity, item and delivery row of the answer (or None), and why it cannot be sold."""
    reason = failure(exchange, limit_seconds)
    answer = {} if reason else exchange.answer
    items = {item.get("requestIndex"): item for item in answer.get("items", ()) if isinstance(item, dict)}
    rows = {row.get("itemIndex"): row for row in answer.get("logisticsInfo", ()) if isinstance(row, dict)}
    return [
        {
            "sku": asked["id"],
            "asked": asked["quantity"],
            "item": items.get(index),
            "row": rows.get(index),
            "reason": reason or _reason(items.get(index), rows.get(index), asked["quantity"], bool(cart.get("postalCode"))),
        }
        for index, asked in enumerate(cart["items"])
    ]


def whole_cart(exchange: Exchange, cart: Body) -> str:
    """Say VTEX's word where the answer has another number of items than the cart."""
    items = exchange.answer.get("items") if isinstance(exchange.answer, dict) else None
    if isinstance(items, list) and len(items) != len(cart["items"]):
        return f"CHK0111: {len(items)} items answered, {len(cart['items'])} in the cart"
    return ""


def listed(exchange: Exchange, cart: Body, limit_seconds: float) -> Listed:
    """Return what the catalogue shows of the one SKU that was asked for."""
    line = lines(exchange, cart, limit_seconds)[0]
    item, row = line["item"] or {}, line["row"] or {}
    return Listed(exchange.at, item.get("price"), item.get("listPrice"), row.get("stockBalance"), line["reason"])


def _reason(item: Body | None, row: Body | None, asked: int, has_address: bool) -> str:
    if item is None or row is None:
        return "unavailableItemFulfillment"
    if not item.get("price"):
        return "withoutPriceFulfillment"
    if not item.get("quantity") or not row.get("stockBalance"):
        return "withoutStock"
    if item["quantity"] < asked:
        return f"withoutStock: {item['quantity']} of {asked}"
    return "cannotBeDelivered" if has_address and not row.get("slas") else ""

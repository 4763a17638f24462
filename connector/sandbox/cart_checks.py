"""Which rules a seller's answer to a cart breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from connector.sandbox import shapes
from connector.sandbox.calls import Body, Exchange
from connector.sandbox.rules import Violation

LIMIT_SECONDS = 2.5
_OK = 200


def cart_checks(exchange: Exchange, cart: Body) -> list[Violation]:
    """Return what an answer to a well-formed cart breaks."""
    late = [Violation("answer-time", f"{exchange.seconds:.1f} s")] if exchange.seconds > LIMIT_SECONDS else []
    if not exchange.status:
        return late
    if exchange.status != _OK:
        return [*late, Violation("answer-status", f"{exchange.status}: {str(exchange.answer)[:100]}")]
    if not isinstance(exchange.answer, dict):
        return [*late, Violation("answer-json", f"no JSON object: {str(exchange.answer)[:80]!r}")]
    misfits = list(_misfits(exchange.answer))
    if misfits:
        return [*late, *(Violation("cart-keys", found) for found in misfits)]
    return [*late, *_content(exchange.answer, cart)]


def _misfits(answer: Body) -> Iterator[str]:
    yield from shapes.misfits(answer, shapes.WHOLE, "answer")
    for number, item in _listed(answer, "items"):
        yield from shapes.misfits(item, shapes.ITEM, f"items[{number}]")
        for index, one in _listed(item, "offerings"):
            yield from shapes.misfits(one, shapes.OFFERING, f"items[{number}].offerings[{index}]")
    for number, row in _listed(answer, "logisticsInfo"):
        yield from shapes.misfits(row, shapes.ROW, f"logisticsInfo[{number}]")
        for index, channel in _listed(row, "deliveryChannels"):
            yield from shapes.misfits(channel, shapes.CHANNEL, f"logisticsInfo[{number}].deliveryChannels[{index}]")


def _listed(value: Any, name: str) -> Iterable[tuple[int, Any]]:
    found = value.get(name) if isinstance(value, dict) else None
    return enumerate(found) if isinstance(found, list) else ()


def _content(answer: Body, cart: Body) -> Iterator[Violation]:
    positions = list(_positions(answer, cart))
    yield from positions
    yield from _places(answer, cart)
    if positions:
        return
    rows = {row["itemIndex"]: row for row in answer["logisticsInfo"]}
    for item in answer["items"]:
        yield from _item(item, rows[item["requestIndex"]], cart["items"][item["requestIndex"]])
    yield from _shared_stock(answer["items"], rows)
    for row in rows.values():
        yield from _slas(row, has_address=bool(cart.get("postalCode") or cart.get("geoCoordinates")))


def _positions(answer: Body, cart: Body) -> Iterator[Violation]:
    items = [item["requestIndex"] for item in answer["items"]]
    rows = [row["itemIndex"] for row in answer["logisticsInfo"]]
    outside = [index for index in (*items, *rows) if not 0 <= index < len(cart["items"])]
    if outside:
        yield Violation("cart-position", f"position {outside[0]} of a request with {len(cart['items'])} lines")
    if len(set(items)) < len(items) or sorted(items) != sorted(rows):
        yield Violation("cart-position", f"items at {items}, delivery rows at {rows}")


def _places(answer: Body, cart: Body) -> Iterator[Violation]:
    for name in ("country", "postalCode"):
        sent = cart.get(name)
        if sent is not None and answer[name] != sent:
            yield Violation("cart-echo", f"{name} {answer[name]!r} instead of {sent!r}")


def _item(item: Body, row: Body, asked: Body) -> Iterator[Violation]:
    for name in ("id", "seller"):
        if item[name] != asked[name]:
            yield Violation("cart-echo", f"{name} {item[name]!r} instead of {asked[name]!r}")
    if item["price"] <= 0 or item["listPrice"] < item["price"]:
        yield Violation("cart-price", f"SKU {item['id']}: price {item['price']}, list price {item['listPrice']}")
    quantity, stock = item["quantity"], row["stockBalance"]
    if not 0 <= quantity <= asked["quantity"] or row["quantity"] != quantity or quantity > stock:
        found = f"item {quantity}, delivery row {row['quantity']}, stock {stock}, asked {asked['quantity']}"
        yield Violation("cart-quantity", f"SKU {item['id']}: {found}")
    if not quantity and stock:
        yield Violation("cart-zero", f"SKU {item['id']}: quantity 0 with a stock of {stock}")


def _shared_stock(items: list[Body], rows: dict[int, Body]) -> Iterator[Violation]:
    offered, stock = Counter[str](), Counter[str]()
    for item in items:
        offered[item["id"]] += item["quantity"]
        stock[item["id"]] = max(stock[item["id"]], rows[item["requestIndex"]]["stockBalance"])
    for sku, quantity in offered.items():
        if quantity > stock[sku]:
            yield Violation("cart-same-sku", f"SKU {sku}: {quantity} offered on several lines, stock {stock[sku]}")


def _slas(row: Body, *, has_address: bool) -> Iterator[Violation]:
    if row["slas"] and not has_address:
        yield Violation("cart-no-address", f"{len(row['slas'])} delivery services")
    for sla in row["slas"]:
        misfits = list(shapes.misfits(sla, shapes.SLA, "sla"))
        yield from (Violation("cart-sla", found) for found in misfits)
        for window in [] if misfits else sla["availableDeliveryWindows"]:
            yield from _window(window)
    ids = [str(sla.get("id")) for sla in row["slas"] if isinstance(sla, dict)]
    if len(set(ids)) < len(ids):
        yield Violation("cart-sla", f"the same id twice on one line: {', '.join(ids)}")


def _window(window: Any) -> Iterator[Violation]:
    misfits = list(shapes.misfits(window, shapes.WINDOW, "window"))
    yield from (Violation("cart-window", found) for found in misfits)
    if not misfits and datetime.fromisoformat(window["endDateUtc"]) <= datetime.fromisoformat(window["startDateUtc"]):
        yield Violation("cart-window", f"it ends at {window['endDateUtc']}, before it begins at {window['startDateUtc']}")

"""An order's lines: what is bought, with its services and attachments, and how each line is shipped (facts 4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connector.domain.orders import OrderItem, OrderService, line_cents
from connector.errors import OrderRefused
from connector.vtex.delivery_ways import DELIVERY, PICKUP
from connector.vtex.order_fields import MAX_CENTS, Fields, invalid


def read_lines(order: Fields, shipping: Fields) -> tuple[OrderItem, ...]:
    """Read an order's lines with their shipping.

    Raises RequestInvalid naming the field; OrderRefused (FMT0026) for an order without lines (KI 1350336).
    """
    lines = order.objects("items")
    if not lines:
        number = order.id("marketplaceOrderId")
        raise OrderRefused(f"order {number} has no items; an order without items cannot be accepted", code="FMT0026")
    logistics = _by_line(shipping.objects("logisticsInfo"), len(lines))
    address = shipping.object("address")
    return tuple(_item(line, logistics.get(position, Fields.of(None, "")), address) for position, line in enumerate(lines))


def _by_line(entries: list[Fields], lines: int) -> dict[int, Fields]:
    """Say which entry belongs to which line: by its index, from 0 or from 1, or by position where indices are missing or twice the same."""
    indices = [entry.get("itemIndex") for entry in entries]
    if not all(type(index) is int for index in indices) or len(set(indices)) < len(indices):
        return dict(enumerate(entries))
    if set(indices) == set(range(1, lines + 1)):
        return {index - 1: entry for index, entry in zip(indices, entries, strict=True)}
    are_usable = all(0 <= index < lines for index in indices)
    return dict(zip(indices, entries, strict=True)) if are_usable else dict(enumerate(entries))


def _item(line: Fields, logistics: Fields, address: Fields) -> OrderItem:
    window = logistics.object("deliveryWindow")
    channel = _channel(logistics, address)
    bare = OrderItem(
        sku=line.id("id"),
        quantity=line.quantity("quantity"),
        price_cents=line.amount("price"),
        sla=logistics.text("selectedSla"),
        freight_cents=logistics.amount("price") + window.amount("price"),
        services=tuple(_service(one) for one in line.objects("bundleItems")),
        unit_multiplier=line.multiplier("unitMultiplier"),
        is_gift=line.flag("isGift"),
        estimate=logistics.text("shippingEstimate"),
        lock_ttl=logistics.text("lockTTL"),
        delivery_window=_window(window),
        channel=channel,
        pickup_point=_pickup_point(logistics, address) if channel == PICKUP else "",
        measurement_unit=line.text("measurementUnit") or "un",
        attachments=_attachments(line),
    )
    return _tagged(bare, line)


def _tagged(item: OrderItem, line: Fields) -> OrderItem:
    tags = sum(_tag(tag, line_cents(item)) for tag in line.objects("priceTags"))
    if abs(tags) > MAX_CENTS:
        raise invalid(line.at("priceTags"), tags, f"a sum of up to {MAX_CENTS} cents")
    return replace(item, tags_cents=tags) if tags else item


def _tag(tag: Fields, line: int) -> int:
    """Return one price tag in cents, negative for a discount; a percentage counts on the line (facts 0.2)."""
    value = tag.decimal("value") * line / 100 if tag.flag("isPercentual") else tag.decimal("value")
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _channel(logistics: Fields, address: Fields) -> str:
    """Say how a line reaches the buyer; the guide of 2017 knows only delivery, and an order to be collected goes to a pickup address."""
    is_collected = str(address.get("addressType") or "").lower() == "pickup"
    return logistics.text("selectedDeliveryChannel") or (PICKUP if is_collected else DELIVERY)


def _pickup_point(logistics: Fields, address: Fields) -> str:
    return logistics.text("pickupPointId") or address.text("addressId")


def _attachments(line: Fields) -> tuple[Any, ...]:
    """Return what the buyer had written on a line, as sent: names and shapes differ between VTEX's documents and its orders (facts 4.2)."""
    return tuple(
        one for name in ("itemAttachment", "itemsAttachment", "attachments") for one in _each(line.get(name)) if not _is_empty(one)
    )


def _each(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list) else [value]


def _is_empty(value: Any) -> bool:
    """Tell whether there is nothing in it, as in {"name": null, "content": {}}, which stands in every order."""
    return all(_is_empty(inner) for inner in value.values()) if isinstance(value, dict) else value in (None, "", [])


def _service(bundle: Fields) -> OrderService:
    return OrderService(bundle.text("type"), bundle.text("id"), bundle.text("name"), bundle.amount("price"))


def _window(window: Fields) -> dict[str, Any] | None:
    if not window.values:
        return None
    return {"start": window.text("startDateUtc"), "end": window.text("endDateUtc"), "price": window.amount("price")}

"""Changes of a placed order that a marketplace asks for: what is taken off, what is added, and the lines that are left (facts 6.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connector.domain.catalog import Offer
from connector.domain.money import split
from connector.domain.orders import OrderItem, line_cents, totals
from connector.errors import OrderRefused


@dataclass(frozen=True, slots=True)
class Removed:
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Added:
    """Pieces to be added; `instead_of` is the SKU whose line they replace. None and "" leave it to that line, then to today's offer."""

    sku: str
    quantity: int
    price_cents: int | None = None
    unit_multiplier: float | None = None
    measurement_unit: str = ""
    sla: str = ""
    freight_cents: int | None = None
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class OrderChange:
    """One change as asked for; `adjustment_cents` is an increment of the order's total, negative for a discount."""

    request_id: str
    reason: str
    removed: tuple[Removed, ...]
    added: tuple[Added, ...]
    adjustment_cents: int = 0


@dataclass(frozen=True, slots=True)
class KeptChange:
    """A change as the store knows it; `number` counts an order's changes in the order in which they were applied."""

    request_id: str
    content_hash: str
    raw: Any
    asked_at: datetime
    number: int | None = None
    applied_at: datetime | None = None
    result: dict[str, Any] | None = None


def changed_lines(items: Sequence[OrderItem], change: OrderChange, offers: Mapping[str, Offer]) -> tuple[OrderItem, ...]:
    """Return an order's lines as they are after a change.

    Raises OrderRefused naming the SKU: ORD021 unknown, FMT012 not on the order, FMT0026 nothing would be left, ORD008 a SKU on two lines
    (VTEX's own changes break on those, KI 1219914).
    """
    _once_each(item.sku for item in items)
    models = {item.sku: item for item in items}
    lines = dict(models)
    for removed in change.removed:
        _take_off(lines, removed)
    for added in change.added:
        _add(lines, added, models, offers)
    if not lines:
        raise OrderRefused("the change would leave nothing of the order; cancel it instead", code="FMT0026")
    return _adjusted(tuple(lines.values()), change.adjustment_cents)


def _once_each(skus: Iterable[str]) -> None:
    twice = sorted(sku for sku, lines in Counter(skus).items() if lines > 1)
    if twice:
        raise OrderRefused(f"SKU {twice[0]} stands on several lines of the order; such an order cannot be changed (KI 1219914)")


def _take_off(lines: dict[str, OrderItem], removed: Removed) -> None:
    line = lines.get(removed.sku)
    if line is None or line.quantity < removed.quantity:
        has = f"the order has {line.quantity} of it" if line else "it is not on the order"
        raise OrderRefused(f"SKU {removed.sku}: {removed.quantity} are to be taken off; {has}", code="FMT012")
    if line.quantity == removed.quantity:
        del lines[removed.sku]
    else:
        left = line.quantity - removed.quantity
        lines[removed.sku] = replace(line, quantity=left, tags_cents=_share(line.tags_cents, left, line.quantity))


def _share(cents: int, left: int, of: int) -> int:
    return int((Decimal(cents) * left / of).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _add(lines: dict[str, OrderItem], added: Added, models: dict[str, OrderItem], offers: Mapping[str, Offer]) -> None:
    """Let pieces join their SKU's line, or make one, which follows the line that it replaces in all that is not said."""
    stays = lines.get(added.sku)
    if stays is not None:
        lines[added.sku] = _joined(stays, added, models.get(added.sku))
        return
    model = models.get(added.sku) or models.get(added.instead_of)
    if model and model.sku in lines:
        model = replace(model, freight_cents=0)
    lines[added.sku] = _new_line(added, model, offers.get(added.sku))
    if model:
        models[model.sku] = replace(model, freight_cents=0)  # a line's freight is inherited once


def _joined(line: OrderItem, added: Added, ordered: OrderItem | None) -> OrderItem:
    """Let pieces join a line; those that were `ordered`, and taken off by the same change, get their share of the discount again."""
    if not _is_alike(added, line):
        raise OrderRefused(f"SKU {added.sku} is on the order at another price or unit; it would stand on two lines (KI 1219914)")
    quantity = line.quantity + added.quantity
    tags_cents = _discount(quantity, ordered) if ordered and _is_alike(line, ordered) else line.tags_cents
    return replace(line, quantity=quantity, freight_cents=line.freight_cents + (added.freight_cents or 0), tags_cents=tags_cents)


def _new_line(added: Added, model: OrderItem | None, offer: Offer | None) -> OrderItem:
    same = model if model and model.sku == added.sku else None
    if same is None and offer is None:
        raise OrderRefused(f"SKU {added.sku} is unknown, not for sale or without a price today", code="ORD021")
    prices = (added.price_cents, same.price_cents if same else None, offer.price_cents if offer else None)
    multipliers = (added.unit_multiplier, same.unit_multiplier if same else None, offer.unit_multiplier if offer else None)
    inherited = model.freight_cents if model else 0
    return OrderItem(
        sku=added.sku,
        quantity=added.quantity,
        price_cents=next(price for price in prices if price is not None),
        sla=added.sla or (model.sla if model else ""),
        freight_cents=inherited if added.freight_cents is None else added.freight_cents,
        tags_cents=_discount(added.quantity, same) if same and _is_alike(added, same) else 0,
        is_gift=same.is_gift if same else False,
        unit_multiplier=next(multiplier for multiplier in multipliers if multiplier is not None),
        estimate=model.estimate if model else "",
        lock_ttl=model.lock_ttl if model else "",
        delivery_window=model.delivery_window if model else None,
        channel=model.channel if model else "",
        pickup_point=model.pickup_point if model else "",
        measurement_unit=added.measurement_unit or (same.measurement_unit if same else ""),
        services=same.services if same else (),
        attachments=same.attachments if same else (),
    )


def _is_alike(one: Added | OrderItem, line: OrderItem) -> bool:
    return one.price_cents in (None, line.price_cents) and one.unit_multiplier in (None, line.unit_multiplier)


def _discount(quantity: int, ordered: OrderItem) -> int:
    """Give the price tags of so many pieces of a line that was ordered: those that are more than were ordered have none."""
    return _share(ordered.tags_cents, min(quantity, ordered.quantity), ordered.quantity)


def _adjusted(lines: tuple[OrderItem, ...], adjustment_cents: int) -> tuple[OrderItem, ...]:
    """Spread an adjustment of the order's total over its lines, to the cent."""
    parts = split(adjustment_cents, [line_cents(line) for line in lines])
    adjusted = tuple(replace(line, tags_cents=line.tags_cents + part) for line, part in zip(lines, parts, strict=True))
    if totals(adjusted).total < 0:
        raise OrderRefused("the change would make the order's total less than nothing", code="FMT007")
    return adjusted


def differences(before: Sequence[OrderItem], after: Sequence[OrderItem]) -> dict[str, int]:
    """Return by how many pieces each SKU grew or shrank; those that stayed as they were are left out."""
    pieces = Counter[str]()
    for item in after:
        pieces[item.sku] += item.quantity
    for item in before:
        pieces[item.sku] -= item.quantity
    return {sku: pieces[sku] for sku in sorted(pieces) if pieces[sku]}

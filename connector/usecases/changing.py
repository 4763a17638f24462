"""Change placed orders where the settings allow it: acknowledged when asked for, applied when confirmed, told to the ERP (facts 6.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain.changing import KeptChange, OrderChange, changed_lines, differences
from connector.domain.messages import ERP, Kind
from connector.domain.orders import Order, OrderItem, OrderState
from connector.domain.placing import NamedSku, Terms, measure_change
from connector.errors import Conflict, NotFound, OrderRefused, RequestInvalid
from connector.formats.order_files import changed_document
from connector.storage import documents, listings, order_changes, order_story, outbox, repeated, reservations
from connector.storage import orders as store
from connector.usecases import stock_terms
from connector.usecases.dispatching import named, was_exported
from connector.usecases.holding import has_invoice, held_until, note_flags, ran_out
from connector.usecases.offers import on_offer
from connector.vtex.changes import CONFIRMATION, ChangeCall, change_receipt, read_call, read_change
from connector.vtex.orders import placed_unitless

CHANGEABLE = (OrderState.PLACED, OrderState.AUTHORIZED)


def change(app: App, account: str, order_id: str, body: object, request_id: str = "") -> dict[str, Any]:
    """Take VTEX's call about a change of an order: keep it (Acknowledgment) or apply it (Confirmation); again: the same answer.

    Our own agreement follows as a message. Raises NotFound; Conflict for an order that cannot change any more, or a change that came
    with other content before; OrderRefused naming the SKU.
    """
    call = read_call(body, request_id)
    try:
        return _taken(app, account, order_id, call)
    except (Conflict, OrderRefused) as error:
        _note_refusal(app, account, order_id, call, str(error))
        raise


@repeated.when_deadlocked
def _taken(app: App, account: str, order_id: str, call: ChangeCall) -> dict[str, Any]:
    with app.db.write() as tx:
        store.one_at_a_time(tx)
        order = named(tx, account, order_id, call.marketplace_order_id)
        _take(tx, app, order, call, app.now)
        return change_receipt(order, call)


def _note_refusal(app: App, account: str, order_id: str, call: ChangeCall, reason: str) -> None:
    """Write into the order's story what the marketplace was answered, in a transaction of its own: the other one was rolled back."""
    with app.db.write() as tx:
        order = named(tx, account, order_id, call.marketplace_order_id)
        order_story.event(tx, order.order_id, app.now, "change refused", f"{call.request_id}, {call.agreement}: {reason}")


def _take(tx: Connection, app: App, order: Order, call: ChangeCall, now: datetime) -> None:
    kept = order_changes.find(tx, order.order_id, call.request_id)
    if call.agreement == CONFIRMATION:
        if kept is None:
            raise NotFound(f"order {order.order_id} has no change {call.request_id}")
        _confirm(tx, app, order, kept, now)
    elif kept is None:
        _acknowledge(tx, app, order, call, now)
    elif kept.content_hash != call.content_hash:
        raise Conflict(f"change {call.request_id} of order {order.order_id} was sent before with other content", code="FMT009")


def _acknowledge(tx: Connection, app: App, order: Order, call: ChangeCall, now: datetime) -> None:
    """Keep a change that could be applied now."""
    asked = read_change(call.body, call.request_id)
    _fit(tx, app, order, asked, now)
    order_changes.keep(tx, order.order_id, KeptChange(call.request_id, call.content_hash, call.body, now))
    order_story.event(tx, order.order_id, now, "change asked", _in_words(asked))
    _agree(tx, order, call.request_id, Kind.CHANGE_ACKNOWLEDGED, now)


def _confirm(tx: Connection, app: App, order: Order, kept: KeptChange, now: datetime) -> None:
    """Apply a change that was kept; one that was applied already stays as it is."""
    if kept.number is None:
        asked = read_change(kept.raw, kept.request_id)
        _apply(tx, app, order, _fit(tx, app, order, asked, now, is_agreed=True), now)
        _agree(tx, order, kept.request_id, Kind.CHANGE_CONFIRMED, now)


def _agree(tx: Connection, order: Order, request_id: str, kind: Kind, now: datetime) -> None:
    outbox.put(tx, order.account, kind, [documents.reference(order.order_id, request_id)], now, order_id=order.order_id)


def _in_words(asked: OrderChange) -> str:
    gone = [f"{one.quantity} of {one.sku} off" for one in asked.removed]
    more = [f"{one.quantity} of {one.sku} more" for one in asked.added]
    because = f" ({asked.reason})" if asked.reason else ""
    return f"{asked.request_id}: {', '.join([*gone, *more]) or 'another total'}{because}"


# ── may it be? ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Fit:
    """A change that can be: the lines after it, by how many pieces what is held of each SKU grows or shrinks, what to look at."""

    change: OrderChange
    items: tuple[OrderItem, ...]
    pieces: dict[str, int]
    flags: tuple[str, ...]


def _fit(tx: Connection, app: App, order: Order, asked: OrderChange, now: datetime, *, is_agreed: bool = False) -> Fit:
    """Say what a change would come to now, or raise why it cannot be. VTEX was told that one that `is_agreed` can be, at its prices."""
    if order.state not in CHANGEABLE:
        raise Conflict(f"order {order.order_id} is {order.state}; it cannot be changed any more")
    if has_invoice(tx, order.order_id):
        raise Conflict(f"order {order.order_id} has an invoice; it cannot be changed any more")
    found = on_offer(app, tx, order.account, order.sales_channel, sorted({one.sku for one in asked.added}))
    items = changed_lines(order.items, asked, found)
    _shippable(app, asked)
    pieces = differences(order.items, items)
    added = {sku: more for sku, more in pieces.items() if more > 0}
    left = reservations.named_skus(tx, list(added), now, stock_terms.kept_back(tx, app))
    shipping, tolerance = app.settings.shipping.ids, app.settings.orders.price_tolerance
    terms, unitless = Terms(found, left, shipping, tolerance), _unitless(order, asked)
    flags = measure_change(order, _brought(asked, items), added, terms, unitless=unitless, is_agreed=is_agreed)
    _in_stock(added, left)
    ended = {sku: quantity for sku, quantity in ran_out(tx, order, now).items() if sku in added}
    again = {sku: min(before, left[sku].stock - added[sku]) for sku, before in ended.items()}
    missing = tuple(_missing(ended, again))
    return Fit(asked, items, {sku: more + again.get(sku, 0) for sku, more in pieces.items()}, (*flags, *missing))


def _unitless(order: Order, asked: OrderChange) -> frozenset[str]:
    """Return the SKUs of which neither order nor change names a unit multiplier."""
    named = {one.sku for one in asked.added if one.unit_multiplier is not None}
    try:
        return placed_unitless(order.raw) - named
    except RequestInvalid:  # of an erased order all may be overwritten: what differs is flagged
        return frozenset()


def _brought(asked: OrderChange, items: tuple[OrderItem, ...]) -> list[OrderItem]:
    """Return the lines that a change adds to; a change of the total alone touches all."""
    added = {one.sku for one in asked.added}
    return [item for item in items if item.sku in added or asked.adjustment_cents]


def _shippable(app: App, asked: OrderChange) -> None:
    slas = app.settings.shipping.ids
    for one in asked.added:
        if one.sla and slas and one.sla not in slas:
            raise OrderRefused(f"SKU {one.sku} is to go by the shipping service {one.sla!r}; offered are {', '.join(slas)}", code="FMT010")


def _in_stock(added: dict[str, int], left: Mapping[str, NamedSku]) -> None:
    for sku, more in added.items():
        has = left[sku].stock if sku in left else 0
        if more > has:
            raise OrderRefused(f"SKU {sku} is out of stock: {more} more are wanted, {has} left", code="FMT002")


def _missing(ended: dict[str, int], again: dict[str, int]) -> Iterator[str]:
    """Say what an order held until its time `ended` and is not there to be held `again`: sold, or off the ERP's stock already."""
    for sku, before in ended.items():
        if again[sku] < before:
            yield f"SKU {sku}: changed after its reservation had ended, {before} ordered before, {again[sku]} left"


# ── so be it ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _apply(tx: Connection, app: App, order: Order, fit: Fit, now: datetime) -> None:
    """Change lines, totals and what is held, in the one transaction that also tells the ERP."""
    store.change_lines(tx, order.order_id, fit.items)
    store.change(tx, order.order_id, acked_at=None)  # the ERP acknowledges what the order is now: its stock counts only that
    reservations.adjust(tx, order.order_id, fit.pieces, held_until(app, now), now)
    listings.announce(tx, app.marketplaces, sorted(fit.pieces), Kind.INVENTORY, now)
    result = changed_document(replace(order, items=fit.items), fit.change)
    number = order_changes.apply(tx, order.order_id, fit.change.request_id, result, now)
    order_story.event(tx, order.order_id, now, order_story.CHANGED, f"as change {number}, {_in_words(fit.change)}")
    note_flags(tx, order, fit.flags, now)
    if was_exported(order):
        reference = documents.reference(order.order_id, str(number))
        outbox.put(tx, ERP, Kind.CHANGE_FILE, [reference], now, order_id=order.order_id)

"""What orders hold and time ends: released and announced then, and held anew where an order is paid late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from connector.app import App
from connector.domain.documents import DocumentKind
from connector.domain.messages import Kind
from connector.domain.orders import Order
from connector.domain.reserving import after
from connector.storage import documents, listings, order_story, repeated, reservations
from connector.storage import orders as store


def held_until(app: App, now: datetime) -> datetime:
    """Return when what is held from now on ends, as long as the settings say."""
    return after(now.astimezone(ZoneInfo(app.settings.schedule.timezone)), app.settings.orders.reservation)


def hold_anew(tx: Connection, app: App, order: Order, now: datetime) -> tuple[str, ...]:
    """Hold what ran out before the order was authorized; not what the ERP has acknowledged or invoiced. Returns the flags for what is gone.

    All of it is held, there or not: it is paid, and what comes into stock is its own first.
    """
    pieces = {} if order.acked_at else ran_out(tx, order, now)
    if not pieces or has_invoice(tx, order.order_id):
        return ()
    flags = tuple(_missing(tx, pieces, now))
    reservations.hold_anew(tx, order.order_id, pieces, held_until(app, now))
    listings.announce(tx, app.marketplaces, pieces, Kind.INVENTORY, now)
    order_story.event(tx, order.order_id, now, "stock held anew", f"{', '.join(pieces)}: authorized after its time had ended")
    note_flags(tx, order, flags, now)
    return flags


def note_flags(tx: Connection, order: Order, flags: tuple[str, ...], now: datetime) -> None:
    """Add what a person should look at to an order that was taken before."""
    for flag in flags:
        order_story.event(tx, order.order_id, now, "flagged", flag)
    store.change(tx, order.order_id, flags=[*order.flags, *flags])


def has_invoice(tx: Connection, order_id: str) -> bool:
    return any(d.kind == DocumentKind.INVOICE and d.counts for d in documents.of_order(tx, order_id))


def release_ended(app: App) -> list[str]:
    """End the reservations whose time is over, and announce the SKUs of which there is more now; returns those."""
    now = app.now
    with app.db.read() as tx:
        if not reservations.has_any_ended(tx, now):
            return []
    return _released(app, now)


@repeated.when_deadlocked
def _released(app: App, now: datetime) -> list[str]:
    with app.db.write() as tx:
        skus = store.release_ended(tx, now)
        listings.announce(tx, app.marketplaces, skus, Kind.INVENTORY, now)
    return skus


def ran_out(tx: Connection, order: Order, now: datetime) -> dict[str, int]:
    """Return the pieces whose time ended, by SKU; not those that a change has taken off since."""
    ended = reservations.ran_out(tx, order.order_id, now)
    ordered = {sku: sum(item.quantity for item in order.items if item.sku == sku) for sku in ended}
    return {sku: min(quantity, ordered[sku]) for sku, quantity in ended.items() if ordered[sku]}


def _missing(tx: Connection, pieces: dict[str, int], now: datetime) -> Iterator[str]:
    """Say what is no longer there; what the settings keep back is: this order is paid."""
    left = reservations.named_skus(tx, list(pieces), now, None)
    for sku, quantity in pieces.items():
        has = left[sku].stock if sku in left else 0
        if quantity > has:
            yield f"SKU {sku}: authorized after its reservation had ended, {quantity} ordered, {has} left"

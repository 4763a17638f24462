"""Cancel orders: at once before authorization, by the ERP's decision after it, by the seller, or by time (facts 6.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from connector.app import App
from connector.domain.documents import Invoice
from connector.domain.messages import ERP, Kind
from connector.domain.orders import Order, OrderState, moved
from connector.domain.reserving import PLACED_FOR
from connector.domain.sequence import reason_to_keep
from connector.errors import Conflict
from connector.storage import documents, listings, order_story, outbox, repeated, reservations
from connector.storage import orders as store
from connector.usecases.dispatching import ENDED, named, was_exported
from connector.usecases.holding import release_ended
from connector.vtex.orders import CancelRequest, read_cancellation, receipt


@repeated.when_deadlocked
def cancel(app: App, account: str, order_id: str, body: object) -> dict[str, Any] | None:
    """Take VTEX's wish to cancel: the receipt where it is cancelled, None where the ERP must decide first (200, empty body).

    Raises NotFound; Conflict for an order that is invoiced and did not come back as a whole.
    """
    request = read_cancellation(body)
    with app.db.write() as tx:
        order = named(tx, account, order_id, request.marketplace_order_id)
        return _cancel(tx, app, order, request, app.now)


def _cancel(tx: Connection, app: App, order: Order, request: CancelRequest, now: datetime) -> dict[str, Any] | None:
    match order.state:
        case OrderState.CANCEL_ASKED:
            return None
        case OrderState.CANCELED if order.cancel_receipt and order.canceled_at:
            return receipt(order, order.canceled_at, order.cancel_receipt)
        case OrderState.EXPIRED:
            return _confirm_expired(tx, order, now)
        case OrderState.INVOICED if reason := _reason_to_keep(tx, order):
            raise Conflict(f"order {order.order_id} is {order.state}; {reason}")
        case OrderState.PLACED | OrderState.INVOICED:
            return _cancel_at_once(tx, app, order, request, now)
        case OrderState.AUTHORIZED:
            _ask(tx, order, request, now)
            return None
    raise Conflict(f"order {order.order_id} is {order.state}; it cannot be cancelled")


def _reason_to_keep(tx: Connection, order: Order) -> str:
    """Say why an invoiced order is not cancelled, "" where all of it came back. A sale that lies dead may be sent again."""
    papers = documents.of_order(tx, order.order_id)
    sales = [d for d in papers if isinstance(d.content, Invoice) and d.content.type == "Output" and not d.counts]
    dead = next((d.number for d in sales if documents.lies_dead(tx, order.order_id, d.number)), "")
    return f"invoice {dead} was given up: send it again or discard it (dead-letters)" if dead else reason_to_keep(order.items, papers)


def _cancel_at_once(tx: Connection, app: App, order: Order, request: CancelRequest, now: datetime) -> dict[str, Any]:
    number = _end(tx, app, order, OrderState.CANCELED, now, cancel_request=request.as_dict())
    order_story.event(tx, order.order_id, now, "cancelled", _because("by the marketplace", request.reason))
    _tell_erp(tx, order, now)
    return receipt(order, now, number)


def _ask(tx: Connection, order: Order, request: CancelRequest, now: datetime) -> None:
    state = moved(order.order_id, order.state, OrderState.CANCEL_ASKED)
    store.change(tx, order.order_id, state=state.value, cancel_request={**request.as_dict(), "asked_at": f"{now:%Y-%m-%dT%H:%M:%SZ}"})
    order_story.event(tx, order.order_id, now, "cancellation asked", _because("the ERP decides", request.reason))
    _tell_erp(tx, order, now)


def _confirm_expired(tx: Connection, order: Order, now: datetime) -> dict[str, Any]:
    """Confirm what time has done already; the first confirmation's receipt is given again."""
    number, at = order.cancel_receipt or str(uuid4()), order.canceled_at or now
    store.change(tx, order.order_id, cancel_receipt=number, canceled_at=at)
    return receipt(order, at, number)


def _because(what: str, reason: str) -> str:
    return f"{what}: {reason}" if reason else what


def _end(tx: Connection, app: App, order: Order, to: OrderState, now: datetime, **values: Any) -> str:
    """Bring an order to a final state: its stock is free again, and that is announced. Returns the receipt."""
    state, number = moved(order.order_id, order.state, to), str(uuid4())
    store.change(tx, order.order_id, state=state.value, canceled_at=now, cancel_receipt=number, **values)
    documents.abandon_waiting(tx, order.order_id, f"the order is {state}")
    skus = reservations.release(tx, order.order_id, f"the order is {state}", now)
    listings.announce(tx, app.marketplaces, skus, Kind.INVENTORY, now)
    return number


def _tell_erp(tx: Connection, order: Order, now: datetime) -> None:
    """Ask for a cancellation file; an ERP that never got the order is told nothing."""
    if was_exported(order):
        outbox.put(tx, ERP, Kind.CANCELLATION_FILE, [order.order_id], now)


def cancel_by_seller(tx: Connection, app: App, order: Order, reason: str, now: datetime) -> bool:
    """Cancel an order for the seller, and have the marketplace told why; False where it has ended already.

    For an invoiced order the caller has made sure of the return of all that was invoiced. Raises Conflict where the state forbids it.
    """
    if order.state in ENDED:
        return False
    _end(tx, app, order, OrderState.CANCELED, now, cancel_request={**(order.cancel_request or {}), "seller_reason": reason})
    order_story.event(tx, order.order_id, now, "cancelled", _because("by the seller", reason))
    outbox.put(tx, order.account, Kind.CANCEL, [order.order_id], now, order_id=order.order_id)
    return True


# ── by time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Expired:
    """What time ended: orders that were never authorized, and SKUs whose reservations ran out."""

    order_ids: list[str]
    skus: list[str]


def expire(app: App) -> Expired:
    """End what has had its time: reservations, and orders placed 30 days ago and never authorized (facts 4.4, KI 345526).

    Each order ends in a transaction of its own: with others' reservations in hand, one would wait for a cancellation that waits for it.
    """
    now = app.now
    skus = release_ended(app)
    with app.db.read() as tx:
        order_ids = store.placed_before(tx, now - PLACED_FOR)
    return Expired([order_id for order_id in order_ids if _expired(app, order_id, now)], skus)


@repeated.when_deadlocked
def _expired(app: App, order_id: str, now: datetime) -> bool:
    """End an order, unless it was authorized or cancelled a moment ago."""
    with app.db.write() as tx:
        order = store.find(tx, order_id)
        if order.state != OrderState.PLACED:
            return False
        _expire(tx, app, order, now)
        return True


def _expire(tx: Connection, app: App, order: Order, now: datetime) -> None:
    reason = f"not authorized within {PLACED_FOR.days} days"
    _end(tx, app, order, OrderState.EXPIRED, now, cancel_request={"reason": reason})
    order_story.event(tx, order.order_id, now, "expired", reason)
    _tell_erp(tx, order, now)

"""Authorize dispatch: only now may the ERP ship and invoice (facts 5)."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from connector.app import App
from connector.domain.messages import ERP, Kind
from connector.domain.orders import Order, OrderState, moved
from connector.errors import Conflict, NotFound
from connector.storage import order_story, outbox, repeated
from connector.storage import orders as store
from connector.usecases.holding import hold_anew
from connector.usecases.placing import EXPORTED, export
from connector.usecases.releasing import release
from connector.vtex.orders import read_authorization, receipt

ENDED = (OrderState.CANCELED, OrderState.EXPIRED)

log = logging.getLogger(__name__)


@repeated.when_deadlocked
def authorize(app: App, account: str, order_id: str, body: object) -> dict[str, Any]:
    """Take VTEX's authorization to dispatch; again: the same receipt.

    Raises NotFound for an order of no id that we know; Conflict for one that is cancelled or expired.
    """
    authorization = read_authorization(body)
    with app.db.write() as tx:
        store.one_at_a_time(tx)  # what is held anew must not be sold meanwhile
        order = named(tx, account, order_id, authorization.marketplace_order_id)
        if order.state in ENDED:
            raise Conflict(f"order {order.order_id} is {order.state}; it cannot be authorized any more")
        if order.receipt and order.authorized_at:
            return receipt(order, order.authorized_at, order.receipt)
        answer, flags = _authorize(tx, app, order, authorization.payments, app.now)
    for flag in flags:  # it is paid, and what it was paid for is sold: somebody has to know now
        log.warning("order %s: %s", order.order_id, flag, extra={"action": "order-flagged", "reference": order.order_id})
    return answer


def named(tx: Connection, account: str, order_id: str, marketplace_order_id: str) -> Order:
    """Find the order of a call: by our id, or the marketplace's in the path, or in the body; of this account alone."""
    try:
        return store.find(tx, order_id, account)
    except NotFound:
        if not marketplace_order_id:
            raise
        return store.find(tx, marketplace_order_id, account)


def _authorize(tx: Connection, app: App, order: Order, payments: Any, now: datetime) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Write down the authorization and all that follows from it; returns its receipt, and the flags for what is no longer there."""
    state, number = moved(order.order_id, order.state, OrderState.AUTHORIZED), str(uuid4())
    store.change(tx, order.order_id, state=state.value, authorized_at=now, receipt=number, payments=payments)
    order_story.event(tx, order.order_id, now, "authorized", f"receipt {number}")
    if not was_exported(order):
        export(tx, order.order_id, now)
    outbox.put(tx, ERP, Kind.DISPATCH_FILE, [order.order_id], now)
    flags = hold_anew(tx, app, order, now)
    release(tx, replace(order, state=state), now)
    return receipt(order, now, number), flags


def was_exported(order: Order) -> bool:
    """Tell whether the ERP gets, or has got, this order's file."""
    return any(event.what == EXPORTED for event in order.history)

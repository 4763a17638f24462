"""What can be done with orders: placed, authorized, cancelled (each in its own module), acknowledged, found, shown, exported again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain.documents import Ack
from connector.domain.messages import ERP, Kind
from connector.domain.orders import Order, OrderState
from connector.errors import Conflict, UsageError, guessed
from connector.storage import documents, files, listings, order_changes, order_story, outbox, repeated, reservations
from connector.storage import orders as store
from connector.usecases.cancelling import Expired, cancel, cancel_by_seller, expire
from connector.usecases.dispatching import authorize
from connector.usecases.placing import export, place

__all__ = [
    "Expired",
    "acknowledge",
    "authorize",
    "cancel",
    "cancel_by_seller",
    "expire",
    "export_again",
    "find",
    "listing",
    "place",
    "show",
    "take_ack",
]

UNREAD = ("pending", "sending", "dead", "discarded")
"""States of a message about a file that the ERP does not have."""
AT_ONCE = timedelta(seconds=1)
"""A file that is begun so soon after a change may have been read before that was committed (PostgreSQL; another machine's clock)."""


def find(tx: Connection, reference: str, account: str | None = None) -> Order:
    """Find an order by our id or the marketplace's. Raises NotFound; Conflict, naming both, where two marketplaces use that id."""
    return store.find(tx, reference, account)


# ── the ERP's answer ────────────────────────────────────────────────────────────────────────────────────────────────────
@repeated.when_deadlocked
def acknowledge(app: App, ack: Ack) -> str:
    """Take the ERP's answer to an order file, in a transaction of its own; see take_ack."""
    with app.db.write() as tx:
        reservations.count_in_turn(tx)
        return take_ack(tx, app, ack, app.now)


def take_ack(tx: Connection, app: App, ack: Ack, now: datetime) -> str:
    """Take the ERP's answer to an order file: says in a sentence what is new, "" where nothing is.

    Accepted: stock files newer than the ack count the order, and end its reservations. An ack no newer than the file of the order's last
    change is of what the order was, where the ERP may have a file of that, and ends none. Rejected: cancelled at the marketplace with the
    ERP's message as reason, stock released. Raises NotFound; Conflict for the rejection of an order that is invoiced.
    """
    order = find(tx, ack.order_id)
    return _accepted(tx, app, order, ack, now) if ack.is_accepted else _rejected(tx, app, order, ack, now)


def _accepted(tx: Connection, app: App, order: Order, ack: Ack, now: datetime) -> str:
    erp_order_id = ack.erp_order_id or order.erp_order_id
    if order.acked_at is not None and erp_order_id == order.erp_order_id:
        return ""
    changed = order_changes.applied_last(tx, order.order_id) if order.acked_at is None else None
    if changed is not None and _was_told_before(tx, order, changed[1]) and not _may_know(tx, order, changed, ack.acked_at):
        return _accepted_before(tx, order, changed[0], erp_order_id, now)
    if order.acked_at is None:
        reservations.acknowledge(tx, order.order_id, ack.acked_at)
    store.change(tx, order.order_id, acked_at=order.acked_at or ack.acked_at, erp_order_id=erp_order_id)
    order_story.event(tx, order.order_id, now, "accepted by the ERP", f"as {erp_order_id}" if erp_order_id else "")
    if order.acked_at is None:
        _free_what_stock_counts(tx, app, order, ack.acked_at, now)
    return f"order {order.order_id} was accepted by the ERP" + (f" as {erp_order_id}" if erp_order_id else "") + _though_ended(order)


def _was_told_before(tx: Connection, order: Order, changed_at: datetime) -> bool:
    """Tell whether the ERP may have a file of what the order was before its last change: it cannot acknowledge what it never read.

    A file counts from its attempt on: it may be there, and the order's story does not tell of it yet.
    """
    story = [event.what for event in order.history]
    was_written = order_story.ORDER_WRITTEN in story
    if not was_written or order_story.CHANGED in story[story.index(order_story.ORDER_WRITTEN) :]:
        return True
    return outbox.was_tried_by(tx, ERP, Kind.ORDER_FILE, order.order_id, changed_at + AT_ONCE)


def _may_know(tx: Connection, order: Order, changed: tuple[int, datetime], at: datetime) -> bool:
    """Tell whether the ERP may have read of a change by then: of no file that waits, was given up or discarded, or was begun later."""
    number, changed_at = changed
    anew = outbox.tries(tx, ERP, Kind.ORDER_FILE, order.order_id)
    if any(state == "delivered" and tried_at is not None and changed_at + AT_ONCE < tried_at < at for state, tried_at in anew):
        return True
    told = outbox.tries(tx, ERP, Kind.CHANGE_FILE, documents.reference(order.order_id, str(number)))
    return all(state not in UNREAD and at > (tried_at or changed_at) for state, tried_at in told or [("", None)])


def _accepted_before(tx: Connection, order: Order, number: int, erp_order_id: str | None, now: datetime) -> str:
    """Take an ack of what the order was before its newest change: the ERP's stock does not count what it is since."""
    known_as = f" as {erp_order_id}" if erp_order_id else ""
    detail = f"before change {number}" + (f",{known_as}" if known_as else "")
    if any(event.detail == detail for event in order.history):
        return ""
    store.change(tx, order.order_id, erp_order_id=erp_order_id)
    order_story.event(tx, order.order_id, now, "accepted by the ERP", detail)
    before = f", before change {number}, which it has not acknowledged yet"
    return f"order {order.order_id} was accepted by the ERP{known_as}{before}{_though_ended(order)}"


def _though_ended(order: Order) -> str:
    return f"; but it is {order.state}: do not ship it" if order.state in (OrderState.CANCELED, OrderState.EXPIRED) else ""


def _free_what_stock_counts(tx: Connection, app: App, order: Order, acked_at: datetime, now: datetime) -> None:
    """Free what the stock file applied last counts already, where the ack came after it.

    An ack that was written after the file was taken is not counted in it, however far ahead that one was dated. Where both its times
    are ahead nobody knows: the next file tells.
    """
    last = files.last_applied(tx, "stock")
    if last is not None and last.taken_at is not None and min(acked_at, now) < last.taken_at and not last.is_ahead(now):
        is_delta = app.settings.feeds.stock.mode == "delta"
        said = reservations.said_by_delta(tx, last.sha256) if is_delta else None
        skus = store.release_acked(tx, last.modified_at, now, order.order_id, said=said)
        listings.announce(tx, app.marketplaces, skus, Kind.INVENTORY, now)


def _rejected(tx: Connection, app: App, order: Order, ack: Ack, now: datetime) -> str:
    if order.state == OrderState.INVOICED:
        raise Conflict(f"order {order.order_id} is invoiced; the ERP cannot reject it any more", remedy="cancel it with a return invoice")
    reason = ack.message or "rejected by the ERP"
    if not cancel_by_seller(tx, app, order, reason, now):
        return ""
    order_story.event(tx, order.order_id, now, order_story.REJECTED, reason)
    return f"order {order.order_id} was rejected by the ERP ({reason}); it is cancelled at {order.account}"


# ── for people ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def listing(app: App, *, state: str | None = None, search: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """List orders in brief, the newest first. Raises UsageError for a state that does not exist."""
    if state and state not in list(OrderState):
        remedy = guessed(state, OrderState, "connector orders list names them")
        raise UsageError(f"no order is ever {state!r}; states are {', '.join(OrderState)}", remedy=remedy)
    with app.db.read() as tx:
        return [_plain(row) for row in store.listing(tx, state=state, search=search, limit=limit)]


def show(app: App, reference: str) -> dict[str, Any]:
    """Tell all of one order: what was ordered, what it holds, what is told about it, what the ERP said, and its history."""
    with app.db.read() as tx:
        order = find(tx, reference)
        told = {
            "reservations": reservations.of_order(tx, order.order_id),
            "messages": order_story.messages(tx, order.order_id),
            "documents": order_story.papers(tx, order.order_id),
        }
    totals = {**asdict(order.totals), "total": order.totals.total}
    described: dict[str, Any] = _plain({**asdict(order), "totals": totals, **told})
    return described


def export_again(app: App, reference: str) -> str:
    """Ask for an order's file to be written again; returns our id."""
    with app.db.write() as tx:
        order = find(tx, reference)
        export(tx, order.order_id, app.now, "asked for again by a person")
        return order.order_id


def _plain(value: Any) -> Any:
    """Turn values into what JSON knows: instants in ISO 8601."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value

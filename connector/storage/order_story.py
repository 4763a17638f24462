"""One order, one story: what happened to it, what is told about it, what the ERP said of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from connector.domain.messages import Kind
from connector.domain.orders import OrderEvent
from connector.storage.driver import Prepared
from connector.storage.tables import documents, order_events, outbox

ORDER_WRITTEN = "order file written"
"""The event that says: the ERP was given the order."""
CHANGED = "changed"
"""The event that says: the marketplace changed the order's lines."""
REJECTED = "rejected by the ERP"
"""The event that says: the ERP does not want the order."""

ADD = Prepared(lambda _: order_events.insert().inline(), ("order_id", "at", "what", "detail"))


def event(tx: Connection, order_id: str, now: datetime, what: str, detail: str = "") -> None:
    """Add a line to an order's history."""
    events(tx, {order_id: detail}, now, what)


def events(tx: Connection, details: Mapping[str, str], now: datetime, what: str) -> None:
    """Add a line to the history of each of several orders, with the details by order."""
    ADD.run(tx, *({"order_id": order_id, "at": now, "what": what, "detail": detail} for order_id, detail in details.items()))


def given_up(tx: Connection, order_id: str, kind: Kind, number: str, reason: str, *, now: datetime) -> None:
    """Add to an order's history that a message about it was given up."""
    subject = about(kind, number)
    event(tx, order_id, now, f"{kind} given up", f"{subject}: {reason}" if subject else reason)


def about(kind: Kind, number: str) -> str:
    """Name what of an order a message is about; "" where that is all of it."""
    is_change = kind in (Kind.CHANGE_ACKNOWLEDGED, Kind.CHANGE_CONFIRMED)
    return f"{'change' if is_change else 'invoice'} {number}" if number else ""


def has(tx: Connection, order_id: str, what: str) -> bool:
    """Tell whether an order's history holds such an event."""
    such = (order_events.c.order_id == order_id, order_events.c.what == what)
    return tx.execute(select(order_events.c.id).where(*such).limit(1)).first() is not None


def history(tx: Connection, order_id: str) -> tuple[OrderEvent, ...]:
    rows = tx.execute(select(order_events).where(order_events.c.order_id == order_id).order_by(order_events.c.id))
    return tuple(OrderEvent(row.at, row.what, row.detail) for row in rows)


def messages(tx: Connection, order_id: str) -> list[dict[str, Any]]:
    """Return what is told, or was lately told, about an order: to the ERP as files, to the marketplace as calls."""
    names = ("id", "kind", "destination", "state", "attempt", "due_at", "settled_at", "reason")
    columns = [outbox.c[name] for name in names]
    about_it = or_(outbox.c.reference == order_id, outbox.c.order_id == order_id)
    rows = tx.execute(select(*columns).where(about_it).order_by(outbox.c.id))
    return [dict(row) for row in rows.mappings()]


def papers(tx: Connection, order_id: str) -> list[dict[str, Any]]:
    """Return the documents that the ERP sent for an order, without their content."""
    d = documents.c
    rows = tx.execute(
        select(d.kind, d.number, d.state, d.reason, d.taken_at, d.reported_at, d.receipt).where(d.order_id == order_id).order_by(d.id)
    )
    return [dict(row) for row in rows.mappings()]

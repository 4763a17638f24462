"""Orders as rows: saved once with the answer that was given, moved under a lock, found by either id, told in full."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, Text, bindparam, delete, insert, or_, select, text, update

from connector.domain.orders import NewOrder, Order, OrderItem, OrderService, OrderState, totals
from connector.errors import Conflict, NotFound
from connector.storage import reservations
from connector.storage.driver import Prepared
from connector.storage.order_story import events, history
from connector.storage.tables import order_items
from connector.storage.tables import orders as t

_PLACING = 727275
"""PostgreSQL's advisory lock that placements hold, one at a time."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An order that was taken before: its content's hash, and the answer that VTEX was given."""

    order_id: str
    content_hash: str
    answer: bytes


IDS = bindparam("account", type_=Text), bindparam("number", type_=Text)
STORED = Prepared(
    lambda _: select(t.c.order_id, t.c.content_hash, t.c.answer).where(t.c.account == IDS[0], t.c.marketplace_order_id == IDS[1])
)
EXISTS = Prepared(lambda _: select(t.c.order_id).where(t.c.order_id == bindparam("order_id", type_=Text)))
PLACED = (
    *("order_id", "account", "marketplace_order_id", "sales_channel", "state", "placed_at", "content_hash", "services_endpoint"),
    *("payment_cents", "total_cents", "document", "client", "address", "raw", "extras", "answer", "flags"),
)
ADD = Prepared(lambda _: t.insert().inline(), PLACED)
ADD_ITEM = Prepared(lambda _: order_items.insert().inline(), [column.name for column in order_items.c])


# ── placing ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def one_at_a_time(tx: Connection) -> None:
    """Make placements wait for one another, so that two of them never sell the same piece; SQLite's writers do so anyway."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _PLACING})


def stored(tx: Connection, account: str, marketplace_order_ids: Collection[str]) -> dict[str, Stored]:
    """Return which of these orders of a marketplace were taken before, by the marketplace's id."""
    found = ((number, STORED.rows(tx, account=account, number=number)) for number in marketplace_order_ids)
    return {number: Stored(*rows[0]) for number, rows in found if rows}


def exists(tx: Connection, order_id: str) -> bool:
    return bool(EXISTS.rows(tx, order_id=order_id))


def add(tx: Connection, new: NewOrder, order_id: str, *, answer: bytes, flags: tuple[str, ...], now: datetime) -> None:
    """Save an order that was decided upon, with its lines and what was answered."""
    ADD.run(tx, {**_row(new, order_id, now), "answer": answer, "flags": list(flags)})
    ADD_ITEM.run(tx, *(_item_row(order_id, position, item) for position, item in enumerate(new.items)))


def _row(new: NewOrder, order_id: str, now: datetime) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "account": new.account,
        "marketplace_order_id": new.marketplace_order_id,
        "sales_channel": new.sales_channel,
        "state": OrderState.PLACED.value,
        "placed_at": now,
        "content_hash": new.content_hash,
        "services_endpoint": new.services_endpoint,
        "payment_cents": new.payment_cents,
        "total_cents": new.totals.total,
        "document": new.document,
        "client": new.client,
        "address": new.address,
        "raw": orjson.dumps(new.raw),
        "extras": {"note": new.note, "custom_data": new.custom_data},
    }


def _item_row(order_id: str, position: int, item: OrderItem) -> dict[str, Any]:
    detail = {
        "services": [[s.type, s.id, s.name, s.price_cents] for s in item.services],
        "unit_multiplier": item.unit_multiplier,
        "tags_cents": item.tags_cents,
        "is_gift": item.is_gift,
        "estimate": item.estimate,
        "lock_ttl": item.lock_ttl,
        "delivery_window": item.delivery_window,
        "channel": item.channel,
        "pickup_point": item.pickup_point,
        "measurement_unit": item.measurement_unit,
        "attachments": item.attachments,
    }
    columns = {"sku": item.sku, "quantity": item.quantity, "price_cents": item.price_cents, "sla": item.sla}
    return {"order_id": order_id, "position": position, **columns, "freight_cents": item.freight_cents, "detail": detail}


# ── finding and moving ──────────────────────────────────────────────────────────────────────────────────────────────────
def find(tx: Connection, reference: str, account: str | None = None) -> Order:
    """Return the order of an id, ours or the marketplace's, its row locked until the transaction ends.

    Raises NotFound; Conflict where two marketplaces use the same id.
    """
    found = _matching(tx, reference, account)
    if not found:
        raise NotFound(f"no order has the id {ascii(reference)[1:-1]}")
    if len(found) > 1:
        names = " and ".join(f"{row.order_id} ({row.account})" for row in found)
        raise Conflict(f"two marketplaces have an order {reference}: {names}", remedy="name it by our own id")
    return _order(tx, found[0])


def _matching(tx: Connection, reference: str, account: str | None) -> list[Row[Any]]:
    if "\0" in reference or any("\ud800" <= c <= "\udfff" for c in reference):
        return []
    mine = list(tx.execute(_within(account).where(t.c.order_id == reference)))
    return mine or list(tx.execute(_within(account).where(t.c.marketplace_order_id == reference).order_by(t.c.account)))


def _within(account: str | None) -> Select[Any]:
    query = select(t).with_for_update(key_share=True)  # whoever writes into its history holds no row of it, and must not wait
    return query if account is None else query.where(t.c.account == account)


def _order(tx: Connection, row: Row[Any]) -> Order:
    lines = tx.execute(select(order_items).where(order_items.c.order_id == row.order_id).order_by(order_items.c.position))
    return Order(
        order_id=row.order_id,
        account=row.account,
        sales_channel=row.sales_channel,
        marketplace_order_id=row.marketplace_order_id,
        state=OrderState(row.state),
        placed_at=row.placed_at,
        content_hash=row.content_hash,
        services_endpoint=row.services_endpoint,
        items=tuple(_item(line) for line in lines),
        client=row.client,
        address=row.address,
        raw=orjson.loads(row.raw),
        flags=tuple(row.flags),
        authorized_at=row.authorized_at,
        receipt=row.receipt,
        payments=row.payments,
        cancel_receipt=row.cancel_receipt,
        canceled_at=row.canceled_at,
        cancel_request=row.cancel_request,
        erp_order_id=row.erp_order_id,
        acked_at=row.acked_at,
        **(row.extras or {}),
        payment_cents=row.payment_cents,
        history=history(tx, row.order_id),
    )


def _item(row: Row[Any]) -> OrderItem:
    detail = dict(row.detail)
    services = tuple(OrderService(*one) for one in detail.pop("services"))
    detail["attachments"] = tuple(detail.get("attachments", ()))
    return OrderItem(row.sku, row.quantity, row.price_cents, row.sla, row.freight_cents, services, **detail)


def states(tx: Connection, order_ids: Collection[str]) -> dict[str, OrderState]:
    """Return how orders stand; nothing is locked."""
    rows = tx.execute(select(t.c.order_id, t.c.state).where(t.c.order_id.in_(order_ids)))
    return {row.order_id: OrderState(row.state) for row in rows}


def change(tx: Connection, order_id: str, **values: Any) -> None:
    """Write columns of an order that `find` locked."""
    tx.execute(update(t).where(t.c.order_id == order_id).values(values))


def change_lines(tx: Connection, order_id: str, items: Sequence[OrderItem]) -> None:
    """Put other lines in place of an order's; `find` locked it."""
    tx.execute(delete(order_items).where(order_items.c.order_id == order_id))
    tx.execute(insert(order_items), [_item_row(order_id, position, item) for position, item in enumerate(items)])
    change(tx, order_id, total_cents=totals(tuple(items)).total)


# ── looking ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def listing(tx: Connection, *, state: str | None, search: str | None, limit: int) -> list[dict[str, Any]]:
    """Return orders in brief, the newest first; `search` is part of either id or of the ERP's number, or a person's whole document."""
    columns = (t.c.order_id, t.c.account, t.c.marketplace_order_id, t.c.state, t.c.placed_at, t.c.total_cents, t.c.flags)
    query = select(*columns, t.c.authorized_at, t.c.erp_order_id, t.c.acked_at).order_by(t.c.placed_at.desc(), t.c.order_id).limit(limit)
    if state:
        query = query.where(t.c.state == state)
    if search:
        ids = (t.c.order_id, t.c.marketplace_order_id, t.c.erp_order_id)
        query = query.where(or_(*(column.contains(search, autoescape=True) for column in ids), t.c.document == search))
    return [dict(row) for row in tx.execute(query).mappings()]


# ── what time and the ERP's files end ───────────────────────────────────────────────────────────────────────────────────
def placed_before(tx: Connection, before: datetime) -> list[str]:
    """Return the orders that still wait for authorization and were placed before an instant."""
    query = select(t.c.order_id).where(t.c.state == OrderState.PLACED.value, t.c.placed_at < before)
    return list(tx.scalars(query.order_by(t.c.placed_at)))


def release_acked(
    tx: Connection, stock_at: datetime, now: datetime, order_id: str | None = None, *, said: ColumnElement[bool] | None = None
) -> list[str]:
    """End the reservations that a stock file counts already (reservations.release_counted); returns the SKUs concerned."""
    return _told(tx, reservations.release_counted(tx, stock_at, now, order_id, said=said), "the ERP's stock counts it", now)


def release_ended(tx: Connection, now: datetime) -> list[str]:
    """End the reservations whose time is over; returns the SKUs concerned."""
    return _told(tx, reservations.release_ended(tx, now), "the time it was held for ended", now)


def _told(tx: Connection, released: list[tuple[str, str]], reason: str, now: datetime) -> list[str]:
    by_order: defaultdict[str, list[str]] = defaultdict(list)
    for order_id, sku in released:
        by_order[order_id].append(sku)
    events(tx, {order_id: f"{', '.join(skus)}: {reason}" for order_id, skus in sorted(by_order.items())}, now, "stock released")
    return sorted({sku for _, sku in released})

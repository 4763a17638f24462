"""The variations of one product: their suggestions go to a marketplace one after another.

Sent at once they became separate products there, or doubled (KI 889676, 919761, 862626).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, select, update

from connector.domain.messages import Kind
from connector.storage.message_states import SENDING
from connector.storage.tables import listings, products
from connector.storage.tables import outbox as t

APART = timedelta(seconds=10)
"""How long the next one waits at least, once the one before it went out. A pass by hand does not wait."""
WINDOW = 16
"""So many times what is wanted is looked at: enough for products of many variations, and quick with a million waiting."""


def one_of_each(
    tx: Connection, destination: str, is_wanted: Collection[ColumnElement[bool]], limit: int, now: datetime, *, apart: timedelta = APART
) -> list[int]:
    """Choose up to `limit` suggestions of different products, the oldest first, none of a product with one in hand or sent of late.

    Those passed over are due `apart` from now, behind all others: a product of thousands of variations keeps no other product waiting.
    """
    query = select(t.c.id, t.c.reference, products.c.product_id).outerjoin(products, products.c.sku == t.c.reference)
    rows = tx.execute(query.where(*is_wanted).order_by(t.c.due_at, t.c.id).limit(limit * WINDOW)).all()
    busy = _in_hand(tx, destination) | _sent_since(tx, destination, now - apart) if rows else set()
    chosen: dict[tuple[str, str], int] = {}
    passed_over: list[int] = []
    for row in rows:
        product = ("product", row.product_id) if row.product_id else ("sku", row.reference)
        if product in chosen or product in busy:
            passed_over.append(row.id)
        elif len(chosen) < limit:
            chosen[product] = row.id
    _move(tx, passed_over, now + apart)
    return list(chosen.values())


def _in_hand(tx: Connection, destination: str) -> set[tuple[str, str]]:
    mine = (SENDING, t.c.kind == Kind.SUGGESTION.value, t.c.destination == destination)
    rows = tx.execute(select(products.c.product_id).join(t, t.c.reference == products.c.sku).where(*mine))
    return {("product", row.product_id) for row in rows}


def _sent_since(tx: Connection, destination: str, then: datetime) -> set[tuple[str, str]]:
    mine = (listings.c.account == destination, listings.c.suggested_at > then)
    rows = tx.execute(select(products.c.product_id).join(listings, listings.c.sku == products.c.sku).where(*mine))
    return {("product", row.product_id) for row in rows}


def _move(tx: Connection, ids: list[int], due_at: datetime) -> None:
    for start in range(0, len(ids), 5000):
        tx.execute(update(t).where(t.c.id.in_(ids[start : start + 5000])).values(due_at=due_at))

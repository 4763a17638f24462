"""Orders found: by what a person has in hand, page by page, the newest first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from connector.storage.tables import documents, order_items, orders
from connector.storage.views.beginnings import begins

t = orders.c
COLUMNS = (t.order_id, t.account, t.marketplace_order_id, t.state, t.placed_at, t.total_cents, t.flags, t.erp_order_id, t.acked_at)
Cursor = tuple[datetime, str]
"""The last order of a page: when it was placed, and its id."""


def page(tx: Connection, state: str, before: Cursor | None, limit: int) -> list[dict[str, Any]]:
    """Return orders, the newest first, before a cursor; of one state or of all ("")."""
    query = select(*COLUMNS).order_by(t.placed_at.desc(), t.order_id.desc()).limit(limit)
    if state:
        query = query.where(t.state == state)
    if before is not None:
        at, order_id = before
        query = query.where(t.placed_at <= at, or_(t.placed_at < at, and_(t.placed_at == at, t.order_id < order_id)))
    return [dict(row) for row in tx.execute(query).mappings()]


def search(tx: Connection, text: str, documents_of: Iterable[str], limit: int) -> list[dict[str, Any]]:
    """Return orders by what a person has in hand: the beginning of our id or of the marketplace's, the ERP's number, a CPF or CNPJ, a SKU.

    Each is looked up by its own index, one after the other, until there are enough.
    """
    ways: tuple[ColumnElement[bool], ...] = (
        begins(tx, t.order_id, text),
        begins(tx, t.marketplace_order_id, text),
        and_(t.erp_order_id.is_not(None), t.erp_order_id == text),
        t.document.in_(list(documents_of)),
        t.order_id.in_(
            select(order_items.c.order_id).where(order_items.c.sku == text).order_by(order_items.c.order_id.desc()).limit(limit)
        ),
    )
    found: dict[str, dict[str, Any]] = {}
    for way in ways:
        left = limit - len(found)
        rows = tx.execute(select(*COLUMNS).where(way).limit(left)).mappings() if left > 0 else ()
        found.update((row["order_id"], dict(row)) for row in rows)
    return sorted(found.values(), key=lambda row: (row["placed_at"], row["order_id"]), reverse=True)


def papers(tx: Connection, order_id: str) -> list[dict[str, Any]]:
    """Return an order's documents with what they say and which file they came in."""
    names = ("id", "kind", "number", "content", "state", "reason", "file_id", "taken_at", "reported_at", "receipt")
    query = select(*[documents.c[name] for name in names]).where(documents.c.order_id == order_id).order_by(documents.c.id)
    return [dict(row) for row in tx.execute(query).mappings()]

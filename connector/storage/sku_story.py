"""One SKU, one story: what the snapshot holds of it, what holds its stock, what of it was held or refused, and in which files it came."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, or_, select

from connector.domain.keys import key_text
from connector.storage.files import Entry, entry_of
from connector.storage.tables import files, holds, orders, outbox, prices, products, rejections, reservations, services, stock

PARTS = {"products": 1, "prices": 3, "stock": 2, "services": 3}
"""Of how many parts a feed's key is made; the first is the SKU."""
LISTED = 20


def snapshot(tx: Connection, sku: str) -> dict[str, list[dict[str, Any]]]:
    """Return the snapshot's rows of a SKU, by feed."""
    tables = {"products": products, "prices": prices, "stock": stock, "services": services}
    return {feed: _rows(tx, table, table.c.sku == sku) for feed, table in tables.items()}


def _rows(tx: Connection, table: Table, condition: ColumnElement[bool]) -> list[dict[str, Any]]:
    return [dict(row) for row in tx.execute(select(table).where(condition).order_by(*table.primary_key)).mappings()]


def reserved(tx: Connection, sku: str, now: datetime) -> list[dict[str, Any]]:
    """Return what open orders hold of a SKU, the oldest order first."""
    r = reservations.c
    query = select(r.order_id, r.quantity, r.until, r.acked_at, orders.c.state).join(orders, orders.c.order_id == r.order_id)
    open_now = (r.sku == sku, r.released_at.is_(None), r.until > now)
    return [dict(row) for row in tx.execute(query.where(*open_now).order_by(orders.c.placed_at)).mappings()]


def held(tx: Connection, sku: str) -> list[dict[str, Any]]:
    """Return the held rows of a SKU that wait for a person, with their file's name."""
    query = select(holds.c.id, holds.c.feed, holds.c.row, holds.c.reasons, holds.c.held_at, files.c.name)
    query = query.join(files, files.c.id == holds.c.file_id).where(holds.c.state == "held", holds.c.what == "row", _of(holds, sku))
    return [dict(row) for row in tx.execute(query.order_by(holds.c.id).limit(LISTED)).mappings()]


def held_files(tx: Connection) -> list[dict[str, Any]]:
    """Return the files of the catalogue that wait whole for a person."""
    query = select(holds.c.id, holds.c.feed, holds.c.reasons, holds.c.held_at, files.c.name).join(files, files.c.id == holds.c.file_id)
    waiting = (holds.c.state == "held", holds.c.what == "file", holds.c.feed.in_(PARTS))
    return [dict(row) for row in tx.execute(query.where(*waiting).order_by(holds.c.id).limit(LISTED)).mappings()]


def refused(tx: Connection, sku: str) -> list[dict[str, Any]]:
    """Return the refused rows of a SKU that no good one has healed."""
    names = ("id", "feed", "line", "column", "value", "reason", "refused_at")
    query = select(*[rejections.c[name] for name in names], files.c.name, files.c.state.label("file_state"))
    query = query.join(files, files.c.id == rejections.c.file_id).where(rejections.c.healed_at.is_(None), _of(rejections, sku))
    return [dict(row) for row in tx.execute(query.order_by(rejections.c.id).limit(LISTED)).mappings()]


def refused_files(tx: Connection) -> list[dict[str, Any]]:
    """Return the files of the catalogue that were refused whole and that no later one has mended; `id` is their first bad row's."""
    still_open = (rejections.c.file_id == files.c.id, rejections.c.healed_at.is_(None))
    first = select(func.min(rejections.c.id)).where(*still_open).scalar_subquery()
    query = select(first.label("id"), files.c.feed, files.c.name, files.c.plan)
    whole = (files.c.state == "refused", files.c.feed.in_(PARTS), select(rejections.c.id).where(*still_open).exists())
    return [dict(row) for row in tx.execute(query.where(*whole).order_by(files.c.id).limit(LISTED)).mappings()]


def _of(table: Table, sku: str) -> ColumnElement[bool]:
    """Say which rows are keyed by a SKU: alone, or as the first of several parts."""
    first = key_text((sku, ""))
    several = table.c.feed.in_([feed for feed, parts in PARTS.items() if parts > 1]) & table.c.key.startswith(first, autoescape=True)
    return or_((table.c.feed == "products") & (table.c.key == sku), several)


def came_in(tx: Connection, feed: str, limit: int) -> list[Entry]:
    """Return the feed's applied files that still lie in the archive, the newest first."""
    lying = (files.c.feed == feed, files.c.state == "applied", files.c.place.is_not(None), files.c.settled_at.is_not(None))
    query = select(files).where(*lying).order_by(files.c.settled_at.desc(), files.c.id.desc()).limit(limit)
    return [entry_of(row) for row in tx.execute(query).mappings()]


def letters(tx: Connection, sku: str, accounts: list[str]) -> list[dict[str, Any]]:
    """Return the dead letters about a SKU."""
    query = select(outbox.c.id, outbox.c.destination, outbox.c.kind, outbox.c.reason).where(outbox.c.state == "dead")
    about = (outbox.c.reference == sku, outbox.c.destination.in_(accounts))
    return [dict(row) for row in tx.execute(query.where(*about).order_by(outbox.c.id)).mappings()]


def waiting(tx: Connection, sku: str, account: str) -> list[dict[str, Any]]:
    """Return what waits to be told a marketplace of a SKU, since when, and why it was not told yet."""
    names = ("kind", "put_at", "due_at", "attempt", "reason")
    about = (outbox.c.reference == sku, outbox.c.destination == account, outbox.c.state.in_(("pending", "sending")))
    query = select(*[outbox.c[name] for name in names]).where(*about).order_by(outbox.c.id)
    return [dict(row) for row in tx.execute(query).mappings()]


def similar(tx: Connection, text: str, limit: int = 3) -> list[str]:
    """Return SKUs that end or begin with a text, its leading zeros aside: what a mistyped one may have meant."""
    bare = text.lstrip("0")
    near = or_(products.c.sku.endswith(bare, autoescape=True), products.c.sku.startswith(bare, autoescape=True))
    return list(tx.execute(select(products.c.sku).where(near).order_by(products.c.sku).limit(limit)).scalars()) if bare else []

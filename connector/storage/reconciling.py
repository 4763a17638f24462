"""Where what marketplaces were told, and what the snapshot holds, part: counted and paged by the database, in bounded memory."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, literal_column, or_, select

from connector.domain.messages import TELLING_KINDS
from connector.storage.tables import listings, outbox, prices, products

SAMPLE = 10
_WAITS = or_(outbox.c.state == literal_column("'pending'"), outbox.c.state == literal_column("'sending'"))


def never_told(account: str) -> Select[Any]:
    """Select the SKUs for sale of which a marketplace knows nothing, and which nothing waits to tell."""
    return _sellable(account).where(~_listed(account))


def lost(account: str) -> Select[Any]:
    """Select the SKUs for sale that a marketplace does not know, with no suggestion there and no reason noted."""
    of = listings.c
    forgotten = exists().where(_mine(account), of.state == "unknown", of.suggested_at.is_(None), of.note.is_(None))
    return _sellable(account).where(forgotten)


def _sellable(account: str) -> Select[Any]:
    priced = exists().where(prices.c.sku == products.c.sku, prices.c.price_cents > 0, prices.c.marketplace.in_(("", account)))
    about = and_(outbox.c.destination == account, outbox.c.reference == products.c.sku, outbox.c.kind.in_(TELLING_KINDS))
    untold = or_(_WAITS, outbox.c.state == literal_column("'dead'"))
    return select(products.c.sku).where(products.c.active.is_(True), priced, ~exists().where(about, untold))


def _listed(account: str) -> ColumnElement[bool]:
    return exists().where(_mine(account))


def _mine(account: str) -> ColumnElement[bool]:
    return and_(listings.c.account == account, listings.c.sku == products.c.sku)


def count(tx: Connection, found: Select[Any]) -> int:
    return int(tx.execute(select(func.count()).select_from(found.subquery())).scalar_one())


def first(tx: Connection, found: Select[Any], limit: int = SAMPLE) -> list[str]:
    """Return the first SKUs of a selection, in their order."""
    return list(tx.execute(found.order_by(products.c.sku).limit(limit)).scalars())


def given_up(tx: Connection, account: str) -> list[tuple[int, str]]:
    """Return the dead letters about SKUs of a marketplace: id and SKU."""
    dead = (outbox.c.state == literal_column("'dead'"), outbox.c.destination == account, outbox.c.kind.in_(TELLING_KINDS))
    return [(row.id, row.reference) for row in tx.execute(select(outbox.c.id, outbox.c.reference).where(*dead).order_by(outbox.c.id))]


def part(tx: Connection, after: str, size: int) -> dict[str, bool]:
    """Return the next SKUs of the snapshot in their order, and whether each is active."""
    query = select(products.c.sku, products.c.active).where(products.c.sku > after).order_by(products.c.sku).limit(size)
    return {row.sku: row.active for row in tx.execute(query)}

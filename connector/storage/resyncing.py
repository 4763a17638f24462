"""Every SKU that a marketplace could be told of, a part at a time in the order of their codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select, union

from connector.domain.listings import ListingState
from connector.storage.tables import listings, products


@dataclass(frozen=True, slots=True)
class Told:
    """A SKU, and whether the marketplace's catalogue knows it."""

    sku: str
    is_known: bool


def part(tx: Connection, account: str, after: str, limit: int) -> list[Told]:
    """Return up to `limit` SKUs behind a code: those in the snapshot, and those that are known there though they have left it."""
    both = union(
        _first(select(products.c.sku), products.c.sku, after, limit), _first(_known(account), listings.c.sku, after, limit)
    ).subquery()
    listing = and_(listings.c.account == account, listings.c.sku == both.c.sku)
    query = select(both.c.sku, listings.c.state).outerjoin(listings, listing).order_by(both.c.sku).limit(limit)
    return [Told(row.sku, row.state == ListingState.KNOWN) for row in tx.execute(query)]


def has_any(tx: Connection) -> bool:
    """Tell whether the snapshot has any SKU."""
    return tx.execute(select(products.c.sku).limit(1)).first() is not None


def count(tx: Connection) -> int:
    """Count the snapshot's SKUs: about how far the parts go."""
    return int(tx.execute(select(func.count()).select_from(products)).scalar_one())


def _known(account: str) -> Select[Any]:
    return select(listings.c.sku).where(listings.c.account == account, listings.c.state == ListingState.KNOWN.value)


def _first(query: Select[Any], sku: Any, after: str, limit: int) -> Select[Any]:
    """Wrap the part of a union that has an order and a limit of its own: SQLite demands it."""
    inner = query.where(sku > after).order_by(sku).limit(limit).subquery()
    return select(inner.c.sku)

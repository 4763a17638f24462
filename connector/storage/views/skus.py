"""SKUs found by how they begin, with what is known of each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, func, literal_column, select

from connector.storage.tables import listings, prices, products, stock
from connector.storage.views.beginnings import begins


def beginning(tx: Connection, text: str, after: str, limit: int) -> list[dict[str, Any]]:
    """Return the SKUs of the snapshot that begin so, in order, after one; with the price for everyone and the stock."""
    p = products.c
    return _with_offers(tx, _shown().where(begins(tx, p.sku, text), p.sku > after).order_by(p.sku).limit(limit))


def of_ean(tx: Connection, ean: str, after: str, limit: int) -> list[dict[str, Any]]:
    """Return the SKUs of the snapshot that have this EAN, as `beginning` does; by the index, whose condition is said again for SQLite."""
    p = products.c
    return _with_offers(tx, _shown().where(p.ean == ean, p.ean != literal_column("''"), p.sku > after).order_by(p.sku).limit(limit))


def _shown() -> Select[Any]:
    p = products.c
    return select(p.sku, p.product_name, p.sku_name, p.brand, p.active)


def _with_offers(tx: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    rows = [dict(row) for row in tx.execute(query).mappings()]
    skus = [row["sku"] for row in rows]
    priced, stocked = _prices(tx, skus), _stock(tx, skus)
    return [{**row, "price_cents": priced.get(row["sku"]), "stock": stocked.get(row["sku"])} for row in rows]


def _prices(tx: Connection, skus: list[str]) -> dict[str, int]:
    query = select(prices.c.sku, func.min(prices.c.price_cents)).where(prices.c.sku.in_(skus)).group_by(prices.c.sku)
    return {row[0]: row[1] for row in tx.execute(query)}


def _stock(tx: Connection, skus: list[str]) -> dict[str, int]:
    query = select(stock.c.sku, func.sum(stock.c.quantity)).where(stock.c.sku.in_(skus)).group_by(stock.c.sku)
    return {row[0]: int(row[1]) for row in tx.execute(query)}


def listed(tx: Connection, account: str, state: str, after: str, limit: int) -> list[dict[str, Any]]:
    """Return the SKUs that stand so with a marketplace, in order, after one."""
    names = ("sku", "state", "told_at", "suggested_at", "word", "note", "remedy")
    mine = (listings.c.account == account, listings.c.state == state, listings.c.sku > after)
    rows = tx.execute(select(*[listings.c[name] for name in names]).where(*mine).order_by(listings.c.sku).limit(limit))
    return [dict(row) for row in rows.mappings()]

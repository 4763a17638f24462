"""What SKUs sell at now, read in one statement (two where services are sold with them).

Every cart of every marketplace passes here: the statements are built once for each size, and then run as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Select, and_, bindparam, exists, func, literal_column, or_, select

from connector.domain.catalog import Offer, Service
from connector.domain.keeping_back import KeptBack
from connector.storage import driver
from connector.storage.driver import Row
from connector.storage.tables import Instant, prices, products, reservations, services, stock

CHUNK = 512
"""SKUs a statement: far below the variables that SQLite (32,766) and PostgreSQL (65,535) take."""
INSTANT = Instant()


def load(
    tx: Connection, account: str, sales_channel: str, skus: Collection[str], now: datetime, *, kept_back: KeptBack | None
) -> dict[str, Offer]:
    """Return what each SKU sells at in a sales channel of a marketplace; one that is unknown, inactive or without a price is not there.

    Of the prices that hold now the most specific counts: marketplace and sales channel, marketplace, sales channel, every one. A price
    whose time is over counts no longer, and the next specific one does. A price of 0 is returned as it is. Stock is what all warehouses
    have, less what open orders hold and what is kept back (`kept_back`), never below 0.
    """
    rows = _prices(tx, account, sales_channel, sorted(set(skus)), now)
    sold_with = _services(tx, [sku for sku, row in rows.items() if row[-1]])
    _, read_instant = _instants(tx.dialect)
    return {sku: _offer(row, sold_with.get(sku, ()), read_instant, kept_back) for sku, row in rows.items()}


def _prices(tx: Connection, account: str, sales_channel: str, skus: list[str], now: datetime) -> dict[str, Row]:
    """Return the row of each SKU's most specific price."""
    write_instant, _ = _instants(tx.dialect)
    given = {"account": account, "channel": sales_channel, "now": write_instant(now)}
    best: dict[str, Row] = {}
    for row in _fetch(tx, _price_rows, skus, given):
        known = best.get(row[0])
        if known is None or _specific(row) > _specific(known):
            best[row[0]] = row
    return best


def _specific(row: Row) -> tuple[bool, bool]:
    _sku, marketplace, sales_channel, *_ = row
    return marketplace != "", sales_channel != ""


def _services(tx: Connection, skus: list[str]) -> dict[str, tuple[Service, ...]]:
    found: dict[str, tuple[Service, ...]] = {}
    for sku, *service in _fetch(tx, _service_rows, skus, {}):
        found[sku] = (*found.get(sku, ()), Service(*service))
    return found


def _offer(row: Row, sold_with: tuple[Service, ...], read_instant: Callable[[Any], Any], kept_back: KeptBack | None) -> Offer:
    sku, _, _, price, list_price, until, in_stock, reserved, weight, height, width, length, unit, multiplier, category, _ = row
    free = max(int(in_stock or 0) - int(reserved or 0), 0)
    return Offer(
        sku=sku,
        price_cents=price,
        list_price_cents=list_price,
        valid_until=None if until is None else read_instant(until),
        stock=free if kept_back is None else kept_back.offered(free, sku, category),
        weight_g=weight,
        height_cm=height,
        width_cm=width,
        length_cm=length,
        measurement_unit=unit,
        unit_multiplier=multiplier,
        services=sold_with,
    )


# ── statements ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _price_rows(size: int) -> Select[Any]:
    """One row for each price that holds now, with what else an offer says of its SKU."""
    now = bindparam("now", type_=INSTANT)
    every: ColumnElement[str] = literal_column("''")
    is_open = and_(reservations.c.sku == products.c.sku, reservations.c.released_at.is_(None), reservations.c.until > now)
    return (
        select(
            *(products.c.sku, prices.c.marketplace, prices.c.sales_channel),
            *(prices.c.price_cents, prices.c.list_price_cents, prices.c.valid_until),
            select(func.sum(stock.c.quantity)).where(stock.c.sku == products.c.sku).scalar_subquery(),
            select(func.sum(reservations.c.quantity)).where(is_open).scalar_subquery(),
            *(products.c.weight_g, products.c.height_cm, products.c.width_cm, products.c.length_cm),
            *(products.c.measurement_unit, products.c.unit_multiplier, products.c.category),
            exists().where(services.c.sku == products.c.sku),
        )
        .join(prices, prices.c.sku == products.c.sku)
        .where(
            products.c.sku.in_(_parameters(size)),
            products.c.active.is_(True),
            prices.c.marketplace.in_([bindparam("account"), every]),
            prices.c.sales_channel.in_([bindparam("channel"), every]),
            or_(prices.c.valid_until.is_(None), prices.c.valid_until > now),
        )
    )


def _service_rows(size: int) -> Select[Any]:
    of = services.c
    return select(of.sku, of.type, of.id, of.name, of.price_cents).where(of.sku.in_(_parameters(size))).order_by(of.sku, of.type, of.id)


def _parameters(size: int) -> list[Any]:
    return [bindparam(f"sku{i}") for i in range(size)]


@lru_cache(maxsize=8)
def _instants(dialect: Dialect) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Say how this database's driver is given an instant, and how it gives one back."""
    type_ = INSTANT.dialect_impl(dialect)
    return type_.bind_processor(dialect) or _as_it_is, type_.result_processor(dialect, None) or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class _Statement:
    """SQL as the driver takes it; `order` names its parameters by place, None where the driver takes them by name."""

    sql: str
    order: tuple[str, ...] | None

    def parameters(self, values: Mapping[str, Any]) -> Any:
        return values if self.order is None else tuple([values[name] for name in self.order])


@lru_cache(maxsize=64)
def _statement(dialect: Dialect, build: Callable[[int], Select[Any]], size: int) -> _Statement:
    compiled = build(size).compile(dialect=dialect)
    return _Statement(str(compiled), tuple(compiled.positiontup) if compiled.positiontup is not None else None)


def _fetch(tx: Connection, build: Callable[[int], Select[Any]], skus: list[str], given: dict[str, Any]) -> Iterator[Row]:
    """Run a statement for all SKUs, a chunk at a time; a chunk is filled up to a power of two, so that few sizes are ever built."""
    for start in range(0, len(skus), CHUNK):
        part = skus[start : start + CHUNK]
        size = 1 << (len(part) - 1).bit_length()
        filled = part + part[-1:] * (size - len(part))
        values = {f"sku{i}": sku for i, sku in enumerate(filled)} | given
        statement = _statement(tx.dialect, build, size)
        yield from driver.rows(tx, statement.sql, statement.parameters(values))

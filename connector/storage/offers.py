"""What SKUs sell at now, read in one statement that answers with one row.

Every cart of every marketplace passes here. SQLite lets other threads of the process in at every row that it hands over, and each time
costs more than the row: so it makes JSON of all of them itself. The statement is built once for each size, and then run as it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    ScalarSelect,
    Table,
    Text,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from connector.domain.catalog import Offer, Service
from connector.domain.keeping_back import KeptBack
from connector.storage import driver, shown
from connector.storage.database import Database
from connector.storage.driver import Ask, Row
from connector.storage.freight import VERSION
from connector.storage.tables import Instant, prices, products, reservations, services, stock, watermarks

CHUNK = 512
"""SKUs a statement: far below the variables that SQLite (32,766) and PostgreSQL (65,535) take."""
NAMES = tuple(f"sku{i}" for i in range(CHUNK))
INSTANT = Instant()
EVERY: ColumnElement[str] = literal_column("''")


class Found(NamedTuple):
    """What the snapshot says of some SKUs: rows by subject; `rates`: the version of the freight rates at that moment.

    `is_coming`: a large change counts before the snapshot's rows, some of which are therefore not what counts (`shown`).
    """

    products: list[Row]
    prices: list[Row]
    stock: list[Row]
    held: list[Row]
    services: list[Row]
    rates: str
    is_coming: bool


def load(
    tx: Connection, account: str, sales_channel: str, skus: Collection[str], now: datetime, *, kept_back: KeptBack | None
) -> dict[str, Offer]:
    """Return what each SKU sells at in a sales channel of a marketplace; one that is unknown, inactive or without a price is not there.

    Of the prices that hold now the most specific counts: marketplace and sales channel, marketplace, sales channel, every one. A price
    whose time is over counts no longer, and the next specific one does. A price of 0 is returned as it is. Stock is what all warehouses
    have, less what open orders hold and what is kept back (`kept_back`), never below 0. Lengths and multipliers are true to 15 digits.
    """
    return _load(partial(driver.rows, tx), tx.dialect, (account, sales_channel, now), skus, kept_back)[0]


def look(
    db: Database, account: str, sales_channel: str, skus: Collection[str], now: datetime, *, kept_back: KeptBack | None
) -> tuple[dict[str, Offer], str]:
    """Return the same in a view of its own, with the version of the freight rates that goes with it."""
    asked = account, sales_channel, now
    if len(skus) <= CHUNK:
        return _load(db.ask, db.engine.dialect, asked, skus, kept_back)
    with db.read() as tx:
        return _load(partial(driver.rows, tx), tx.dialect, asked, skus, kept_back)


def _load(
    ask: Ask, dialect: Dialect, asked: tuple[str, str, datetime], skus: Collection[str], kept_back: KeptBack | None
) -> tuple[dict[str, Offer], str]:
    wanted, offers, rates = list(skus), {}, ""
    for start in range(0, max(len(wanted), 1), CHUNK):
        found = _ask(ask, dialect, asked, wanted[start : start + CHUNK])
        offers.update(_offers(found, kept_back))
        rates = found.rates
    return offers, rates


def _ask(ask: Ask, dialect: Dialect, asked: tuple[str, str, datetime], skus: list[str]) -> Found:
    """Run the statement; where it says that more than the snapshot's own rows counts, the slower one that looks at all that does."""
    found = _found(ask, dialect, asked, skus, is_coming=False)
    return _found(ask, dialect, asked, skus, is_coming=True) if found.is_coming else found


def _found(ask: Ask, dialect: Dialect, asked: tuple[str, str, datetime], skus: list[str], *, is_coming: bool) -> Found:
    """Run a statement, filled up to its size."""
    account, channel, now = asked
    size = _size(len(skus))
    values = dict(zip(NAMES, skus + (skus[-1:] or [""]) * (size - len(skus)), strict=False))
    values |= {"account": account, "channel": channel, "now": _written(dialect.name, now)}
    *parts, rates, more = ask(statement(dialect.name, size, is_coming=is_coming), values)[0]
    return Found(*[orjson.loads(part) if part else [] for part in parts], rates or "", bool(more))  # type: ignore[call-arg]  # five, as the statement has


def _size(number: int) -> int:
    """Return the size of the statement for so many SKUs: one of four to each doubling, so that few are ever built."""
    step = 1 << max((number - 1).bit_length() - 3, 0)
    return max(-(-number // step) * step, 1)


def _written(dialect: str, now: datetime) -> Any:
    """Write an instant as the database holds it."""
    return now.astimezone(UTC).isoformat(" ", "microseconds")[: -len("+00:00")] if dialect == "sqlite" else now


# ── from rows to offers ─────────────────────────────────────────────────────────────────────────────────────────────────
def _offers(found: Found, kept_back: KeptBack | None) -> dict[str, Offer]:
    best = _best(found.prices)
    free = _free(found.stock, found.held)
    sold_with = _services(found.services) if found.services else {}
    return {row[0]: _offer(row, best[row[0]], free.get(row[0], 0), sold_with, kept_back) for row in found.products if row[0] in best}


def _best(rows: list[Row]) -> dict[str, Row]:
    """Return the row of each SKU's most specific price."""
    best: dict[str, Row] = {}
    for row in rows:
        known = best.setdefault(row[0], row)
        if known is not row and _specific(row) > _specific(known):
            best[row[0]] = row
    return best


def _specific(row: Row) -> tuple[bool, bool]:
    _sku, marketplace, sales_channel, *_ = row
    return marketplace != "", sales_channel != ""


def _free(in_stock: Iterable[Row], held: Iterable[Row]) -> dict[str, int]:
    """Return what is left of each SKU in all warehouses, never below 0."""
    free: dict[str, int] = {}
    for sku, quantity in in_stock:
        free[sku] = free.get(sku, 0) + quantity
    for sku, quantity in held:
        free[sku] = free.get(sku, 0) - quantity
    return free


def _services(rows: list[Row]) -> dict[str, tuple[Service, ...]]:
    found: dict[str, tuple[Service, ...]] = {}
    for sku, *service in sorted(rows, key=list):
        found[sku] = (*found.get(sku, ()), Service(*service))
    return found


def _offer(product: Row, price: Row, free: int, sold_with: dict[str, tuple[Service, ...]], kept_back: KeptBack | None) -> Offer:
    sku, weight, height, width, length, unit, multiplier, category = product
    _, _, _, cents, list_cents, until = price
    left = max(free, 0)
    return Offer(
        sku,
        cents,
        list_cents,
        _instant(until) if until else None,
        left if kept_back is None else kept_back.offered(left, sku, category),
        weight,
        float(height),
        float(width),
        float(length),
        unit,
        float(multiplier),
        sold_with.get(sku, ()),
    )


def _instant(text: str) -> datetime:
    """Read an instant as the database writes it: SQLite without a zone, in UTC."""
    read = datetime.fromisoformat(text)
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


# ── the statement ───────────────────────────────────────────────────────────────────────────────────────────────────────
@lru_cache(maxsize=64)
def statement(dialect: str, size: int, *, is_coming: bool = False) -> str:
    """Build the statement for so many SKUs; its parameters are `account`, `channel`, `now` and `NAMES`.

    With `is_coming` it reads what counts now, else the snapshot's own rows, and whether those are all.
    """
    now = bindparam("now", type_=INSTANT)
    asked: list[Any] = [bindparam(name) for name in NAMES[:size]]

    def rows(columns: Iterable[Column[Any]], *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
        listed = list(columns)
        return select(_as_json(dialect, listed)).where(listed[0].in_(asked), *conditions).scalar_subquery()

    def counting(known: Table) -> Any:
        return (shown.rows(known, asked) if is_coming else known).c

    p, at, held = counting(products), counting(prices), reservations.c
    pieces, sold_with = counting(stock), counting(services)
    # compared as expressions: SQLite would else look into the table once for each of the four, and not once for the SKU
    is_mine = (at.marketplace + EVERY).in_([bindparam("account"), EVERY]), (at.sales_channel + EVERY).in_([bindparam("channel"), EVERY])
    facts = (p.sku, p.weight_g, p.height_cm, p.width_cm, p.length_cm, p.measurement_unit, p.unit_multiplier, p.category)
    query = select(
        rows(facts, p.active.is_(True)),
        rows(at, *is_mine, or_(at.valid_until.is_(None), at.valid_until > now)),
        rows((pieces.sku, pieces.quantity)),
        _sums(dialect, asked, held.released_at.is_(None), held.until > now),
        case((exists().where(sold_with.sku > EVERY), rows(sold_with))),  # most sellers have none, and then nothing is looked for
        select(watermarks.c.value).where(watermarks.c.name == literal_column(f"'{VERSION}'")).scalar_subquery(),
        literal_column("0") if is_coming else shown.anything_shown(),
    )
    return str(query.compile(dialect=driver.compiling(dialect)))


def _sums(dialect: str, asked: list[Any], *is_held: ColumnElement[bool]) -> ScalarSelect[Any]:
    """Add up what is held by SKU: of one that sells well thousands of orders may hold some, and each cart would bring their rows here."""
    held = reservations.c
    total = cast(func.sum(held.quantity), BigInteger).label("quantity")
    found = select(held.sku, total).where(held.sku.in_(asked), *is_held).group_by(held.sku).subquery("sums")
    return select(_as_json(dialect, list(found.c))).scalar_subquery()


def _as_json(dialect: str, columns: list[Any]) -> ColumnElement[str]:
    """Make one text of all rows."""
    if dialect == "sqlite":
        return func.json_group_array(func.json_array(*columns), type_=Text)
    return cast(func.json_agg(func.json_build_array(*columns)), Text)

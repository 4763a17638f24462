"""How a change becomes a message to each marketplace.

A known SKU's price and stock are told by calls of their own; anything about another goes through the catalogue's probe, whose 404 alone
says that the marketplace does not know it. The 2017 dialect has that one call for everything, and tells it in the same order of urgency.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Label,
    String,
    Subquery,
    and_,
    bindparam,
    case,
    collate,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)

from connector.domain.messages import Kind
from connector.settings import MarketplaceSettings
from connector.storage import changes, outbox
from connector.storage.changes import Changes
from connector.storage.driver import Prepared
from connector.storage.tables import Instant, listings, marketplaces, prices, products, reservations, stock
from connector.storage.tables import outbox as messages
from connector.storage.upsert import Insert, insert

AGAIN_AFTER = timedelta(minutes=1)
"""Further than nodes' clocks are apart: the one that a marketplace asks at once may still answer the price that ended."""


def announce(tx: Connection, to: Sequence[MarketplaceSettings], skus: Iterable[str], kind: Kind, now: datetime) -> None:
    """Put what every marketplace is to be told about these SKUs: CATALOG (new, or content changed), PRICE or INVENTORY."""
    told = sorted(set(skus))
    for m in _in_order(to):
        common = {"destination": m.account, "kind": kind.value, "now": now}
        TELL[m.protocol == "2017"].run(tx, *({**common, "sku": sku} for sku in told))


def _in_order(to: Iterable[MarketplaceSettings]) -> list[MarketplaceSettings]:
    """Return marketplaces as messages are put: nodes may name them in different orders."""
    return sorted(to, key=lambda m: m.account)


def _row(sku: ColumnElement[str], kind: Kind, account: ColumnElement[str] | None = None) -> list[Label[str]]:
    everyone = literal("", String)
    return [sku.label("sku"), literal(kind.value, String).label("kind"), (everyone if account is None else account).label("account")]


def announce_changes(tx: Connection, to: Sequence[MarketplaceSettings], made: Changes, now: datetime) -> None:
    """Put messages for what an import changed, after it did. The 2017 dialect's one call for content tells stock and price, too."""
    changed, offers = changes.announcements(made), changes.offers(made)
    if changed is not None:
        announce_from(tx, to, changed, now)
    if offers is not None:
        announce_from(tx, [m for m in to if m.protocol != "2017"], offers, now, only_known=True)


def announce_from(tx: Connection, to: Sequence[MarketplaceSettings], changed: Any, now: datetime, *, only_known: bool = False) -> None:
    """Put messages for the rows (sku, kind, account) of a query; account "" means every marketplace.

    A SKU that is neither in the snapshot nor known to the marketplace is passed over: there is nothing to tell.
    """
    rows = changed.subquery("changed")
    for m in _in_order(to):
        is_2017 = m.protocol == "2017"
        tx.execute(_put_for(tx, literal(m.account, String), rows, literal(now, Instant), is_2017=is_2017, only_known=only_known))


def _put_for(
    tx: Connection, account: ColumnElement[str], changed: Subquery, now: ColumnElement[datetime], *, is_2017: bool, only_known: bool = False
) -> Insert:
    listing = and_(listings.c.account == account, listings.c.sku == changed.c.sku)
    is_known = func.coalesce(listings.c.state, "unknown") == "known"
    kind = case((is_known, _kind_of_known(changed, now, is_2017=is_2017)), else_=Kind.CATALOG.value)
    is_to_be_told = is_known if only_known else or_(is_known, exists().where(products.c.sku == changed.c.sku))
    told = (
        select(account, kind.label("kind"), changed.c.sku.label("reference"), now.label("due_at"), now.label("put_at"))
        .select_from(changed.outerjoin(listings, listing))
        .where(or_(changed.c.account == "", changed.c.account == account), is_to_be_told)
    )
    if tx.dialect.name != "sqlite":
        # each message once, in one order always: else an import and an order would wait for each other's, and one of them be ended;
        # on SQLite, where writers wait for one lock, a message that comes twice is simply there already
        # (of plain characters, as Python sorts an order's SKUs: a language's order would put "a" before "B")
        each = told.distinct().subquery("each")
        told = select(each).order_by(collate(each.c.reference, "C"), each.c.kind)
    columns = [messages.c.destination, messages.c.kind, messages.c.reference, messages.c.due_at, messages.c.put_at]
    return outbox.coalesced(insert(tx, messages).inline().from_select([column.name for column in columns], told))


def _told_of_one(tx: Connection, *, is_2017: bool) -> Insert:
    """Build what `announce` runs for each SKU; its parameters are destination, kind, sku and now."""
    sku, kind = bindparam("sku", type_=String), bindparam("kind", type_=String)
    changed = select(sku.label("sku"), kind.label("kind"), literal("", String).label("account")).subquery("changed")
    return _put_for(tx, bindparam("destination", type_=String), changed, bindparam("now", type_=Instant), is_2017=is_2017)


TELL = {is_2017: Prepared(partial(_told_of_one, is_2017=is_2017)) for is_2017 in (False, True)}


def _kind_of_known(changed: Subquery, now: ColumnElement[datetime], *, is_2017: bool) -> ColumnElement[str]:
    """Put what is sold out before all else; the 2017 dialect has one call for stock and price, and so one message."""
    offer = case((changed.c.kind == Kind.CATALOG.value, changed.c.kind), else_=Kind.PRICE.value) if is_2017 else changed.c.kind
    is_stock = changed.c.kind == Kind.INVENTORY.value
    return case((and_(is_stock, _is_sold_out(changed.c.sku, now)), Kind.SOLD_OUT.value), else_=offer)


def _is_sold_out(sku: ColumnElement[str], now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Tell whether nothing is left to sell: no stock but what open orders hold, or not for sale any more."""
    is_open = and_(reservations.c.sku == sku, reservations.c.released_at.is_(None), reservations.c.until > now)
    in_stock = select(func.coalesce(func.sum(stock.c.quantity), 0)).where(stock.c.sku == sku).scalar_subquery()
    held = select(func.coalesce(func.sum(reservations.c.quantity), 0)).where(is_open).scalar_subquery()
    is_for_sale = exists().where(products.c.sku == sku, products.c.active.is_(True))
    return or_(in_stock <= held, ~is_for_sale)


def announce_expired_prices(tx: Connection, to: Sequence[MarketplaceSettings], now: datetime) -> None:
    """Tell each marketplace of the prices whose time ended since it was last told of such, and AGAIN_AFTER once more."""
    for m in _in_order(to):
        since = tx.execute(select(marketplaces.c.prices_expired_to).where(marketplaces.c.account == m.account)).scalar()
        rows = select(*_row(prices.c.sku, Kind.PRICE, prices.c.marketplace)).where(_ended(since, now))
        announce_from(tx, [m], rows, now)
        tx.execute(update(marketplaces).where(marketplaces.c.account == m.account).values(prices_expired_to=now))


def _ended(since: datetime | None, now: datetime) -> ColumnElement[bool]:
    until = prices.c.valid_until
    if since is None:
        return until <= now
    return or_(*(and_(until > since - ago, until <= now - ago) for ago in (timedelta(), AGAIN_AFTER)))


def announce_stocked(tx: Connection, to: Sequence[MarketplaceSettings], after: str, limit: int, now: datetime) -> str:
    """Tell INVENTORY of the next SKUs in stock, in their order, to each marketplace that knows them; return the last, "" at the end."""
    of_file = select(stock.c.sku).where(stock.c.quantity > 0, stock.c.sku > after).distinct().order_by(stock.c.sku).limit(limit)
    skus = list(tx.execute(of_file).scalars())
    if not skus:
        return ""
    known = and_(listings.c.state == "known", listings.c.sku.in_(of_file))
    for m in _in_order(to):
        announce_from(
            tx, [m], select(*_row(listings.c.sku, Kind.INVENTORY, listings.c.account)).where(known, listings.c.account == m.account), now
        )
    return skus[-1] if len(skus) == limit else ""

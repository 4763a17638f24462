"""What each marketplace knows of each SKU, and how a change becomes a message to it.

A known SKU's price and stock are told by calls of their own; anything about another goes through the catalogue's probe, whose 404 alone
says that the marketplace does not know it. The 2017 dialect has that one call for everything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
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
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)

from connector.domain.messages import CATALOG_KINDS, Kind
from connector.settings import MarketplaceSettings
from connector.storage import outbox
from connector.storage.tables import Instant, listings, marketplaces, prices, products, stock
from connector.storage.tables import outbox as messages
from connector.storage.upsert import insert

LOOK_AGAIN = timedelta(hours=24)
SUGGESTION_LASTS = timedelta(days=30)


def announce(tx: Connection, to: Sequence[MarketplaceSettings], skus: Iterable[str], kind: Kind, now: datetime) -> None:
    """Put what every marketplace is to be told about these SKUs: CATALOG (new, or content changed), PRICE or INVENTORY."""
    for part in _chunks(sorted(set(skus))):
        rows = [
            select(literal(sku, String).label("sku"), literal(kind.value, String).label("kind"), literal("").label("account"))
            for sku in part
        ]
        announce_from(tx, to, union_all(*rows), now)


def _row(sku: ColumnElement[str], kind: Kind, account: ColumnElement[str] | None = None) -> list[Label[str]]:
    everyone = literal("", String)
    return [sku.label("sku"), literal(kind.value, String).label("kind"), (everyone if account is None else account).label("account")]


def _chunks(skus: list[str], size: int = 200) -> Iterable[list[str]]:
    return (skus[start : start + size] for start in range(0, len(skus), size))


def announce_from(tx: Connection, to: Sequence[MarketplaceSettings], changed: Any, now: datetime) -> None:
    """Put messages for the rows (sku, kind, account) of a query; account "" means every marketplace.

    A SKU that is neither in the snapshot nor known to the marketplace is passed over: there is nothing to tell. Messages are put in one
    order always, or an import and an order would wait for each other's (PostgreSQL then ends one of them).
    """
    rows = changed.subquery("changed")
    for marketplace in to:
        _put_for(tx, marketplace, rows, now)


def _put_for(tx: Connection, m: MarketplaceSettings, changed: Subquery, now: datetime) -> None:
    listing = and_(listings.c.account == m.account, listings.c.sku == changed.c.sku)
    is_known = func.coalesce(listings.c.state, "unknown") == "known"
    kind = literal(Kind.CATALOG.value, String) if m.protocol == "2017" else case((is_known, changed.c.kind), else_=Kind.CATALOG.value)
    at = literal(now, Instant)
    told = (
        select(literal(m.account, String), kind.label("kind"), changed.c.sku.label("reference"), at, at)
        .distinct()
        .select_from(changed.outerjoin(listings, listing))
        .where(changed.c.account.in_(("", m.account)), or_(is_known, exists().where(products.c.sku == changed.c.sku)))
        .order_by("reference", "kind")
    )
    columns = [messages.c.destination, messages.c.kind, messages.c.reference, messages.c.due_at, messages.c.put_at]
    tx.execute(outbox.unless_pending(insert(tx, messages).from_select([column.name for column in columns], told)))


# ── what an answer says about the listing ───────────────────────────────────────────────────────────────────────────────
def states(tx: Connection, account: str, skus: Collection[str]) -> dict[str, str]:
    """Return the state of each SKU that the marketplace was ever told about."""
    found: dict[str, str] = {}
    for part in _chunks(sorted(skus), 500):
        rows = tx.execute(select(listings.c.sku, listings.c.state).where(listings.c.account == account, listings.c.sku.in_(part)))
        found.update((row.sku, row.state) for row in rows)
    return found


def one(tx: Connection, account: str, sku: str) -> Any:
    """Return one listing's row, or None."""
    return tx.execute(select(listings).where(listings.c.account == account, listings.c.sku == sku)).first()


def told(tx: Connection, account: str, skus: Collection[str], now: datetime) -> None:
    """Record that the marketplace took a call about SKUs that it knows."""
    rows = [{"account": account, "sku": sku, "state": "known", "told_at": now} for sku in sorted(skus)]
    if rows:
        statement = insert(tx, listings)
        fresh = {"state": "known", "told_at": statement.excluded.told_at, "look_again_at": None, "note": None}
        tx.execute(statement.on_conflict_do_update(index_elements=["account", "sku"], set_=fresh), rows)


def unknown(tx: Connection, account: str, sku: str, note: str | None, now: datetime) -> None:
    """Record that the marketplace does not know a SKU; a suggestion that waits there goes on waiting."""
    statement = insert(tx, listings).values(account=account, sku=sku, state="unknown", told_at=now, note=note)
    state = case((listings.c.state.in_(("suggested", "denied")), listings.c.state), else_="unknown")
    fresh = {"state": state, "told_at": now, "note": note, "look_again_at": case((state == "unknown", None), else_=now + LOOK_AGAIN)}
    tx.execute(statement.on_conflict_do_update(index_elements=["account", "sku"], set_=fresh))


def suggested(tx: Connection, account: str, sku: str, fingerprint: str, now: datetime) -> None:
    """Record what was suggested, and when to ask whether it was accepted."""
    fresh = {"state": "suggested", "suggestion_hash": fingerprint, "suggested_at": now, "look_again_at": now + LOOK_AGAIN, "note": None}
    statement = insert(tx, listings).values(account=account, sku=sku, told_at=now, **fresh)
    tx.execute(statement.on_conflict_do_update(index_elements=["account", "sku"], set_=fresh))


def waits_unchanged(row: Any, fingerprint: str, now: datetime) -> bool:
    """Tell whether just this suggestion waits there already and has not expired (30 days, facts §2.3)."""
    return (
        row is not None
        and row.state in ("suggested", "denied")
        and row.suggestion_hash == fingerprint
        and now - row.suggested_at < SUGGESTION_LASTS
    )


def look_again(tx: Connection, m: MarketplaceSettings, now: datetime) -> None:
    """Ask once more about suggested SKUs whose day has come: an accepted one answers 2xx and is told price and stock."""
    due = and_(listings.c.account == m.account, listings.c.look_again_at <= now)
    announce_from(
        tx, [m], select(listings.c.sku, literal(Kind.CATALOG.value, String).label("kind"), literal("").label("account")).where(due), now
    )
    tx.execute(update(listings).where(due).values(look_again_at=now + LOOK_AGAIN))


def announce_expired_prices(tx: Connection, to: Sequence[MarketplaceSettings], now: datetime) -> None:
    """Tell each marketplace of the prices whose time ended since it was last told of such."""
    for m in to:
        since = tx.execute(select(marketplaces.c.prices_expired_to).where(marketplaces.c.account == m.account)).scalar()
        ended = [prices.c.valid_until <= now] + ([prices.c.valid_until > since] if since else [])
        rows = select(*_row(prices.c.sku, Kind.PRICE, prices.c.marketplace)).where(*ended)
        announce_from(tx, [m], rows, now)
        tx.execute(update(marketplaces).where(marketplaces.c.account == m.account).values(prices_expired_to=now))


def announce_stocked(tx: Connection, to: Sequence[MarketplaceSettings], after: str, limit: int, now: datetime) -> str:
    """Tell INVENTORY of the next SKUs in stock, in their order, to each marketplace that knows them; return the last, "" at the end."""
    of_file = select(stock.c.sku).where(stock.c.quantity > 0, stock.c.sku > after).distinct().order_by(stock.c.sku).limit(limit)
    skus = list(tx.execute(of_file).scalars())
    if not skus:
        return ""
    known = and_(listings.c.state == "known", listings.c.sku.in_(of_file))
    for m in to:
        announce_from(
            tx, [m], select(*_row(listings.c.sku, Kind.INVENTORY, listings.c.account)).where(known, listings.c.account == m.account), now
        )
    return skus[-1] if len(skus) == limit else ""


def untold(tx: Connection, account: str | None = None) -> int:
    """Count the pairs of marketplace and SKU with anything untold."""
    kinds = [kind.value for kind in CATALOG_KINDS]
    pairs = select(messages.c.destination, messages.c.reference).distinct()
    pairs = pairs.where(messages.c.kind.in_(kinds), messages.c.state.in_(("pending", "sending")))
    if account is not None:
        pairs = pairs.where(messages.c.destination == bindparam("account", account))
    return tx.execute(select(func.count()).select_from(pairs.subquery())).scalar_one()

"""Stock that open orders hold: taken at placement, given back when it ends, is cancelled, or the ERP's own numbers count it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Row, and_, func, or_, select, text, true, update

from connector.domain.keeping_back import KeptBack
from connector.domain.keys import key_parts
from connector.domain.placing import NamedSku
from connector.domain.reserving import Reservation
from connector.storage import files, shown
from connector.storage.driver import Prepared
from connector.storage.tables import products, rejections, reservations, stock

t = reservations
OPEN = t.c.released_at.is_(None)
TIME_ENDED = "its time ended"
COUNTED = "the ERP's stock counts it"
_COUNTING = 727276
"""PostgreSQL's advisory lock that acks and stock files take, one after the other."""
CHUNK = 512
"""SKUs a statement, which names each four times: far below the variables that databases take."""
HOLD = Prepared(lambda _: t.insert().inline(), ("order_id", "sku", "quantity", "until"))


def hold(tx: Connection, order_id: str, held: Iterable[Reservation]) -> None:
    """Hold an order's stock, one row per SKU."""
    HOLD.run(tx, *({"order_id": order_id, "sku": r.sku, "quantity": r.quantity, "until": r.until} for r in held))


def release(tx: Connection, order_id: str, reason: str, now: datetime) -> list[str]:
    """Give back what an order still holds; returns the SKUs of which there is more now."""
    return sorted(sku for _, sku in _release(tx, t.c.order_id == order_id, reason, now))


def has_any_ended(tx: Connection, now: datetime) -> bool:
    """Tell whether anything is still open whose time is over; only what is open is looked at, in its index."""
    return tx.execute(select(t.c.sku).where(OPEN, t.c.until <= now).limit(1)).first() is not None


def release_ended(tx: Connection, now: datetime) -> list[tuple[str, str]]:
    """Give back what was held up to now; returns pairs of order and SKU."""
    return _release(tx, t.c.until <= now, TIME_ENDED, now)


def count_in_turn(tx: Connection) -> None:
    """Make acks and stock files wait for each other, so that the later one sees what the first wrote; SQLite's writers do so anyway.

    Called before the transaction locks anything that the other wants.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _COUNTING})


def release_counted(
    tx: Connection, stock_at: datetime, now: datetime, order_id: str | None = None, *, said: ColumnElement[bool] | None = None
) -> list[tuple[str, str]]:
    """Give back what the ERP's stock file counts already, of one order or of all: acknowledged before the file was written.

    A SKU whose row was refused stays held: of it the ERP has said nothing that could be understood. So do those of which a delta has
    not `said` all. Returns pairs of order and SKU.
    """
    asked = true() if order_id is None else t.c.order_id == order_id
    counted = and_(t.c.acked_at < stock_at, asked, true() if said is None else said)
    unsaid = _unsaid(tx, set(tx.scalars(select(t.c.sku).where(OPEN, counted))))
    return _release(tx, and_(counted, t.c.sku.not_in(unsaid)) if unsaid else counted, COUNTED, now)


def said_by_delta(tx: Connection, sha256: str, named: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
    """Say of which reservations a stock delta tells all: those that it has named, and those of which no undecided file may tell more.

    What the ERP took off between the ack and now may stand in a file that is held, or was refused whole.
    """
    undecided = files.newest_undecided(tx, "stock", sha256)
    told = true() if undecided is None else t.c.acked_at >= undecided
    return told if named is None else or_(told, named)


def _unsaid(tx: Connection, skus: set[str]) -> set[str]:
    """Return of these SKUs those that have a refused row of stock in whose place no good one came yet."""
    if not skus:
        return set()
    r = rejections.c
    refused = tx.scalars(select(r.key).where(r.feed == "stock", r.healed_at.is_(None), r.key != ""))
    return skus & {key_parts(key, 2)[0] for key in refused}


def adjust(tx: Connection, order_id: str, pieces: Mapping[str, int], until: datetime, now: datetime) -> None:
    """Hold so many pieces of each SKU more, or less where the number is negative, after an order changed.

    What is added is held until then and until the ERP acknowledges anew; what its stock counts already is not held again.
    """
    for sku, more in pieces.items():
        row = tx.execute(select(t).where(t.c.order_id == order_id, t.c.sku == sku)).first()
        is_open = row is not None and row.released_at is None and row.until > now
        held = row.quantity if row and is_open else 0
        if more > 0:
            ends = max(until, row.until) if row and is_open else until
            values = {"quantity": held + more, "until": ends, "acked_at": None, "released_at": None}
            _write(tx, order_id, sku, {**values, "release_reason": None}, is_new=row is None)
        elif held + more > 0:
            _write(tx, order_id, sku, {"quantity": held + more}, is_new=False)
        elif held:
            _release(tx, and_(t.c.order_id == order_id, t.c.sku == sku), "the order was changed", now)


def _write(tx: Connection, order_id: str, sku: str, values: dict[str, object], *, is_new: bool) -> None:
    if is_new:
        tx.execute(t.insert().values(order_id=order_id, sku=sku, **values))
    else:
        tx.execute(update(t).where(t.c.order_id == order_id, t.c.sku == sku).values(values))


def _release(tx: Connection, condition: ColumnElement[bool], reason: str, now: datetime) -> list[tuple[str, str]]:
    mine = select(t.c.sku).where(OPEN, condition).order_by(t.c.order_id, t.c.sku)
    tx.execute(mine.with_for_update())  # in one order, lest an import and a cancellation wait for each other
    gone = update(t).where(OPEN, condition).values(released_at=now, release_reason=reason).returning(t.c.order_id, t.c.sku)
    return sorted((row.order_id, row.sku) for row in tx.execute(gone))


def ran_out(tx: Connection, order_id: str, now: datetime) -> dict[str, int]:
    """Return the pieces by SKU that an order held until its time ended, released or not, and the ERP has not acknowledged."""
    ended = (t.c.until <= now, t.c.acked_at.is_(None), _of_its_time())
    rows = tx.execute(select(t.c.sku, t.c.quantity).where(t.c.order_id == order_id, *ended).order_by(t.c.sku))
    return {row.sku: row.quantity for row in rows}


def hold_anew(tx: Connection, order_id: str, pieces: Mapping[str, int], until: datetime) -> None:
    """Hold pieces again whose time had ended."""
    for sku, quantity in pieces.items():
        _write(tx, order_id, sku, {"quantity": quantity, "until": until, "released_at": None, "release_reason": None}, is_new=False)


def acknowledge(tx: Connection, order_id: str, acked_at: datetime) -> None:
    """Note that the ERP has taken the order: the next stock file newer than this ends its reservations."""
    tx.execute(update(t).where(t.c.order_id == order_id, _of_its_time()).values(acked_at=acked_at))


def _of_its_time() -> ColumnElement[bool]:
    return or_(OPEN, t.c.release_reason == TIME_ENDED)


def of_order(tx: Connection, order_id: str) -> list[dict[str, Any]]:
    rows = tx.execute(select(t).where(t.c.order_id == order_id).order_by(t.c.sku))
    return [dict(row) for row in rows.mappings()]


def named_skus(tx: Connection, skus: Collection[str], now: datetime, kept_back: KeptBack | None) -> dict[str, NamedSku]:
    """Say of SKUs that the products file names whether they may be sold, and what is left, as offers do; no price is asked."""
    asked, found = list(skus), dict[str, NamedSku]()
    for start in range(0, len(asked), CHUNK):
        found |= _named(tx, asked[start : start + CHUNK], now, kept_back)
    return found


def _named(tx: Connection, skus: list[str], now: datetime, kept_back: KeptBack | None) -> dict[str, NamedSku]:
    """Look at the snapshot's own rows; where these are not all that counts, which the same statement says, slower at all that does."""
    found = _rows(tx, products, stock, skus, now)
    if found[0].is_coming:
        found = _rows(tx, shown.rows(products, skus), shown.rows(stock, skus), skus, now)
    return {row.sku: NamedSku(row.active, _offered(row, kept_back)) for row in found if row.sku is not None}


def _rows(tx: Connection, named: FromClause, pieces: FromClause, skus: list[str], now: datetime) -> Sequence[Row[Any]]:
    """Return a row for each SKU that is named, and one at least: with whether a large change is on its way."""
    in_stock = select(func.sum(pieces.c.quantity)).where(pieces.c.sku == named.c.sku).scalar_subquery()
    held = select(func.sum(t.c.quantity)).where(t.c.sku == named.c.sku, OPEN, t.c.until > now).scalar_subquery()
    left = (func.coalesce(in_stock, 0) - func.coalesce(held, 0)).label("left")
    said = select(named.c.sku, named.c.active, named.c.category, left).where(named.c.sku.in_(skus)).subquery("said")
    whole = select(shown.anything_shown().label("is_coming")).subquery("whole")
    return tx.execute(select(whole, said).select_from(whole.outerjoin(said, true()))).all()


def _offered(row: Any, kept_back: KeptBack | None) -> int:
    free = max(int(row.left), 0)
    return free if kept_back is None else kept_back.offered(free, row.sku, row.category)

"""Changes of orders: kept as asked for, numbered when they are applied."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, func, select, update

from connector.domain.changing import KeptChange
from connector.storage.tables import order_changes as t


def find(tx: Connection, order_id: str, request_id: str) -> KeptChange | None:
    """Return a change by VTEX's id of it."""
    row = tx.execute(select(t).where(t.c.order_id == order_id, t.c.request_id == request_id)).first()
    return _kept(row) if row else None


def numbered(tx: Connection, order_id: str, number: int) -> KeptChange | None:
    """Return a change by its number among those applied."""
    row = tx.execute(select(t).where(t.c.order_id == order_id, t.c.number == number)).first()
    return _kept(row) if row else None


def applied_last(tx: Connection, order_id: str) -> tuple[int, datetime] | None:
    """Return the number and the instant of the change that was applied last; None where the order is as it was placed."""
    newest = select(t.c.number, t.c.applied_at).where(t.c.order_id == order_id, t.c.number.is_not(None))
    row = tx.execute(newest.order_by(t.c.number.desc()).limit(1)).first()
    return (row.number, row.applied_at) if row else None


def _kept(row: Row[Any]) -> KeptChange:
    return KeptChange(row.request_id, row.content_hash, orjson.loads(row.raw), row.asked_at, row.number, row.applied_at, row.result)


def keep(tx: Connection, order_id: str, change: KeptChange) -> None:
    """Keep a change that was asked for."""
    told = {"request_id": change.request_id, "content_hash": change.content_hash, "asked_at": change.asked_at}
    tx.execute(t.insert().values(order_id=order_id, raw=orjson.dumps(change.raw), **told))


def apply(tx: Connection, order_id: str, request_id: str, result: dict[str, Any], now: datetime) -> int:
    """Note that a change was applied, and what the order came to; returns its number. The caller has locked the order."""
    number = (tx.execute(select(func.max(t.c.number)).where(t.c.order_id == order_id)).scalar_one() or 0) + 1
    mine = (t.c.order_id == order_id, t.c.request_id == request_id)
    tx.execute(update(t).where(*mine).values(number=number, applied_at=now, result=result))
    return number

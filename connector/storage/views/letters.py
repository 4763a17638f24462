"""Dead letters: by cause, one by one, and those about an order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal_column, or_, select

from connector.storage.tables import outbox as t

DEAD: ColumnElement[bool] = t.c.state == literal_column("'dead'")


@dataclass(frozen=True, slots=True)
class Cause:
    """Letters of one destination and kind that died of word for word the same."""

    destination: str
    kind: str
    reason: str
    count: int
    first: int
    since: datetime
    until: datetime


_reason: ColumnElement[str] = func.coalesce(
    t.c.reason, literal_column("''")
)  # a literal: PostgreSQL groups by nothing that holds a parameter
_GAVE_UP = func.coalesce(t.c.settled_at, t.c.put_at, type_=t.c.put_at.type)


def causes(tx: Connection, limit: int | None = None) -> list[Cause]:
    """Return the causes, the oldest letter's first; all of them, or so many."""
    first, reason = func.min(t.c.id), _reason
    since, until = func.min(_GAVE_UP, type_=t.c.put_at.type), func.max(_GAVE_UP, type_=t.c.put_at.type)
    query = select(t.c.destination, t.c.kind, reason, func.count(), first, since, until).where(DEAD)
    grouped = query.group_by(t.c.destination, t.c.kind, reason).order_by(first).limit(limit)
    return [Cause(*row) for row in tx.execute(grouped)]


def cause_of(tx: Connection, number: int) -> Cause | None:
    """Return the cause that a letter died of, as of this letter alone."""
    row = tx.execute(select(t).where(DEAD, t.c.id == number)).first()
    if row is None:
        return None
    at = row.settled_at or row.put_at
    return Cause(row.destination, row.kind, row.reason or "", 1, row.id, at, at)


def of_cause(tx: Connection, cause: Cause) -> list[int]:
    """Return the numbers of the letters of a cause."""
    same = (t.c.destination == cause.destination, t.c.kind == cause.kind, _reason == cause.reason)
    return list(tx.execute(select(t.c.id).where(DEAD, *same).order_by(t.c.id)).scalars())


def page(tx: Connection, after: int, limit: int) -> list[dict[str, Any]]:
    """Return dead letters above a number, the oldest first."""
    query = select(t).where(DEAD, t.c.id > after).order_by(t.c.id).limit(limit)
    return [dict(row) for row in tx.execute(query).mappings()]


def about_order(tx: Connection, order_id: str) -> list[int]:
    """Return the dead letters about an order."""
    about_it = or_(t.c.reference == order_id, t.c.order_id == order_id)
    return list(tx.execute(select(t.c.id).where(about_it, t.c.state == "dead").order_by(t.c.id)).scalars())

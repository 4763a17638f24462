"""Dead letters, and what a person decides of them: sent on their way again, or laid aside."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from connector.domain.messages import Kind
from connector.storage import refusals, twins
from connector.storage.message_states import DEAD, IN_HAND, PENDING
from connector.storage.tables import outbox as t


def letters(tx: Connection, *, ids: Collection[int] | None = None, limit: int = 1000) -> list[dict[str, Any]]:
    """Return dead letters, the oldest first: those of the given ids, or up to `limit`."""
    query = select(t).where(DEAD).order_by(t.c.id)
    query = query.limit(limit) if ids is None else query.where(t.c.id.in_(ids))
    return [dict(row._mapping) for row in tx.execute(query)]  # noqa: SLF001  # SQLAlchemy's public name for it


def replay(tx: Connection, ids: Collection[int], now: datetime) -> int:
    """Send dead letters on their way again, with all their attempts; one whose twin waits already is superseded."""
    fresh = {"state": "pending", "due_at": now, "attempt": 0, "settled_at": None}
    refusals.forget_those(tx, ids)
    for number in ids:
        one = (t.c.id == number, t.c.state == "dead")
        if twins.let_wait(tx, one, fresh) == 0:
            tx.execute(update(t).where(*one).values(state="superseded"))
    return len(ids)


def lay_aside(tx: Connection, number: int, kinds: Collection[Kind], now: datetime) -> Row[Any] | None:
    """Lay a message of these kinds aside that waits though it was tried; returns its kind, reference and reason, None for any other.

    One that was sent on its way again waits to be tried anew: whoever lays it aside has not seen that.
    """
    waits = (t.c.id == number, PENDING, t.c.attempt > 0, t.c.kind.in_([k.value for k in kinds]))
    done = update(t).where(*waits).values(state="discarded", settled_at=now)
    return tx.execute(done.returning(t.c.kind, t.c.reference, t.c.reason)).first()


def is_in_hand(tx: Connection, number: int) -> bool:
    return tx.execute(select(t.c.id).where(t.c.id == number, IN_HAND)).first() is not None


def discard(tx: Connection, ids: Collection[int], now: datetime) -> int:
    """Lay dead letters aside for good."""
    return tx.execute(update(t).where(t.c.id.in_(ids), t.c.state == "dead").values(state="discarded", settled_at=now)).rowcount

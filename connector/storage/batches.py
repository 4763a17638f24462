"""Settling many messages at once, each behind the fence of its lease."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, literal_column, select, update

from connector.domain.messages import Kind, Message
from connector.storage import twins
from connector.storage.message_states import GIVEN_BACK_BUT_TRIED
from connector.storage.tables import outbox as t

IS_DEAD = t.c.state == literal_column("'dead'")


def gone(tx: Connection, messages: Sequence[Message], now: datetime, *, silent: Collection[int] = ()) -> set[int]:
    """Settle messages as delivered and keep no row of them; return the ids of those whose lease still held.

    Those `silent` said nothing: dead letters about the same things stay.
    """
    won: set[int] = set()
    for mine in _of_each_lease(messages):
        won |= set(tx.execute(delete(t).where(mine).returning(t.c.id)).scalars())
    bury_no_longer(tx, [message for message in messages if message.id in won and message.id not in silent], now)
    return won


def back(tx: Connection, messages: Sequence[Message], reason: str, now: datetime, *, behind: bool, sent: bool = False) -> None:
    """Put messages back that nobody took, without an attempt spent; one whose twin waits already is superseded.

    They keep their places in the order, or stand `behind` all that are due: who was tried lets the others try. Those `sent` all the same
    count as tried.
    """
    attempt = GIVEN_BACK_BUT_TRIED if sent else t.c.attempt - 1
    values: dict[str, Any] = {"state": "pending", "reason": reason, "lease": None, "lease_until": None, "attempt": attempt}
    if behind:
        values["due_at"] = now
    over = {"state": "superseded", "lease": None, "lease_until": None, "settled_at": now}
    for mine in _of_each_lease(messages):
        twins.let_wait(tx, [mine], values)
        tx.execute(update(t).where(mine).values(over))


def _of_each_lease(messages: Sequence[Message]) -> Iterator[ColumnElement[bool]]:
    by_lease: defaultdict[str, list[int]] = defaultdict(list)
    for message in messages:
        by_lease[message.lease].append(message.id)
    for lease, ids in by_lease.items():
        yield and_(t.c.id.in_(ids), t.c.lease == lease)


def bury_no_longer(tx: Connection, messages: Sequence[Message], now: datetime) -> None:
    """Settle the dead letters about the same things. Mostly there are none at all, and that is looked up first."""
    if not messages or tx.execute(select(t.c.id).where(IS_DEAD).limit(1)).first() is None:
        return
    references: defaultdict[tuple[str, Kind], list[str]] = defaultdict(list)
    for message in messages:
        references[message.destination, message.kind].append(message.reference)
    for (destination, kind), same in references.items():
        dead = (IS_DEAD, t.c.destination == destination, t.c.kind == kind.value, t.c.reference.in_(same))
        tx.execute(update(t).where(*dead).values(state="superseded", settled_at=now))


def forget_settled(tx: Connection, before: datetime) -> int:
    """Remove what was settled before an instant (dead letters stay)."""
    gone = delete(t).where(t.c.state.in_(("delivered", "superseded", "discarded")), t.c.settled_at < before)
    return tx.execute(gone).rowcount

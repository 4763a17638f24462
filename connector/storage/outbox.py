"""The outbox: messages put in the transaction that changed the state, claimed under a lease, settled behind a fence.

A statement puts its messages in the order of destination, reference and kind: on PostgreSQL two transactions that put the same ones in
another order would wait for each other.

States: pending → sending (→ publishing, for files) → delivered | pending again | superseded | dead. A person alone moves dead letters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, FromClause, Row, and_, delete, exists, func, or_, select, text, update

from connector.domain.messages import MAX_ATTEMPTS, Kind, Message
from connector.storage import siblings, twins
from connector.storage.driver import Prepared
from connector.storage.message_states import GIVEN_BACK_BUT_TRIED, IN_HAND, PENDING, PUBLISHING, SENDING, UNSETTLED
from connector.storage.tables import outbox as t
from connector.storage.upsert import Insert, insert

LEASE = timedelta(seconds=60)
DEADLY_ATTEMPTS = 5 * MAX_ATTEMPTS
MOST_SUGGESTIONS = 250
"""In one claim: of each, sixteen that wait are looked at (`siblings`)."""
IS_PENDING = "state = 'pending'"
OF_A_MESSAGE = (t.c.id, t.c.destination, t.c.kind, t.c.reference, t.c.attempt, t.c.lease)
TWIN = [t.c.destination, t.c.kind, t.c.reference]


def put(tx: Connection, destination: str, kind: Kind, references: Iterable[str], now: datetime, *, order_id: str | None = None) -> None:
    """Ask for something to be told. A pending message of the same kind and reference is the same message.

    With `order_id` it is about that order: no two such messages are ever in hand at once (KI 1400005).
    """
    common = {"destination": destination, "kind": kind.value, "order_id": order_id, "due_at": now, "put_at": now}
    PUT.run(tx, *({**common, "reference": reference} for reference in sorted(references)))


def was_ever_put(tx: Connection, destination: str, kind: Kind, reference: str) -> bool:
    """Tell whether something was asked for before, whatever became of it."""
    same = (t.c.destination == destination, t.c.kind == kind.value, t.c.reference == reference)
    return tx.execute(select(t.c.id).where(*same).limit(1)).first() is not None


def put_later(tx: Connection, destination: str, rows: Sequence[tuple[Kind, str, datetime]], now: datetime) -> int:
    """Ask for something to be told at its time: rows of kind, reference and instant. What waits already stays; returns how many are new."""
    common = {"destination": destination, "put_at": now}
    in_order = sorted((reference, kind.value, at) for kind, reference, at in rows)
    values = [{**common, "kind": kind, "reference": reference, "due_at": at} for reference, kind, at in in_order]
    statement = insert(tx, t).on_conflict_do_nothing(index_elements=TWIN, index_where=text(IS_PENDING))
    return tx.execute(statement.execution_options(preserve_rowcount=True), values).rowcount if values else 0


def coalesced(statement: Insert) -> Insert:
    """Let an insert pass over messages that wait already; one put for later, and never tried, is due at once then.

    On PostgreSQL it waits for whoever is claiming such a message: passing it over meanwhile would leave the newest change untold.
    """
    sooner = statement.excluded.due_at
    return statement.on_conflict_do_update(
        index_elements=TWIN,
        index_where=text(IS_PENDING),
        set_={"due_at": sooner},
        where=and_(t.c.attempt == 0, t.c.due_at > sooner),
    )


PUT = Prepared(lambda tx: coalesced(insert(tx, t).inline()), ("destination", "kind", "reference", "order_id", "due_at", "put_at"))


def claim(
    tx: Connection,
    destination: str,
    kinds: Sequence[Kind],
    now: datetime,
    limit: int,
    *,
    also_before: datetime | None = None,
    after: Kind | None = None,
) -> list[Message]:
    """Take up to `limit` due messages for the length of a lease, the first kinds first; counts the attempt before it is made.

    Of one reference only the most urgent is taken: the next one goes when that is settled, and never beside it. Of one product only one
    suggestion is (`siblings`).
    `also_before` takes messages that wait for their time or their next attempt too, if they were put, and last tried, before that
    instant (a pass by hand).
    `after` leaves messages alone whose reference or order still has one of that kind unsettled (a dispatch never overtakes its order).
    """
    token = uuid4().hex
    is_due, alone = _is_due(t, now, also_before), _has_its_order_for_itself(now, also_before)
    claimed: list[Message] = []
    for kind in kinds:
        conditions = [t.c.destination == destination, t.c.kind == kind.value, PENDING, is_due, alone, ~_is_in_hand()]
        if after is not None and after != kind:
            conditions.append(~_unsettled(after))
        if kind is Kind.SUGGESTION and len(claimed) < limit:
            apart, most = timedelta(0) if also_before else siblings.APART, min(limit - len(claimed), MOST_SUGGESTIONS)
            conditions = [t.c.id.in_(siblings.one_of_each(tx, destination, conditions, most, now, apart=apart))]
        claimed += _claim(tx, conditions, now, limit - len(claimed), token)
    return claimed


def _claim(tx: Connection, conditions: list[ColumnElement[bool]], now: datetime, limit: int, token: str) -> list[Message]:
    if limit <= 0:
        return []
    due = select(t.c.id).where(*conditions).order_by(t.c.due_at, t.c.id).limit(limit).with_for_update(skip_locked=True)
    values = {"state": "sending", "attempt": t.c.attempt + 1, "attempted_at": now, "lease": token, "lease_until": now + LEASE}
    claimed = update(t).where(t.c.id.in_(due.scalar_subquery())).values(values).returning(*OF_A_MESSAGE)
    return [message_of(row) for row in sorted(tx.execute(claimed), key=lambda row: row.id)]


def _is_in_hand() -> ColumnElement[bool]:
    """Tell whether another message about the same is being sent: what is in hand has a lease (a state's index would find all of those)."""
    other = t.alias("in_hand")
    return exists().where(other.c.reference == t.c.reference, other.c.destination == t.c.destination, other.c.lease.is_not(None))


def _unsettled(kind: Kind) -> ColumnElement[bool]:
    earlier = t.alias("earlier")
    return exists().where(
        earlier.c.reference == func.coalesce(t.c.order_id, t.c.reference),
        earlier.c.destination == t.c.destination,
        earlier.c.kind == kind.value,
        earlier.c.state.in_(("pending", "sending", "publishing", "dead")),
    )


def _is_due(table: FromClause, now: datetime, also_before: datetime | None) -> ColumnElement[bool]:
    due = table.c.due_at <= now
    if also_before is None:
        return due
    return or_(due, table.c.attempted_at < also_before, and_(table.c.attempt == 0, table.c.put_at < also_before))


def _has_its_order_for_itself(now: datetime, also_before: datetime | None) -> ColumnElement[bool]:
    """Leave a message alone while another about its order is in hand, or one of its kind that was put before it is due too."""
    other = t.alias("other")
    comes_first = and_(other.c.state == "pending", other.c.kind == t.c.kind, other.c.id < t.c.id, _is_due(other, now, also_before))
    in_the_way = exists().where(
        other.c.order_id == t.c.order_id, other.c.destination == t.c.destination, or_(other.c.state == "sending", comes_first)
    )
    return or_(t.c.order_id.is_(None), ~in_the_way)


def message_of(row: Row[Any]) -> Message:
    """Read a message from a row that has its columns."""
    return Message(row.id, row.destination, Kind(row.kind), row.reference, row.attempt, row.lease or "")


# ── settling: behind the fence of the lease ─────────────────────────────────────────────────────────────────────────────
def _mine(message: Message) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return t.c.id == message.id, t.c.lease == message.lease


def delivered(tx: Connection, message: Message, now: datetime, *, keep: bool) -> bool:
    """Settle as delivered; False where the lease was lost meanwhile, and nothing was changed. `keep` leaves the row for the history."""
    if keep:
        done = update(t).where(*_mine(message)).values(state="delivered", lease=None, lease_until=None, settled_at=now, reason=None)
        won = tx.execute(done).rowcount == 1
    else:
        won = tx.execute(delete(t).where(*_mine(message))).rowcount == 1
    if won:
        _bury_no_longer(tx, message, now)
    return won


def _bury_no_longer(tx: Connection, message: Message, now: datetime) -> None:
    """Settle the other dead letters about the same thing: what they wanted said was said now, or is another's to say."""
    same = (t.c.reference == message.reference, t.c.destination == message.destination, t.c.kind == message.kind.value)
    tx.execute(update(t).where(*same, t.c.state == "dead", t.c.id != message.id).values(state="superseded", settled_at=now))


def again(tx: Connection, message: Message, due_at: datetime, reason: str, now: datetime, *, counts: bool = True) -> bool:
    """Put a message back to wait until `due_at`, or settle it as superseded where its twin waits already.

    `counts` False gives the attempt back: it is the destination's fault, and not the message's.
    """
    values: dict[str, Any] = {"state": "pending", "due_at": due_at, "reason": reason, "lease": None, "lease_until": None}
    if not counts:
        values["attempt"] = GIVEN_BACK_BUT_TRIED
    return twins.let_wait(tx, _mine(message), values) == 1 or superseded(tx, message, now)


def superseded(tx: Connection, message: Message, now: datetime, **why: str) -> bool:
    """Settle a message that is not to be told any more; False where the lease was lost meanwhile."""
    done = update(t).where(*_mine(message)).values(state="superseded", lease=None, lease_until=None, settled_at=now, **why)
    return tx.execute(done).rowcount == 1


def bury(tx: Connection, message: Message, reason: str, now: datetime) -> bool:
    """Give a message up: a dead letter, until a person replays or discards it. It takes the place of an earlier one about the same."""
    dead = update(t).where(*_mine(message)).values(state="dead", reason=reason, lease=None, lease_until=None, settled_at=now)
    if won := tx.execute(dead).rowcount == 1:
        _bury_no_longer(tx, message, now)
    return won


def reclaim(tx: Connection, destination: str, kinds: Collection[Kind], now: datetime, *, expired_only: bool) -> int:
    """Take back what a dead process had in hand. Attempts stand; one that ended with its process ever again becomes a dead letter.

    With `expired_only` (several machines) only leases that ran out; else the caller holds the job's lock, and nobody else can be at work.
    """
    conditions = [t.c.destination == destination, t.c.kind.in_([k.value for k in kinds]), SENDING]
    if expired_only:
        conditions.append(t.c.lease_until < now)
    stray = [message_of(row) for row in tx.execute(select(t).where(*conditions).order_by(t.c.id))]
    for message in stray:
        if message.attempt >= DEADLY_ATTEMPTS:
            bury(tx, message, "given up: every attempt ended with the process", now)
        else:
            again(tx, message, now, "its sender ended before it was settled", now)
    return len(stray)


# ── publishing: the mark before the rename ──────────────────────────────────────────────────────────────────────────────
def mark_publishing(tx: Connection, message: Message, partial: dict[str, str]) -> bool:
    """Record which temporary file is the message's commit record, before it is renamed."""
    mark = update(t).where(*_mine(message)).values(state="publishing", partial=partial)
    return tx.execute(mark).rowcount == 1


def publishing(tx: Connection, destination: str) -> list[tuple[Message, dict[str, str]]]:
    """Return the messages whose file was about to appear when their process ended."""
    rows = tx.execute(select(t).where(t.c.destination == destination, PUBLISHING).order_by(t.c.id))
    return [(message_of(row), row.partial) for row in rows]


def was_delivered(tx: Connection, message: Message) -> bool:
    """Tell whether a message of this kind and reference was ever delivered before."""
    same = (t.c.reference == message.reference, t.c.destination == message.destination, t.c.kind == message.kind.value)
    return tx.execute(select(t.c.id).where(*same, t.c.state == "delivered").limit(1)).first() is not None


def was_tried_by(tx: Connection, destination: str, kind: Kind, reference: str, at: datetime) -> bool:
    """Tell whether a message of this kind and reference, whatever became of it, was last tried by then: what it said may be as old."""
    same = (t.c.reference == reference, t.c.destination == destination, t.c.kind == kind.value)
    return tx.execute(select(t.c.id).where(*same, t.c.attempted_at <= at).limit(1)).first() is not None


def tries(tx: Connection, destination: str, kind: Kind, reference: str) -> list[tuple[str, datetime | None]]:
    """Return the state of each message of this kind and reference, and when it was last tried."""
    same = (t.c.reference == reference, t.c.destination == destination, t.c.kind == kind.value)
    return [(row.state, row.attempted_at) for row in tx.execute(select(t.c.state, t.c.attempted_at).where(*same))]


# ── what people ask ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _waits(destination: str, kinds: Collection[Kind], state: ColumnElement[bool] = UNSETTLED) -> list[ColumnElement[bool]]:
    return [t.c.destination == destination, t.c.kind.in_([k.value for k in kinds]), state]


def waiting(tx: Connection, destination: str, kinds: Collection[Kind]) -> dict[str, int]:
    """Count what is still to be delivered, by kind."""
    found = Counter[str]()
    for state in (PENDING, IN_HAND):  # apart, for each along its index
        rows = tx.execute(select(t.c.kind, func.count()).where(*_waits(destination, kinds, state)).group_by(t.c.kind))
        for kind, number in rows:
            found[kind] += number
    return dict(found)


def count_to_go(tx: Connection, destination: str, kinds: Collection[Kind], now: datetime, *, also_before: datetime | None = None) -> int:
    """Count what a pass would take now and what is in hand already."""
    mine = (t.c.destination == destination, t.c.kind.in_([k.value for k in kinds]))
    due = (PENDING, _is_due(t, now, also_before))
    return sum(tx.execute(select(func.count()).select_from(t).where(*mine, *which)).scalar_one() for which in (due, (SENDING,)))


def sample(tx: Connection, destination: str, kinds: Collection[Kind], limit: int) -> list[tuple[str, str]]:
    """Return the kind and reference of the first messages that wait."""
    query = select(t.c.kind, t.c.reference).where(*_waits(destination, kinds)).order_by(t.c.id).limit(limit)
    return [(row.kind, row.reference) for row in tx.execute(query)]


def about(tx: Connection, destination: str, kinds: Collection[Kind], reference: str) -> list[str]:
    """Return the kinds of the messages about one reference that wait."""
    rows = tx.execute(select(t.c.kind).where(*_waits(destination, kinds), t.c.reference == reference).order_by(t.c.id))
    return list(rows.scalars())

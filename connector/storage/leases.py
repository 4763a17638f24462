"""Leases: who does a job, where several machines share a database. Times are the database's own; clocks of machines are not asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, DateTime, func, literal, or_, select, update

from connector.storage.tables import leases as t
from connector.storage.upsert import insert

FREE = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """A turn that somebody holds. `process` tells that very process from every other one; `fence` grows with each holder."""

    name: str
    holder: str
    process: str
    fence: int
    since: datetime
    until: datetime


def take(tx: Connection, name: str, holder: str, process: str, seconds: float, *, dead: str = "") -> int | None:
    """Take a turn that is free, or whose holder let its time run out, or is known to be dead; return the fencing number, else None."""
    fresh = {"holder": holder, "process": process, "since": _now(), "until": _now_and(seconds)}
    statement = insert(tx, t).values(name=name, fence=1, **fresh)
    free = or_(t.c.until <= _now(), t.c.holder == FREE, *([t.c.process == dead] if dead else []))
    taken = statement.on_conflict_do_update(index_elements=[t.c.name], set_={**fresh, "fence": t.c.fence + 1}, where=free)
    number = tx.execute(taken.returning(t.c.fence)).scalar()
    return None if number is None else int(number)


def renew(tx: Connection, name: str, fence: int, seconds: float) -> bool:
    """Hold a turn for longer; False where it went to somebody else."""
    return tx.execute(update(t).where(t.c.name == name, t.c.fence == fence).values(until=_now_and(seconds))).rowcount == 1


def release(tx: Connection, name: str, fence: int) -> None:
    """Give a turn back; nothing where it went to somebody else meanwhile. The number stays: the next one is larger."""
    tx.execute(update(t).where(t.c.name == name, t.c.fence == fence).values(holder=FREE, process="", until=_now()))


def find(tx: Connection, name: str) -> Lease | None:
    """Return who holds a turn; None where nobody does."""
    return next((lease for lease in held(tx) if lease.name == name), None)


def held(tx: Connection) -> list[Lease]:
    """Return every turn that is held, by name."""
    query = select(*t.c).where(t.c.holder != FREE, t.c.until > _now()).order_by(t.c.name)
    return [Lease(row.name, row.holder, row.process, row.fence, row.since, row.until) for row in tx.execute(query)]


def _now() -> ColumnElement[datetime]:
    return func.clock_timestamp(type_=DateTime(timezone=True))


def _now_and(seconds: float) -> ColumnElement[datetime]:
    return _now() + literal(timedelta(seconds=seconds))

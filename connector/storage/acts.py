"""Acts: what people did, by name, and what they asked the daemon to do for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, literal_column, or_, select, update

from connector.storage.tables import acts as t


@dataclass(frozen=True, slots=True)
class Act:
    """`via` is console or cli, `about` an order, a file's number, a job or a marketplace. States: asked, taken, done, failed."""

    id: int
    at: datetime
    who: str
    via: str
    what: str
    about: str
    state: str
    outcome: str
    ended_at: datetime | None


_OPEN = t.c.state.in_([literal_column("'asked'"), literal_column("'taken'")])
"""Said as literals: only then SQLite sees that its partial index will do."""


def note(tx: Connection, *, who: str, via: str, what: str, about: str, outcome: str, state: str, now: datetime) -> int:
    """Keep an act that is done, failed or asked for; return its number."""
    ended = None if state == "asked" else now
    values = {"at": now, "who": who, "via": via, "what": what, "about": about, "state": state, "outcome": outcome, "ended_at": ended}
    return int(tx.execute(insert(t).values(values).returning(t.c.id)).scalar_one())


def open_twin(tx: Connection, what: str, about: str) -> int | None:
    """Return the act of that name and subject that is asked for or under way already."""
    return tx.execute(select(t.c.id).where(_OPEN, t.c.what == what, t.c.about == about).limit(1)).scalar()


def take_asked(tx: Connection) -> list[Act]:
    """Take what was asked for, the oldest first: whoever takes it does it."""
    taken = update(t).where(_OPEN, t.c.state == "asked").values(state="taken").returning(*t.c)
    return sorted((Act(*row) for row in tx.execute(taken)), key=lambda act: act.id)


def any_asked(tx: Connection) -> bool:
    return tx.execute(select(t.c.id).where(_OPEN, t.c.state == "asked").limit(1)).first() is not None


def end(tx: Connection, number: int, state: str, outcome: str, now: datetime) -> None:
    """Write what an act came to."""
    tx.execute(update(t).where(t.c.id == number).values(state=state, outcome=outcome, ended_at=now))


def abandon(tx: Connection, outcome: str, now: datetime) -> None:
    """Fail what a dead daemon had taken."""
    tx.execute(update(t).where(_OPEN, t.c.state == "taken").values(state="failed", outcome=outcome, ended_at=now))


def find(tx: Connection, number: int) -> Act | None:
    row = tx.execute(select(t).where(t.c.id == number)).first()
    return None if row is None else Act(*row)


def page(tx: Connection, before: int | None, limit: int) -> list[Act]:
    """Return acts, the newest first, below a number."""
    query = select(t).order_by(t.c.id.desc()).limit(limit)
    return [Act(*row) for row in tx.execute(query if before is None else query.where(t.c.id < before))]


def about(tx: Connection, subjects: Collection[str], what: Collection[str] = (), limit: int = 200) -> list[Act]:
    """Return the newest acts about any of some subjects, of some names or of all, the oldest of them first."""
    query = select(t).where(t.c.about.in_(subjects))
    if what:
        query = query.where(or_(*(t.c.what == one for one in what)))
    return [Act(*row) for row in reversed(tx.execute(query.order_by(t.c.id.desc()).limit(limit)).all())]

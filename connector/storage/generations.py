"""Large changes: laid down in parts under a generation that nobody reads, shown by one short commit, brought home in parts.

Orders wait for one part and never for all of it, and nobody sees half an export: until a generation is shown its rows count for nobody,
and from then on they count before the snapshot's own (`shown`). What is left when a process dies is laid down anew, or brought home by
the next pass; a part's rows and its messages are one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Table, Text, and_, delete, func, literal, select, update
from sqlalchemy import insert as put
from sqlalchemy.schema import ColumnCollectionConstraint

from connector.domain.guards import Plan
from connector.settings import MarketplaceSettings
from connector.storage import changes, listings
from connector.storage.changes import Changes
from connector.storage.database import reading, writing
from connector.storage.patient import GREAT_COURTESY
from connector.storage.shown import COMING, generation
from connector.storage.staging import SNAPSHOTS, Stage, fields_of, key_of
from connector.storage.tables import generations as t
from connector.storage.upsert import insert

LARGE = 10_000
"""Changes above which an import goes this way; up to it one transaction takes a fifth of a second."""
SOLD_BY = ("products", "prices", "stock")
"""While one of these is empty nothing is for sale."""
PART = 5_000
"""Rows at least: those of a SKU stay together."""
MOST_BYTES = 2_000
"""Of a row's indexed texts. PostgreSQL's indexes take 2,704, which it says only when a row is put there; what is shown must come home."""


def is_large(plan: Plan) -> bool:
    """Tell whether a plan changes so much that orders would feel it; before a first load of what makes a SKU saleable there are none."""
    is_known = plan.present > 0 or plan.feed not in SOLD_BY
    return plan.feed in COMING and plan.changes > LARGE and is_known


def fits(connection: Connection, stage: Stage) -> bool:
    """Tell whether the snapshot's indexes take every staged row for certain; else one transaction tries, and fails as a whole."""
    if connection.dialect.name == "sqlite":
        return True
    size = sum((func.octet_length(stage.staged.c[name]) for name in indexed_texts(stage.snapshot)), start=literal(0))
    with reading(connection):
        return connection.execute(select(stage.staged.c.line).where(size > MOST_BYTES).limit(1)).first() is None


def indexed_texts(table: Table) -> list[str]:
    """Name a table's columns of text that some index holds."""
    parts: list[Any] = [*table.indexes, *(one for one in table.constraints if isinstance(one, ColumnCollectionConstraint))]
    indexed = {column for part in parts for column in part.columns}
    return sorted(column.name for column in indexed if isinstance(column.type, Text))


# ── laid down ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def lay_down(connection: Connection, stage: Stage) -> int:
    """Write what a plan changes where nobody reads it, each part in a transaction of its own; returns its generation."""
    with writing(connection) as tx:
        number = _begin(tx, stage.feed)
    while _forget_part(connection, stage.feed, number):
        pass
    after: str | None = ""
    while after is not None:
        after = _lay_part(connection, stage, number, after)
    return number


def _begin(tx: Connection, feed: str) -> int:
    statement = insert(tx, t).values(feed=feed, newest=1)
    next_one = statement.on_conflict_do_update(index_elements=[t.c.feed], set_={"newest": t.c.newest + 1})
    return int(tx.execute(next_one.returning(t.c.newest)).scalar_one())


def _lay_part(connection: Connection, stage: Stage, number: int, after: str) -> str | None:
    """Write the changes of the next SKUs; returns the last of them, None at the end."""
    made, coming = stage.changes, COMING[stage.feed]
    with reading(connection):
        until = _last_of_part(connection, made, made.c.sku > after)
    both = made.outerjoin(stage.staged, stage.same_key(stage.staged, made))
    keys = [made.c[name] for name in (*stage.key, "action", "mask")]
    rows = select(literal(number), *keys, *[stage.staged.c[name] for name in stage.fields]).select_from(both)
    names = ["generation", *stage.key, "action", "mask", *stage.fields]
    with writing(connection, courtesy=GREAT_COURTESY) as tx:
        tx.execute(put(coming).from_select(names, rows.where(made.c.sku > after, *_up_to(made, until))))
    return until


def _last_of_part(tx: Connection, rows: FromClause, which: ColumnElement[bool]) -> str | None:
    """Return the SKU that ends a part; None where less than a part is left."""
    return tx.execute(select(rows.c.sku).where(which).order_by(rows.c.sku).offset(PART - 1).limit(1)).scalar()


def _up_to(rows: FromClause, until: str | None) -> list[ColumnElement[bool]]:
    return [] if until is None else [rows.c.sku <= until]


def _forget_part(connection: Connection, feed: str, newer: int) -> bool:
    """Delete a part of what was laid down before and never shown; False where nothing is left."""
    coming = COMING[feed]
    with writing(connection, courtesy=GREAT_COURTESY) as tx:
        shown = _turn(tx, feed)
        left = and_(coming.c.generation < newer, coming.c.generation != (-1 if shown is None else shown))
        oldest = tx.execute(select(func.min(coming.c.generation)).where(left)).scalar()
        if oldest is None:
            return False
        of_it = coming.c.generation == oldest
        tx.execute(delete(coming).where(of_it, *_up_to(coming, _last_of_part(tx, coming, of_it))))
    return True


# ── shown ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def is_newest(tx: Connection, feed: str, number: int) -> bool:
    """Tell whether a generation is whole still: who began a newer one has deleted of it."""
    return tx.execute(select(t.c.newest).where(t.c.feed == feed).with_for_update()).scalar() == number


def show(tx: Connection, feed: str, number: int) -> None:
    """Let the rows of a generation count."""
    tx.execute(update(t).where(t.c.feed == feed).values(shown=number))


# ── brought home ────────────────────────────────────────────────────────────────────────────────────────────────────────
def bring_home(connection: Connection, feed: str, to: Sequence[MarketplaceSettings], now: datetime) -> Iterator[None]:
    """Put what is shown into the snapshot, and what marketplaces are to be told of it into the outbox; yields after each part."""
    with reading(connection):
        is_left = feed in COMING and generation(connection, feed) is not None
    while is_left:
        with writing(connection, courtesy=GREAT_COURTESY) as tx:
            is_left = _bring_part(tx, feed, to, now)
        yield


def _bring_part(tx: Connection, feed: str, to: Sequence[MarketplaceSettings], now: datetime) -> bool:
    number, coming = _turn(tx, feed), COMING[feed]
    if number is None:
        return False
    of_it = coming.c.generation == number
    until = _last_of_part(tx, coming, of_it)
    part = and_(of_it, *_up_to(coming, until))
    _apply(tx, _of_part(feed, part), to, now)
    tx.execute(delete(coming).where(part))
    if until is None:
        tx.execute(update(t).where(t.c.feed == feed).values(shown=None))
    return until is not None


def _of_part(feed: str, part: ColumnElement[bool]) -> Changes:
    snapshot, coming = SNAPSHOTS[feed], COMING[feed]
    key, fields = key_of(snapshot), fields_of(snapshot)
    rows = select(*[coming.c[name] for name in (*key, *fields)]).where(part, coming.c.action != "removed")
    return Changes(feed, snapshot, key, fields, select(coming).where(part).subquery("part"), rows)


def _apply(tx: Connection, part: Changes, to: Sequence[MarketplaceSettings], now: datetime) -> None:
    made = part.made.c
    found = tx.execute(select(made.action, made.mask).distinct()).all()
    actions = {row.action for row in found}
    changing = [name for bit, name in enumerate(part.fields) if any(row.mask & 1 << bit for row in found)]
    changes.apply(tx, part, removed="removed" in actions, put=bool(actions - {"removed"}), changing=changing)
    listings.announce_changes(tx, to, part, now)


def withdraw(tx: Connection, feed: str, key: Mapping[str, Any]) -> None:
    """Take a row out of what is shown, where it is: the caller writes the snapshot's own, which is newer."""
    coming, shown = COMING[feed], _turn(tx, feed)
    tx.execute(delete(coming).where(coming.c.generation == shown, *[coming.c[name] == value for name, value in key.items()]))


def _turn(tx: Connection, feed: str) -> int | None:
    """Return whose rows are shown, and let nobody else bring a part of them home before this transaction ends."""
    return tx.execute(select(t.c.shown).where(t.c.feed == feed).with_for_update()).scalar()

"""Prices that a guard stops row by row, and what people decided of the same values before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, Row, and_, case, cast, delete, func, null, or_, select, tuple_

from connector.domain.guards import Reason, price_guard
from connector.domain.keys import key_text, shown
from connector.domain.money import units
from connector.storage import holds, left_out, price_places
from connector.storage.holds import Decision
from connector.storage.openings import overtaken, passed
from connector.storage.price_places import Asked
from connector.storage.staging import Stage
from connector.storage.tables import former_prices

CHUNK = 200
Said = dict[tuple[str, int], Decision]
"""What people decided, by key and price."""


@dataclass(frozen=True, slots=True)
class Held:
    """A row that is not applied: its key as text, its values as JSON, and why."""

    key: str
    row: dict[str, Any]
    reason: Reason

    @property
    def price_cents(self) -> int:
        return int(self.row["price_cents"])


Suspect = tuple[Row[Any], Held]


@dataclass(frozen=True, slots=True)
class Discarded:
    """A price that comes again though a person said no to it, and the one that stays, if there is one."""

    key: str
    price_cents: int
    kept_cents: int | None
    by: str

    @property
    def sentence(self) -> str:
        kept = "kept out" if self.kept_cents is None else f"kept at {units(self.kept_cents)}"
        return f"{shown(self.key, 3)}: {units(self.price_cents)} was discarded by {self.by}, {kept}"


@dataclass(frozen=True, slots=True)
class HeldRows:
    """What the guard found: `new` holds, `again` (hold's number, row) the same value seen again, `quiet` prices that a person discarded,
    `superseded` the holds that this file has made pointless, `ended` the decisions that count only until it is applied. `left_out`
    counts the rows that it leaves out or ends, and nobody was asked about before.
    """

    new: tuple[Held, ...] = ()
    again: tuple[tuple[int, Held], ...] = ()
    quiet: tuple[Discarded, ...] = ()
    superseded: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    left_out: int = 0

    @property
    def all(self) -> tuple[Held, ...]:
        return (*self.new, *(held for _, held in self.again))


def hold_prices(connection: Connection, stage: Stage, mode: str, max_fall: float, now: datetime, *, asked: Asked) -> HeldRows:
    """Take the rows that must wait for a person out of `changes`. `asked` gives the sales channels of each account."""
    known = holds.row_decisions(connection, stage.feed)
    decided = [one for one in known if one.state != "held"]
    newest = {one.key: one.id for one in decided}  # an earlier yes counts no longer, though nothing marked its end
    counting = [one for one in decided if one.state == "discarded" or newest[one.key] == one.id]
    said = {(one.key, one.price_cents): one for one in counting}
    stopped = _stopped(connection, stage, said, _suspects(connection, stage, max_fall, now, asked))
    gone = _left_out(connection, stage, max_fall, now, asked)  # after the others: what waits is not asked yet
    stopped += _stopped(connection, stage, said, gone)
    quiet = [Discarded(held.key, held.price_cents, row.known, no.by or "") for row, held, no in stopped if no is not None]
    waiting = {held.key: held for _, held, no in stopped if no is None}
    opened = {one.key: (one.id, one.price_cents) for one in known if one.state == "held"}
    again = {key: number for key, (number, price) in opened.items() if key in waiting and waiting[key].price_cents == price}
    return HeldRows(
        new=tuple(held for key, held in waiting.items() if key not in again),
        again=tuple((number, waiting[key]) for key, number in again.items()),
        quiet=tuple(quiet),
        superseded=(
            *[number for key, (number, _) in opened.items() if key in waiting and key not in again],
            *passed(connection, stage, mode, [(number, key) for key, (number, _) in opened.items() if key not in waiting]),
        ),
        ended=_ended(connection, stage, decided),
        left_out=_newly_left_out(waiting, known),
    )


def _newly_left_out(waiting: dict[str, Held], known: list[Decision]) -> int:
    """Count what is left out, or ends, and nobody was asked about before."""
    asked = {one.key for one in known if _is_left_out(one.row)}
    return len({key for key, held in waiting.items() if _is_left_out(held.row)} - asked)


def _is_left_out(row: dict[str, Any]) -> bool:
    return row["line"] is None


def _stopped(connection: Connection, stage: Stage, said: Said, found: list[Suspect]) -> list[tuple[Row[Any], Held, Decision | None]]:
    """Take what nobody said yes to out of `changes`; return it with the no that was said to it."""
    suspects = [(row, held, _said_of(held, said)) for row, held in found]
    stopped = [(row, held, no) for row, held, no in suspects if no is None or no.state == "discarded"]
    _take_out(connection, stage, [row for row, _, _ in stopped])
    return stopped


def _said_of(held: Held, said: Said) -> Decision | None:
    decision = said.get((held.key, held.price_cents))
    return decision if decision is not None and decision.is_of(held.row) else None


def _ended(connection: Connection, stage: Stage, decided: list[Decision]) -> tuple[int, ...]:
    """Return the decisions whose key gets another price: who said yes or no to 100.00 did so for as long as nothing else was asked."""
    said = {one.id: one.price_cents for one in decided}
    found = overtaken(connection, stage, [(one.id, one.key) for one in decided])
    return tuple(number for number, price in found if price != said[number])


def _suspects(connection: Connection, stage: Stage, max_fall: float, now: datetime, asked: Asked) -> list[Suspect]:
    """Find candidates roughly in the database; the guard decides to the cent."""
    changes, staged = stage.changes, stage.staged
    before = func.coalesce(price_places.before(stage, now, asked), _former(stage))
    falls = changes.c.new < cast(before, Float) * (1 - max_fall) + 1
    query = (
        select(before.label("old"), changes.c.old.label("known"), staged)
        .select_from(changes.join(staged, stage.same_key(changes, staged)))
        .where(or_(changes.c.new == 0, and_(before.is_not(None), falls)))
    )
    found = [(row, price_guard(row.old, row.price_cents, max_fall)) for row in connection.execute(query)]
    return [(row, _held(stage, row, reason)) for row, reason in found if reason is not None]


def _left_out(connection: Connection, stage: Stage, max_fall: float, now: datetime, asked: Asked) -> list[Suspect]:
    """Find the rows whose absence or end is such a fall; they are held without a line."""
    fallen = left_out.falls(connection, stage, max_fall, now, asked)
    found = [(row, price_guard(row.old, row.price_cents, max_fall)) for row in fallen]
    without = [(row, replace(reason, sentence=f"without this row {reason.sentence}")) for row, reason in found if reason is not None]
    return [(row, _held(stage, row, reason)) for row, reason in without]


def _former(stage: Stage) -> ColumnElement[Any]:
    """Give the price that was asked last where one comes back: an export may have left it out."""
    same = stage.same_key(former_prices, stage.changes)
    price = select(former_prices.c.price_cents).where(same).scalar_subquery()
    return case((stage.changes.c.action == "added", price), else_=null())


def _held(stage: Stage, row: Row[Any], reason: Reason) -> Held:
    values = {name: _json(getattr(row, name)) for name in (*stage.key, *stage.fields)}
    return Held(key_text([getattr(row, name) for name in stage.key]), {**values, "line": row.line, "old_price_cents": row.old}, reason)


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _take_out(connection: Connection, stage: Stage, rows: list[Row[Any]]) -> None:
    columns = [stage.changes.c[name] for name in stage.key]
    keys = [tuple(getattr(row, name) for name in stage.key) for row in rows]
    for start in range(0, len(keys), CHUNK):
        connection.execute(delete(stage.changes).where(tuple_(*columns).in_(keys[start : start + CHUNK])))

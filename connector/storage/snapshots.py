"""The snapshot: plan an import from what is staged, and apply it. The plan reads; only `apply` writes, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, literal, select

from connector.domain.guards import Limits, Plan
from connector.storage import changes, generations, plans, quarantine, shown, warehouses, watermarks
from connector.storage.changes import Changes
from connector.storage.database import reading
from connector.storage.price_holds import HeldRows, hold_prices
from connector.storage.price_places import Asked
from connector.storage.staging import SNAPSHOTS, Stage
from connector.storage.upsert import insert

NEVER = -1
NAMED = 20
"""Discarded prices that a plan tells one by one; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what is needed to apply it: the snapshot's version it was made against, and what it settles of earlier files."""

    stage: Stage
    plan: Plan
    version: int
    held: HeldRows
    healed: tuple[int, ...]


def version_name(feed: str) -> str:
    return f"snapshot-version:{feed}"


# ── plan ────────────────────────────────────────────────────────────────────────────────────────────────────────────────
def plan(
    connection: Connection, stage: Stage, plan: Plan, limits: Limits, now: datetime, *, asked: Asked, is_whole: bool = True
) -> Planned:
    """Compare what is staged with the snapshot in one consistent view; `plan` says what is known from reading the file.

    `asked` gives the sales channels of each account. `is_whole` is False where only the differences from the file applied last are staged.
    """
    with reading(connection):
        version = _version(connection, stage)
        plans.compare(connection, stage, plan.mode, is_whole=is_whole)
        held = HeldRows()
        if limits.max_price_change is not None:
            held = hold_prices(connection, stage, plan.mode, limits.max_price_change, now, asked=asked)
        healed = tuple(quarantine.settled(connection, stage, plan.mode))
        return Planned(stage, _summary(connection, stage, plan, limits, held, now=now), version, held, healed)


def _version(connection: Connection, stage: Stage) -> int:
    """Return the snapshot's version, or none that there is while a part of it is not at home yet: such a plan is never applied.

    The version is read first of all: what is shown after that, which PostgreSQL lets the next statement see, makes it an old one.
    """
    version = watermarks.number(connection, version_name(stage.feed))
    is_at_home = stage.known is stage.snapshot and shown.generation(connection, stage.feed) is None
    return version if is_at_home else NEVER


def _summary(connection: Connection, stage: Stage, plan: Plan, limits: Limits, held: HeldRows, *, now: datetime) -> Plan:
    actions = plans.by_action(connection, stage)
    stocked, zeroed = plans.stock_taken(connection, stage, limits.max_zeroed) if limits.max_zeroed is not None else (0, 0)
    by_field = plans.by_field(connection, stage) if actions.get("changed") else {}
    is_adding = stage.feed == "stock" and plan.mode == "delta" and "added" in actions
    doubled, spread = warehouses.brought(connection, stage) if is_adding else (0, 0)
    made = replace(
        plan,
        present=plans.present(connection, stage),
        held=len(held.all),
        added=actions.get("added", 0),
        changed=actions.get("changed", 0),
        removed=actions.get("removed", 0),
        stocked=stocked,
        zeroed=zeroed,
        lost=plans.lost(connection, stage, now) if "removed" in actions else 0,
        moved=plans.stock_moved(connection, stage) if stage.feed == "stock" and {"added", "removed"} <= actions.keys() else 0,
        ended=plans.ended(connection, stage, by_field, now),
        left_out=held.left_out,
        doubled=doubled,
        spread=spread,
        changed_by_field=by_field,
        notes=(*plan.notes, *_notes(held, spread)),
        discarded=tuple(one.sentence for one in held.quiet[:NAMED]),
        samples=plans.samples(connection, stage) if actions else {},
    )
    return replace(made, counting=plans.counting(connection, stage, made.gone, limits.max_removed, now))


def _notes(held: HeldRows, spread: int) -> Iterator[str]:
    if held.quiet:
        yield f"{len(held.quiet)} rows repeat a price that was discarded"
    if spread:
        yield f"{spread} SKUs get a further warehouse"


# ── apply ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def advance(tx: Connection, feed: str, version: int) -> bool:
    """Take the right to change a feed's snapshot; False where it is no longer the one that was planned against."""
    return watermarks.advance(tx, version_name(feed), version)


def apply(tx: Connection, stage: Stage, plan: Plan) -> None:
    """Make the snapshot what the plan says, in one go."""
    put = bool(plan.added or plan.changed)
    changes.apply(tx, changes.staged(stage), removed=bool(plan.removed), put=put, changing=plan.changed_by_field)


def drop_price(tx: Connection, row: Mapping[str, Any]) -> None:
    """Take away one held price that an export left out, as a person approved; it is remembered as any that goes."""
    table = SNAPSHOTS["prices"]
    key = {column.name: row[column.name] for column in table.primary_key.columns}
    is_it = [table.c[name] == value for name, value in key.items()]
    made = select(*[table.c[name] for name in key], literal("removed").label("action")).where(*is_it).subquery()
    generations.withdraw(tx, "prices", key)
    changes.apply(tx, Changes("prices", table, tuple(key), (), made, select(table)), removed=True, put=False, changing=())
    watermarks.bump(tx, version_name("prices"))


def put_price(tx: Connection, row: Mapping[str, Any]) -> None:
    """Apply one held price that a person approved; `row` holds its values as they were held."""
    table = SNAPSHOTS["prices"]
    until = row["valid_until"]
    values = {column.name: row[column.name] for column in table.columns}
    statement = insert(tx, table).values({**values, "valid_until": None if until is None else datetime.fromisoformat(until)})
    changed = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    generations.withdraw(tx, "prices", {column.name: row[column.name] for column in table.primary_key.columns})
    tx.execute(statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed))
    watermarks.bump(tx, version_name("prices"))

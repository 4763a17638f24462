"""The snapshot: plan an import from what is staged, and apply it. The plan reads; only `apply` writes, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Select, and_, delete, literal, or_, select, tuple_, union_all

from connector.domain.guards import Limits, Plan
from connector.domain.messages import Kind
from connector.storage import plans, quarantine, watermarks
from connector.storage.database import reading
from connector.storage.price_holds import HeldRows, hold_prices
from connector.storage.staging import SNAPSHOTS, Stage
from connector.storage.upsert import insert


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
def plan(connection: Connection, stage: Stage, plan: Plan, limits: Limits, *, is_whole: bool = True) -> Planned:
    """Compare what is staged with the snapshot in one consistent view; `plan` says what is known from reading the file.

    `is_whole` is False where only the differences from the file applied last are staged.
    """
    with reading(connection):
        version = watermarks.number(connection, version_name(stage.feed))
        plans.compare(connection, stage, plan.mode, is_whole=is_whole)
        held = HeldRows()
        if limits.max_price_change is not None:
            held = hold_prices(connection, stage, plan.mode, limits.max_price_change)
        healed = tuple(quarantine.settled(connection, stage, plan.mode))
        return Planned(stage, _summary(connection, stage, plan, limits, held), version, held, healed)


def _summary(connection: Connection, stage: Stage, plan: Plan, limits: Limits, held: HeldRows) -> Plan:
    actions = plans.by_action(connection, stage)
    stocked, zeroed = plans.stock_taken(connection, stage, limits.max_zeroed) if limits.max_zeroed is not None else (0, 0)
    quiet = (f"{len(held.quiet)} rows repeat a price that was discarded",) if held.quiet else ()
    return Plan(
        feed=plan.feed,
        name=plan.name,
        mode=plan.mode,
        present=plans.present(connection, stage),
        rows_read=plan.rows_read,
        accepted=plan.accepted,
        refused=plan.refused,
        held=len(held.all),
        added=actions.get("added", 0),
        changed=actions.get("changed", 0),
        removed=actions.get("removed", 0),
        stocked=stocked,
        zeroed=zeroed,
        moved=plans.stock_moved(connection, stage) if stage.feed == "stock" and {"added", "removed"} <= actions.keys() else 0,
        changed_by_field=plans.by_field(connection, stage) if actions.get("changed") else {},
        notes=(*plan.notes, *quiet),
        samples=plans.samples(connection, stage) if actions else {},
    )


# ── apply ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def advance(tx: Connection, feed: str, version: int) -> bool:
    """Take the right to change a feed's snapshot; False where it is no longer the one that was planned against."""
    return watermarks.advance(tx, version_name(feed), version)


def apply(tx: Connection, stage: Stage, plan: Plan) -> None:
    """Make the snapshot what the plan says."""
    if plan.removed:
        tx.execute(_deletion(stage))
    if plan.added or plan.changed:
        tx.execute(_upsert(tx, stage, plan.changed_by_field))


def _deletion(stage: Stage) -> Any:
    gone = select(*[stage.changes.c[name] for name in stage.key]).where(stage.changes.c.action == "removed")
    columns = [stage.snapshot.c[name] for name in stage.key]
    return delete(stage.snapshot).where(columns[0].in_(gone) if len(columns) == 1 else tuple_(*columns).in_(gone))


def _upsert(tx: Connection, stage: Stage, changing: Collection[str]) -> Any:
    """Put what is staged; only fields that change in some row are set in known ones, so that the others' indexes stay untouched."""
    names = [*stage.key, *stage.fields]
    both = stage.changes.join(stage.staged, stage.same_key(stage.staged, stage.changes))
    rows = select(*[stage.staged.c[name] for name in names]).select_from(both).where(stage.changes.c.action != "removed")
    statement = insert(tx, stage.snapshot).from_select(names, rows)
    if not changing:
        return statement.on_conflict_do_nothing()
    values = {name: statement.excluded[name] for name in changing}
    return statement.on_conflict_do_update(index_elements=[stage.snapshot.c[name] for name in stage.key], set_=values)


def put_price(tx: Connection, row: Mapping[str, Any]) -> None:
    """Apply one held price that a person approved; `row` holds its values as they were held."""
    table = SNAPSHOTS["prices"]
    until = row["valid_until"]
    values = {column.name: row[column.name] for column in table.columns}
    statement = insert(tx, table).values({**values, "valid_until": None if until is None else datetime.fromisoformat(until)})
    changed = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    tx.execute(statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed))
    watermarks.bump(tx, version_name("prices"))


# ── what is to be told ──────────────────────────────────────────────────────────────────────────────────────────────────
def announcements(stage: Stage) -> Select[Any] | CompoundSelect[Any] | None:
    """Say what marketplaces are to be told: rows (sku, kind, account), account "" for every one, some of them twice.

    None where nothing is (freight).
    """
    changes = stage.changes
    if stage.feed == "products":
        return _products(stage)
    if stage.feed == "prices":
        return select(changes.c.sku, literal(Kind.PRICE.value).label("kind"), changes.c.marketplace.label("account"))
    kind = {"stock": Kind.INVENTORY, "services": Kind.PRICE}.get(stage.feed)
    return None if kind is None else select(changes.c.sku, literal(kind.value).label("kind"), literal("").label("account"))


def _products(stage: Stage) -> CompoundSelect[Any]:
    """Tell new or changed content as catalog, what comes or goes for sale as inventory."""
    c = stage.changes.c
    content = [plans.bit(stage, name) for name in stage.fields if name != "active"]
    switched = plans.bit(stage, "active")
    catalog = select(c.sku, literal(Kind.CATALOG.value).label("kind"), literal("").label("account"))
    inventory = select(c.sku, literal(Kind.INVENTORY.value), literal(""))
    return union_all(
        catalog.where(or_(c.action == "added", and_(c.action == "changed", or_(*content)))),
        inventory.where(or_(c.action == "removed", and_(c.action == "changed", switched))),
    )

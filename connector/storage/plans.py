"""Plans: the database's own set operations compare what was staged with the snapshot. Reads the snapshot, writes temporary tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Insert,
    Select,
    Table,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
)

from connector.storage.changes import has_changed
from connector.storage.staging import GUARDED, Stage

ENDED_BY = {"products": "active", "prices": "valid_until"}
"""The field of each feed by which a row counts no longer."""
COUNTS_BY = {**ENDED_BY, "stock": "quantity"}
"""The field that says whether a row counts, of each feed where not all do."""
SAMPLES = 10
"""So many rows of each action are shown."""


def compare(connection: Connection, stage: Stage, mode: str, *, is_whole: bool = True) -> None:
    """Fill `changes` anew: what the staged rows would add and change, and in a full export what is absent from it.

    A key with a refused or held row stays as it is known. Of an export staged by its differences, only what went can be absent.
    """
    connection.execute(delete(stage.changes))
    connection.execute(_added_and_changed(stage))
    if mode == "full":
        connection.execute(_removed(stage) if is_whole else _gone(stage))


def _guarded(stage: Stage, table: FromClause) -> ColumnElement[Any]:
    name = GUARDED.get(stage.feed)
    return cast(null(), BigInteger) if name is None else table.c[name]


def _into_changes(stage: Stage, query: Any) -> Insert:
    return insert(stage.changes).from_select([*stage.key, "action", "mask", "old", "new"], query)


def _added_and_changed(stage: Stage) -> Insert:
    staged, known = stage.staged, stage.known
    is_new = known.c[stage.key[0]].is_(None)
    query = (
        select(
            *[staged.c[name] for name in stage.key],
            case((is_new, "added"), else_="changed"),
            case((is_new, literal(0, BigInteger)), else_=_mask(stage)),
            _guarded(stage, known),
            _guarded(stage, staged),
        )
        .select_from(staged.outerjoin(known, stage.same_key(known, staged)))
        .where(or_(is_new, *[differs for _, differs in _differences(stage)]))
    )
    return _into_changes(stage, query)


def _differences(stage: Stage) -> list[tuple[int, ColumnElement[bool]]]:
    """Return each field's bit, and whether it differs."""
    return [(1 << bit, stage.staged.c[name].is_distinct_from(stage.known.c[name])) for bit, name in enumerate(stage.fields)]


def _mask(stage: Stage) -> ColumnElement[int]:
    bits: ColumnElement[int] = literal(0, BigInteger)
    for bit, differs in _differences(stage):
        bits = bits + case((differs, literal(bit, BigInteger)), else_=literal(0, BigInteger))
    return bits


def _removed(stage: Stage) -> Insert:
    known = stage.known
    absent = and_(~exists().where(stage.same_key(stage.staged, known)), ~exists().where(stage.same_key(stage.kept, known)))
    keys = [known.c[name] for name in stage.key]
    query = select(*keys, literal("removed"), literal(0, BigInteger), _guarded(stage, known), cast(null(), BigInteger))
    return _into_changes(stage, query.where(stage.scope, absent))


def _gone(stage: Stage) -> Insert:
    known = stage.known
    keys = [known.c[name] for name in stage.key]
    query = select(*keys, literal("removed"), literal(0, BigInteger), _guarded(stage, known), cast(null(), BigInteger))
    return _into_changes(
        stage,
        query.select_from(stage.gone.join(known, stage.same_key(known, stage.gone))).where(
            ~exists().where(stage.same_key(stage.staged, stage.gone))
        ),
    )


# ── the summary ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def present(connection: Connection, stage: Stage) -> int:
    """Count what the snapshot holds of this feed (freight: of this file)."""
    return int(connection.execute(select(func.count()).select_from(stage.known).where(stage.scope)).scalar_one())


def by_action(connection: Connection, stage: Stage) -> dict[str, int]:
    action = stage.changes.c.action
    return {row[0]: row[1] for row in connection.execute(select(action, func.count()).group_by(action))}


def by_field(connection: Connection, stage: Stage) -> dict[str, int]:
    """Count the changed rows by the field that changed; a row counts under each of its fields."""
    if not stage.fields:
        return {}
    counted = [func.sum(case((has_changed(stage.changes, stage.fields, name), 1), else_=0)) for name in stage.fields]
    row = connection.execute(select(*counted).where(stage.changes.c.action == "changed")).one()
    return {name: int(count) for name, count in zip(stage.fields, row, strict=True) if count}


def stock_taken(connection: Connection, stage: Stage, most: float) -> tuple[int, int]:
    """Return how many SKUs are in stock, and how many of them would have nothing left, summed over their warehouses.

    The first are counted until they are so many that the second are no more than the share `most`: the cost follows the change.
    """
    zeroed = int(connection.execute(_zeroed(stage)).scalar_one())
    if not zeroed:
        return 0, 0
    known = stage.known
    stocked = select(known.c.sku).group_by(known.c.sku).having(func.sum(known.c.quantity) > 0)
    if most:
        stocked = stocked.limit(int(zeroed / most) + 1)
    return int(connection.execute(select(func.count()).select_from(stocked.subquery())).scalar_one()), zeroed


def _zeroed(stage: Stage) -> Select[Any]:
    known, changes = stage.known, stage.changes
    delta = func.sum(func.coalesce(changes.c.new, 0) - func.coalesce(changes.c.old, 0))
    moved = select(changes.c.sku, delta.label("delta")).group_by(changes.c.sku).having(delta < 0).subquery()
    had = select(func.coalesce(func.sum(known.c.quantity), 0)).where(known.c.sku == moved.c.sku).scalar_subquery()
    left = select(had.label("had"), moved.c.delta).subquery()
    return select(func.count()).select_from(left).where(left.c.had > 0, left.c.had + left.c.delta <= 0)


def stock_moved(connection: Connection, stage: Stage) -> int:
    """Count the lost rows of stock whose SKU the file names in another warehouse: those of an ERP that names its warehouses anew."""
    changes, elsewhere = stage.changes, stage.changes.alias("elsewhere")
    is_named_anew = exists().where(elsewhere.c.sku == changes.c.sku, elsewhere.c.action == "added")
    query = select(func.count()).select_from(changes).where(changes.c.action == "removed", changes.c.old != 0, is_named_anew)
    return int(connection.execute(query).scalar_one())


def lost(connection: Connection, stage: Stage, now: datetime) -> int:
    """Count the removed rows that counted: one that was switched off, over or at 0 takes nothing away."""
    changes, known, field = stage.changes, stage.known, COUNTS_BY.get(stage.feed)
    counted = true() if field is None else exists().where(stage.same_key(known, changes), _counts(known, field, now))
    query = select(func.count()).select_from(changes).where(changes.c.action == "removed", counted)
    return int(connection.execute(query).scalar_one())


def counting(connection: Connection, stage: Stage, gone: int, most: float, now: datetime) -> int:
    """Count what counts of what the snapshot holds, until it is so much that `gone` is no more than the share `most` of it.

    Where all of it is not so much, what counts again by the file is counted, too. The cost follows the change, and nothing is counted
    where nothing goes.
    """
    if not gone:
        return 0
    field = COUNTS_BY.get(stage.feed)
    rows = select(literal(1).label("one")).select_from(stage.known).where(stage.scope)
    if field is not None:
        rows = rows.where(_counts(stage.known, field, now))
    enough = int(gone / most) + 1 if most else None
    found = int(connection.execute(select(func.count()).select_from(rows.limit(enough).subquery())).scalar_one())
    return found if field is None or found == enough else found + _gained(connection, stage, field, now)


def _gained(connection: Connection, stage: Stage, field: str, now: datetime) -> int:
    """Count the known rows that did not count, and as the file has them do: the prices of a week that is renewed, stock that comes in."""
    staged, known, changes = stage.staged, stage.known, stage.changes
    counts = exists().where(stage.same_key(staged, changes), _counts(staged, field, now))
    counted = exists().where(stage.same_key(known, changes), _counts(known, field, now))
    query = select(func.count()).select_from(changes).where(changes.c.action == "changed", has_changed(changes, stage.fields, field))
    return int(connection.execute(query.where(counts, ~counted)).scalar_one())


def by_marketplace(connection: Connection, stage: Stage, but: Collection[str]) -> list[tuple[str, int]]:
    """Count the staged prices of each marketplace that is named and is none of `but`, the most first."""
    name, rows = stage.staged.c.marketplace, func.count()
    query = select(name, rows).where(name != "", name.not_in(but)).group_by(name).order_by(rows.desc(), name)
    return [(row[0], row[1]) for row in connection.execute(query)]


def by_channel(connection: Connection, stage: Stage, asked: Mapping[str, Collection[str]]) -> list[tuple[str, str, int]]:
    """Count the staged prices of each marketplace in `asked` ("" for every one) and a channel that is none of its own, the most first."""
    name, channel, rows = stage.staged.c.marketplace, stage.staged.c.sales_channel, func.count()
    is_asked = or_(*[and_(name == account, channel.in_(channels)) for account, channels in asked.items()])
    query = select(name, channel, rows).where(channel != "", name.in_(asked), ~is_asked).group_by(name, channel)
    return [(row[0], row[1], row[2]) for row in connection.execute(query.order_by(rows.desc(), name, channel))]


def ended(connection: Connection, stage: Stage, changed: Collection[str], now: datetime) -> int:
    """Count the rows that counted, and as the file has them do so no longer; `changed` names the fields that change in some row."""
    field = ENDED_BY.get(stage.feed)
    if field is None or field not in changed:
        return 0
    staged, known, changes = stage.staged, stage.known, stage.changes
    is_over = ~_counts(staged, field, now)
    if connection.execute(select(staged.c.line).where(is_over).limit(1)).first() is None:
        return 0  # dates that all move on are not looked up one by one
    ends = exists().where(stage.same_key(staged, changes), is_over)
    counted = exists().where(stage.same_key(known, changes), _counts(known, field, now))
    query = select(func.count()).select_from(changes).where(has_changed(changes, stage.fields, field), ends, counted)
    return int(connection.execute(query).scalar_one())


def _counts(table: Table, field: str, now: datetime) -> ColumnElement[bool]:
    value = table.c[field]
    if field == "quantity":
        return value != 0
    return value.is_(True) if field == "active" else or_(value.is_(None), value > now)


def samples(connection: Connection, stage: Stage) -> dict[str, list[dict[str, Any]]]:
    """Return up to ten rows of each action, with each changed field's value before and after."""
    found = {action: _sample(connection, stage, action) for action in ("added", "changed", "removed")}
    return {action: rows for action, rows in found.items() if rows}


def _sample(connection: Connection, stage: Stage, action: str) -> list[dict[str, Any]]:
    changes, known, staged = stage.changes, stage.known.alias("known"), stage.staged
    both = changes.outerjoin(known, stage.same_key(known, changes)).outerjoin(staged, stage.same_key(staged, changes))
    before = [known.c[name].label(f"before_{name}") for name in stage.fields]
    after = [staged.c[name].label(f"after_{name}") for name in stage.fields]
    keys = [changes.c[name] for name in stage.key]
    query = select(changes, staged.c.line.label("at_line"), *before, *after).select_from(both).where(changes.c.action == action)
    rows = connection.execute(query.order_by(*keys).limit(SAMPLES)).mappings()
    return [_shown(stage, action, row) for row in rows]


def _shown(stage: Stage, action: str, row: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {name: row[name] for name in stage.shown_key}
    if action != "removed" and not stage.file:
        shown["line"] = row["at_line"]
    for name in stage.fields:
        before, after = _plain(row[f"before_{name}"]), _plain(row[f"after_{name}"])
        if action == "changed" and before != after:
            shown[name] = [before, after]
        elif action == "added":
            shown[name] = after
    return shown


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value

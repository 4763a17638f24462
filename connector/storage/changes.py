"""What an import changes: rows added, changed and removed, whichever table holds them; put into the snapshot, and what is told of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    delete,
    exists,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)

from connector.domain.messages import Kind
from connector.storage.staging import Stage
from connector.storage.tables import former_prices
from connector.storage.upsert import insert


class Changes(NamedTuple):
    """`made` has a row for each change: its key, `action` and `mask`. `rows` are the keys and values of what is added or changed."""

    feed: str
    snapshot: Table
    key: Sequence[str]
    fields: Sequence[str]
    made: FromClause
    rows: Select[Any]


def staged(stage: Stage) -> Changes:
    """Return what a plan found."""
    both = stage.changes.join(stage.staged, stage.same_key(stage.staged, stage.changes))
    rows = (
        select(*[stage.staged.c[name] for name in (*stage.key, *stage.fields)]).select_from(both).where(stage.changes.c.action != "removed")
    )
    return Changes(stage.feed, stage.snapshot, stage.key, stage.fields, stage.changes, rows)


def has_changed(made: FromClause, fields: Sequence[str], field: str) -> ColumnElement[bool]:
    """Say whether a field changed, of a row of changes."""
    return made.c.mask.op("&")(1 << fields.index(field)) != 0


def apply(tx: Connection, changes: Changes, *, removed: bool, put: bool, changing: Collection[str]) -> None:
    """Change the snapshot. `removed` and `put` say whether rows are, `changing` which fields change in some row."""
    if removed and changes.feed == "prices":
        tx.execute(_remembrance(tx, changes))
    if removed:
        tx.execute(_deletion(changes))
    if put:
        tx.execute(_upsert(tx, changes, changing))


def _remembrance(tx: Connection, changes: Changes) -> Any:
    """Keep prices that go: left out of one export, a price of a hundredth would come back past the guard that compares it."""
    made, known = changes.made, changes.snapshot
    gone = made.join(known, and_(*[known.c[name] == made.c[name] for name in changes.key]))
    names = [*changes.key, "price_cents"]
    statement = insert(tx, former_prices).from_select(
        names, select(*[known.c[name] for name in names]).select_from(gone).where(made.c.action == "removed")
    )
    return statement.on_conflict_do_update(index_elements=list(changes.key), set_={"price_cents": statement.excluded.price_cents})


def _deletion(changes: Changes) -> Any:
    gone = select(*[changes.made.c[name] for name in changes.key]).where(changes.made.c.action == "removed")
    columns = [changes.snapshot.c[name] for name in changes.key]
    return delete(changes.snapshot).where(columns[0].in_(gone) if len(columns) == 1 else tuple_(*columns).in_(gone))


def _upsert(tx: Connection, changes: Changes, changing: Collection[str]) -> Any:
    """Put rows; only fields that change in some row are set in known ones, so that the others' indexes stay untouched."""
    statement = insert(tx, changes.snapshot).from_select([*changes.key, *changes.fields], changes.rows)
    if not changing:
        return statement.on_conflict_do_nothing()
    values = {name: statement.excluded[name] for name in changing}
    return statement.on_conflict_do_update(index_elements=[changes.snapshot.c[name] for name in changes.key], set_=values)


# ── what is to be told ──────────────────────────────────────────────────────────────────────────────────────────────────
def announcements(changes: Changes) -> Select[Any] | CompoundSelect[Any] | None:
    """Say what marketplaces are to be told: rows (sku, kind, account), account "" for every one, some of them twice.

    None where nothing is (freight).
    """
    c = changes.made.c
    if changes.feed == "products":
        return _products(changes)
    if changes.feed == "prices":
        return select(c.sku, literal(Kind.PRICE.value).label("kind"), c.marketplace.label("account"))
    kind = {"stock": Kind.INVENTORY, "services": Kind.PRICE}.get(changes.feed)
    return None if kind is None else select(c.sku, literal(kind.value).label("kind"), literal("").label("account"))


def _products(changes: Changes) -> CompoundSelect[Any]:
    """Tell new or changed content as catalog, what comes or goes for sale as inventory."""
    c = changes.made.c
    content = [has_changed(changes.made, changes.fields, name) for name in changes.fields if name != "active"]
    switched = has_changed(changes.made, changes.fields, "active")
    catalog = select(c.sku, literal(Kind.CATALOG.value).label("kind"), literal("").label("account"))
    inventory = select(c.sku, literal(Kind.INVENTORY.value), literal(""))
    return union_all(
        catalog.where(or_(c.action == "added", and_(c.action == "changed", or_(*content)))),
        inventory.where(or_(c.action == "removed", and_(c.action == "changed", switched))),
    )


def offers(changes: Changes) -> CompoundSelect[Any] | None:
    """Say what is told besides where a SKU is known: stock and price of what is for sale (again) or sold in other units.

    Its category says what is kept back of its stock. Rows as above; None where the feed holds no products.
    """
    if changes.feed != "products":
        return None
    c, known = changes.made.c, changes.snapshot.c
    category, multiplier, unit, switched = (
        has_changed(changes.made, changes.fields, name) for name in ("category", "unit_multiplier", "measurement_unit", "active")
    )
    is_for_sale = exists().where(known.sku == c.sku, known.active.is_(True))
    inventory = select(c.sku, literal(Kind.INVENTORY.value).label("kind"), literal("").label("account"))
    price = select(c.sku, literal(Kind.PRICE.value), literal(""))
    return union_all(
        inventory.where(or_(c.action == "added", and_(c.action == "changed", or_(category, multiplier, unit)))),
        price.where(or_(c.action == "added", and_(c.action == "changed", or_(multiplier, unit, and_(switched, is_for_sale))))),
    )

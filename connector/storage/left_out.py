"""Prices that a full export leaves out, or a file ends, while a more general one stays: what is asked from then on may be far lower.

Where none stays, or only one that is over, there is no price any more: that is a row removed, which another guard counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Integer,
    Row,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from connector.storage import holds, shown, tables
from connector.storage.changes import has_changed
from connector.storage.price_places import Asked, lasts, sells_in
from connector.storage.staging import Stage

Where = Callable[[Any], ColumnElement[bool]]
"""Says of a table's row whether its price is meant."""


def falls(connection: Connection, stage: Stage, max_fall: float, now: datetime, asked: Asked) -> Sequence[Row[Any]]:
    """Find, roughly, whose removal or end lets the price fall by more than the share: the row as known, but `price_cents` what counts then.

    Only what goes is looked at, and of that only prices of a marketplace or channel of its own that are not over anyway.
    """
    changes, known = stage.changes, stage.known
    kept = [known.c[name] for name in (*stage.key, *stage.fields) if name != "price_cents"]
    old, line = known.c.price_cents, cast(null(), Integer)
    is_narrow = or_(changes.c.marketplace != "", changes.c.sales_channel != "")
    goes = or_(changes.c.action == "removed", *_ends(connection, stage, now))
    gone = (
        select(*kept, _after(stage, now, asked).label("price_cents"), old.label("old"), old.label("known"), line.label("line"))
        .select_from(changes.join(known, stage.same_key(known, changes)))
        .where(is_narrow, goes, lasts(known, now))
        .subquery()
    )
    is_low = gone.c.price_cents < cast(gone.c.old, Float) * (1 - max_fall) + 1
    return connection.execute(select(gone).where(is_low)).all()


def sells_on(tx: Connection, row: Mapping[str, Any], now: datetime, asked: Asked) -> bool:
    """Say whether a price that lasts sells in the place of a held one that was left out, in one channel at least; or it is over itself."""
    if holds.is_over(row, now):
        return True
    market, channel = row["marketplace"], row["sales_channel"]
    price = shown.rows(tables.prices, [row["sku"]])
    is_itself = and_(price.c.marketplace == market, price.c.sales_channel == channel)
    others = select(price.c.sku).where(price.c.marketplace.in_([market, ""]), ~is_itself, lasts(price, now))
    if channel or market in asked:
        others = others.where(price.c.sales_channel.in_([channel, "", *(() if channel else asked[market])]))
    return tx.execute(others.limit(1)).first() is not None


def _ends(connection: Connection, stage: Stage, now: datetime) -> Iterator[ColumnElement[bool]]:
    """Say of changes that the file ends them; nothing where none of its rows is over: dates that all move on are not looked up."""
    changes, staged = stage.changes, stage.staged
    if connection.execute(select(staged.c.line).where(~lasts(staged, now)).limit(1)).first():
        is_over = exists().where(stage.same_key(staged, changes), ~lasts(staged, now)).correlate(changes)
        yield and_(changes.c.action == "changed", has_changed(changes, stage.fields, "valid_until"), is_over)


def _after(stage: Stage, now: datetime, asked: Asked) -> ColumnElement[Any]:
    """Give the most specific price that is left and not over, in the order in which offers look for it; NULL where there is none.

    A marketplace's price for all its channels has others in its place by channel: the least of them. Where no account has its name, the
    channels are not known, and each may be one of them.
    """
    c, every = stage.changes.c, literal("")
    wider = ((c.marketplace, every), (every, c.sales_channel), (every, every))
    nearest = func.coalesce(*[price.scalar_subquery() for at in wider for price in _left(stage, _at(stage, *at), now)])
    by_channel = _left(stage, _of_any_channel(stage, now, asked), now)
    every_one = union_all(select(nearest.label("cents")).correlate(stage.changes), *by_channel).subquery()
    return case((c.sales_channel == "", select(func.min(every_one.c.cents)).scalar_subquery()), else_=nearest)


def _at(stage: Stage, market: ColumnElement[str], channel: ColumnElement[str]) -> Where:
    c = stage.changes.c
    return lambda table: and_(table.c.sku == c.sku, table.c.marketplace == market, table.c.sales_channel == channel)


def _of_any_channel(stage: Stage, now: datetime, asked: Asked) -> Where:
    """Mean the channels' prices that come before one for all: not those where the marketplace has one of its own, judged by itself."""
    c = stage.changes.c

    def is_there(table: Any) -> ColumnElement[bool]:
        mine = _at(stage, c.marketplace, table.c.sales_channel)
        made, staged, known = stage.changes.alias("own_made"), stage.staged.alias("own_put"), stage.known.alias("own")
        has = exists().where(mine(known), lasts(known, now)).correlate(stage.changes, table)
        gets = exists().where(mine(made), stage.same_key(staged, made), lasts(staged, now)).correlate(stage.changes, table)
        is_a_channel_s = and_(table.c.sku == c.sku, table.c.marketplace == "", table.c.sales_channel != "")
        return and_(is_a_channel_s, sells_in(stage, table.c.sales_channel, asked), ~has, ~gets)

    return is_there


def _left(stage: Stage, is_meant: Where, now: datetime) -> tuple[Select[Any], Select[Any]]:
    """Give the least price meant that an import puts, and the least known one that it leaves as it is."""
    made, staged, known = stage.changes.alias("made"), stage.staged.alias("put"), stage.known.alias("stays")
    puts = made.join(staged, stage.same_key(staged, made))
    put = select(func.min(made.c.new).label("cents")).select_from(puts).where(is_meant(made), lasts(staged, now))
    changes = exists().where(stage.same_key(made, known)).correlate(known)
    stays = select(func.min(known.c.price_cents)).where(is_meant(known), lasts(known, now), ~changes)
    return put.correlate(stage.changes), stays.correlate(stage.changes)

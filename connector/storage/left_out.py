"""Prices that a full export leaves out while a more general one stays: what is asked from then on may be far lower.

Where none stays, or only one that is over, there is no price any more: that is a row removed, which another guard counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, FromClause, Integer, Row, and_, cast, exists, func, literal, null, or_, select

from connector.storage.staging import Stage


def falls(connection: Connection, stage: Stage, max_fall: float, now: datetime) -> Sequence[Row[Any]]:
    """Find, roughly, whose removal lets the price fall by more than the share: the row as known, but `price_cents` what counts then.

    Only what goes is looked at, and of that only prices of a marketplace or channel of its own that are not over anyway.
    """
    changes, known = stage.changes, stage.known
    kept = [known.c[name] for name in (*stage.key, *stage.fields) if name != "price_cents"]
    old, line = known.c.price_cents, cast(null(), Integer)
    is_narrow = or_(changes.c.marketplace != "", changes.c.sales_channel != "")
    goes = (
        select(*kept, _after(stage, now).label("price_cents"), old.label("old"), old.label("known"), line.label("line"))
        .select_from(changes.join(known, stage.same_key(known, changes)))
        .where(changes.c.action == "removed", is_narrow, _lasts(known, now))
        .subquery()
    )
    is_low = goes.c.price_cents < cast(goes.c.old, Float) * (1 - max_fall) + 1
    return connection.execute(select(goes).where(is_low)).all()


def _lasts(table: FromClause, now: datetime) -> ColumnElement[bool]:
    return or_(table.c.valid_until.is_(None), table.c.valid_until > now)


def _after(stage: Stage, now: datetime) -> ColumnElement[Any]:
    """Give the most specific price that is left and not over, in the order in which offers look for it; NULL where there is none."""
    c, every = stage.changes.c, literal("")
    wider = ((c.marketplace, every), (every, c.sales_channel), (every, every))
    return func.coalesce(*[price for market, channel in wider for price in _at(stage, market, channel, now)])


def _at(
    stage: Stage, market: ColumnElement[str], channel: ColumnElement[str], now: datetime
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Give the price that an import puts there, and the known one that it leaves as it is."""
    made, staged, known = stage.changes.alias("made"), stage.staged.alias("put"), stage.known.alias("stays")

    def is_there(table: Any) -> ColumnElement[bool]:
        return and_(table.c.sku == stage.changes.c.sku, table.c.marketplace == market, table.c.sales_channel == channel)

    put = select(made.c.new).select_from(made.join(staged, stage.same_key(staged, made))).where(is_there(made), _lasts(staged, now))
    changes = exists().where(is_there(made)).correlate(stage.changes)  # of this row, and not of any in the file
    stays = select(known.c.price_cents).where(is_there(known), _lasts(known, now), ~changes)
    return put.correlate(stage.changes).scalar_subquery(), stays.correlate(stage.changes).scalar_subquery()

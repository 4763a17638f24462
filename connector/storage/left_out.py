"""Prices that a full export leaves out while a more general one stays: what is asked from then on may be far lower."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, Integer, Row, and_, cast, exists, func, literal, null, or_, select

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
        select(*kept, _after(stage).label("price_cents"), old.label("old"), old.label("known"), line.label("line"))
        .select_from(changes.join(known, stage.same_key(known, changes)))
        .where(changes.c.action == "removed", is_narrow, or_(known.c.valid_until.is_(None), known.c.valid_until > now))
        .subquery()
    )
    is_low = goes.c.price_cents < cast(goes.c.old, Float) * (1 - max_fall) + 1
    return connection.execute(select(goes).where(is_low)).all()


def _after(stage: Stage) -> ColumnElement[Any]:
    """Give the most specific price that is left, in the order in which offers look for it."""
    c, every = stage.changes.c, literal("")
    wider = ((c.marketplace, every), (every, c.sales_channel), (every, every))
    return func.coalesce(*[price for market, channel in wider for price in _at(stage, market, channel)])


def _at(stage: Stage, market: ColumnElement[str], channel: ColumnElement[str]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Give the price that an import puts there, and the known one that it leaves there."""
    made, known = stage.changes.alias("made"), stage.known.alias("stays")

    def is_there(table: Any) -> ColumnElement[bool]:
        return and_(table.c.sku == stage.changes.c.sku, table.c.marketplace == market, table.c.sales_channel == channel)

    put = select(made.c.new).where(is_there(made), made.c.action != "removed")
    goes = exists().where(is_there(made), made.c.action == "removed").correlate(stage.changes)  # of this row, and not of any in the file
    stays = select(known.c.price_cents).where(is_there(known), ~goes)
    return put.correlate(stage.changes).scalar_subquery(), stays.correlate(stage.changes).scalar_subquery()

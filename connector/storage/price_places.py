"""Whose place a price takes: what sold where one of a marketplace or channel of its own comes, or comes again after its time was over."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, exists, func, or_, select, union_all

from connector.storage.changes import has_changed
from connector.storage.staging import Stage

Asked = Mapping[str, Collection[str]]
"""The sales channels that each account sells in."""


def lasts(table: FromClause, now: datetime) -> ColumnElement[bool]:
    return or_(table.c.valid_until.is_(None), table.c.valid_until > now)


def sells_in(stage: Stage, channel: ColumnElement[str], asked: Asked) -> ColumnElement[bool]:
    """Say whether a change's marketplace sells in a channel; of one that no account has it is not known, and it may."""
    account = stage.changes.c.marketplace
    mine = [and_(account == name, channel.in_(channels)) for name, channels in asked.items()]
    return or_(account.not_in(asked), *mine)


def before(stage: Stage, now: datetime, asked: Asked) -> ColumnElement[Any]:
    """Give the price that an added or changed one is compared with, NULL where there was none: its own, or what sold in its place.

    A row for all of them has none wider: an export of those alone pays nothing for the question.
    """
    c = stage.changes.c
    is_narrow = or_(c.marketplace != "", c.sales_channel != "")
    comes = or_(c.action == "added", _comes_again(stage, now))
    sold = union_all(select(_wider(stage, now).label("cents")).correlate(stage.changes), _own_and_by_channel(stage, now, asked)).subquery()
    return case((and_(is_narrow, comes), select(func.max(sold.c.cents)).scalar_subquery()), else_=c.old)


def _comes_again(stage: Stage, now: datetime) -> ColumnElement[bool]:
    known, changes = stage.known.alias("over"), stage.changes
    was_over = exists().where(stage.same_key(known, changes), ~lasts(known, now)).correlate(changes)
    return and_(changes.c.action == "changed", has_changed(changes, stage.fields, "valid_until"), lasts(stage.staged, now), was_over)


def _wider(stage: Stage, now: datetime) -> ColumnElement[Any]:
    """Give the price of more of them, the nearest that lasts first."""
    changes, known = stage.changes, stage.known.alias("wider")
    mine = [known.c[name].in_([changes.c[name], ""]) for name in ("marketplace", "sales_channel")]
    order = [case((is_behind, 1), else_=0) for is_behind in (~lasts(known, now), known.c.marketplace == "", known.c.sales_channel == "")]
    others = select(known.c.price_cents).where(known.c.sku == changes.c.sku, *mine, ~stage.same_key(known, changes))
    return others.order_by(*order).limit(1).correlate(changes).scalar_subquery()


def _own_and_by_channel(stage: Stage, now: datetime, asked: Asked) -> Select[Any]:
    """Give its own price, and those of channels in whose place a marketplace's comes; the dearest."""
    changes, known, own = stage.changes, stage.known.alias("by_channel"), stage.known.alias("own")
    c = changes.c
    same = and_(own.c.sku == c.sku, own.c.marketplace == c.marketplace, own.c.sales_channel == known.c.sales_channel)
    has_own = exists().where(same, lasts(own, now)).correlate(changes, known)
    is_a_channel_s = and_(known.c.marketplace == "", known.c.sales_channel != "", lasts(known, now))
    makes_way = and_(c.marketplace != "", c.sales_channel == "", is_a_channel_s, sells_in(stage, known.c.sales_channel, asked), ~has_own)
    found = select(func.max(known.c.price_cents)).where(known.c.sku == c.sku, or_(stage.same_key(known, changes), makes_way))
    return found.correlate(changes)

"""Warehouses that a delta brings: what is known of a SKU stays, and all its rows add up."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, FromClause, distinct, exists, func, select

from connector.storage.staging import Stage


def brought(connection: Connection, stage: Stage) -> tuple[int, int]:
    """Count the SKUs that come without a warehouse where pieces lie in named ones alone, or the other way round; and those in one more."""
    further = _skus(connection, stage, stage.changes.c.warehouse != "", _has_alike(stage))
    return _skus(connection, stage, ~_has_alike(stage), _has_others(stage)), further


def _has_others(stage: Stage) -> ColumnElement[bool]:
    """Say whether pieces stay in what is known; where there were none, or the file itself leaves none there, they only move."""
    staged, before = stage.staged, stage.known.alias("before")
    is_emptied = exists().where(stage.same_key(staged, before), staged.c.quantity <= 0)
    has_pieces = before.c.quantity > 0
    return exists().where(before.c.sku == stage.changes.c.sku, has_pieces, ~_is_alike(stage, before), ~is_emptied)


def _skus(connection: Connection, stage: Stage, *which: ColumnElement[bool]) -> int:
    sku = stage.changes.c.sku
    return int(connection.execute(select(func.count(distinct(sku))).where(stage.changes.c.action == "added", *which)).scalar_one())


def _has_alike(stage: Stage) -> ColumnElement[bool]:
    known = stage.known.alias("alike")
    return exists().where(known.c.sku == stage.changes.c.sku, _is_alike(stage, known))


def _is_alike(stage: Stage, known: FromClause) -> ColumnElement[bool]:
    """Say whether a known row and an added one both name a warehouse, or neither does."""
    return (known.c.warehouse == "") == (stage.changes.c.warehouse == "")

"""What counts now: the snapshot's rows, and before them those of a large change that is shown and not at home yet (`generations`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    ScalarSelect,
    Subquery,
    Table,
    and_,
    exists,
    literal_column,
    select,
    true,
    union_all,
)

from connector.storage import tables
from connector.storage.tables import generations

COMING: dict[str, Table] = {
    "products": tables.coming_products,
    "prices": tables.coming_prices,
    "stock": tables.coming_stock,
    "services": tables.coming_services,
}


def anything_shown() -> ColumnElement[bool]:
    """Say whether any feed's rows are not all at home: a table of four rows tells."""
    return exists().where(generations.c.shown.is_not(None))


def generation(tx: Connection, feed: str) -> int | None:
    """Return whose rows of a feed are shown and not at home; None where all are."""
    return tx.execute(_generation(feed)).scalar()


def _generation(feed: str) -> Any:
    """Ask for it without a parameter: carts run their statement with their own values alone."""
    return select(generations.c.shown).where(generations.c.feed == literal_column(f"'{feed}'"))


def rows(known: Table, skus: Sequence[Any]) -> Subquery:
    """Return the rows of some SKUs (values or parameters) as they count now, of a table of the snapshot, under its name and columns."""
    return _rows(known, known.c.sku.in_(skus), COMING[known.name].c.sku.in_(skus)).subquery(known.name)


def every_row(known: Table) -> CompoundSelect[Any]:
    """Return all rows as they count now, of a table of the snapshot, in its columns."""
    return _rows(known, true(), true())


def _rows(known: Table, is_asked: ColumnElement[bool], is_asked_of_coming: ColumnElement[bool]) -> CompoundSelect[Any]:
    coming, shown = COMING[known.name], _generation(known.name).scalar_subquery()
    values = [coming.c[column.name] for column in known.columns]
    counts = and_(coming.c.generation == shown, is_asked_of_coming, coming.c.action != literal_column("'removed'"))
    at_home = select(known).where(is_asked, ~_is_replaced(known, coming, shown))
    return union_all(at_home, select(*values).where(counts))


def _is_replaced(known: Table, coming: Table, shown: ScalarSelect[Any]) -> ColumnElement[bool]:
    same = [coming.c[column.name] == column for column in known.primary_key.columns]
    return exists().where(coming.c.generation == shown, *same)

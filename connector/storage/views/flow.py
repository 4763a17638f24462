"""Whether everything flows: the last of each thing that came or went, and what waits, counted up to a bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, literal_column, select

from connector.domain.messages import Kind
from connector.storage.tables import files, job_runs, looks, orders, outbox

MOST_COUNTED = 10_000
"""From here on it is said to be so many or more."""
LOOKED_AT = 200


def last_files(tx: Connection, feeds: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return each feed's file taken last, whatever became of it, and when one was applied last."""
    found = {}
    for feed in feeds:
        newest = select(files).where(files.c.feed == feed).order_by(files.c.id.desc()).limit(1)
        row = tx.execute(newest).mappings().first()
        if row is not None:
            names = ("id", "name", "state", "taken_at", "rows_read", "rows_refused")
            found[feed] = {**{name: row[name] for name in names}, "applied_at": _applied_at(tx, feed)}
    return found


def _applied_at(tx: Connection, feed: str) -> datetime | None:
    applied = select(files.c.settled_at).where(files.c.feed == feed, files.c.state == "applied", files.c.settled_at.is_not(None))
    return tx.execute(applied.order_by(files.c.id.desc()).limit(1)).scalar()


def lying(tx: Connection) -> list[tuple[str, str, datetime]]:
    """Return feed, name and since when of files that were seen in the source and are not taken yet."""
    rows = tx.execute(select(looks.c.feed, looks.c.name, looks.c.seen_at).order_by(looks.c.feed, looks.c.name).limit(LOOKED_AT))
    return [tuple(row) for row in rows]


def waiting(tx: Connection, destination: str, kinds: Collection[Kind]) -> int:
    """Count what waits for a destination, up to a bound."""
    mine = (outbox.c.destination == destination, outbox.c.kind.in_([kind.value for kind in kinds]))
    return _up_to_a_bound(tx, outbox, outbox.c.state == literal_column("'pending'"), *mine)


def _up_to_a_bound(tx: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    """Count rows by the index alone: their columns are not looked at."""
    some = select(literal_column("1")).select_from(table).where(*conditions).limit(MOST_COUNTED).subquery()
    return int(tx.execute(select(func.count()).select_from(some)).scalar_one())


def last_good(tx: Connection, job: str) -> datetime | None:
    """Say when a job last ended well."""
    good = select(job_runs.c.ended_at).where(job_runs.c.job == job, job_runs.c.exit_status == 0)
    return tx.execute(good.order_by(job_runs.c.id.desc()).limit(1)).scalar()


def last_order(tx: Connection) -> datetime | None:
    return tx.execute(select(orders.c.placed_at).order_by(orders.c.placed_at.desc()).limit(1)).scalar()


def open_orders(tx: Connection, states: Collection[str]) -> dict[str, int]:
    """Count the orders of some states, each up to a bound."""
    return {state: _up_to_a_bound(tx, orders, orders.c.state == state) for state in states}


def placed_by_hour(tx: Connection, since: datetime) -> Counter[datetime]:
    """Count the orders placed since an instant, by the hour's beginning."""
    found = tx.execute(select(orders.c.placed_at).where(orders.c.placed_at >= since)).scalars()
    return Counter(at.replace(minute=0, second=0, microsecond=0) for at in found)

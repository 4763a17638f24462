"""Counts by the hour: what the jobs did, kept for the console's curves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select

from connector.storage.tables import hourly as t
from connector.storage.upsert import insert


def add(tx: Connection, job: str, counts: Mapping[str, int], now: datetime) -> None:
    """Add what one pass counted to its hour."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    rows = [{"hour": hour, "job": job, "what": what, "count": count} for what, count in sorted(counts.items()) if count]
    if rows:
        statement = insert(tx, t)
        more = {"count": t.c.count + statement.excluded.count}
        tx.execute(statement.on_conflict_do_update(index_elements=["hour", "job", "what"], set_=more), rows)


def since(tx: Connection, instant: datetime) -> list[tuple[datetime, str, str, int]]:
    """Return hour, job, what and count of the hours from an instant on."""
    rows = tx.execute(select(t.c.hour, t.c.job, t.c.what, t.c.count).where(t.c.hour >= instant).order_by(t.c.hour))
    return [tuple(row) for row in rows]


def forget(tx: Connection, before: datetime) -> None:
    tx.execute(delete(t).where(t.c.hour < before))

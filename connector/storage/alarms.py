"""The alarms that are on: raised once, seen again as long as they last, removed when they are over."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, select

from connector.domain.alarms import Alarm
from connector.storage.tables import alarms as t
from connector.storage.upsert import insert

Key = tuple[str, str]
"""An alarm's name and subject."""


def raised(tx: Connection) -> dict[Key, Alarm]:
    """Return the alarms that were raised and are not over yet."""
    names = ("name", "subject", "since", "count", "sentence", "remedy")
    rows = tx.execute(select(*[t.c[name] for name in names]).order_by(t.c.since, t.c.name, t.c.subject)).mappings()
    return {(row["name"], row["subject"]): Alarm(**row) for row in rows}


def put(tx: Connection, found: Collection[Alarm], now: datetime) -> None:
    """Raise alarms, or note that they last: when they began stays."""
    for alarm in found:
        statement = insert(tx, t).values(**asdict(alarm), seen_at=now)
        again = {name: statement.excluded[name] for name in ("count", "sentence", "remedy", "seen_at")}
        tx.execute(statement.on_conflict_do_update(index_elements=[t.c.name, t.c.subject], set_=again))


def remove(tx: Connection, over: Collection[Key]) -> None:
    """Forget alarms that are over."""
    for name, subject in over:
        tx.execute(delete(t).where(t.c.name == name, t.c.subject == subject))

"""What each channel was told of alarms, and how it stands: written after it was told, so that a crash in between tells once more."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from connector.domain.alarm_telling import Key, Notice
from connector.domain.alarms import Alarm
from connector.storage import watermarks
from connector.storage.tables import alarm_notices as t
from connector.storage.upsert import insert

FIELDS = ("name", "subject", "since", "count", "sentence", "remedy")


@dataclass(frozen=True, slots=True)
class Trouble:
    """How often a channel failed in a row, why, and when it is tried again."""

    failures: int
    reason: str
    due_at: datetime


def told(tx: Connection, channel: str) -> dict[Key, Notice]:
    """Return what a channel was told of the alarms that are on, or over without its knowing."""
    rows = tx.execute(select(t).where(t.c.channel == channel).order_by(t.c.since, t.c.name, t.c.subject)).mappings()
    return {(row["name"], row["subject"]): Notice(Alarm(**{k: row[k] for k in FIELDS}), row["told_at"], row["off_at"]) for row in rows}


def tell(tx: Connection, channel: str, alarms: Collection[Alarm], now: datetime) -> None:
    """Note that a channel was told of alarms."""
    for alarm in alarms:
        statement = insert(tx, t).values(channel=channel, **asdict(alarm), told_at=now)
        again = {name: statement.excluded[name] for name in ("since", "count", "sentence", "remedy", "told_at")} | {"off_at": None}
        tx.execute(statement.on_conflict_do_update(index_elements=["channel", "name", "subject"], set_=again))


def forget(tx: Connection, channel: str, keys: Collection[Key]) -> None:
    """Note that a channel knows that alarms are over."""
    for name, subject in keys:
        tx.execute(delete(t).where(t.c.channel == channel, t.c.name == name, t.c.subject == subject))


def turn(tx: Connection, channel: str, keys: Collection[Key], off_at: datetime | None) -> None:
    """Note since when told alarms are off; None: on again."""
    for name, subject in keys:
        tx.execute(update(t).where(t.c.channel == channel, t.c.name == name, t.c.subject == subject).values(off_at=off_at))


def trouble(tx: Connection, channel: str) -> Trouble | None:
    """Return why a channel takes nothing; None where it does."""
    text = watermarks.value(tx, _name(channel))
    if not text:
        return None
    failures, reason, due_at = json.loads(text)
    return Trouble(failures, reason, datetime.fromisoformat(due_at))


def note(tx: Connection, channel: str, found: Trouble | None) -> None:
    """Note how a channel stands."""
    text = json.dumps([found.failures, found.reason, found.due_at.isoformat()]) if found else ""
    if text != (watermarks.value(tx, _name(channel)) or ""):
        watermarks.put(tx, _name(channel), text)


def _name(channel: str) -> str:
    return f"alarm-channel:{channel}"

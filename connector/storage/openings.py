"""What earlier files left open (refused rows, held rows) or people decided, and which of it this file settles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, select

from connector.domain.keys import key_parts
from connector.storage.staging import Stage


def passed(connection: Connection, stage: Stage, mode: str, opened: Iterable[tuple[int, str]]) -> list[int]:
    """Return which of the opened (id, key as text) this file settles: a good row of the key came, or a full export no longer names it."""
    if not _laid(connection, stage, opened):
        return []
    t = stage.opened
    settled = exists().where(stage.same_key(stage.staged, t)) if mode == "delta" else ~exists().where(stage.same_key(stage.kept, t))
    return list(connection.execute(select(t.c.number).where(settled)).scalars())


def overtaken(connection: Connection, stage: Stage, decided: Iterable[tuple[int, str]]) -> list[tuple[int, int]]:
    """Return of which decided (id, key as text) this file changes the guarded value, and to what."""
    if not _laid(connection, stage, decided):
        return []
    t, changes = stage.opened, stage.changes
    query = select(t.c.number, changes.c.new).select_from(t.join(changes, stage.same_key(t, changes)))
    query = query.where(changes.c.action != "removed", changes.c.new.is_distinct_from(changes.c.old))
    return [(row.number, row.new) for row in connection.execute(query)]


def _laid(connection: Connection, stage: Stage, opened: Iterable[tuple[int, str]]) -> bool:
    """Lay down the keys asked about; False where there are none."""
    rows = [_row(stage, number, key) for number, key in opened]
    if rows:
        connection.execute(delete(stage.opened))
        connection.execute(insert(stage.opened), rows)
    return bool(rows)


def _row(stage: Stage, number: int, key: str) -> dict[str, Any]:
    parts: tuple[Any, ...] = (stage.file, int(key)) if stage.file else key_parts(key, len(stage.key))
    return {"number": number, **dict(zip(stage.key, parts, strict=True))}

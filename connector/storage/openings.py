"""What earlier files left open (refused rows, held rows), and which of it this file settles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, select

from connector.domain.keys import key_parts
from connector.storage.staging import Stage


def passed(connection: Connection, stage: Stage, mode: str, opened: Iterable[tuple[int, str]]) -> list[int]:
    """Return which of the opened (id, key as text) this file settles: a good row of the key came, or a full export no longer names it."""
    rows = [_row(stage, number, key) for number, key in opened]
    if not rows:
        return []
    t = stage.opened
    connection.execute(delete(t))
    connection.execute(insert(t), rows)
    settled = exists().where(stage.same_key(stage.staged, t)) if mode == "delta" else ~exists().where(stage.same_key(stage.kept, t))
    return list(connection.execute(select(t.c.number).where(settled)).scalars())


def _row(stage: Stage, number: int, key: str) -> dict[str, Any]:
    parts: tuple[Any, ...] = (stage.file, int(key)) if stage.file else key_parts(key, len(stage.key))
    return {"number": number, **dict(zip(stage.key, parts, strict=True))}

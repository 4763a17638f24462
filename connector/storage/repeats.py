"""Keys that occur more than once in one file: identical rows count once, different ones are all refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, exists, func, or_, select

from connector.domain.keys import key_text
from connector.domain.keys import shown as key_shown
from connector.storage.database import reading
from connector.storage.staging import Stage, refuse

NAMED_LINES = 10


@dataclass(frozen=True, slots=True)
class Conflict:
    """A row refused because of another row of its key."""

    line: int
    key: tuple[str, ...]
    reason: str
    column: str = ""
    value: str = ""
    record: None = None


def sift(connection: Connection, stage: Stage) -> None:
    """Refuse the rows whose key has different rows or a refused row in this file, and drop identical repeats."""
    if stage.file:  # a freight row's key is its line
        return
    with reading(connection):
        _refuse_beside_refused(connection, stage)
        if _has_repeats(connection, stage):
            _refuse_different(connection, stage)
            _drop_identical(connection, stage)


def _key_columns(stage: Stage) -> list[Any]:
    return [stage.staged.c[name] for name in stage.key]


def _refuse_beside_refused(connection: Connection, stage: Stage) -> None:
    """Refuse a good row beside a bad one of its key: which of the two the ERP means cannot be known."""
    beside = exists().where(stage.same_key(stage.staged, stage.kept))
    query = select(stage.staged.c.line, *_key_columns(stage)).where(beside).order_by(stage.staged.c.line)
    found = [_beside(connection, stage, row) for row in connection.execute(query).all()]
    if found:
        connection.execute(delete(stage.staged).where(beside))
        refuse(connection, stage, found)


def _beside(connection: Connection, stage: Stage, row: Row[Any]) -> Conflict:
    key: tuple[str, ...] = tuple(row[1:])
    lines = select(stage.refused.c.line).where(stage.refused.c.key == key_text(key)).order_by(stage.refused.c.line)
    bad = connection.execute(lines.limit(1)).scalar_one()
    reason = f"line {bad} has the same key and is refused; none of the rows of one key is taken then"
    return Conflict(row.line, key, reason, *_shown(stage, key))


def _shown(stage: Stage, key: tuple[str, ...]) -> tuple[str, str]:
    """Return the key's column and value; of a key of several columns those that are not empty, the first column naming it."""
    return stage.key[0], key_shown(key_text(key), len(key))


def _has_repeats(connection: Connection, stage: Stage) -> bool:
    keys = _key_columns(stage)
    repeated = select(func.count()).select_from(stage.staged).group_by(*keys).having(func.count() > 1).limit(1)
    return connection.execute(repeated).first() is not None


def _different(stage: Stage) -> Select[Any]:
    staged, other = stage.staged, stage.staged.alias("other")
    differs = or_(*[staged.c[name].is_distinct_from(other.c[name]) for name in stage.fields])
    keys = _key_columns(stage)
    return select(staged.c.line, *keys).where(exists().where(stage.same_key(staged, other), differs)).order_by(*keys, staged.c.line)


def _refuse_different(connection: Connection, stage: Stage) -> None:
    found = list(_conflicts(stage, connection.execute(_different(stage)).all()))
    if found:
        refuse(connection, stage, found)
        connection.execute(delete(stage.staged).where(exists().where(stage.same_key(stage.staged, stage.kept))))


def _conflicts(stage: Stage, rows: Sequence[Row[Any]]) -> Iterator[Conflict]:
    for key, group in groupby(rows, key=lambda row: tuple(row[1:])):
        lines = [row.line for row in group]
        reason = f"the key occurs with different content on lines {_listed(lines)}"
        yield from (Conflict(line, key, reason, *_shown(stage, key)) for line in lines)


def _listed(lines: list[int]) -> str:
    shown = ", ".join(str(line) for line in lines[:NAMED_LINES])
    more = len(lines) - NAMED_LINES
    return f"{shown} and {more} more" if more > 0 else shown


def _drop_identical(connection: Connection, stage: Stage) -> None:
    first = stage.staged.alias("first")
    connection.execute(delete(stage.staged).where(exists().where(stage.same_key(stage.staged, first), first.c.line < stage.staged.c.line)))


def counts(connection: Connection, stage: Stage) -> tuple[int, int]:
    """Return how many rows are staged and how many refused."""
    with reading(connection):
        return _count(connection, stage.staged), _count(connection, stage.refused)


def _count(connection: Connection, table: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())

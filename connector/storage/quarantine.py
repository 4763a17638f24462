"""Quarantine: rows that were refused, listed once and open until a good row of their key comes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, insert, literal, or_, select, true, update

from connector.domain.keys import key_text
from connector.errors import NotFound
from connector.storage.openings import passed
from connector.storage.staging import Refused, Stage
from connector.storage.tables import files
from connector.storage.tables import rejections as t

OPEN = t.c.healed_at.is_(None)
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused row or file, as errors files and people see it."""

    line: int
    column: str
    value: str
    reason: str
    key: tuple[str, ...] | None = None
    record: dict[str, str] | None = None


# ── catalog feeds: from the stage ───────────────────────────────────────────────────────────────────────────────────────
def _scope(stage: Stage) -> ColumnElement[bool]:
    """Say which refused rows to compare with: a freight row is followed within its file's name."""
    if not stage.file:
        return t.c.feed == stage.feed
    return and_(t.c.feed == stage.feed, t.c.file_id.in_(select(files.c.id).where(files.c.name == stage.file)))


def _same(stage: Stage) -> ColumnElement[bool]:
    seen = stage.refused
    return and_(seen.c.key == t.c.key, seen.c.column == t.c.column, seen.c.value == t.c.value, seen.c.reason == t.c.reason)


def settled(connection: Connection, stage: Stage, mode: str) -> list[int]:
    """Return the open refused rows of a delta's feed whose key passed now; a full export settles them without looking."""
    if mode == "full":
        return []
    opened = connection.execute(select(t.c.id, t.c.key).where(_scope(stage), OPEN, t.c.key != "")).all()
    return passed(connection, stage, mode, [(row.id, row.key) for row in opened])


def _not_of_a_refused_file() -> ColumnElement[bool]:
    """Leave out the rows of files refused whole: those are closed with their file, and list nothing for another one."""
    return t.c.file_id.in_(select(files.c.id).where(files.c.state != "refused"))


def replace(tx: Connection, stage: Stage, mode: str, file_id: int, *, settled_ids: Sequence[int], now: datetime) -> None:
    """Heal what this file settles, and list its own bad rows; an unchanged bad row is not listed twice.

    A row whose key cannot be read cannot be followed: it stays open until the feed's next file.
    """
    seen_again = exists().where(_same(stage))
    other_reason = t.c.key.in_(select(stage.refused.c.key))
    is_over = true() if mode == "full" else or_(t.c.key == "", other_reason)
    tx.execute(update(t).where(_scope(stage), OPEN, ~seen_again, is_over).values(healed_at=now))
    _heal_ids(tx, settled_ids, now)
    listed = exists().where(_scope(stage), OPEN, _not_of_a_refused_file(), _same(stage))
    tx.execute(_listing(stage, file_id, now, ~listed))


def list_all(tx: Connection, stage: Stage, file_id: int, now: datetime) -> None:
    """List every bad row of a file that is refused whole."""
    heal_file(tx, file_id, now)
    tx.execute(_listing(stage, file_id, now, true()))


def _listing(stage: Stage, file_id: int, now: datetime, condition: ColumnElement[bool]) -> Any:
    seen = stage.refused
    names = ("key", "line", "column", "value", "reason", "record")
    values = (literal(file_id).label("file_id"), literal(stage.feed).label("feed"), literal(now, t.c.refused_at.type).label("at"))
    query = select(*values, *[seen.c[name] for name in names]).where(condition).order_by(seen.c.line)
    return insert(t).from_select(["file_id", "feed", "refused_at", *names], query)


def errors(connection: Connection, stage: Stage) -> Iterator[Refusal]:
    """Give the staged file's bad rows in the order of their lines."""
    seen = stage.refused
    for row in connection.execute(select(seen).order_by(seen.c.line)):
        yield Refusal(row.line, row.column, row.value, row.reason)


# ── any feed: from values ───────────────────────────────────────────────────────────────────────────────────────────────
def add(tx: Connection, file_id: int, feed: str, found: Sequence[Refused], now: datetime) -> None:
    """List refused rows; one that is open already (same key, column, value and reason) is not listed twice.

    Each file refused whole keeps its own list.
    """
    rows = [_values(file_id, feed, one, now) for one in found]
    fresh = [row for row in rows if not _is_open(tx, row)]
    if fresh:
        tx.execute(insert(t), fresh)


def _values(file_id: int, feed: str, one: Refused, now: datetime) -> dict[str, Any]:
    return {
        "file_id": file_id,
        "feed": feed,
        "key": "" if one.key is None else key_text(one.key),
        "line": one.line,
        "column": one.column,
        "value": one.value,
        "reason": one.reason,
        "record": one.record,
        "refused_at": now,
    }


def _is_open(tx: Connection, row: dict[str, Any]) -> bool:
    same = [t.c[name] == row[name] for name in ("feed", "key", "column", "value", "reason")]
    return tx.execute(select(t.c.id).where(*same, OPEN, _not_of_a_refused_file()).limit(1)).first() is not None


def heal(tx: Connection, feed: str, keys: Sequence[tuple[str, ...]], now: datetime) -> None:
    """Close the refused rows of keys of which a good row passed."""
    texts = [key_text(key) for key in keys]
    for start in range(0, len(texts), CHUNK):
        tx.execute(update(t).where(t.c.feed == feed, OPEN, t.c.key.in_(texts[start : start + CHUNK])).values(healed_at=now))


def heal_key(tx: Connection, feed: str, key: str, now: datetime) -> None:
    """Close the refused rows of one key, as it is stored."""
    tx.execute(update(t).where(t.c.feed == feed, t.c.key == key, OPEN).values(healed_at=now))


def heal_file(tx: Connection, file_id: int, now: datetime) -> None:
    """Close the refused rows of a file that is taken again or was superseded."""
    tx.execute(update(t).where(t.c.file_id == file_id, OPEN).values(healed_at=now))


def close(tx: Connection, number: int, now: datetime) -> None:
    """Close one refused row."""
    _heal_ids(tx, [number], now)


def _heal_ids(tx: Connection, ids: Sequence[int], now: datetime) -> None:
    for start in range(0, len(ids), CHUNK):
        tx.execute(update(t).where(t.c.id.in_(ids[start : start + CHUNK]), OPEN).values(healed_at=now))


def files_with_open_rows(tx: Connection) -> set[tuple[str, str]]:
    """Return feed and last name of the files that have an open refused row."""
    query = select(t.c.feed, files.c.name).join(files, files.c.id == t.c.file_id).where(OPEN).distinct()
    return {(row.feed, row.name.rpartition("/")[2]) for row in tx.execute(query)}


def open_in(tx: Connection, feed: str, file_ids: Collection[int]) -> set[int]:
    """Return the numbers of a feed's refused rows that are open and of one of these files."""
    rows = tx.execute(select(t.c.id, t.c.file_id).where(t.c.feed == feed, OPEN))
    return {row.id for row in rows if row.file_id in file_ids}


def is_listed(tx: Connection, feed: str, key: tuple[str, ...]) -> bool:
    """Tell whether a refused row of that key is open."""
    return tx.execute(select(t.c.id).where(t.c.feed == feed, t.c.key == key_text(key), OPEN).limit(1)).first() is not None


# ── what people ask ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _described() -> Select[Any]:
    return select(t, files.c.name, files.c.state.label("file_state"), files.c.place).join(files, files.c.id == t.c.file_id)


def open_rows(tx: Connection, feeds: Collection[str] = (), limit: int | None = 1000) -> list[dict[str, Any]]:
    """Return the refused rows that are still open, of files that were not refused whole, the oldest first; of some feeds or of all."""
    query = _described().where(OPEN, files.c.state != "refused").order_by(t.c.id).limit(limit)
    if feeds:
        query = query.where(t.c.feed.in_(feeds))
    return [dict(row) for row in tx.execute(query).mappings()]


def belonging(tx: Connection, number: int) -> tuple[Any, ...]:
    """Say what a refused row is a part of: its file, where that was refused whole, else its document, else itself."""
    row = tx.execute(_described().where(t.c.id == number)).mappings().first()
    if row is not None and row["file_state"] == "refused":
        return (row["file_id"],)
    return (row["file_id"], row["key"]) if row is not None and row["key"] else ("", "", number)


def one(tx: Connection, number: int) -> dict[str, Any]:
    """Return a refused row with its file's name, state and place. Raises NotFound."""
    row = tx.execute(_described().where(t.c.id == number)).mappings().first()
    if row is None:
        raise NotFound(f"there is no refused row {number}", remedy="connector quarantine list")
    return dict(row)


def rows_of(tx: Connection, file_id: int) -> list[dict[str, Any]]:
    """Return a file's open refused rows, described, in the order of their lines."""
    query = _described().where(t.c.file_id == file_id, OPEN).order_by(t.c.line, t.c.id)
    return [dict(row) for row in tx.execute(query).mappings()]


def settled_rows_of(tx: Connection, file_id: int) -> list[dict[str, Any]]:
    """Return a file's refused rows that are settled: healed by a good row, or laid aside."""
    query = _described().where(t.c.file_id == file_id, t.c.healed_at.is_not(None)).order_by(t.c.line, t.c.id)
    return [dict(row) for row in tx.execute(query).mappings()]


def of_file(tx: Connection, file_id: int, limit: int | None = None) -> list[Refusal]:
    """Return a file's open refused rows in the order of their lines."""
    rows = tx.execute(select(t).where(t.c.file_id == file_id, OPEN).order_by(t.c.line, t.c.id).limit(limit))
    return [Refusal(row.line, row.column, row.value, row.reason, None, row.record) for row in rows]


def of_document(tx: Connection, file_id: int, key: str) -> list[Refusal]:
    """Return the open refused rows of one key of a file, in the order of their lines."""
    rows = tx.execute(select(t).where(t.c.file_id == file_id, t.c.key == key, OPEN).order_by(t.c.line, t.c.id))
    return [Refusal(row.line, row.column, row.value, row.reason, None, row.record) for row in rows]

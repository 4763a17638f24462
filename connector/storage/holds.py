"""Holds: files and rows that wait for a person's yes, and what was decided of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, insert, select, update

from connector.domain.guards import Reason
from connector.errors import Conflict, NotFound
from connector.storage.files import Entry, is_older
from connector.storage.tables import files
from connector.storage.tables import holds as t

CHUNK = 500


class Decision(NamedTuple):
    """A row that is held, or that was approved or discarded, and by whom."""

    id: int
    key: str
    state: str
    row: dict[str, Any]
    by: str | None
    at: datetime | None

    @property
    def price_cents(self) -> int:
        return int(self.row["price_cents"])

    def is_of(self, row: Mapping[str, Any]) -> bool:
        """Say whether it is meant for another row of its key and price, too: a no to what was over by then keeps out that alone."""
        until = self.row["valid_until"]
        was_over = self.state == "discarded" and is_over(self.row, self.at)
        return not was_over or until == row["valid_until"]


def is_over(row: Mapping[str, Any], at: datetime | None) -> bool:
    """Say whether a held price had ended."""
    return at is not None and row["valid_until"] is not None and datetime.fromisoformat(row["valid_until"]) <= at


def add(tx: Connection, file_id: int, feed: str, reasons: Sequence[Reason], now: datetime) -> int:
    """Hold a file; return the hold's number."""
    values = {"what": "file", "feed": feed, "file_id": file_id, "key": "", "state": "held", "held_at": now}
    statement = insert(t).values(**values, reasons=[asdict(reason) for reason in reasons]).returning(t.c.id)
    return int(tx.execute(statement).scalar_one())


def add_rows(tx: Connection, file_id: int, feed: str, rows: Iterable[tuple[str, Mapping[str, Any], Reason]], now: datetime) -> None:
    """Hold rows, each given as key, values and reason."""
    common = {"what": "row", "feed": feed, "file_id": file_id, "state": "held", "held_at": now}
    found = [{**common, "key": key, "row": dict(row), "reasons": [asdict(reason)]} for key, row, reason in rows]
    if found:
        tx.execute(insert(t), found)


def refresh_row(tx: Connection, number: int, file_id: int, row: Mapping[str, Any]) -> None:
    """Let a held row show what the newest file says beside the value that holds it."""
    tx.execute(update(t).where(t.c.id == number).values(row=dict(row), file_id=file_id))


def row_decisions(tx: Connection, feed: str, key: str | None = None) -> list[Decision]:
    """Return the rows held, and those approved or discarded as far as that still counts, of one key or all; the oldest first."""
    query = select(t.c.id, t.c.key, t.c.state, t.c.row, t.c.decided_by, t.c.decided_at).where(
        t.c.feed == feed, t.c.what == "row", t.c.state != "superseded"
    )
    query = query.where(t.c.ended_at.is_(None), *([] if key is None else [t.c.key == key]))
    return [Decision(*row) for row in tx.execute(query.order_by(t.c.id))]


def end(tx: Connection, ids: Sequence[int], now: datetime) -> None:
    """Let decisions count no longer: another value of their key was applied since. What was decided stays to be read."""
    for start in range(0, len(ids), CHUNK):
        tx.execute(update(t).where(t.c.id.in_(ids[start : start + CHUNK])).values(ended_at=now))


def supersede(tx: Connection, ids: Sequence[int], now: datetime) -> None:
    """Close holds that a newer file has made pointless."""
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        tx.execute(update(t).where(t.c.id.in_(part), t.c.state == "held").values(state="superseded", decided_at=now))


def supersede_files(tx: Connection, than: Entry, now: datetime) -> list[int]:
    """Close the holds of full exports that are not newer than one applied or held since; return the files' numbers."""
    older = select(t.c.id, t.c.file_id).join(files, files.c.id == t.c.file_id)
    older = older.where(t.c.feed == than.feed, t.c.what == "file", t.c.state == "held", is_older(than, now), files.c.id != than.id)
    if than.of_its_own is not None:
        older = older.where(files.c.name == than.of_its_own)
    found = tx.execute(older).all()
    supersede(tx, [row.id for row in found], now)
    return [row.file_id for row in found]


def decide(tx: Connection, number: int, state: str, by: str, now: datetime) -> None:
    """Record a person's decision. Raises Conflict where it was decided meanwhile."""
    done = update(t).where(t.c.id == number, t.c.state == "held").values(state=state, decided_at=now, decided_by=by)
    if tx.execute(done).rowcount != 1:
        raise Conflict(f"hold {number} is no longer held", remedy="connector held list")


def _described() -> Select[Any]:
    return select(t, *[files.c[name] for name in ("name", "place", "plan", "modified_at", "settled_at")]).join(
        files, files.c.id == t.c.file_id
    )


def waiting(tx: Connection, limit: int = 1000) -> list[dict[str, Any]]:
    """Return what is held, the oldest first, each with its file's name; plans, and what only a decision has, are left out."""
    rows = tx.execute(_described().where(t.c.state == "held").order_by(t.c.id).limit(limit)).mappings()
    return [{key: value for key, value in row.items() if key not in ("plan", "ended_at")} for row in rows]


def one(tx: Connection, number: int) -> dict[str, Any]:
    """Return a hold with its file's name, place and plan. Raises NotFound."""
    row = tx.execute(_described().where(t.c.id == number)).mappings().first()
    if row is None:
        raise NotFound(f"there is no hold {number}", remedy="connector held list")
    return dict(row)


def of_file(tx: Connection, file_id: int) -> int | None:
    """Return the open hold of a file."""
    query = select(t.c.id).where(t.c.file_id == file_id, t.c.what == "file", t.c.state == "held")
    return tx.execute(query).scalar()

"""The ledger of files, page by page: what came, what became of it, which rows were refused and which are held."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from connector.storage.tables import files, holds, rejections

LISTED = ("id", "feed", "name", "size", "modified_at", "state", "taken_at", "settled_at", "moved_at", "rows_read", "rows_refused", "place")


def page(tx: Connection, *, feed: str, state: str, before: int | None, limit: int) -> list[dict[str, Any]]:
    """Return files, the newest first, below a number; of one feed and state, or of all ("")."""
    query = select(*[files.c[name] for name in LISTED]).order_by(files.c.id.desc()).limit(limit)
    for column, wanted in ((files.c.feed, feed), (files.c.state, state)):
        query = query.where(column == wanted) if wanted else query
    return [dict(row) for row in tx.execute(query if before is None else query.where(files.c.id < before)).mappings()]


def refused_rows(tx: Connection, file_id: int, after: int, limit: int) -> list[dict[str, Any]]:
    """Return a file's refused rows above a number, open and mended ones, in the order in which they were refused."""
    names = ("id", "key", "line", "column", "value", "reason", "refused_at", "healed_at")
    query = select(*[rejections.c[name] for name in names]).where(rejections.c.file_id == file_id, rejections.c.id > after)
    return [dict(row) for row in tx.execute(query.order_by(rejections.c.id).limit(limit)).mappings()]


def open_rows(tx: Connection, after: int, limit: int) -> list[dict[str, Any]]:
    """Return the refused rows that no good one has mended, of every file, above a number."""
    r = rejections.c
    query = select(r.id, r.file_id, r.feed, r.key, r.line, r.column, r.value, r.reason, r.refused_at, files.c.name)
    query = query.join(files, files.c.id == r.file_id).where(r.healed_at.is_(None), r.id > after, files.c.state != "refused")
    return [dict(row) for row in tx.execute(query.order_by(r.id).limit(limit)).mappings()]


def refused_files(tx: Connection, limit: int) -> list[dict[str, Any]]:
    """Return the files refused whole, the newest first, each with the number of its first refused row and why."""
    query = select(files).where(files.c.state == "refused").order_by(files.c.id.desc()).limit(limit)
    return [{**row, **_first_row(tx, row["id"])} for row in tx.execute(query).mappings()]


def _first_row(tx: Connection, file_id: int) -> dict[str, Any]:
    first = select(rejections.c.id, rejections.c.reason).where(rejections.c.file_id == file_id, rejections.c.healed_at.is_(None))
    row = tx.execute(first.order_by(rejections.c.id).limit(1)).first()
    return {"first_row": row.id if row else None, "reason": row.reason if row else ""}


def held(tx: Connection, after: int, limit: int) -> list[dict[str, Any]]:
    """Return what waits for a person's yes above a number, the oldest first."""
    query = select(holds, files.c.name).join(files, files.c.id == holds.c.file_id)
    query = query.where(holds.c.state == "held", holds.c.id > after).order_by(holds.c.id).limit(limit)
    return [dict(row) for row in tx.execute(query).mappings()]


def decided(tx: Connection, limit: int) -> list[dict[str, Any]]:
    """Return what a person decided lately, the newest first."""
    names = ("id", "what", "feed", "key", "state", "decided_at", "decided_by")
    query = select(*[holds.c[name] for name in names], files.c.name).join(files, files.c.id == holds.c.file_id)
    return [dict(r) for r in tx.execute(query.where(holds.c.decided_by.is_not(None)).order_by(holds.c.id.desc()).limit(limit)).mappings()]

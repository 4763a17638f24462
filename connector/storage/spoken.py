"""Where texts of others may have been repeated: refused rows, reports, reasons, histories. Looked through some rows at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Column, Row, Table, or_, select, tuple_, update

from connector.domain.naming import Naming
from connector.storage.database import Database
from connector.storage.tables import (
    acts,
    alarm_notices,
    alarms,
    documents,
    files,
    holds,
    job_runs,
    order_events,
    orders,
    outbox,
    rejections,
)

PART = 500
"""Rows looked at in one view of the database: a report, or a document, is a few kilobytes."""
SPOKEN = (
    job_runs.c.report,
    rejections.c.reason,
    outbox.c.reason,
    orders.c.cancel_request,
    order_events.c.detail,
    documents.c.content,
    documents.c.reason,
    files.c.plan,
    holds.c.reasons,
    acts.c.outcome,
    alarms.c.sentence,
    alarm_notices.c.sentence,
)


def refused_rows(db: Database, naming: Naming, keys: Collection[str]) -> list[tuple[str, int]]:
    """Return the refused rows that name the person, or are about one of these orders, by their file's SHA-256 and their line."""
    found, r = set(), rejections.c
    for row in _rows(db, rejections, (r.file_id, r.line, r.key, r.value, r.record)):
        if row.key.partition("/")[0] in keys or naming.is_in([row.key, row.value, row.record]):
            found.add((row.file_id, row.line))
    with db.read() as tx:
        numbers = sorted({file_id for file_id, _ in found})
        digests = {n: tx.execute(select(files.c.sha256).where(files.c.id == n)).scalar_one() for n in numbers}
    return sorted({(digests[file_id], line) for file_id, line in found})


def forget(db: Database, naming: Naming) -> int:
    """Take what names the person out of reports, reasons and histories; return in how many rows."""
    return sum(_forget_in(db, column, naming) for column in SPOKEN)


def _forget_in(db: Database, column: Column[Any], naming: Naming) -> int:
    table, forgotten = column.table, 0
    for row in _rows(db, table, (column,)):
        if not naming.is_in(row[-1]):
            continue
        mine = [key == value for key, value in zip(table.primary_key, row, strict=False)]
        with db.write() as tx:  # what was said may be another thing by now
            said = tx.execute(select(column).where(*mine).with_for_update()).scalar_one_or_none()
            tx.execute(update(table).where(*mine).values({column: naming.without(said)}))
        forgotten += 1
    return forgotten


def _rows(db: Database, table: Table, columns: tuple[Column[Any], ...]) -> Iterator[Row[Any]]:
    """Yield primary key and columns of the rows that say anything, in short views: a long one would hold the write-ahead log."""
    key = tuple(table.primary_key)
    query = select(*key, *columns).where(or_(*(column.is_not(None) for column in columns))).order_by(*key).limit(PART)
    found: list[Row[Any]] = []
    while True:
        after = [tuple_(*key) > tuple_(*found[-1][: len(key)])] if found else []
        with db.read() as tx:
            found = list(tx.execute(query.where(*after)))
        yield from found
        if len(found) < PART:
            return

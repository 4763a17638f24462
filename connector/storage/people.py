"""Where a person's data lies: orders, and rows of files that were refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Text, and_, cast, or_, select, update

from connector.domain.messages import ERP
from connector.storage.tables import documents as documents_table
from connector.storage.tables import files, holds, job_runs, order_changes, order_events, order_items, orders, outbox, rejections


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What an order holds of a person; `raw` and `answer` are JSON documents in bytes."""

    order_id: str
    marketplace_order_id: str
    account: str
    state: str
    document: str
    client: dict[str, Any]
    address: dict[str, Any]
    raw: bytes
    answer: bytes


def of(tx: Connection, documents: Collection[str]) -> list[PersonalData]:
    """Return the orders of a person, by CPF or CNPJ in any of the ways they are written."""
    columns = [orders.c[name] for name in PersonalData.__slots__]
    found = select(*columns).where(orders.c.document.in_(documents)).order_by(orders.c.order_id)
    return [PersonalData(**row) for row in tx.execute(found).mappings()]


def of_orders(tx: Connection, order_ids: Collection[str]) -> list[PersonalData]:
    """Return what these orders hold of a person."""
    columns = [orders.c[name] for name in PersonalData.__slots__]
    found = select(*columns).where(orders.c.order_id.in_(order_ids)).order_by(orders.c.order_id)
    return [PersonalData(**row) for row in tx.execute(found).mappings()]


def pseudonymise(tx: Connection, order_id: str, *, client: dict[str, Any], address: dict[str, Any], raw: bytes, answer: bytes) -> None:
    """Overwrite what an order holds of a person."""
    values = {"client": client, "address": address, "raw": raw, "answer": answer, "payments": None, "extras": None}
    tx.execute(update(orders).where(orders.c.order_id == order_id).values(values))
    lines = select(order_items.c.position, order_items.c.detail).where(order_items.c.order_id == order_id)
    for position, detail in tx.execute(lines).all():
        mine = (order_items.c.order_id == order_id, order_items.c.position == position)
        tx.execute(update(order_items).where(*mine).values(detail={**detail, "attachments": []}))


def pseudonymise_changes(tx: Connection, order_id: str, masked: Callable[[bytes], bytes]) -> None:
    """Overwrite what an order's changes hold of a person: what was asked for, the reason, attachments."""
    of_order = select(order_changes).where(order_changes.c.order_id == order_id)
    for row in tx.execute(of_order).all():
        mine = (order_changes.c.order_id == order_id, order_changes.c.request_id == row.request_id)
        result = None if row.result is None else json.loads(masked(json.dumps(row.result).encode()))
        tx.execute(update(order_changes).where(*mine).values(raw=masked(row.raw), result=result))


def waits_to_be_written(tx: Connection, order_id: str) -> bool:
    """Say whether a file about the order is still to be written for the ERP."""
    unsettled = outbox.c.state.in_(("pending", "sending", "publishing", "dead"))
    about_it = or_(outbox.c.reference == order_id, and_(outbox.c.order_id == order_id, outbox.c.destination == ERP))
    return tx.execute(select(outbox.c.id).where(about_it, unsettled).limit(1)).first() is not None


def goods_of(tx: Connection, order_id: str) -> set[str]:
    """Return an order's SKUs and shipping services: they name no person."""
    rows = tx.execute(select(order_items.c.sku, order_items.c.sla).where(order_items.c.order_id == order_id))
    return {text for row in rows for text in row}


def refused_rows(tx: Connection, texts: Collection[str]) -> list[tuple[str, int]]:
    """Return the refused rows that show one of the texts, by their file's SHA-256 and their line."""
    shows = [
        column.contains(text, autoescape=True)
        for text in _as_stored(texts)
        for column in (rejections.c.value, cast(rejections.c.record, Text))
    ]
    found = select(files.c.sha256, rejections.c.line).join(files, files.c.id == rejections.c.file_id).where(or_(*shows))
    return sorted({(row.sha256, row.line) for row in tx.execute(found)})


def forget_refused_rows(tx: Connection, rows: Collection[tuple[str, int]]) -> int:
    """Overwrite what refused rows show; return how many there were."""
    forgotten = 0
    for sha256, line in rows:
        of_file = select(files.c.id).where(files.c.sha256 == sha256)
        mine = (rejections.c.file_id.in_(of_file), rejections.c.line == line)
        forgotten += tx.execute(update(rejections).where(*mine).values(value="***", key="", record=None)).rowcount
    return forgotten


SPOKEN = (
    (job_runs, job_runs.c.report),
    (outbox, outbox.c.reason),
    (orders, orders.c.cancel_request),
    (order_events, order_events.c.detail),
    (documents_table, documents_table.c.content),
    (documents_table, documents_table.c.reason),
    (files, files.c.plan),
    (holds, holds.c.reasons),
)
"""Where texts of others may have been repeated: reports, reasons, histories."""


def forget_texts(tx: Connection, texts: Collection[str], without: Callable[[Any], Any]) -> int:
    """Take texts that name a person out of reports, reasons and histories; return in how many rows."""
    forgotten = 0
    for table, column in SPOKEN:
        shows = [cast(column, Text).contains(text, autoescape=True) for text in _as_stored(texts)]
        key = next(iter(table.primary_key))
        for number, value in tx.execute(select(key, column).where(or_(*shows))).all():
            tx.execute(update(table).where(key == number).values({column: without(value)}))
            forgotten += 1
    return forgotten


def _as_stored(texts: Collection[str]) -> set[str]:
    """A text as it is, and as JSON writes it."""
    return set(texts) | {json.dumps(text)[1:-1] for text in texts}

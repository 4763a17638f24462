"""Where a person's data lies: orders, what was written about them, and rows of files that were refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, and_, cast, exists, func, or_, select, text, update

from connector.domain.messages import DOCUMENT_KINDS, ERP, Kind
from connector.domain.personal import MASK
from connector.storage import order_story
from connector.storage.tables import documents as papers
from connector.storage.tables import files, order_changes, order_events, order_items, orders, outbox, rejections


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What an order holds of a person; `raw` and `answer` are JSON documents in bytes."""

    order_id: str
    marketplace_order_id: str
    account: str
    state: str
    document: str
    erp_order_id: str | None
    client: dict[str, Any]
    address: dict[str, Any]
    raw: bytes
    answer: bytes
    placed_at: datetime
    erased_at: datetime | None


DOCUMENTS = ("document", "corporatedocument")
MARKS = ". /-"
"""What a CPF or CNPJ is written with."""


def of(tx: Connection, documents: Collection[str]) -> list[PersonalData]:
    """Return the orders of a person, by CPF or CNPJ in any of the ways they are written.

    A company's order bears its buyer's CPF in `document`: all clients are looked through for its CNPJ, for a command by hand alone.
    """
    columns = [orders.c[name] for name in PersonalData.__slots__]
    bare = func.upper(cast(orders.c.client, Text))
    for mark in MARKS:
        bare = func.replace(bare, mark, "")
    maybe = or_(orders.c.document.in_(documents), bare.contains(min(documents, key=len), autoescape=True))
    found = [PersonalData(**row) for row in tx.execute(select(*columns).where(maybe).order_by(orders.c.order_id)).mappings()]
    return [data for data in found if not documents_of(data).isdisjoint(documents)]


def documents_of(data: PersonalData) -> set[str]:
    """Return an order's CPF and CNPJ, digits and letters only."""
    sent = (str(value) for name, value in data.client.items() if name.lower() in DOCUMENTS)
    return {document for document in (data.document, *(re.sub("[^0-9A-Za-z]", "", text).upper() for text in sent)) if document}


def of_orders(tx: Connection, order_ids: Collection[str]) -> list[PersonalData]:
    """Return what these orders hold of a person."""
    columns = [orders.c[name] for name in PersonalData.__slots__]
    found = select(*columns).where(orders.c.order_id.in_(order_ids)).order_by(orders.c.order_id)
    return [PersonalData(**row) for row in tx.execute(found).mappings()]


def pseudonymise(tx: Connection, order_id: str, erased_at: datetime | None, values: dict[str, Any]) -> None:
    """Overwrite what an order holds of a person: client, address, raw, answer. `erased_at`: None where it is to be looked at again."""
    gone = {"payments": None, "extras": None, "erased_at": erased_at}
    tx.execute(update(orders).where(orders.c.order_id == order_id).values({**values, **gone}))
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


TOLD_BY_OTHERS = (
    order_story.REJECTED,
    "cancelled",
    "cancellation asked",
    "change asked",
    "change refused",
    order_story.CHANGED,
    "NF-e cancelled",
    *(f"{kind} given up" for kind in DOCUMENT_KINDS),
)
"""The events whose detail repeats what the ERP or a marketplace wrote: free text, which may name anybody."""
FREE = ("reason", "seller_reason", "description")
"""Fields of a cancellation, or another document, that are free text."""


def pseudonymise_story(tx: Connection, order_id: str) -> None:
    """Overwrite what others wrote about an order: in its history, in cancellations, documents and messages."""
    events = and_(order_events.c.order_id == order_id, order_events.c.what.in_(TOLD_BY_OTHERS), order_events.c.detail != "")
    tx.execute(update(order_events).where(events).values(detail=MASK))
    asked = tx.execute(select(orders.c.cancel_request).where(orders.c.order_id == order_id)).scalar_one()
    if asked:
        tx.execute(update(orders).where(orders.c.order_id == order_id).values(cancel_request=_without_free(asked)))
    told = papers.c.state.in_(("reported", "given-up"))  # what is still to be told is told as it was written
    for row in tx.execute(select(papers).where(papers.c.order_id == order_id, told)).all():
        values = {"content": _without_free(row.content), "reason": MASK if row.reason else row.reason}
        if values != {"content": row.content, "reason": row.reason}:
            tx.execute(update(papers).where(papers.c.id == row.id).values(values))
    said = and_(_about(order_id), outbox.c.reason.is_not(None))
    tx.execute(update(outbox).where(said).values(reason=MASK))


def _without_free(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_free(inner) for inner in value]
    if isinstance(value, dict):
        return {name: MASK if name in FREE and inner else _without_free(inner) for name, inner in value.items()}
    return value


def _about(order_id: str) -> ColumnElement[bool]:
    return or_(outbox.c.reference == order_id, outbox.c.order_id == order_id)


def messages_that_need(tx: Connection, order_id: str) -> list[Row[Any]]:
    """Return the messages that need an order's data: files for the ERP, given up ones too, and a cancellation, which tells why."""
    o = outbox.c
    waits = o.state.in_(("pending", "sending", "publishing"))
    needs = or_(and_(o.destination == ERP, or_(waits, o.state == "dead")), and_(o.kind == Kind.CANCEL, waits))
    return list(tx.execute(select(o.id, o.kind, o.destination, o.state).where(_about(order_id), needs).order_by(o.id)))


PERSONAL = text("orders.erased_at IS NULL AND orders.state NOT IN ('placed', 'authorized', 'cancel-asked')")
"""In the words of the index of such orders: it holds those alone that were not overwritten."""


def outlived(tx: Connection, before: datetime, limit: int, among: Collection[str] | None = None) -> list[str]:
    """Return final orders, the oldest first, to which nothing happened since then and of which nobody is still to be told."""
    o, waits = outbox.c, outbox.c.state.in_(("pending", "sending", "publishing"))
    unsettled = or_(waits, and_(o.destination == ERP, o.state == "dead"))
    since = exists().where(order_events.c.order_id == orders.c.order_id, order_events.c.at > before)
    query = select(orders.c.order_id).where(
        PERSONAL,
        orders.c.placed_at <= before,
        ~since,
        ~exists().where(o.reference == orders.c.order_id, unsettled),
        ~exists().where(o.order_id == orders.c.order_id, unsettled),
    )
    if among is not None:
        query = query.where(orders.c.order_id.in_(among))
    return list(tx.scalars(query.order_by(orders.c.placed_at).limit(limit)))


def goods_of(tx: Connection, order_id: str) -> set[str]:
    """Return an order's SKUs and shipping services: they name no person."""
    rows = tx.execute(select(order_items.c.sku, order_items.c.sla).where(order_items.c.order_id == order_id))
    return {text for row in rows for text in row}


EMPTIED = {"value": MASK, "key": "", "record": None}


def forget_refused_rows(tx: Connection, rows: Collection[tuple[str, int]]) -> int:
    """Overwrite what refused rows show, by their file's SHA-256 and their line; return how many there were."""
    forgotten = 0
    for sha256, line in rows:
        of_file = select(files.c.id).where(files.c.sha256 == sha256)
        mine = (rejections.c.file_id.in_(of_file), rejections.c.line == line)
        forgotten += tx.execute(update(rejections).where(*mine).values(EMPTIED)).rowcount
    return forgotten


def forget_healed_rows(tx: Connection, before: datetime, limit: int) -> int:
    """Overwrite what refused rows showed that were healed by then, some of them; return how many."""
    still = text("rejections.healed_at IS NOT NULL AND rejections.value <> '***'")  # in the words of their index
    r = rejections.c
    old = select(r.id).where(still, r.healed_at <= before).order_by(r.healed_at).limit(limit)
    return tx.execute(update(rejections).where(r.id.in_(old.scalar_subquery())).values(EMPTIED)).rowcount

"""Documents as rows: one of each kind and key per order, with its state on the way to the marketplace."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from connector.domain.documents import Content, Document, DocumentKind, DocumentState
from connector.domain.messages import Kind
from connector.storage.document_content import read, written
from connector.storage.tables import documents as t
from connector.storage.tables import orders, outbox


@dataclass(frozen=True, slots=True)
class Draft:
    """A document about to be kept. `key` makes a repeat harmless: of its kind and order there is one."""

    kind: DocumentKind
    number: str
    key: str
    said: str
    content: Content
    file_id: int | None


def reference(order_id: str, number: str) -> str:
    """Name what messages about an invoice refer to: the order and the invoice's number."""
    return f"{order_id}/{number}"


def referred(reference: str) -> tuple[str, str]:
    """Return the order and the invoice's number of a reference (an order's id holds no slash)."""
    order_id, _, number = reference.partition("/")
    return order_id, number


def of_order(tx: Connection, order_id: str) -> list[Document]:
    """Return an order's documents in the order in which they were taken."""
    return [_document(row) for row in tx.execute(select(t).where(t.c.order_id == order_id).order_by(t.c.id))]


def orders_of_invoice(tx: Connection, digits: str, *, given_up: bool = True) -> list[tuple[str, str]]:
    """Return order and invoice number of the invoices whose number is this, leading zeros aside; `digits` has none.

    Without `given_up` only of those that the marketplace knows or will know.
    """
    same = [t.c.kind == DocumentKind.INVOICE.value, func.ltrim(t.c.number, "0") == digits]
    if not given_up:
        same.append(t.c.state != DocumentState.GIVEN_UP.value)
    return [(row.order_id, row.number) for row in tx.execute(select(t.c.order_id, t.c.number).where(*same).distinct())]


def _document(row: Row[Any]) -> Document:
    kind, content = DocumentKind(row.kind), dict(row.content)
    said = content.pop("said")
    state, reason = DocumentState(row.state), row.reason or ""
    return Document(row.id, row.order_id, kind, row.number, said, read(kind, content), state, reason, row.reported_at)


def add(tx: Connection, order_id: str, draft: Draft, now: datetime) -> int:
    """Keep a document; it waits until it is let go. Returns its number in the store.

    Where the order's personal data was overwritten, that is to be done once more when the document's days are over.
    """
    tx.execute(update(orders).where(orders.c.order_id == order_id, orders.c.erased_at.is_not(None)).values(erased_at=None))
    identity = {"order_id": order_id, "kind": draft.kind.value, "key": draft.key}
    return int(tx.execute(insert(t).values(**identity, **_values(draft, now)).returning(t.c.id)).scalar_one())


def replace(tx: Connection, document_id: int, draft: Draft, now: datetime) -> None:
    """Put a corrected document in the place of one that the marketplace does not have."""
    tx.execute(update(t).where(t.c.id == document_id).values(**_values(draft, now)))


def _values(draft: Draft, now: datetime) -> dict[str, Any]:
    content = {**written(draft.content), "said": draft.said}
    fresh = {"state": DocumentState.WAITING.value, "reason": None, "taken_at": now}
    return {**fresh, "number": draft.number, "content": content, "file_id": draft.file_id}


def renumber(tx: Connection, document: Document) -> None:
    """Write the invoice's number that a document has now, in its content too; it stays the same one of its order and kind."""
    content = {**written(document.content), "said": document.said}
    tx.execute(update(t).where(t.c.id == document.id).values(number=document.number, content=content))


def set_state(tx: Connection, ids: Collection[int], state: DocumentState, reason: str = "") -> None:
    tx.execute(update(t).where(t.c.id.in_(ids)).values(state=state.value, reason=reason or None))


def give_up(tx: Connection, order_id: str, number: str, kind: Kind, reason: str) -> None:
    """Give up what a message of this kind was to tell; one that tells of no document gives up none."""
    mine = (t.c.order_id == order_id, t.c.number == number, t.c.kind == kind.value, t.c.state == DocumentState.PENDING.value)
    tx.execute(update(t).where(*mine).values(state=DocumentState.GIVEN_UP.value, reason=reason))


def withdraw(tx: Connection, document: Document, reason: str, now: datetime) -> None:
    """Give up a document before anything was sent of it; its message, where there is one, is laid aside with it."""
    set_state(tx, [document.id], DocumentState.GIVEN_UP, reason)
    same = (outbox.c.kind == document.kind.value, outbox.c.reference == reference(document.order_id, document.number))
    values = {"state": "discarded", "reason": reason, "settled_at": now}
    tx.execute(update(outbox).where(*same, outbox.c.state == "pending").values(**values))


def reported(tx: Connection, ids: Collection[int], receipt: str | None, now: datetime) -> None:
    """Note that the marketplace has these documents, and the receipt it gave."""
    values = {"state": DocumentState.REPORTED.value, "reason": None, "reported_at": now, "receipt": receipt}
    tx.execute(update(t).where(t.c.id.in_(ids)).values(values))


def abandon_waiting(tx: Connection, order_id: str, reason: str) -> None:
    """Give up what an order that has ended still had waiting."""
    waits = (t.c.order_id == order_id, t.c.state == DocumentState.WAITING.value, t.c.kind != DocumentKind.CANCEL.value)
    tx.execute(update(t).where(*waits).values(state=DocumentState.GIVEN_UP.value, reason=reason))


def was_tried(tx: Connection, order_id: str, number: str) -> bool:
    """Tell whether an invoice is being sent now, or was sent without an answer: what the marketplace has of it nobody knows."""
    same = (outbox.c.kind == Kind.INVOICE.value, outbox.c.reference == reference(order_id, number))
    tried = or_(outbox.c.state == "sending", (outbox.c.state == "pending") & (outbox.c.attempt > 0))
    return tx.execute(select(outbox.c.id).where(*same, tried).limit(1)).first() is not None


def lies_dead(tx: Connection, order_id: str, number: str) -> bool:
    """Tell whether the message of an invoice is a dead letter."""
    same = (outbox.c.kind == Kind.INVOICE.value, outbox.c.reference == reference(order_id, number))
    return tx.execute(select(outbox.c.id).where(*same, outbox.c.state == "dead").limit(1)).first() is not None

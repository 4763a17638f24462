"""Let documents go to the marketplace once nothing has to come before them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from connector.domain.documents import Cancellation, Delivery, Document, DocumentKind, DocumentState, Invoice, Tracking
from connector.domain.messages import Kind
from connector.domain.orders import Order, OrderState, moved
from connector.domain.sequence import number_as_invoiced, reason_to_wait
from connector.storage import documents as store
from connector.storage import order_story, orders, outbox


def release(tx: Connection, order: Order, now: datetime) -> Document | None:
    """Put every document of an order that waits for nothing any more; returns the cancellation, if it may be carried out now.

    Called whenever something changed: a document was taken or reported, the order authorized. Repeating it is harmless.
    """
    documents = _numbered(tx, store.of_order(tx, order.order_id))
    free: Document | None = None
    state = order.state
    for document in (d for d in documents if d.state == DocumentState.WAITING):
        reason = reason_to_wait(document, state, documents)
        if reason:
            store.set_state(tx, [document.id], DocumentState.WAITING, reason)
        elif isinstance(document.content, Cancellation):
            free = document
        else:
            _put(tx, order, document, now)
            state = _after(tx, order.order_id, state, document, now)
    return free


def _numbered(tx: Connection, documents: list[Document]) -> list[Document]:
    """Give what waits for an invoice that came after it the number as that one has it."""
    return [_as_invoiced(tx, d, documents) if d.state == DocumentState.WAITING else d for d in documents]


def _as_invoiced(tx: Connection, document: Document, documents: list[Document]) -> Document:
    if not isinstance(document.content, Tracking | Delivery):
        return document
    number = number_as_invoiced(document.number, documents)
    if number == document.number:
        return document
    renumbered = replace(document, number=number, content=replace(document.content, invoice_number=number))
    store.renumber(tx, renumbered)
    return renumbered


def waits(tx: Connection, order_id: str, number: str, *kinds: DocumentKind) -> str:
    """Say what an invoice's documents of these kinds still wait for, as the end of a sentence; "" where nothing waits."""
    mine = [d for d in store.of_order(tx, order_id) if d.number == number and d.kind in kinds]
    waiting = [d for d in mine if d.state == DocumentState.WAITING]
    return f"; it {waiting[-1].reason}" if waiting else ""


def _put(tx: Connection, order: Order, document: Document, now: datetime) -> None:
    store.set_state(tx, [document.id], DocumentState.PENDING)
    reference = store.reference(order.order_id, document.number)
    outbox.put(tx, order.account, Kind(document.kind.value), [reference], now, order_id=order.order_id)


def _after(tx: Connection, order_id: str, state: OrderState, document: Document, now: datetime) -> OrderState:
    """Move the order on with its first sale invoice; it is the ERP's no to a cancellation that was asked for."""
    is_sale = isinstance(document.content, Invoice) and document.content.type == "Output"
    if not is_sale or state == OrderState.INVOICED:
        return state
    invoiced = moved(order_id, state, OrderState.INVOICED)
    orders.change(tx, order_id, state=invoiced.value)
    answer = ": the ERP's no to the cancellation that was asked for" if state == OrderState.CANCEL_ASKED else ""
    order_story.event(tx, order_id, now, "invoiced", f"with invoice {document.number}{answer}")
    return invoiced

"""Cancel for the ERP: at once where nothing is invoiced, after the return of everything where it is (facts 7.5)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from connector.app import App
from connector.domain.documents import Cancellation, Document, DocumentKind, DocumentState, Objection
from connector.domain.invoicing import return_of_all
from connector.domain.orders import Order, OrderState
from connector.storage import documents as store
from connector.storage import orders
from connector.usecases.cancelling import cancel_by_seller
from connector.usecases.invoicing import ENDED, fingerprint, ledger, take_invoice
from connector.usecases.releasing import release
from connector.usecases.taking import Taking


def take_cancellation(by: Taking, order: Order, cancellation: Cancellation) -> str | Objection:
    """Take the ERP's cancellation of an order: says in a sentence what is new, "" where it is known; or objects.

    It is the ERP's yes where the marketplace asked. An invoiced order gets its return first, and is cancelled when that is reported; one
    that was given up may come again, or another in its place.
    """
    documents = store.of_order(by.tx, order.order_id)
    known = next((d for d in documents if d.kind == DocumentKind.CANCEL), None)
    if order.state in ENDED:
        return ""
    if known and not (cancellation.return_number and _is_short(order, documents)):
        return _other_return(known, cancellation) or ""
    returned = _return_first(by, order, cancellation, documents)
    if isinstance(returned, Objection) or (known and _is_short(order, store.of_order(by.tx, order.order_id))):
        return returned
    _keep(by, order, known, cancellation)
    is_done = follow(by.tx, by.app, order.order_id, by.now)
    when = "is cancelled" if is_done else f"will be cancelled when return {cancellation.return_number or 'of everything'} is reported"
    return f"order {order.order_id} {when}: {cancellation.reason}"


def _is_short(order: Order, documents: list[Document]) -> bool:
    """Tell whether something is invoiced that no return takes back."""
    so_far = ledger(order, documents)
    return order.state == OrderState.INVOICED and so_far.sold_cents > so_far.returned_cents


def _keep(by: Taking, order: Order, known: Document | None, cancellation: Cancellation) -> None:
    draft = store.Draft(DocumentKind.CANCEL, "", "", fingerprint(cancellation), cancellation, by.file_id)
    if known is None:
        store.add(by.tx, order.order_id, draft, by.now)
    else:
        store.replace(by.tx, known.id, draft, by.now)


def _other_return(known: Document, cancellation: Cancellation) -> Objection | None:
    assert isinstance(known.content, Cancellation)
    before = known.content.return_number
    if not cancellation.return_number or cancellation.return_number == before:
        return None
    reason = f"order {known.order_id} is being cancelled with return invoice {before or '(none)'} already"
    return Objection("return_invoice_number", cancellation.return_number, reason)


def _return_first(by: Taking, order: Order, cancellation: Cancellation, documents: list[Document]) -> str | Objection:
    """Take the return of everything: says what is new of it, "" where none is needed; or objects."""
    if not _is_short(order, documents):
        return ""
    if not cancellation.return_number or cancellation.return_issued_at is None:
        column = "return_issuance_date" if cancellation.return_number else "return_invoice_number"
        reason = f"order {order.order_id} is invoiced: name the return invoice that takes everything back, and its day of issue"
        return Objection(column, "", reason)
    back = return_of_all(ledger(order, documents), cancellation.return_number, cancellation.return_issued_at)
    taken = take_invoice(by, order, back)
    if isinstance(taken, Objection):
        return Objection(f"return_{taken.column}" if taken.column == "invoice_number" else taken.column, taken.value, taken.reason)
    return taken


def follow(tx: Connection, app: App, order_id: str, now: datetime) -> bool:
    """Let go what a change made free, the cancellation too; True where the order was cancelled by it."""
    order = orders.find(tx, order_id)
    free = release(tx, order, now)
    if free is None or order.state in ENDED or not isinstance(free.content, Cancellation):
        return False
    if under_way := _sent_once_more(tx, order_id):
        store.set_state(tx, [free.id], DocumentState.WAITING, f"waits until it is settled whether invoice {under_way} is reported")
        return False
    store.set_state(tx, [free.id], DocumentState.PENDING)
    return cancel_by_seller(tx, app, order, free.content.reason, now)


def _sent_once_more(tx: Connection, order_id: str) -> str:
    """Return the number of an invoice that was given up, was replayed, and may reach the marketplace yet; "" where there is none."""
    given_up = [d.number for d in store.of_order(tx, order_id) if d.kind == DocumentKind.INVOICE and not d.counts]
    return next((number for number in given_up if store.was_tried(tx, order_id, number)), "")

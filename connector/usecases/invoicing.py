"""Take invoices of orders: each number once, held against what was ordered, reported when its time has come."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Connection

from connector.domain.documents import Document, DocumentKind, DocumentState, GivenInvoice, Invoice, Objection, Tracking
from connector.domain.invoicing import Fit, judge
from connector.domain.ledger import Ledger
from connector.domain.money import units
from connector.domain.orders import Order, OrderState
from connector.errors import RequestInvalid
from connector.storage import documents as store
from connector.storage import order_story
from connector.usecases.releasing import release, waits
from connector.usecases.taking import Taking
from connector.usecases.trackings import take_tracking
from connector.vtex.orders import placed_cents

ENDED = (OrderState.CANCELED, OrderState.EXPIRED)


def fingerprint(said: Any) -> str:
    """Hash what the ERP said, so that the same document is known again."""
    return sha256(orjson.dumps(said)).hexdigest()


def identity(given: GivenInvoice) -> dict[str, Any]:
    """Return what makes an invoice the same one again: neither how it travels nor where it can be read."""
    said: dict[str, Any] = orjson.loads(orjson.dumps(replace(given, courier="", tracking_number="", tracking_url="")))
    del said["url"]  # invoices taken before there was one are known still
    return said


def ended(order: Order) -> Objection:
    return Objection("order_id", order.order_id, f"order {order.order_id} is {order.state}: it takes no more documents")


def take_invoice(by: Taking, order: Order, given: GivenInvoice) -> str | Objection:
    """Take an invoice: says in a sentence what is new, "" where it is known already; or objects, and nothing is changed.

    An invoice that comes again with a tracking number, and else unchanged, brings the tracking; one whose message is a dead letter is
    put once more.
    """
    documents = store.of_order(by.tx, order.order_id)
    twin = next((d for d in documents if d.kind == DocumentKind.INVOICE and d.number == given.number), None)
    said = fingerprint(identity(given))
    if twin is not None and twin.said == said and not _is_wished_for(by.tx, order, twin):
        return _again(by, order, twin, given)
    objection = ended(order) if order.state in ENDED else twin and _fixed(by.tx, twin, given)
    if objection:
        return objection
    fit = _fitted(by.tx, order, documents, given)
    if isinstance(fit, Objection):
        return fit
    return _keep(by, order, twin, fit, said)


def _fitted(tx: Connection, order: Order, documents: list[Document], given: GivenInvoice) -> Fit | Objection:
    """Hold an invoice against its order; one that was given up and is sent once more takes its room, for the marketplace may have it."""
    once_more = [d for d in documents if _is_sent_once_more(tx, d, given)]
    alone = judge(given, ledger(order, documents, besides=given.number))
    if not once_more or isinstance(alone, Objection):
        return alone
    maybe = [replace(d, state=DocumentState.PENDING) if d in once_more else d for d in documents]
    fit = judge(given, ledger(order, maybe, besides=given.number))
    if isinstance(fit, Fit):
        return fit
    number, how = once_more[0].number, f"connector why {order.order_id}"
    reason = f"there is room for it or for invoice {number}, which is sent once more: wait until that is settled ({how})"
    return Objection("invoice_number", given.number, reason)


def _is_sent_once_more(tx: Connection, document: Document, given: GivenInvoice) -> bool:
    is_alike = isinstance(document.content, Invoice) and document.content.type == given.type and document.number != given.number
    return is_alike and not document.counts and store.was_tried(tx, document.order_id, document.number)


def ledger(order: Order, documents: list[Document], besides: str = "") -> Ledger:
    """Return what was ordered and invoiced of an order, without the invoice of that number and without those given up."""
    counting = [d.content for d in documents if d.counts and d.number != besides]
    return Ledger(order.items, tuple(content for content in counting if isinstance(content, Invoice)), _beyond_lines(order))


def _beyond_lines(order: Order) -> int:
    """Return what the marketplace pays beyond an order's lines, in cents: a tax, or what its rounding differs by (KI 1032473).

    Where it pays nothing, as for gifts alone (KI 679598), the lines count: no invoice could be of nothing.
    """
    return order.payment_cents - _placed_cents(order) if order.payment_cents else 0


def _placed_cents(order: Order) -> int:
    """Return what the lines came to at placement: a change moves them, and what is paid for them, by the same."""
    if not any(event.what == order_story.CHANGED for event in order.history):
        return order.totals.total
    try:
        return placed_cents(order.raw)
    except RequestInvalid:  # of an erased order numbers were overwritten, too: its lines count
        return order.payment_cents or 0


def _is_wished_for(tx: Connection, order: Order, twin: Document) -> bool:
    """Tell whether sending an invoice again says that it is to be reported after all: not one that the ERP or a person withdrew."""
    is_over = twin.state not in (DocumentState.GIVEN_UP, DocumentState.PENDING) or order.state in ENDED
    return not is_over and store.lies_dead(tx, twin.order_id, twin.number)


def _again(by: Taking, order: Order, twin: Document, given: GivenInvoice) -> str | Objection:
    if twin.state == DocumentState.GIVEN_UP:
        return f"invoice {twin.number} of order {order.order_id} came again unchanged; it was given up before: {twin.reason}"
    if not given.tracking_number:
        return ""
    tracking = Tracking(given.number, given.courier, given.tracking_number, given.tracking_url)
    return take_tracking(by, order, tracking, None)


def _fixed(tx: Connection, twin: Document, given: GivenInvoice) -> Objection | None:
    """Never give the marketplace two different documents for one number (reliability 1d)."""
    assert isinstance(twin.content, Invoice)
    before = f"invoice {twin.number} of order {twin.order_id}"
    differs = f"for {units(twin.content.value_cents)}; this one has the same number and other content ({units(given.value_cents)})"
    if twin.reported_at is not None and twin.is_reported:
        told = f"{before} was reported on {twin.reported_at:%Y-%m-%d} {differs}"
        return Objection("invoice_number", given.number, f"{told}: what was reported never changes; give it a number of its own")
    if store.was_tried(tx, twin.order_id, twin.number):
        how = f"connector why {twin.order_id}"
        return Objection("invoice_number", given.number, f"{before} is being reported {differs}: wait until that is settled ({how})")
    return None


def _keep(by: Taking, order: Order, twin: Document | None, fit: Fit, said: str) -> str:
    number = fit.invoice.number
    draft = store.Draft(DocumentKind.INVOICE, number, number, said, fit.invoice, by.file_id)
    if twin is None:
        store.add(by.tx, order.order_id, draft, by.now)
    else:
        store.replace(by.tx, twin.id, draft, by.now)
    kind = "invoice" if fit.invoice.type == "Output" else "return invoice"
    note = f"; {fit.note}" if fit.note else ""
    order_story.event(by.tx, order.order_id, by.now, f"{kind} taken", f"{number}, {units(fit.invoice.value_cents)}{note}")
    release(by.tx, order, by.now)
    waiting = waits(by.tx, order.order_id, number, DocumentKind.INVOICE)
    return f"{kind} {number} of order {order.order_id} was taken{_in_place_of(twin, said)}{note}{waiting}"


def _in_place_of(twin: Document | None, said: str) -> str:
    if twin is None:
        return ""
    return f" again, having been given up: {twin.reason}" if twin.said == said else ", in place of the one sent before"

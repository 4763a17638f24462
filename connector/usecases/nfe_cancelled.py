"""NF-e that SEFAZ cancelled: an alarm that names order and invoice, and what has to be done; VTEX knows no way to take an invoice back."""

from __future__ import annotations

from dataclasses import replace

from connector.domain.brazil import nfe_number
from connector.domain.documents import CANCELLED_NFE, Document, Invoice, Objection
from connector.storage import documents as store
from connector.storage import order_story, quarantine
from connector.storage.quarantine import Refusal
from connector.usecases.returning import follow
from connector.usecases.taking import Taking


def raise_alarm(by: Taking, refusal: Refusal) -> Refusal:
    """Complete what the event of a cancellation says: whose invoice it was, and what became of that. Other refusals stay as they are.

    An invoice that was not reported yet is given up.
    """
    if refusal.key is None or not refusal.key[0].startswith(CANCELLED_NFE):
        return refusal
    key = refusal.key[0].removeprefix(CANCELLED_NFE)
    told = [_alarmed(by, document, refusal.reason) for document in _invoices(by, key)]
    said = told or ["no order has this invoice: should it come, it is refused"]
    return replace(refusal, column="invoice_key", value=key, reason="; ".join([refusal.reason, *said]))


def object_to_cancelled(by: Taking, key: str) -> Objection | None:
    """Object to an NF-e whose cancellation came before it."""
    if key and quarantine.is_listed(by.tx, "invoices", (CANCELLED_NFE + key, nfe_number(key))):
        return Objection("invoice_key", key, "SEFAZ cancelled this NF-e; its event came before: it is not reported")
    return None


def _invoices(by: Taking, key: str) -> list[Document]:
    """Return the invoices of that key, and those of that number whose key nobody named."""
    number = nfe_number(key)
    orders = dict.fromkeys(order_id for order_id, _ in store.orders_of_invoice(by.tx, number))
    found = [document for order_id in orders for document in store.of_order(by.tx, order_id)]
    return [d for d in found if isinstance(d.content, Invoice) and d.number.lstrip("0") == number and d.content.key in ("", key)]


def _alarmed(by: Taking, document: Document, why: str) -> str:
    assert isinstance(document.content, Invoice)
    sure = "" if document.content.key else " (which names no key: is it this one?)"
    invoice = f"invoice {document.number} of order {document.order_id}{sure}"
    order_story.event(by.tx, document.order_id, by.now, "NF-e cancelled", f"{document.number}: {why}")
    if document.is_reported:
        return f"{invoice} was reported: send its return (type Input), then a cancellation, or the invoice that takes its place"
    if not sure and document.counts and not store.was_tried(by.tx, document.order_id, document.number):
        store.withdraw(by.tx, document, why, by.now)
        follow(by.tx, by.app, document.order_id, by.now)
        return f"{invoice} was not reported yet, and will not be"
    return f"{invoice} is {document.state}: look at it with connector orders show {document.order_id}"

"""What has to be reported before what: the one page on which a document waits (facts 7.2-7.6)."""

from __future__ import annotations

from collections.abc import Sequence

from connector.domain.documents import Cancellation, Delivery, Document, Invoice, Tracking
from connector.domain.ledger import Ledger
from connector.domain.money import units
from connector.domain.orders import OrderItem, OrderState


def reason_to_wait(document: Document, state: OrderState, documents: Sequence[Document]) -> str:
    """Say what a document of an order in this state waits for, "" where it may go now. `documents` are all of the order."""
    match document.content:
        case Invoice(type="Output"):
            return "waits for the order's authorization" if state == OrderState.PLACED else ""
        case Invoice():
            return _reason_of_return(documents)
        case Tracking(invoice_number=number):
            return "" if _is_reported(number, documents) else f"waits until invoice {number} is reported"
        case Delivery(invoice_number=number):
            return _reason_of_delivery(number, documents)
        case Cancellation():
            return "" if state != OrderState.INVOICED else _reason_of_cancellation(documents)


def invoices(documents: Sequence[Document], kind: str = "") -> list[Document]:
    """Return an order's invoices that were not given up, all of them or one type's."""
    return [d for d in documents if isinstance(d.content, Invoice) and d.counts and d.content.type == (kind or d.content.type)]


def number_as_invoiced(number: str, documents: Sequence[Document]) -> str:
    """Return an invoice's number as its own document has it, where one invoice alone differs by leading zeros (an NF-e gives none).

    An invoice that was given up stands aside for one that counts.
    """
    if any(d.number == number for d in invoices(documents)):
        return number
    alike = [d.number for d in invoices(documents) if d.number.lstrip("0") == number.lstrip("0")]
    return alike[0] if len(alike) == 1 else number


def _reason_of_return(documents: Sequence[Document]) -> str:
    sales = invoices(documents, "Output")
    return _unreported(sales) if sales else "waits until a sale (Output) is reported"


def _reason_of_cancellation(documents: Sequence[Document]) -> str:
    """Have all that was sold come back first; of an order whose sales were all refused the marketplace has none."""
    sales, returns = invoices(documents, "Output"), invoices(documents, "Input")
    if not sales:
        return ""
    is_short = _cents(returns) < _cents(sales)
    return _unreported(sales + returns) or ("waits until a return of all that was invoiced is reported" if is_short else "")


def reason_to_keep(items: tuple[OrderItem, ...], documents: Sequence[Document]) -> str:
    """Say why an invoiced order is not cancelled when the marketplace asks; "" where all was sold, came back and is reported.

    What was not invoiced yet may be on its way to the buyer: only the ERP knows.
    """
    counting = invoices(documents)
    sold, back = _cents(invoices(documents, "Output")), _cents(invoices(documents, "Input"))
    left = Ledger(items, tuple(d.content for d in counting if isinstance(d.content, Invoice))).to_sell
    untold = next((d.number for d in counting if not d.is_reported), "")
    only = "it can be cancelled only after a return of all that was invoiced"
    if back < sold:
        return f"{only}: {units(sold)} were invoiced, {units(back)} came back"
    if untold:
        return f"{only}: invoice {untold} is not reported yet"
    if left:
        pieces = ", ".join(f"{quantity} of {sku}" for sku, quantity in sorted(left.items()))
        return f"what came back is not all that was ordered, {pieces} was not invoiced yet: the ERP decides (a row of cancellations)"
    return ""


def _cents(documents: Sequence[Document]) -> int:
    return sum(d.content.value_cents for d in documents if isinstance(d.content, Invoice))


def _unreported(documents: Sequence[Document]) -> str:
    return next((f"waits until invoice {d.number} is reported" for d in documents if not d.is_reported), "")


def _is_reported(number: str, documents: Sequence[Document]) -> bool:
    return any(d.number == number and d.is_reported for d in invoices(documents))


def _reason_of_delivery(number: str, documents: Sequence[Document]) -> str:
    if not _is_reported(number, documents):
        return f"waits until invoice {number} is reported"
    known = [d.content for d in documents if d.number == number and d.is_reported]
    tracked = any(
        content.tracking_number if isinstance(content, Invoice) else isinstance(content, Tracking) and content.number for content in known
    )
    return "" if tracked else f"waits for the tracking number of invoice {number}, without which VTEX takes no delivery"

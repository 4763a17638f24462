"""Take tracking and the carrier's events of invoices: each told once, after its invoice."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import orjson

from connector.domain.documents import Content, Delivery, Document, DocumentKind, Invoice, Objection, Tracking
from connector.domain.invoicing import number_objection
from connector.domain.orders import Order, OrderState
from connector.domain.personal import MASK
from connector.domain.sequence import number_as_invoiced
from connector.storage import documents as store
from connector.storage import order_story
from connector.usecases.releasing import release, waits
from connector.usecases.taking import Taking


def take_tracking(by: Taking, order: Order, tracking: Tracking | None, delivery: Delivery | None) -> str | Objection:
    """Take what a carrier says of one invoice: says in a sentence what is new, "" where all is known; or objects."""
    number = tracking.invoice_number if tracking else delivery.invoice_number if delivery else ""
    objection = number_objection(number)
    if objection:
        return objection
    documents = store.of_order(by.tx, order.order_id)
    number = number_as_invoiced(number, documents)
    tracking = tracking and replace(tracking, invoice_number=number)
    delivery = delivery and replace(delivery, invoice_number=number)
    news = [None if tracking and _is_known(tracking, documents) else tracking, delivery and _untold(delivery, documents)]
    fresh = [content for content in news if content and _said(content) not in {d.said for d in documents}]
    if fresh and order.state in (OrderState.CANCELED, OrderState.EXPIRED):
        return Objection("order_id", order.order_id, f"order {order.order_id} is {order.state}: it takes no more documents")
    said = [_keep(by, order, number, content) for content in fresh]
    if said:
        release(by.tx, order, by.now)
    waiting = waits(by.tx, order.order_id, number, DocumentKind.TRACKING, DocumentKind.DELIVERY)
    return f"{' and '.join(said)} of invoice {number} of order {order.order_id}{waiting}" if said else ""


def _is_known(tracking: Tracking, documents: list[Document]) -> bool:
    """Tell whether this very tracking was taken before, by itself or in its invoice's own rows."""
    own = (tracking.courier, tracking.number, tracking.url)
    for document in (d for d in documents if d.number == tracking.invoice_number):
        match document.content:
            case Tracking() if document.content == tracking:
                return True
            case Invoice(courier=courier, tracking_number=number, tracking_url=url) if (courier, number, url) == own:
                return tracking.dispatched_on is None
    return False


def _untold(delivery: Delivery, documents: list[Document]) -> Delivery | None:
    """Return what is new of a delivery, None where every event was taken before; of an erased person's its words were overwritten."""
    before = [d.content for d in documents if isinstance(d.content, Delivery) and d.number == delivery.invoice_number]
    known = {event for content in before for event in content.events}
    events = tuple(event for event in dict.fromkeys(delivery.events) if known.isdisjoint((event, replace(event, description=MASK))))
    is_news = delivery.is_delivered and not any(content.is_delivered for content in before)
    return Delivery(delivery.invoice_number, delivery.is_delivered, delivery.delivered_at, events) if events or is_news else None


def _keep(by: Taking, order: Order, number: str, content: Content) -> str:
    said = _said(content)
    kind = DocumentKind.TRACKING if isinstance(content, Tracking) else DocumentKind.DELIVERY
    store.add(by.tx, order.order_id, store.Draft(kind, number, f"{number} {said}", said, content, by.file_id), by.now)
    what = _in_words(content)
    order_story.event(by.tx, order.order_id, by.now, f"{kind} taken", f"invoice {number}: {what}")
    return what


def _said(content: Content) -> str:
    """Hash what a carrier said, its invoice's number as it was named: that of a document that waited is changed to its invoice's."""
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _in_words(content: Content) -> str:
    match content:
        case Tracking(courier=courier, number=number):
            return f"tracking {number} ({courier})" if courier else f"tracking {number}"
        case Delivery(is_delivered=True):
            return "delivery"
        case Delivery(events=events):
            return f"{len(events)} carrier event{'s' if len(events) != 1 else ''}"
    return ""

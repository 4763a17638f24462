"""What the seller tells a marketplace: one function per outgoing call, in the 2017 dialect or today's (facts §1, §2, §7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import quote

from connector.domain.catalog import Product
from connector.domain.documents import Delivery, Invoice, InvoiceItem, Tracking
from connector.errors import UsageError
from connector.settings import MarketplaceSettings
from connector.vtex.changes import Agreement
from connector.vtex.endpoints import ServicesBase, services_base
from connector.vtex.suggestions import suggestion_body


@dataclass(frozen=True, slots=True)
class Request:
    """One call, ready to be sent; `what` says in words what it does, for reports."""

    method: str
    url: str
    body: dict[str, Any] | None
    what: str


@dataclass(frozen=True, slots=True)
class OrderAddress:
    """How VTEX knows an order: its own id, and the address that the order named for invoices (may be empty)."""

    marketplace_order_id: str
    services_endpoint: str


def catalog_changed(m: MarketplaceSettings, sku: str) -> Request:
    """Tell that a SKU is new or its content changed; in the 2017 dialect that anything of it changed.

    Also the one call whose 404 says that the marketplace does not know the SKU (facts §1).
    """
    path = f"/api/catalog_system/pvt/skuSeller/changenotification/{_segment(m.seller_id)}/{_segment(sku)}"
    return Request("POST", _base(m) + path, None, f"notify the change of SKU {sku}")


def price_changed(m: MarketplaceSettings, sku: str) -> Request:
    """Tell that the price of a SKU changed."""
    return _notificator(m, sku, "price")


def inventory_changed(m: MarketplaceSettings, sku: str) -> Request:
    """Tell that what a SKU has to sell changed."""
    return _notificator(m, sku, "inventory")


def suggestion(m: MarketplaceSettings, product: Product, price_cents: int, quantity: int, *, ean_in_list: bool = False) -> Request:
    """Suggest a SKU that the marketplace does not know, or put a waiting suggestion again. The price is in cents."""
    body = suggestion_body(m, product, price_cents, quantity, ean_in_list=ean_in_list)
    return Request("PUT", _suggestion_url(m, product.sku), body, f"suggest SKU {product.sku}")


def suggestion_status(m: MarketplaceSettings, sku: str) -> Request:
    """Ask what became of a suggestion (facts §2.1)."""
    return Request("GET", _suggestion_url(m, sku), None, f"ask what became of the suggestion of SKU {sku}")


def _suggestion_url(m: MarketplaceSettings, sku: str) -> str:
    return f"{m.suggestions.rstrip('/')}/suggestions/{_segment(m.seller_id)}/{_segment(sku)}"


def invoice(m: MarketplaceSettings, order: OrderAddress, invoice: Invoice) -> Request:
    """Report an invoice, of a sale or of a return. Repeating it with the same number is safe (facts §7.2)."""
    body = _invoice_body(m, invoice, invoice.courier, invoice.tracking_number, invoice.tracking_url)
    return Request("POST", _order_url(m, order, "invoice"), body, f"report invoice {invoice.number} of order {_id(order)}")


def tracking(m: MarketplaceSettings, order: OrderAddress, invoice: Invoice, tracking: Tracking, zone: tzinfo) -> Request:
    """Report with which carrier and number an invoice travels; a day that is not known is the invoice's in that zone.

    The 2017 dialect sends the invoice again with its tracking filled (guide, "Inform Delivery Tracking").
    """
    what = f"report the tracking of invoice {invoice.number} of order {_id(order)}"
    if m.protocol == "2017":
        body = _invoice_body(m, invoice, tracking.courier, tracking.number, tracking.url)
        return Request("POST", _order_url(m, order, "invoice"), body, what)
    base = services_base(m, order.services_endpoint)
    body = _tracking_body(tracking, tracking.dispatched_on or _dispatched_unknown(base, invoice, zone))
    method = "PATCH" if base.is_oms else "POST"
    return Request(method, _order_url(m, order, f"invoice/{_segment(invoice.number)}", visibility="pvt"), body, what)


def delivery(m: MarketplaceSettings, order: OrderAddress, delivery: Delivery) -> Request:
    """Report the carrier's events of one invoice, and that it was handed over.

    The 2017 guide knows no such call: its dialect sends today's, which the same service answers.
    """
    number = delivery.invoice_number
    method = "PUT" if services_base(m, order.services_endpoint).is_oms else "POST"
    url = _order_url(m, order, f"invoice/{_segment(number)}/tracking", visibility="pvt")
    return Request(method, url, _delivery_body(delivery), f"report the delivery of invoice {number} of order {_id(order)}")


def cancel(m: MarketplaceSettings, order: OrderAddress, reason: str) -> Request:
    """Cancel an order that is not invoiced, or confirm a cancellation that the marketplace asked for."""
    return Request("POST", _order_url(m, order, "cancel", visibility="pvt"), {"reason": reason}, f"cancel order {_id(order)}")


def agreement(m: MarketplaceSettings, order: OrderAddress, request_id: str, kind: Agreement) -> Request:
    """Agree to a change of an order: that it was taken (Acknowledgment), or that it was applied (Confirmation) (facts 6.2).

    Sent to the order's own address, and to base_url's order system where that is of no use (decision 11).
    """
    base = services_base(m, order.services_endpoint)
    tail = f"orders/{_segment(_id(order))}/changes/{_segment(request_id)}/send-agreement"
    is_usable = bool(order.services_endpoint.strip(" ")) and not base.is_fallback
    url = base.join(f"/pvt/{tail}") if is_usable else f"{_base(m)}/api/order-system/{tail}"
    query = f"accountName={_segment(m.account)}"
    return Request("POST", f"{url}{'&' if '?' in url else '?'}{query}", {"agreementType": kind}, f"send {kind} of change {request_id}")


def _notificator(m: MarketplaceSettings, sku: str, what: str) -> Request:
    if m.protocol == "2017":
        return catalog_changed(m, sku)
    url = f"{_base(m)}/api/notificator/{_segment(m.seller_id)}/changenotification/{_segment(sku)}/{what}"
    return Request("POST", url, None, f"notify the {what} of SKU {sku}")


def _base(m: MarketplaceSettings) -> str:
    return m.base_url.rstrip("/")


def _id(order: OrderAddress) -> str:
    return order.marketplace_order_id


def _order_url(m: MarketplaceSettings, order: OrderAddress, tail: str, visibility: str = "") -> str:
    base = services_base(m, order.services_endpoint)
    return base.join(f"/{visibility or _visibility(m, order)}/orders/{_segment(_id(order))}/{tail}")


def _visibility(m: MarketplaceSettings, order: OrderAddress) -> str:
    """Say /pub where the 2017 guide does: invoices, at the address that the order names. Order management takes them under /pvt."""
    is_named = m.post_purchase == "order" and bool(order.services_endpoint.strip(" "))
    is_named = is_named and not services_base(m, order.services_endpoint).is_fallback
    return "pub" if m.protocol == "2017" and is_named else "pvt"


def _segment(text: str) -> str:
    """Encode one segment of a path, whatever the ERP's code holds. Raises UsageError for the three that no address can carry."""
    if text in ("", ".", ".."):
        raise UsageError(f"{text!r} cannot be part of a web address", remedy="give it another code in the ERP")
    return quote(text, safe="")


def _invoice_body(m: MarketplaceSettings, invoice: Invoice, courier: str, number: str, url: str) -> dict[str, Any]:
    body = {
        "type": invoice.type,
        "invoiceNumber": invoice.number,
        "courier": courier,
        "trackingNumber": number,
        "trackingUrl": url,
        "items": _merged(invoice.items),
        "issuanceDate": invoice.issued_at.isoformat(),
        "invoiceValue": str(invoice.value_cents) if m.invoice_value == "string" else invoice.value_cents,
    }
    further = {"invoiceKey": invoice.key, "invoiceUrl": invoice.url}
    return body | {name: value for name, value in further.items() if value}


def _merged(items: Iterable[InvoiceItem]) -> list[dict[str, Any]]:
    """Give one line per SKU: two of the same block refunds later (KI 1198829).

    Where they differ in price the line's is their mean, to the cent; the invoice's value is what counts.
    """
    quantities: dict[str, int] = {}
    amounts: dict[str, int] = {}
    for item in items:
        quantities[item.sku] = quantities.get(item.sku, 0) + item.quantity
        amounts[item.sku] = amounts.get(item.sku, 0) + item.quantity * item.price_cents
    return [{"id": sku, "quantity": quantity, "price": _unit_price(amounts[sku], quantity)} for sku, quantity in quantities.items()]


def _unit_price(amount_cents: int, quantity: int) -> int:
    if not quantity:
        return amount_cents
    return int((Decimal(amount_cents) / quantity).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _tracking_body(tracking: Tracking, dispatched_on: date | None) -> dict[str, Any]:
    return {
        "courier": tracking.courier,
        "trackingNumber": tracking.number,
        "trackingUrl": tracking.url,
        "dispatchedDate": dispatched_on.isoformat() if dispatched_on else None,
    }


def _dispatched_unknown(base: ServicesBase, invoice: Invoice, zone: tzinfo) -> date | None:
    """Order management takes null; the order's own address demands a day, and the invoice's is the nearest that is known."""
    return None if base.is_oms else invoice.issued_at.astimezone(zone).date()


def _delivery_body(delivery: Delivery) -> dict[str, Any]:
    events = [
        {"city": event.city, "state": event.state, "description": event.description, "date": event.on.isoformat()}
        for event in delivery.events
    ]
    delivered = delivery.delivered_at.strftime("%Y-%m-%d %H:%M") if delivery.delivered_at else None
    return {"isDelivered": delivery.is_delivered, "deliveredDate": delivered, "events": events}

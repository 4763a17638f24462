"""What the sandbox marketplace remembers and answers, without HTTP around it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connector.sandbox.refusals import Answer, Body, delivery_problem, invoice_problem, suggestion_problem, tracking_problem
from connector.sandbox.wire import Call


@dataclass
class Suggestion:
    """What a seller suggests; `status` is pending, accepted or denied, and `version` counts what changed it."""

    body: Body
    status: str = "pending"
    version: int = 1


@dataclass
class SandboxOrder:
    """What the sandbox was told about one order: invoices and deliveries by number, changes agreed to, why it was canceled."""

    invoices: dict[str, Body] = field(default_factory=dict)
    deliveries: dict[str, list[Body]] = field(default_factory=dict)
    agreements: list[tuple[str, str]] = field(default_factory=list)
    cancel_reason: str | None = None

    @property
    def invoiced_cents(self) -> int:
        """What was sold less what came back."""
        return sum(body["invoiceValue"] * (1 if body["type"] == "Output" else -1) for body in self.invoices.values())


class SandboxBooks:
    """One marketplace with one seller. Every order id is known to it but those in `unknown_orders`."""

    def __init__(self, seller_id: str, credentials: tuple[str, str], known: Iterable[str]) -> None:
        self.seller_id = seller_id
        self.known: set[str] = set(known)
        self.suggestions: dict[str, Suggestion] = {}
        self.orders: dict[str, SandboxOrder] = {}
        self.unknown_orders: set[str] = set()
        self._credentials = credentials

    def answer(self, call: Call) -> Answer:
        """Answer one call: the status, and a document or None."""
        refused = self._refuse_credentials(call)
        if refused:
            return refused
        for method, pattern, handle in _ROUTES:
            match = re.fullmatch(pattern, call.path, re.IGNORECASE)
            if match and method == call.method:
                return handle(self, call)
        return 404, {"Message": f"No HTTP resource was found that matches the request URI '{call.path}'."}

    def _refuse_credentials(self, call: Call) -> Answer | None:
        given = (call.headers.get("x-vtex-api-appkey", ""), call.headers.get("x-vtex-api-apptoken", ""))
        if not any(self._credentials) or given == self._credentials:
            return None
        return 401, _error("1", "The application key or token is not valid.")

    def catalog_changed(self, call: Call) -> Answer:
        seller, sku = call.parts[-2:]
        if seller == self.seller_id and sku in self.known:
            return 200, None
        return 404, f"Seller StockKeepingUnit {sku} not found for this seller id {seller}"

    def offer_changed(self, call: Call) -> Answer:
        """Take a price or stock notification; whether the SKU is known is not said here."""
        return (202, None) if call.parts[2] == self.seller_id else (404, {"Message": f"Seller {call.parts[2]} not found."})

    def suggest(self, call: Call) -> Answer:
        seller, sku = call.parts[-2:]
        problem = self._suggestion_refused(seller, sku) or suggestion_problem(call.body)
        if problem:
            return problem
        earlier = self.suggestions.get(sku)
        if earlier is None:
            self.suggestions[sku] = Suggestion(call.body)
        elif earlier.body != call.body:
            self.suggestions[sku] = Suggestion(call.body, version=earlier.version + 1)
        return 200, None

    def _suggestion_refused(self, seller: str, sku: str) -> Answer | None:
        if seller != self.seller_id:
            return 400, {"errorResponse": {"Code": 33, "Message": "Invalid sellerId"}}
        if sku in self.known:
            return 400, {"errorResponse": {"Code": 23, "Message": "SellerIdAndSellerSkuIdAlreadyExists"}}
        earlier = self.suggestions.get(sku)
        is_settled = earlier is not None and earlier.status != "pending"
        return (400, {"errorResponse": {"Code": 18, "Message": "SuggestionIsNotPending"}}) if is_settled else None

    def suggestion(self, call: Call) -> Answer:
        found = self.suggestions.get(call.parts[-1])
        if found is None:
            return 404, {"errorResponse": {"Code": 16, "Message": "SuggestionNotFound"}}
        return 200, {"content": found.body, "status": found.status, "latestVersionId": str(found.version), "matches": []}

    def invoice(self, call: Call) -> Answer:
        order_id, order = self._order(call)
        if order is None:
            return _order_not_found(order_id)
        problem = "order is canceled" if order.cancel_reason is not None else invoice_problem(call.body)
        if problem:
            return 400, _error("ORD039", problem)
        order.invoices[call.body["invoiceNumber"]] = call.body
        return _receipt(order_id)

    def track(self, call: Call) -> Answer:
        order_id, order = self._order(call)
        invoice = order.invoices.get(call.parts[-1]) if order else None
        if invoice is None:
            return 404, _error("ORD038", f"invoice {call.parts[-1]} of order {order_id} not found")
        problem = tracking_problem(call.body)
        if problem:
            return 400, _error("ORD039", problem)
        invoice.update(call.body)
        return _receipt(order_id)

    def deliver(self, call: Call) -> Answer:
        order_id, order = self._order(call)
        number = call.parts[-2]
        if order is None or not order.invoices.get(number, {}).get("trackingNumber"):
            return 404, _error("ORD038", f"invoice {number} of order {order_id} not found, or without tracking")
        problem = delivery_problem(call.body)
        if problem:
            return 400, _error("ORD039", problem)
        order.deliveries.setdefault(number, []).append(call.body)
        return _receipt(order_id)

    def cancel(self, call: Call) -> Answer:
        order_id, order = self._order(call)
        if order is None:
            return _order_not_found(order_id)
        if order.cancel_reason is not None:
            return 400, _error("1", "Order is already canceled")
        if order.invoiced_cents > 0:
            return 400, _error("1", "A partially or wholly invoiced order cannot be canceled")
        order.cancel_reason = str((call.body or {}).get("reason", ""))
        return _receipt(order_id)

    def agree(self, call: Call) -> Answer:
        """Take the seller's agreement to a change of an order."""
        order_id, order = self._order(call)
        if order is None:
            return _order_not_found(order_id)
        kind = str((call.body or {}).get("agreementType"))
        if kind not in ("Acknowledgment", "Confirmation"):
            return 400, _error("1", f"agreementType {kind} is not known")
        order.agreements.append((call.parts[-2], kind))
        return 200, {"orderId": order_id, "changeRequestId": call.parts[-2], "agreementType": kind}

    def _order(self, call: Call) -> tuple[str, SandboxOrder | None]:
        order_id = call.parts[call.parts.index("orders") + 1]
        if order_id in self.unknown_orders:
            return order_id, None
        return order_id, self.orders.setdefault(order_id, SandboxOrder())


def _error(code: str, message: str) -> Body:
    return {"error": {"code": code, "message": message, "exception": None}}


def _order_not_found(order_id: str) -> Answer:
    return 404, _error("OMS003", f"Order {order_id} Not Found")


def _receipt(order_id: str) -> Answer:
    return 200, {"date": datetime.now(UTC).isoformat(), "orderId": order_id, "receipt": uuid.uuid4().hex}


_ORDER = r"/(?:services|api/oms)/(?:pub|pvt)/orders/[^/]+"
_ROUTES: tuple[tuple[str, str, Callable[[SandboxBooks, Call], Answer]], ...] = (
    ("POST", r"/api/catalog_system/pvt/skuseller/changenotification/[^/]+/[^/]+", SandboxBooks.catalog_changed),
    ("POST", r"/api/notificator/[^/]+/changenotification/[^/]+/(?:price|inventory)", SandboxBooks.offer_changed),
    ("PUT", r"/[^/]+/suggestions/[^/]+/[^/]+", SandboxBooks.suggest),
    ("GET", r"/[^/]+/suggestions/[^/]+/[^/]+", SandboxBooks.suggestion),
    ("POST", rf"{_ORDER}/invoice", SandboxBooks.invoice),
    ("POST", r"/services/pvt/orders/[^/]+/invoice/[^/]+", SandboxBooks.track),
    ("PATCH", r"/api/oms/pvt/orders/[^/]+/invoice/[^/]+", SandboxBooks.track),
    ("POST", r"/services/pvt/orders/[^/]+/invoice/[^/]+/tracking", SandboxBooks.deliver),
    ("PUT", r"/api/oms/pvt/orders/[^/]+/invoice/[^/]+/tracking", SandboxBooks.deliver),
    ("POST", rf"{_ORDER}/cancel", SandboxBooks.cancel),
    ("POST", r"/(?:services/pvt|api/order-system)/orders/[^/]+/changes/[^/]+/send-agreement", SandboxBooks.agree),
)

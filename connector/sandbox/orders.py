"""The marketplace's orders: what became of each, and what the seller reported about it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connector.sandbox.calls import Answer, Body, Call
from connector.sandbox.refusals import cents, delivery_problem, error, invoice_problem, is_trackable, tracking_problem
from connector.sandbox.routes import order_of


@dataclass
class SandboxOrder:
    """One order: invoices and deliveries by number, changes agreed to, why it was canceled.

    What stands from `sent` on is known only of orders that the sandbox itself placed: the document, the seller's own id, the total
    in cents.
    """

    invoices: dict[str, Body] = field(default_factory=dict)
    deliveries: dict[str, list[Body]] = field(default_factory=dict)
    agreements: list[tuple[str, str]] = field(default_factory=list)
    cancel_reason: str | None = None
    sent: Body | None = None
    seller_order_id: str = ""
    total_cents: int = 0
    receipt: str = ""
    is_authorized: bool = False
    cancel_asked: str = ""
    refused: str = ""
    history: list[str] = field(default_factory=list)

    @property
    def sold_cents(self) -> int:
        return self._sum("Output")

    @property
    def returned_cents(self) -> int:
        return self._sum("Input")

    @property
    def invoiced_cents(self) -> int:
        """What was sold less what came back."""
        return self.sold_cents - self.returned_cents

    @property
    def state(self) -> str:
        """Say VTEX's word for where the order is; it shows payment-approved until the invoices add up to its total."""
        if self.refused:
            return "refused"
        if self.cancel_reason is not None:
            return "canceled"
        if self.cancel_asked:
            return "request-cancel"
        if self.sent is not None and self.sold_cents >= self.total_cents:
            return "invoiced"
        return "payment-approved" if self.is_authorized else "payment-pending"

    def _sum(self, kind: str) -> int:
        return sum(cents(body["invoiceValue"]) for body in self.invoices.values() if body["type"] == kind)


class Orders:
    """The orders by the marketplace's id. With `any_order` every id is known but those in `unknown_orders`."""

    def __init__(self, now: Callable[[], datetime], *, any_order: bool) -> None:
        self.orders: dict[str, SandboxOrder] = {}
        self.unknown_orders: set[str] = set()
        self.any_order = any_order
        self._now = now

    def find(self, order_id: str) -> SandboxOrder | None:
        if order_id in self.unknown_orders:
            return None
        return self.orders.setdefault(order_id, SandboxOrder()) if self.any_order else self.orders.get(order_id)

    def invoice(self, call: Call) -> Answer:
        order_id, order = self._order(call)
        if order is None:
            return _order_not_found(order_id)
        is_early = order.sent is not None and not order.is_authorized
        problem = "order is canceled" if order.cancel_reason is not None else "order awaits its payment" if is_early else ""
        problem = problem or invoice_problem(call.body) or ""
        if problem:
            return 400, error("ORD039", problem)
        order.invoices[call.body["invoiceNumber"]] = dict(call.body)  # tracking is added to it, and not to the call as it came
        order.cancel_asked = ""  # an invoice is the seller's no
        return self._receipt(order_id, order, f"{call.body['type']} invoice {call.body['invoiceNumber']}")

    def track(self, call: Call) -> Answer:
        order_id, order = self._order(call)
        invoice = order.invoices.get(call.parts[-1]) if order else None
        if order is None or invoice is None or not is_trackable(call.parts[-1]):
            return 404, error("ORD038", f"invoice {call.parts[-1]} of order {order_id} not found")
        problem = tracking_problem(call.body)
        if problem:
            return 400, error("ORD039", problem)
        invoice.update(call.body)
        return self._receipt(order_id, order, f"tracking of invoice {call.parts[-1]}")

    def deliver(self, call: Call) -> Answer:
        order_id, order = self._order(call)
        number = call.parts[-2]
        if order is None or not order.invoices.get(number, {}).get("trackingNumber"):
            return 404, error("ORD038", f"invoice {number} of order {order_id} not found, or without tracking")
        problem = delivery_problem(call.body)
        if problem:
            return 400, error("ORD039", problem)
        order.deliveries.setdefault(number, []).append(call.body)
        return self._receipt(order_id, order, "delivered" if call.body["isDelivered"] else "on its way")

    def cancel(self, call: Call) -> Answer:
        order_id, order = self._order(call)
        if order is None:
            return _order_not_found(order_id)
        if order.cancel_reason is not None:
            return 400, error("1", "Order is already canceled")
        if order.invoiced_cents > 0:
            return 400, error("1", "A partially or wholly invoiced order cannot be canceled")
        reason = call.body.get("reason", "") if isinstance(call.body, dict) else ""
        order.cancel_reason = str(reason)
        return self._receipt(order_id, order, f"canceled by the seller: {reason}")

    def agree(self, call: Call) -> Answer:
        """Take the seller's agreement to a change of its order."""
        order_id, order = self._order(call)
        kind = call.body.get("agreementType") if isinstance(call.body, dict) else None
        if order is None:
            return _order_not_found(order_id)
        if kind not in ("Acknowledgment", "Confirmation"):
            return 400, error("1", "agreementType must be Acknowledgment or Confirmation")
        order.agreements.append((call.parts[-2], kind))
        return 200, {"orderId": order_id, "changeRequestId": call.parts[-2], "agreementType": kind}

    def _order(self, call: Call) -> tuple[str, SandboxOrder | None]:
        return order_of(call), self.find(order_of(call))

    def _receipt(self, order_id: str, order: SandboxOrder, what: str) -> Answer:
        order.history.append(what)
        return 200, {"date": datetime.now(UTC).isoformat(), "orderId": order_id, "receipt": uuid.uuid4().hex}


def _order_not_found(order_id: str) -> Answer:
    return 404, error("OMS003", f"Order {order_id} Not Found")

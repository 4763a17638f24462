"""Somebody shops at the marketplace: carts, orders, payment, a change of mind. Each answer of the seller is judged."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import RLock
from typing import Any

from connector.errors import NotFound, OrderRefused
from connector.sandbox import availability, documents
from connector.sandbox.books import SandboxBooks
from connector.sandbox.calls import Body, Exchange
from connector.sandbox.cart_checks import cart_checks
from connector.sandbox.documents import Line
from connector.sandbox.ledger import Ledger
from connector.sandbox.order_checks import authorization_checks, cancellation_checks, placement_checks
from connector.sandbox.orders import SandboxOrder
from connector.sandbox.published import Published
from connector.sandbox.rules import Violation
from connector.sandbox.seller import SIMULATION_SECONDS, Seller


class Shopping:
    """Speaks to the seller for the marketplace; the books are changed under `lock`, calls are made outside it."""

    def __init__(self, seller: Seller, books: SandboxBooks, ledger: Ledger, lock: RLock, published: Published | None) -> None:
        self._seller, self._books, self._ledger, self._lock, self._published = seller, books, ledger, lock, published
        self._numbers = itertools.count(time.time_ns() // 1_000_000)  # 13 digits as VTEX's; another run's differ
        self.services_endpoint = ""
        self.cart: tuple[Exchange, Body] | None = None

    def index(self, sku: str) -> None:
        """Ask for price and stock of one SKU, as after a notification: quantity 1, no address."""
        cart = documents.cart([(sku, 1)], postal_code=None)
        exchange = self._simulated(self._seller.simulate(cart), cart)
        with self._lock:
            self._books.listed[sku] = availability.listed(exchange, cart, SIMULATION_SECONDS)

    def simulate(self, lines: Sequence[Line], postal_code: str | None) -> Exchange:
        """Simulate a cart by POST and by GET; returns the answer to POST."""
        return self._shown(documents.cart(lines, postal_code=postal_code))

    def unsold(self, lines: Sequence[Line]) -> list[str]:
        """Say of each SKU that is not in the catalogue why not, once."""
        with self._lock:
            return [why for sku in dict.fromkeys(sku for sku, _ in lines) if (why := self._books.unsold(sku))]

    def place(self, lines: Sequence[Line], postal_code: str, *, off_cents: int = 0, insists: bool = False) -> tuple[str, Exchange]:
        """Simulate a cart and order it; returns the order's number and the seller's answer.

        `off_cents` is taken off each unit's price; `insists` orders what was asked for, though less is offered. Raises OrderRefused
        where the marketplace itself would not let the shopper order: it sells what is in its catalogue alone.
        """
        if missing := self.unsold(lines):
            raise OrderRefused("; ".join(missing), code="ORD028")
        cart = documents.cart(lines, postal_code=postal_code)
        exchange = self._shown(cart)
        self._allow(exchange, cart, insists=insists)
        simulation = _asked(exchange.answer, cart) if insists else exchange.answer
        number = f"{next(self._numbers)}-01"
        order = documents.order(number, simulation, self.services_endpoint, off_cents=off_cents)
        with self._lock:
            self._books.orders[number] = SandboxOrder(sent=order, total_cents=order["marketplacePaymentValue"])
        return number, self._placed(number)

    def again(self, number: str) -> Exchange:
        """Send an order again, as VTEX does when it heard no answer."""
        self._order(number)
        return self._placed(number)

    def authorize(self, number: str) -> Exchange:
        """Authorize dispatch: the payment is approved."""
        order = self._order(number)
        exchange = self._seller.authorize(order.seller_order_id or number, documents.authorization(number, order.total_cents))
        self._noted(exchange, authorization_checks(exchange, order, number), "fulfill")
        with self._lock:
            if exchange.is_done and isinstance(exchange.answer, dict):
                order.is_authorized = True
                order.receipt = order.receipt or str(exchange.answer.get("receipt") or "")
            order.history.append(_told("authorized", exchange))
        return exchange

    def cancel(self, number: str, reason: str) -> Exchange:
        """Ask the seller to cancel. An empty answer means that it is deciding: ask again, or wait for its own cancellation or invoice."""
        order = self._order(number)
        exchange = self._seller.cancel(order.seller_order_id or number, _cancellation(number, reason))
        self._noted(exchange, cancellation_checks(exchange, order, number), "cancel" if exchange.answer else "")
        with self._lock:
            if exchange.is_done and exchange.answer and order.cancel_reason is None:
                order.cancel_reason = reason
            elif exchange.is_done and order.cancel_reason is None:
                order.cancel_asked = reason
            order.history.append(_told("cancellation asked", exchange))
        return exchange

    def _shown(self, cart: Body) -> Exchange:
        posted = self._simulated(self._seller.simulate(cart), cart)
        asked = self._simulated(self._seller.simulate_by_get(cart), cart)
        if posted.is_done and asked.is_done and posted.answer != asked.answer:
            self._ledger.blame(asked, [Violation("cart-get", "GET and POST differ")])
        self.cart = (posted, cart)
        return posted

    def _placed(self, number: str) -> Exchange:
        order = self._order(number)
        exchange = self._seller.place(order.sent or {})
        self._noted(exchange, placement_checks(exchange, number, order.seller_order_id), "orders")
        with self._lock:
            answers = exchange.answer if isinstance(exchange.answer, list) else [{}]
            given = answers[0].get("orderId") if exchange.is_done and isinstance(answers[0], dict) else None
            order.seller_order_id = order.seller_order_id or str(given or "")
            order.refused = "" if order.seller_order_id else _told("placement", exchange)
            order.history.append(_told("sent", exchange))
        return exchange

    def _allow(self, exchange: Exchange, cart: Body, *, insists: bool) -> None:
        for line in availability.lines(exchange, cart, SIMULATION_SECONDS):
            is_short = line["reason"].startswith("withoutStock") and line["row"] and line["row"].get("slas")
            if line["reason"] and not (insists and is_short):
                raise OrderRefused(f"SKU {line['sku']} cannot be ordered: {line['reason']}", code="ORD028")

    def _order(self, number: str) -> SandboxOrder:
        order = self._books.orders.get(number)
        if order is None or order.sent is None:
            raise NotFound(f"the sandbox placed no order {number}")
        return order

    def _simulated(self, exchange: Exchange, cart: Body) -> Exchange:
        return self._noted(exchange, cart_checks(exchange, cart), "simulation")

    def _noted(self, exchange: Exchange, found: Any, name: str) -> Exchange:
        exchange.violations = list(found)
        if self._published and name and exchange.is_done:
            exchange.violations += [Violation("published", problem) for problem in self._published.answer_problems(name, exchange.answer)]
        return self._ledger.note(exchange)


def _asked(simulation: Body, cart: Body) -> Body:
    """Return the simulation as if everything asked for were offered."""
    items = [{**item, "quantity": cart["items"][item["requestIndex"]]["quantity"]} for item in simulation["items"]]
    return {**simulation, "items": items}


def _cancellation(number: str, reason: str) -> Body:
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0+00:00")  # seven digits, as VTEX writes it
    ids = {"marketplaceOrderId": number, "marketplaceOrderGroup": number.partition("-")[0], "cancellationRequestId": f"cr-{number}"}
    return {**ids, "cancellationRequestDate": at, "reason": reason, "requestedByUser": True}


def _told(what: str, exchange: Exchange) -> str:
    error = exchange.answer.get("error") if isinstance(exchange.answer, dict) else None
    said = f": {error.get('code')} {error.get('message')}" if isinstance(error, dict) else ""
    return f"{what} → {exchange.status or exchange.note}{said}"

"""Which rules a seller's answers to orders, authorizations and cancellations break."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.sandbox.calls import Exchange, is_text
from connector.sandbox.orders import SandboxOrder
from connector.sandbox.rules import Violation

_ECHOED = ("items", "clientProfileData", "shippingData")
_CLIENT_ERRORS = range(400, 500)


def placement_checks(exchange: Exchange, number: str, earlier_id: str) -> Iterator[Violation]:
    """Yield what the answer to an order breaks; `earlier_id` is what the same order was answered with before, or ""."""
    if not exchange.is_done:
        yield from error_checks(exchange)
        return
    answers = exchange.answer
    if not isinstance(answers, list) or len(answers) != 1 or not isinstance(answers[0], dict):
        yield Violation("order-array", f"{type(answers).__name__} instead of an array of one order")
        return
    if not is_text(answers[0].get("orderId")) or answers[0].get("marketplaceOrderId") != number:
        found = f"orderId {answers[0].get('orderId')!r}, marketplaceOrderId {answers[0].get('marketplaceOrderId')!r}"
        yield Violation("order-answer", found)
    missing = [name for name in _ECHOED if not answers[0].get(name)]
    if missing:
        yield Violation("order-answer", f"without {', '.join(missing)}")
    if earlier_id and answers[0].get("orderId") != earlier_id:
        yield Violation("order-again", f"{answers[0].get('orderId')!r} instead of {earlier_id!r}")


def authorization_checks(exchange: Exchange, order: SandboxOrder, number: str) -> Iterator[Violation]:
    """Yield what the answer to an authorization breaks; the order is as it was before."""
    if exchange.is_done and order.cancel_reason is not None:
        yield Violation("dispatch-canceled", f"{exchange.status} for an order that is canceled")
    elif exchange.is_done:
        yield from _receipt(exchange.answer, order, number)
        if order.receipt and _field(exchange.answer, "receipt") != order.receipt:
            yield Violation("receipt-again", f"{_field(exchange.answer, 'receipt')!r} instead of {order.receipt!r}")
    else:
        yield from error_checks(exchange)


def cancellation_checks(exchange: Exchange, order: SandboxOrder, number: str) -> Iterator[Violation]:
    """Yield what the answer to a cancellation breaks: done is ids, deciding is an empty body."""
    if not exchange.is_done:
        yield from error_checks(exchange)
    elif exchange.answer not in (None, {}):
        for violation in _receipt(exchange.answer, order, number):
            yield Violation("cancel-answer", violation.found)


def error_checks(exchange: Exchange) -> Iterator[Violation]:
    """Yield what a refusal breaks; no answer at all is trouble, not a broken rule."""
    if not exchange.status:
        return
    error = _field(exchange.answer, "error")
    if not isinstance(error, dict) or not is_text(error.get("code")) or not is_text(error.get("message")) or "exception" not in error:
        yield Violation("error-shape", f"{exchange.status}: {str(exchange.answer)[:100]!r}")
    elif exchange.status in _CLIENT_ERRORS and "x-vtex-error-code" not in {name.lower() for name in exchange.headers}:
        yield Violation("error-shape", f"{exchange.status} without x-vtex-error-code")


def _receipt(answer: Any, order: SandboxOrder, number: str) -> Iterator[Violation]:
    if not isinstance(answer, dict) or not is_text(answer.get("date")) or "receipt" not in answer:
        yield Violation("receipt", f"{str(answer)[:100]!r}")
    elif answer.get("marketplaceOrderId") != number or answer.get("orderId") != order.seller_order_id:
        yield Violation("receipt", f"marketplaceOrderId {answer.get('marketplaceOrderId')!r}, orderId {answer.get('orderId')!r}")


def _field(answer: Any, name: str) -> Any:
    return answer.get(name) if isinstance(answer, dict) else None

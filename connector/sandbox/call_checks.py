"""Which rules a call of the seller breaks, by itself and in the light of what the marketplace knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from connector.sandbox.books import SandboxBooks
from connector.sandbox.calls import Call, is_text
from connector.sandbox.invoice_checks import invoice_checks
from connector.sandbox.refusals import delivery_problem, suggestion_problem, tracking_problem
from connector.sandbox.routes import order_of, route_of, sku_of
from connector.sandbox.rules import Violation

LONGEST_NAME = 150
_Check = Callable[[Call, SandboxBooks], Iterator[Violation]]


def broken_by(call: Call, books: SandboxBooks) -> list[Violation]:
    """Return what a call breaks; to be asked before it is answered, while the books are as the seller could know them."""
    name = route_of(call)
    found = [*_headers(call, books), *_order_address(call, books)]
    if not name:
        return [*found, Violation("address", f"VTEX has no {call.method} {call.path}")]
    return [*found, *(violation for check in _CHECKS.get(name, ()) for violation in check(call, books))]


def _headers(call: Call, books: SandboxBooks) -> Iterator[Violation]:
    for name in ("accept", "content-type"):
        if "application/json" not in call.headers.get(name, ""):
            yield Violation("json-headers", f"{name}: {call.headers.get(name, 'missing')}")
    missing = [name for name in ("x-vtex-api-appkey", "x-vtex-api-apptoken") if not call.headers.get(name)]
    if missing and any(books.credentials):
        yield Violation("credentials", f"{' and '.join(missing)} missing")


def _order_address(call: Call, books: SandboxBooks) -> Iterator[Violation]:
    order_id = order_of(call)
    if order_id and any(order_id == order.seller_order_id for order in books.orders.values()):
        yield Violation("order-address", f"{order_id} is the seller's own id of the order")


def _seller(call: Call, books: SandboxBooks) -> Iterator[Violation]:
    seller = sku_of(call)[0]
    if seller != books.seller_id:
        yield Violation("seller-id", f"{seller!r} instead of {books.seller_id!r}")


def _empty(call: Call, _books: SandboxBooks) -> Iterator[Violation]:
    if call.body is not None:
        yield Violation("notification-empty", f"a body: {str(call.body)[:80]}")


def _one_id(call: Call, _books: SandboxBooks) -> Iterator[Violation]:
    yield Violation("one-id-notification", call.path)


def _suggestion(call: Call, books: SandboxBooks) -> Iterator[Violation]:
    problem = suggestion_problem(call.body)
    if problem:
        said = problem[1].get("errorResponse", {"Message": "no JSON object"})
        yield Violation("suggestion-data", f"{said.get('Code', '')} {said['Message']}".strip())
    body = call.body if isinstance(call.body, dict) else {}
    if len(str(body.get("ProductName", ""))) > LONGEST_NAME:
        yield Violation("suggestion-name", f"{len(body['ProductName'])} characters")
    if body.get("SellerId") not in (None, books.seller_id):
        yield Violation("suggestion-seller", repr(body["SellerId"]))
    if "Weight" in body and "WeightKg" in body:
        yield Violation("suggestion-weight", "Weight and WeightKg both")
    earlier = books.suggestions.get(call.parts[-1])
    if earlier and earlier.status == "pending" and earlier.body == call.body:
        yield Violation("suggestion-again", f"SKU {call.parts[-1]} waits since {earlier.at:%Y-%m-%d %H:%M} UTC")
    yield from _suggestion_types(body)


def _suggestion_types(body: dict[str, object]) -> Iterator[Violation]:
    is_old = "WeightKg" in body
    if "ProductId" in body and not (is_text(body["ProductId"]) or (is_old and isinstance(body["ProductId"], int))):
        yield Violation("suggestion-types", f"ProductId {body['ProductId']!r}")
    values = "fieldValue" if is_old else "fieldValues"
    for name in ("ProductSpecifications", "SkuSpecifications"):
        fields = body.get(name) or []
        fine = isinstance(fields, list) and all(isinstance(field, dict) and values in field for field in fields)
        if not fine:
            yield Violation("suggestion-types", f"{name} without {values}")


def _tracking(call: Call, books: SandboxBooks) -> Iterator[Violation]:
    problem = tracking_problem(call.body)
    if problem:
        yield Violation("tracking-data", problem)
    order = books.orders.get(order_of(call))
    if order is None or call.parts[-1] not in order.invoices:
        yield Violation("tracking-early", f"invoice {call.parts[-1]} of order {order_of(call)} is not there")


def _delivery(call: Call, books: SandboxBooks) -> Iterator[Violation]:
    problem = delivery_problem(call.body)
    if problem:
        yield Violation("delivery-data", problem)
    order = books.orders.get(order_of(call))
    if order is None or not order.invoices.get(call.parts[-2], {}).get("trackingNumber"):
        yield Violation("tracking-early", f"invoice {call.parts[-2]} of order {order_of(call)} is not there, or has no tracking number")


def _cancellation(call: Call, books: SandboxBooks) -> Iterator[Violation]:
    if not (isinstance(call.body, dict) and is_text(call.body.get("reason"))):
        yield Violation("cancel-reason", "no reason")
    order = books.orders.get(order_of(call))
    if order and order.cancel_reason is None and order.invoiced_cents > 0:
        yield Violation("cancel-invoiced", f"{order.invoiced_cents} cents of order {order_of(call)} are invoiced")


def _agreement(call: Call, _books: SandboxBooks) -> Iterator[Violation]:
    kind = call.body.get("agreementType") if isinstance(call.body, dict) else None
    if kind not in ("Acknowledgment", "Confirmation"):
        yield Violation("agreement-type", repr(kind))


_CHECKS: dict[str, tuple[_Check, ...]] = {
    "catalog": (_seller, _empty),
    "one-id": (_one_id,),
    "offer": (_seller, _empty),
    "suggest": (_seller, _suggestion),
    "suggestion": (_seller,),
    "invoice": (invoice_checks,),
    "track": (_tracking,),
    "deliver": (_delivery,),
    "cancel": (_cancellation,),
    "agree": (_agreement,),
}

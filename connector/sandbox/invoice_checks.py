"""Which rules an invoice breaks: its own form, its order's lines and total, and what was reported before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from connector.sandbox.books import SandboxBooks, SandboxOrder
from connector.sandbox.calls import Body, Call
from connector.sandbox.refusals import cents, invoice_problem, is_trackable
from connector.sandbox.routes import order_of
from connector.sandbox.rules import Violation

_NFE_KEY = re.compile("[0-9]{6}[0-9A-Z]{12}[0-9]{26}")
"""Its CNPJ may have letters since July 2026 (nota técnica conjunta 2025.001)."""


def invoice_checks(call: Call, books: SandboxBooks) -> Iterator[Violation]:
    """Yield what an invoice breaks."""
    body = call.body if isinstance(call.body, dict) else {}
    yield from _form(body)
    order = books.orders.get(order_of(call))
    if order is None or invoice_problem(body):
        return
    if order.cancel_reason is not None:
        yield Violation("invoice-canceled", f"order {order_of(call)} is canceled")
    yield from _returned(order, body) if body["type"] == "Input" else _sold(order, body)


def _form(body: Body) -> Iterator[Violation]:
    problem = invoice_problem(body)
    items = [item for item in body.get("items") or [] if isinstance(item, dict)] if isinstance(body.get("items"), list) else []
    twice = [sku for sku, lines in Counter(str(item.get("id")) for item in items).items() if lines > 1]
    if twice:
        yield Violation("invoice-lines", f"SKU {twice[0]} on {len([i for i in items if i.get('id') == twice[0]])} lines")
    elif problem:
        yield Violation("invoice-data", problem)
    if not is_trackable(str(body.get("invoiceNumber", "x"))):
        yield Violation("invoice-number", repr(body["invoiceNumber"]))
    if body.get("invoiceKey") and not _NFE_KEY.fullmatch(str(body["invoiceKey"])):
        yield Violation("invoice-key", repr(body["invoiceKey"]))


def _sold(order: SandboxOrder, body: Body) -> Iterator[Violation]:
    if order.sent is None:
        return
    if not order.is_authorized:
        yield Violation("invoice-early", f"invoice {body['invoiceNumber']} before the dispatch was authorized")
    sold = _without(order, body).sold_cents + cents(body["invoiceValue"])
    if sold > order.total_cents:
        yield Violation("invoice-sum", f"{sold} cents are invoiced in all, the order's total is {order.total_cents}")
    yield from _items(order, body)


def _items(order: SandboxOrder, body: Body) -> Iterator[Violation]:
    ordered = Counter[str]()
    for item in (order.sent or {})["items"]:
        ordered[item["id"]] += item["quantity"]
    invoiced = Counter[str]()
    for invoice in (*_without(order, body).invoices.values(), body):
        if invoice["type"] == "Output":
            for item in invoice["items"]:
                invoiced[item["id"]] += item["quantity"]
    for item in body["items"]:
        if invoiced[item["id"]] > ordered[item["id"]]:
            yield Violation("invoice-items", f"{invoiced[item['id']]} of SKU {item['id']} invoiced, {ordered[item['id']]} ordered")
    is_whole = all(invoiced[sku] >= ordered[sku] for sku in ordered)
    sold = _without(order, body).sold_cents + cents(body["invoiceValue"])
    if is_whole and sold < order.total_cents:
        yield Violation("invoice-sum", f"every unit is invoiced, over {sold} cents of the order's {order.total_cents}: it stays open")


def _returned(order: SandboxOrder, body: Body) -> Iterator[Violation]:
    number = body["invoiceNumber"]
    if order.invoices.get(number, body)["type"] == "Output":
        yield Violation("return-number", f"{number} is the number of a sales invoice")
    if order.sent is not None and order.sold_cents < order.total_cents:
        yield Violation("return-early", f"{order.sold_cents} of {order.total_cents} cents were invoiced")
    returned = _without(order, body).returned_cents + cents(body["invoiceValue"])
    if returned > order.sold_cents:
        yield Violation("return-sum", f"{returned} cents came back, {order.sold_cents} were sold")


def _without(order: SandboxOrder, body: Body) -> SandboxOrder:
    """Return the order without an earlier invoice of this number: an invoice sent again replaces it."""
    return SandboxOrder(invoices={number: one for number, one in order.invoices.items() if number != body["invoiceNumber"]})

"""Every rule of the sandbox's table has a call or an answer that breaks it and nothing else; what breaks none is left in peace."""

import copy
from datetime import UTC, datetime, timedelta

import pytest

from connector.sandbox.books import SandboxBooks, SandboxOrder
from connector.sandbox.call_checks import broken_by
from connector.sandbox.calls import Call, Exchange
from connector.sandbox.cart_checks import cart_checks
from connector.sandbox.order_checks import authorization_checks, cancellation_checks, placement_checks
from connector.sandbox.rules import RULES

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HEADERS = {"accept": "application/json", "content-type": "application/json", "x-vtex-api-appkey": "k", "x-vtex-api-apptoken": "t"}
SUGGESTION = {
    "ProductId": "P1",
    "ProductName": "Coffee",
    "SkuName": "500 g",
    "BrandName": "Marca",
    "CategoryFullPath": "Casa",
    "ProductDescription": "Roasted",
    "SellerId": "acme",
    "Height": 1,
    "Width": 1.5,
    "Length": 1,
    "Weight": 500,
    "RefId": "R1",
    "Images": [{"imageName": "Principal", "imageUrl": "https://img.example/1.jpg"}],
    "AvailableQuantity": 5,
    "Pricing": {"Currency": "BRL", "SalePrice": 1990, "CurrencySymbol": "R$"},
}
OLD_SUGGESTION = {name: value for name, value in SUGGESTION.items() if name != "Weight"} | {
    "WeightKg": 0.5,
    "ProductId": 1,
    "SellerId": None,
}
INVOICE = {"type": "Output", "invoiceNumber": "N1", "issuanceDate": "2026-11-24T00:00:00", "invoiceValue": 3000}
INVOICE["items"] = [{"id": "A", "quantity": 2, "price": 1000}]
RETURN = INVOICE | {"type": "Input", "invoiceNumber": "R1"}
TRACKING = {"courier": "C", "trackingNumber": "T", "trackingUrl": "", "dispatchedDate": None}
DELIVERY = {"isDelivered": True, "deliveredDate": None, "events": [{"date": "2026-11-24"}]}
ITEMS = [{"id": "A", "quantity": 2}]

CATALOG = "/api/catalog_system/pvt/skuSeller/changenotification"
ORDER = "/services/pvt/orders"


def order(**changes):
    return SandboxOrder(**({"sent": {"items": ITEMS}, "total_cents": 3000, "is_authorized": True, "seller_order_id": "S-1"} | changes))


def books():
    made = SandboxBooks("acme", ("k", "t"), {"A"}, any_order=False, now=lambda: NOW)
    made.suggest(call("PUT", "/shop/suggestions/acme/waiting", SUGGESTION))
    made.orders = {
        "open": order(),
        "unpaid": order(is_authorized=False, seller_order_id="S-2"),
        "sold": order(
            invoices={"N1": INVOICE, "N2": INVOICE | TRACKING | {"invoiceNumber": "N2", "invoiceValue": 1}}, seller_order_id="S-3"
        ),
        "canceled": order(cancel_reason="r", seller_order_id="S-4"),
    }
    return made


def call(method, path, body=None, headers=HEADERS):
    return Call(method, path, tuple(path.strip("/").split("/")), {}, headers, body)


def rules_of(found):
    return {violation.rule for violation in found}


FINE = [
    call("POST", f"{CATALOG}/acme/A"),
    call("POST", f"{CATALOG.lower()}/acme/unknown"),
    call("POST", "/api/sku-binding/pvt/skuseller/changenotification/acme/A"),
    call("POST", "/api/notificator/acme/changenotification/A/price"),
    call("GET", "/api/sku-binding/pvt/skuseller/acme/A"),
    call("PUT", "/shop/suggestions/acme/new", SUGGESTION),
    call("PUT", "/shop/suggestions/acme/new", OLD_SUGGESTION),
    call("PUT", "/shop/suggestions/acme/waiting", SUGGESTION | {"ProductName": "Tea"}),
    call("GET", "/shop/suggestions/acme/waiting"),
    call("POST", f"{ORDER}/open/invoice", INVOICE),
    call("POST", "/services/pub/orders/open/invoice", INVOICE | {"invoiceKey": "1" * 44}),
    call(
        "POST", "/api/oms/pvt/orders/open/invoice", INVOICE | {"invoiceValue": 1500, "items": [{"id": "A", "quantity": 1, "price": 1000}]}
    ),
    call("POST", f"{ORDER}/sold/invoice", RETURN),
    call("PATCH", "/api/oms/pvt/orders/sold/invoice/N1", TRACKING),
    call("PUT", "/api/oms/pvt/orders/sold/invoice/N2/tracking", DELIVERY),
    call("POST", f"{ORDER}/open/cancel", {"reason": "r"}),
    call("POST", f"{ORDER}/open/changes/C1/send-agreement", {"agreementType": "Confirmation"}),
]

CALLS = {
    "address": call("POST", "/api/nothing"),
    "json-headers": call("POST", f"{CATALOG}/acme/A", headers={n: v for n, v in HEADERS.items() if n != "accept"}),
    "credentials": call("POST", f"{CATALOG}/acme/A", headers={n: v for n, v in HEADERS.items() if "vtex" not in n}),
    "seller-id": call("POST", f"{CATALOG}/Acme/A"),
    "notification-empty": call("POST", f"{CATALOG}/acme/A", {"price": 1}),
    "one-id-notification": call("POST", f"{CATALOG}/A"),
    "suggestion-data": call("PUT", "/shop/suggestions/acme/new", SUGGESTION | {"Images": []}),
    "suggestion-name": call("PUT", "/shop/suggestions/acme/new", SUGGESTION | {"ProductName": "x" * 151}),
    "suggestion-types": call("PUT", "/shop/suggestions/acme/new", SUGGESTION | {"ProductId": 1}),
    "suggestion-seller": call("PUT", "/shop/suggestions/acme/new", SUGGESTION | {"SellerId": "Acme"}),
    "suggestion-weight": call("PUT", "/shop/suggestions/acme/new", SUGGESTION | {"WeightKg": 0.5}),
    "suggestion-again": call("PUT", "/shop/suggestions/acme/waiting", SUGGESTION),
    "order-address": call("POST", f"{ORDER}/S-1/cancel", {"reason": "r"}),
    "invoice-data": call("POST", f"{ORDER}/open/invoice", INVOICE | {"issuanceDate": "2026-11-24"}),
    "invoice-number": call("POST", f"{ORDER}/open/invoice", INVOICE | {"invoiceNumber": "N/1"}),
    "invoice-lines": call("POST", f"{ORDER}/open/invoice", INVOICE | {"items": INVOICE["items"] * 2}),
    "invoice-items": call("POST", f"{ORDER}/open/invoice", INVOICE | {"items": [{"id": "A", "quantity": 3, "price": 1000}]}),
    "invoice-sum": call("POST", f"{ORDER}/open/invoice", INVOICE | {"invoiceValue": 2999}),
    "invoice-early": call("POST", f"{ORDER}/unpaid/invoice", INVOICE),
    "invoice-canceled": call("POST", f"{ORDER}/canceled/invoice", INVOICE),
    "invoice-key": call("POST", f"{ORDER}/open/invoice", INVOICE | {"invoiceKey": "123"}),
    "return-early": call("POST", f"{ORDER}/open/invoice", RETURN | {"invoiceValue": 3000}),
    "return-sum": call("POST", f"{ORDER}/sold/invoice", RETURN | {"invoiceValue": 9000}),
    "return-number": call("POST", f"{ORDER}/sold/invoice", RETURN | {"invoiceNumber": "N2", "invoiceValue": 1}),
    "tracking-data": call("PATCH", "/api/oms/pvt/orders/sold/invoice/N1", {"trackingNumber": "T"}),
    "tracking-early": call("PATCH", "/api/oms/pvt/orders/open/invoice/N1", TRACKING),
    "delivery-data": call("PUT", "/api/oms/pvt/orders/sold/invoice/N2/tracking", {"isDelivered": "yes"}),
    "cancel-reason": call("POST", f"{ORDER}/open/cancel", {"reason": ""}),
    "cancel-invoiced": call("POST", f"{ORDER}/sold/cancel", {"reason": "r"}),
    "agreement-type": call("POST", f"{ORDER}/open/changes/C1/send-agreement", {"agreementType": "Yes"}),
}
TOGETHER = {"return-early": {"return-sum"}}
"""What cannot be broken without another: what came back before anything was sold is also more than was sold."""


@pytest.mark.parametrize("one", FINE, ids=lambda one: f"{one.method} {one.path}")
def test_a_call_as_vtex_wants_it_breaks_nothing(one):
    assert broken_by(one, books()) == []


@pytest.mark.parametrize("rule", CALLS)
def test_a_call_that_breaks_a_rule_is_named_by_it_alone(rule):
    assert rules_of(broken_by(CALLS[rule], books())) == {rule} | TOGETHER.get(rule, set())


def test_a_suggestion_may_come_again_when_its_thirty_days_are_over():
    made = books()
    made.suggestions["waiting"].at = NOW - timedelta(days=30)
    made.settle_suggestions()

    assert broken_by(CALLS["suggestion-again"], made) == []


def test_partial_invoices_add_up_to_the_total_whatever_their_order():
    made = books()
    half = INVOICE | {"invoiceValue": 1700, "items": [{"id": "A", "quantity": 1, "price": 1000}]}
    made.invoice(call("POST", f"{ORDER}/open/invoice", half))

    assert made.orders["open"].state == "payment-approved"
    rest = call("POST", f"{ORDER}/open/invoice", half | {"invoiceNumber": "N2", "invoiceValue": 1300})
    assert broken_by(rest, made) == []
    made.invoice(rest)
    assert made.orders["open"].state == "invoiced"


# ── the seller's answers ────────────────────────────────────────────────────────────────────────────────────────────────
CART = {
    "items": [{"id": "A", "quantity": 2, "seller": "1"}, {"id": "B", "quantity": 1, "seller": "1"}],
    "postalCode": "13083852",
    "country": "BRA",
}
WINDOW = {"startDateUtc": "2026-11-25T08:00:00+00:00", "endDateUtc": "2026-11-25T13:00:00+00:00", "price": 0}
SLA = {"id": "Normal", "name": "Normal", "deliveryChannel": "delivery", "price": 1000, "shippingEstimate": "5bd", "pickupStoreInfo": None}
SLA["availableDeliveryWindows"] = [WINDOW]


def item(sku, index, quantity):
    known = {"id": sku, "requestIndex": index, "price": 990, "listPrice": 990, "quantity": quantity, "seller": "1", "merchantName": None}
    return known | {"priceValidUntil": None, "offerings": [], "priceTags": [], "measurementUnit": "un", "unitMultiplier": 1}


def row(index, quantity, stock=9):
    channels = [{"id": "delivery", "stockBalance": stock}]
    known = {"itemIndex": index, "stockBalance": stock, "quantity": quantity, "shipsTo": ["BRA"]}
    return known | {"slas": [copy.deepcopy(SLA)], "deliveryChannels": channels}


def answer():
    return {
        "items": [item("A", 0, 2), item("B", 1, 1)],
        "logisticsInfo": [row(0, 2), row(1, 1)],
        "country": "BRA",
        "postalCode": "13083852",
    }


def changed(path, value):
    """Return the answer with one place changed, and the same place of its request left alone."""
    made = answer()
    *way, last = path
    node = made
    for step in way:
        node = node[step]
    node[last] = value
    return made


def exchange(status=200, document=None, seconds=0.1, headers=None):
    return Exchange("marketplace", NOW, call("POST", "/pvt/orders"), status, document, seconds=seconds, headers=headers or {})


def judged(document, cart=CART, **how):
    return rules_of(cart_checks(exchange(document=document, **how), cart))


BROKEN_CARTS = [
    ("cart-keys", ("items", 0, "offerings"), None),
    ("cart-keys", ("items", 0, "price"), 9.9),
    ("cart-keys", ("logisticsInfo", 0, "shipsTo"), []),
    ("cart-keys", ("logisticsInfo", 0, "deliveryChannels"), [{"id": "boat", "stockBalance": 1}]),
    ("cart-keys", ("items", 0, "offerings"), [{"type": "Garantia", "id": 5, "name": "x", "price": 1}]),
    ("cart-position", ("items", 0, "requestIndex"), 2),
    ("cart-position", ("items", 0, "requestIndex"), 1),
    ("cart-position", ("logisticsInfo", 1, "itemIndex"), 0),
    ("cart-echo", ("items", 0, "seller"), "acme"),
    ("cart-echo", ("items", 0, "id"), "AA"),
    ("cart-echo", ("postalCode",), None),
    ("cart-price", ("items", 0, "listPrice"), 989),
    ("cart-quantity", ("items", 0, "quantity"), 3),
    ("cart-quantity", ("logisticsInfo", 0, "quantity"), 1),
    ("cart-quantity", ("logisticsInfo", 0, "stockBalance"), 1),
    ("cart-sla", ("logisticsInfo", 0, "slas", 0, "shippingEstimate"), "soon"),
    ("cart-sla", ("logisticsInfo", 0, "slas", 0, "price"), None),
    ("cart-sla", ("logisticsInfo", 0, "slas"), [SLA, SLA]),
    ("cart-window", ("logisticsInfo", 0, "slas", 0, "availableDeliveryWindows"), [{"startDateUtc": "2026-11-25"}]),
    ("cart-window", ("logisticsInfo", 0, "slas", 0, "availableDeliveryWindows", 0, "endDateUtc"), WINDOW["startDateUtc"]),
]


def test_an_answer_as_vtex_wants_it_breaks_nothing():
    omitted = answer() | {"items": [item("B", 1, 1)], "logisticsInfo": [row(1, 1)]}
    nothing = answer() | {"items": [], "logisticsInfo": []}

    assert [judged(one) for one in (answer(), omitted, nothing)] == [set(), set(), set()]


@pytest.mark.parametrize(("rule", "path", "value"), BROKEN_CARTS)
def test_an_answer_that_breaks_a_rule_is_named_by_it(rule, path, value):
    assert rule in judged(changed(path, value))


def test_quantity_zero_with_stock_lets_the_marketplace_oversell():
    assert judged(answer() | {"items": [item("A", 0, 0), item("B", 1, 1)], "logisticsInfo": [row(0, 0), row(1, 1)]}) == {"cart-zero"}
    assert judged(answer() | {"items": [item("A", 0, 0), item("B", 1, 1)], "logisticsInfo": [row(0, 0, 0), row(1, 1)]}) == set()


def test_two_lines_of_a_sku_share_its_stock():
    cart = CART | {"items": [CART["items"][0], CART["items"][0]]}
    given = answer() | {"items": [item("A", 0, 2), item("A", 1, 2)], "logisticsInfo": [row(0, 2, 3), row(1, 2, 3)]}

    assert judged(given, cart) == {"cart-same-sku"}


def test_without_an_address_there_is_no_delivery():
    cart = CART | {"postalCode": None, "country": None}

    assert judged(answer() | {"postalCode": None, "country": None}, cart) == {"cart-no-address"}


def test_a_late_a_refusing_and_an_unreadable_answer_each_break_a_rule():
    assert judged(answer(), seconds=2.6) == {"answer-time"}
    assert judged({"error": {}}, status=400) == {"answer-status"}
    assert judged("<html>") == {"answer-json"}


PLACED = {"orderId": "S-1", "marketplaceOrderId": "1-01", "items": ITEMS, "clientProfileData": {"a": 1}, "shippingData": {"a": 1}}
ERROR = {"error": {"code": "FMT002", "message": "no stock", "exception": None}}
CODED = {"X-VTEX-Error-Code": "FMT002"}
RECEIPT = {"date": "2026-11-24 12:00:00", "marketplaceOrderId": "1-01", "orderId": "S-1", "receipt": "R"}


@pytest.mark.parametrize(
    ("expected", "given", "earlier"),
    [
        (set(), exchange(200, [PLACED]), ""),
        (set(), exchange(200, [PLACED]), "S-1"),
        (set(), exchange(422, ERROR, headers=CODED), ""),
        (set(), exchange(0), ""),
        ({"order-array"}, exchange(200, PLACED), ""),
        ({"order-answer"}, exchange(200, [PLACED | {"orderId": 5}]), ""),
        ({"order-answer"}, exchange(200, [PLACED | {"items": []}]), ""),
        ({"order-again"}, exchange(200, [PLACED]), "S-2"),
        ({"error-shape"}, exchange(500, "<html>"), ""),
        ({"error-shape"}, exchange(422, ERROR), ""),
    ],
)
def test_the_answer_to_an_order_is_judged(expected, given, earlier):
    assert rules_of(placement_checks(given, "1-01", earlier)) == expected


@pytest.mark.parametrize(
    ("expected", "given", "known"),
    [
        (set(), exchange(200, RECEIPT), order()),
        (set(), exchange(200, RECEIPT), order(receipt="R")),
        (set(), exchange(409, ERROR, headers=CODED), order(cancel_reason="r")),
        ({"receipt"}, exchange(200, {"receipt": "R"}), order()),
        ({"receipt"}, exchange(200, RECEIPT | {"orderId": "other"}), order()),
        ({"receipt-again"}, exchange(200, RECEIPT), order(receipt="Q")),
        ({"dispatch-canceled"}, exchange(200, RECEIPT), order(cancel_reason="r")),
    ],
)
def test_the_answer_to_an_authorization_is_judged(expected, given, known):
    assert rules_of(authorization_checks(given, known, "1-01")) == expected


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        (set(), exchange(200, RECEIPT)),
        (set(), exchange(200)),
        (set(), exchange(409, ERROR, headers=CODED)),
        ({"cancel-answer"}, exchange(200, {"ok": True})),
        ({"error-shape"}, exchange(404, {"message": "?"})),
    ],
)
def test_the_answer_to_a_cancellation_is_judged(expected, given):
    assert rules_of(cancellation_checks(given, order(), "1-01")) == expected


def test_no_rule_of_the_table_is_without_its_test():
    elsewhere = {"wait-after-429", "one-at-a-time", "published", "cart-get"}  # these need time, two callers, VTEX's files, a seller
    carts = {rule for rule, *_ in BROKEN_CARTS} | {
        "cart-zero",
        "cart-same-sku",
        "cart-no-address",
        "answer-time",
        "answer-status",
        "answer-json",
    }
    orders = {"order-array", "order-answer", "order-again", "error-shape", "receipt", "receipt-again", "dispatch-canceled", "cancel-answer"}

    assert set(RULES) == set(CALLS) | carts | orders | elsewhere


def test_an_invoice_s_call_stays_as_it_came_when_tracking_is_added_to_the_order():
    made, invoiced = books(), call("POST", f"{ORDER}/open/invoice", dict(INVOICE))
    made.answer(invoiced)
    made.answer(call("PATCH", "/api/oms/pvt/orders/open/invoice/N1", TRACKING))

    assert made.orders["open"].invoices["N1"]["trackingNumber"] == "T"
    assert invoiced.body == INVOICE

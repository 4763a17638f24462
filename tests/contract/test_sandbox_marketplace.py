"""The sandbox refuses what VTEX would: a demo that works against it says something."""

import json
import urllib.error
import urllib.request
from urllib.parse import quote

import pytest

from connector.sandbox import Sandbox

SUGGESTION = {
    "ProductName": "Coffee",
    "SkuName": "500 g",
    "BrandName": "Marca",
    "CategoryFullPath": "Casa",
    "ProductDescription": "Roasted",
    "Height": 1,
    "Width": 1.5,
    "Length": 1,
    "Weight": 500,
    "RefId": "R1",
    "EAN": "",
    "Images": [{"imageName": "Principal", "imageUrl": "https://img.example/1.jpg"}],
    "AvailableQuantity": 5,
    "Pricing": {"Currency": "BRL", "SalePrice": 1990, "CurrencySymbol": "R$"},
}
INVOICE = {
    "type": "Output",
    "invoiceNumber": "NFe-1",
    "issuanceDate": "2026-01-02T00:00:00",
    "invoiceValue": 100,
    "items": [{"id": "A", "quantity": 1, "price": 100}],
}
TRACKING = {"courier": "C", "trackingNumber": "T", "trackingUrl": "", "dispatchedDate": None}


@pytest.fixture
def sandbox():
    with Sandbox() as marketplace:
        yield marketplace


def say(sandbox, method, path, body=None):
    request = urllib.request.Request(sandbox.url + path, method=method, data=None if body is None else json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            status, text = error.code, error.read()
    return status, json.loads(text) if text else None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ProductName": ""}, 3),
        ({"SkuName": None}, 4),
        ({"Height": "1"}, 5),
        ({"Weight": None}, 6),
        ({"RefId": ""}, 10),
        ({"Images": []}, 9),
        ({"Images": [{"imageName": "", "imageUrl": "https://i.example/1"}]}, 11),
        ({"Images": [{"imageName": "a", "imageUrl": "http://i.example/1"}]}, 11),
        ({"SkuSpecifications": [{"fieldName": "Size", "fieldValues": []}]}, 12),
        ({"Pricing": {"Currency": "BRL", "SalePrice": 19.9}}, 0),
        ({"AvailableQuantity": None}, 0),
    ],
)
def test_a_suggestion_that_vtex_would_refuse_is_refused_with_its_code(sandbox, changes, code):
    status, answer = say(sandbox, "PUT", "/sandbox/suggestions/acme/A", SUGGESTION | changes)

    assert (status, answer["errorResponse"]["Code"]) == (400, code)
    assert sandbox.suggestions == {}


def test_a_suggestion_waits_until_it_is_settled_and_counts_its_versions(sandbox):
    for name in ("Coffee", "Coffee", "Tea"):
        assert say(sandbox, "PUT", "/sandbox/suggestions/acme/A", SUGGESTION | {"ProductName": name}) == (200, None)
    _, found = say(sandbox, "GET", "/sandbox/suggestions/acme/A")

    assert (found["status"], found["latestVersionId"], found["content"]["ProductName"]) == ("pending", "2", "Tea")
    sandbox.deny("A")
    assert say(sandbox, "PUT", "/sandbox/suggestions/acme/A", SUGGESTION)[1]["errorResponse"]["Code"] == 18
    sandbox.approve("A")
    assert say(sandbox, "PUT", "/sandbox/suggestions/acme/A", SUGGESTION)[1]["errorResponse"]["Code"] == 23
    assert say(sandbox, "PUT", "/sandbox/suggestions/other/B", SUGGESTION)[1]["errorResponse"]["Code"] == 33
    assert say(sandbox, "GET", "/sandbox/suggestions/acme/B")[0] == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Sale"},
        {"invoiceNumber": ""},
        {"invoiceValue": 1.5},
        {"invoiceValue": 0},
        {"issuanceDate": "2026-01-02"},
        {"items": []},
        {"items": [{"id": "A", "quantity": 1}]},
        {"items": INVOICE["items"] * 2},
    ],
)
def test_an_invoice_that_vtex_would_refuse_is_refused(sandbox, changes):
    status, answer = say(sandbox, "POST", "/services/pvt/orders/1/invoice", INVOICE | changes)

    assert (status, answer["error"]["code"]) == (400, "ORD039")
    assert sandbox.invoices == {}


def test_tracking_needs_its_invoice_and_delivery_its_tracking(sandbox):
    invoice = "/api/oms/pvt/orders/1/invoice"

    assert say(sandbox, "PATCH", f"{invoice}/NFe-1", TRACKING)[0] == 404
    assert say(sandbox, "POST", invoice, INVOICE)[0] == 200
    assert say(sandbox, "PUT", f"{invoice}/NFe-1/tracking", {"isDelivered": False, "events": []})[0] == 404
    assert say(sandbox, "PATCH", f"{invoice}/NFe-1", {"trackingNumber": "T"})[0] == 400
    assert say(sandbox, "PATCH", f"{invoice}/NFe-1", TRACKING)[0] == 200
    assert say(sandbox, "PUT", f"{invoice}/NFe-1/tracking", {"isDelivered": "yes"})[0] == 400
    assert say(sandbox, "PUT", f"{invoice}/NFe-1/tracking", {"isDelivered": True, "events": []})[0] == 200


@pytest.mark.parametrize("number", ["NF 1", "NF/1", "NF#1"])
def test_an_invoice_whose_number_no_address_can_carry_is_taken_and_never_tracked(sandbox, number):
    invoice = "/api/oms/pvt/orders/1/invoice"

    assert say(sandbox, "POST", invoice, INVOICE | {"invoiceNumber": number})[0] == 200
    assert say(sandbox, "PATCH", f"{invoice}/{quote(number, safe='')}", TRACKING)[0] == 404
    assert "invoice-number" in sandbox.ledger.counts


def test_an_invoiced_order_is_cancelled_only_after_its_return(sandbox):
    assert say(sandbox, "POST", "/services/pvt/orders/1/invoice", INVOICE)[0] == 200
    assert say(sandbox, "POST", "/services/pvt/orders/1/cancel", {"reason": "r"})[0] == 400
    assert say(sandbox, "POST", "/services/pvt/orders/1/invoice", INVOICE | {"type": "Input", "invoiceNumber": "NFe-2"})[0] == 200
    assert say(sandbox, "POST", "/services/pvt/orders/1/cancel", {"reason": "r"})[0] == 200
    assert say(sandbox, "POST", "/services/pvt/orders/1/invoice", INVOICE)[0] == 400


def test_an_unknown_order_is_not_found_and_an_unknown_address_neither(sandbox):
    sandbox.unknown_orders.add("1")

    assert say(sandbox, "POST", "/services/pvt/orders/1/invoice", INVOICE)[0] == 404
    assert say(sandbox, "POST", "/services/pvt/orders/1/cancel", {})[0] == 404
    assert say(sandbox, "POST", "/api/nothing")[1]["Message"].startswith("No HTTP resource was found")
    assert say(sandbox, "POST", "/api/notificator/other/changenotification/A/price")[0] == 404


def test_the_sandbox_takes_ids_with_slashes_in_them(sandbox):
    sandbox.known.add("A/1 #2")

    assert say(sandbox, "POST", "/api/catalog_system/pvt/skuSeller/changenotification/acme/A%2F1%20%232")[0] == 200
    assert [call.parts[-1] for call in sandbox.seen("changenotification", "POST")] == ["A/1 #2"]

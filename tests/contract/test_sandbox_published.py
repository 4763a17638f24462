"""The sandbox judges by VTEX's published schemas too, where $VTEX_SCHEMAS names them: what is as they say passes, the rest is named."""

import os
from pathlib import Path

import pytest

from connector.errors import UsageError
from connector.sandbox.documents import authorization, cart, order
from connector.sandbox.published import Published

FOLDER = os.environ.get("VTEX_SCHEMAS", "")
published = pytest.mark.skipif(not FOLDER, reason="VTEX_SCHEMAS does not name a folder with VTEX's OpenAPI files")

INVOICE = {
    "type": "Output",
    "invoiceNumber": "NFe-1",
    "courier": "",
    "trackingNumber": "",
    "trackingUrl": "",
    "items": [{"id": "A", "quantity": 1, "price": 100}],
    "issuanceDate": "2026-11-24T00:00:00+00:00",
    "invoiceValue": 100,
}
TRACKING = {"courier": "C", "trackingNumber": "T", "trackingUrl": "u", "dispatchedDate": "2026-11-24"}
DELIVERY = {"isDelivered": True, "deliveredDate": "2026-11-24 10:00", "events": []}
OMS, SERVICES = "/api/oms/pvt/orders/1/invoice", "/services/pvt/orders/1/invoice"
SLA = {"id": "N", "name": "N", "deliveryChannel": "delivery", "price": 1, "shippingEstimate": "5bd", "pickupStoreInfo": None}
ITEM = {
    "id": "A",
    "requestIndex": 0,
    "price": 990,
    "listPrice": 990,
    "quantity": 1,
    "seller": "1",
    "merchantName": None,
    "priceValidUntil": None,
    "offerings": [],
    "priceTags": [],
    "measurementUnit": "un",
    "unitMultiplier": 0.5,
}
ROW = {"itemIndex": 0, "stockBalance": 9, "quantity": 1, "shipsTo": ["BRA"], "deliveryChannels": [{"id": "delivery", "stockBalance": 9}]}
SIMULATION = {
    "items": [ITEM],
    "logisticsInfo": [{**ROW, "slas": [{**SLA, "availableDeliveryWindows": []}]}],
    "country": None,
    "postalCode": None,
}


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def judge():
    return Published(Path(FOLDER))


@published
@pytest.mark.parametrize("path", [OMS, SERVICES])
def test_what_is_sent_as_published_passes(judge, path):
    found = [judge.body_problems(name, path, body) for name, body in (("invoice", INVOICE), ("track", TRACKING), ("deliver", DELIVERY))]

    assert found == [[], [], []]
    assert judge.body_problems("invoice", OMS, INVOICE | {"invoiceValue": "100"}) == []


@published
@pytest.mark.parametrize(
    ("name", "body"),
    [("invoice", {}), ("track", {"trackingNumber": 5}), ("deliver", {"isDelivered": "yes"}), ("suggest", {"ProductName": "x"})],
)
def test_what_is_not_as_published_is_named(judge, name, body):
    assert judge.body_problems(name, OMS if name != "suggest" else "/shop/suggestions/acme/A", body)


@published
def test_the_guides_suggestion_of_2017_is_older_than_the_schema_and_passes(judge):
    assert judge.body_problems("suggest", "/shop/suggestions/acme/A", {"WeightKg": 1}) == []


@published
def test_answers_are_judged_with_what_the_schema_contradicts_let_pass(judge):
    sent = order("1-01", {**SIMULATION, "postalCode": "13083852"}, "https://shop.example/")
    answered = [{**sent, "orderId": "S-1", "followUpEmail": "a@b.example"}]
    receipt = {"date": "2026-11-24 12:00:00", "marketplaceOrderId": "1-01", "orderId": "S-1", "receipt": "R"}

    assert judge.answer_problems("simulation", SIMULATION) == []
    assert judge.answer_problems("orders", answered) == []
    assert judge.answer_problems("fulfill", receipt) == []
    assert judge.answer_problems("cancel", receipt) == []
    assert judge.answer_problems("simulation", SIMULATION | {"items": [ITEM | {"price": "9,90"}]})
    assert judge.answer_problems("orders", [answered[0] | {"orderId": 5}])


@published
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/pvt/orderForms/simulation", cart([("A", 1)])),
        ("/pvt/orders", order("1-01", {**SIMULATION, "postalCode": "13083852"}, "https://shop.example/")),
        ("/pvt/orders/{sellerOrderId}/fulfill", authorization("1-01", 100)),
    ],
)
def test_what_the_sandbox_sends_is_as_vtex_publishes_it(judge, path, body):
    """But for nulls, and for what an authorization shares with cancellations by mistake."""
    found = judge._problems(without_nulls(body), "vtex-external-seller-fulfillment.json", "post", path, "requestBody")

    shared = ("cancellationRequestId", "cancellationRequestDate", "reason", "requestedByUser")
    assert [problem for problem in found if not any(f"'{name}' is a required" in problem for name in shared)] == []


def test_a_folder_without_the_files_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"holds no vtex-marketplace-suggestions\.json"):
        Published(tmp_path)

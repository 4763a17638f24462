"""The sandbox judges by VTEX's published schemas too, where $VTEX_SCHEMAS names them: what is as they say passes, the rest is named."""

import pytest
from published import JUDGE, needed

from connector.errors import UsageError
from connector.sandbox.documents import authorization, cart, order
from connector.sandbox.published import Published

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


@needed
@pytest.mark.parametrize("path", [OMS, SERVICES])
def test_what_is_sent_as_published_passes(path):
    found = [JUDGE.body_problems(name, path, body) for name, body in (("invoice", INVOICE), ("track", TRACKING), ("deliver", DELIVERY))]

    assert found == [[], [], []]
    assert JUDGE.body_problems("invoice", OMS, INVOICE | {"invoiceValue": "100"}) == []


@needed
@pytest.mark.parametrize(
    ("name", "body"),
    [("invoice", {}), ("track", {"trackingNumber": 5}), ("deliver", {"isDelivered": "yes"}), ("suggest", {"ProductName": "x"})],
)
def test_what_is_not_as_published_is_named(name, body):
    assert JUDGE.body_problems(name, OMS if name != "suggest" else "/shop/suggestions/acme/A", body)


@needed
def test_the_guides_suggestion_of_2017_is_older_than_the_schema_and_passes():
    assert JUDGE.body_problems("suggest", "/shop/suggestions/acme/A", {"WeightKg": 1}) == []


@needed
def test_answers_are_judged_with_what_the_schema_contradicts_let_pass():
    sent = order("1-01", {**SIMULATION, "postalCode": "13083852"}, "https://shop.example/")
    answered = [{**sent, "orderId": "S-1", "followUpEmail": "a@b.example"}]
    receipt = {"date": "2026-11-24 12:00:00", "marketplaceOrderId": "1-01", "orderId": "S-1", "receipt": "R"}

    assert JUDGE.answer_problems("simulation", SIMULATION) == []
    assert JUDGE.answer_problems("orders", answered) == []
    assert JUDGE.answer_problems("fulfill", receipt) == []
    assert JUDGE.answer_problems("cancel", receipt) == []
    assert JUDGE.answer_problems("simulation", SIMULATION | {"items": [ITEM | {"price": "9,90"}]})
    assert JUDGE.answer_problems("orders", [answered[0] | {"orderId": 5}])


@needed
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/pvt/orderForms/simulation", cart([("A", 1)])),
        ("/pvt/orders", order("1-01", {**SIMULATION, "postalCode": "13083852"}, "https://shop.example/")),
        ("/pvt/orders/{sellerOrderId}/fulfill", authorization("1-01", 100)),
    ],
)
def test_what_the_sandbox_sends_is_as_vtex_publishes_it(path, body):
    """But for nulls, and for what an authorization shares with cancellations by mistake."""
    found = JUDGE.request_problems(path, body)

    shared = ("cancellationRequestId", "cancellationRequestDate", "reason", "requestedByUser")
    assert [problem for problem in found if not any(f"'{name}' is a required" in problem for name in shared)] == []


def test_a_folder_without_the_files_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"holds no vtex-marketplace-suggestions\.json"):
        Published(tmp_path)

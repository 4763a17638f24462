"""Changes of orders over HTTP: no such address unless the settings take them; 202, or VTEX's error document."""

import pytest
from web_world import order, refused

ON = "[orders]\naccept_changes = true\n"
LESS = {"reason": "one is enough", "remove": {"items": [{"id": "100", "quantity": 1}]}}


@pytest.fixture
def client(project):
    return project(ON).client()


def placed(client, number="a-01", **how):
    return client.simulate_post("/pvt/orders", json=order(number, quantity=3, **how)).json["orderId"]


@pytest.mark.parametrize("method", ["POST", "PATCH", "GET"])
@pytest.mark.parametrize("tail", ["changes", "changes/c1/send-agreement"])
@pytest.mark.parametrize("base", ["", "/api"])
def test_with_the_setting_off_there_is_no_such_address(project, method, tail, base):
    client = project().client()
    answer = client.simulate_request(method, f"{base}/pvt/orders/{placed(client)}/{tail}", json={**LESS, "changeRequestId": "c1"})

    assert refused(answer, 404)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_change_is_taken_with_202_by_either_method_and_again_alike(client, method):
    number = placed(client)
    body = {**LESS, "changeRequestId": "c1", "agreementType": "Acknowledgment"}
    first, again = (client.simulate_request(method, f"/api/pvt/orders/{number}/changes", json=body) for _ in range(2))

    assert first.status_code == again.status_code == 202
    assert first.json == again.json
    assert first.json == {"orderId": number, "marketplaceOrderId": "a-01", "changeRequestId": "c1", "agreementType": "Acknowledgment"}


@pytest.mark.parametrize(
    ("tail", "body"),
    [
        ("changes", {"changeRequestId": "c1", "agreementType": "Confirmation"}),
        ("changes/c1/send-agreement", {"agreementType": "Confirmation"}),
    ],
)
def test_it_is_confirmed_at_either_address_and_by_the_marketplaces_id_too(client, tail, body):
    placed(client)
    client.simulate_post("/pvt/orders/a-01/changes", json={**LESS, "changeRequestId": "c1"})
    answer = client.simulate_post(f"/pvt/orders/a-01/{tail}", json=body)

    assert (answer.status_code, answer.json["agreementType"]) == (202, "Confirmation")


def test_what_cannot_be_is_refused_in_vtex_own_shape(client):
    number = placed(client)
    address = f"/pvt/orders/{number}/changes"
    unknown = {"changeRequestId": "c1", "add": {"items": [{"id": "999", "quantity": 1}]}}
    too_many = {"changeRequestId": "c2", "add": {"items": [{"id": "100", "quantity": 5000}]}}

    assert refused(client.simulate_post(address, json=unknown), 422, "ORD021")
    assert refused(client.simulate_post(address, json=too_many), 422, "FMT002")
    assert refused(client.simulate_post(address), 400)
    assert refused(client.simulate_post(address, json={**LESS, "changeRequestId": "a/b"}), 400)
    assert refused(client.simulate_post("/pvt/orders/NOPE/changes", json={**LESS, "changeRequestId": "c1"}), 404)
    assert refused(client.simulate_post(address, json={"changeRequestId": "c9", "agreementType": "Confirmation"}), 404)
    client.simulate_post(f"/pvt/orders/{number}/cancel")
    assert refused(client.simulate_post(address, json={**LESS, "changeRequestId": "c3"}), 409)

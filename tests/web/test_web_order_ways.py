"""What a simulation offered can be ordered: delivery windows and pickup points, from the answer to the ERP's file."""

import json

import pytest
from web_world import order, refused

from connector.usecases.passes import Pass
from jobs import export_orders

WAYS = """
[[shipping.slas]]
id = "Agendada"
name = "Entrega agendada"
table = "freight/normal*.csv"
[[shipping.slas.windows]]
weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
start = "08:00"
end = "12:00"
price = 5.00
[[shipping.pickup_points]]
id = "loja-copa"
name = "Loja Copacabana"
postal_code = "22010-000"
state = "RJ"
city = "Rio de Janeiro"
neighborhood = "Copacabana"
street = "Av. Atlantica"
number = "1"
reach = [["20000-000", "28999-999"]]
price = 2.50
"""
CART = {"items": [{"id": "100", "quantity": 1, "seller": "1"}], "country": "BRA", "postalCode": "22051-030"}


@pytest.fixture
def made(project):
    found = project(WAYS)
    (found.root / "outbox").mkdir()
    return found


def offered(client, sla):
    slas = client.simulate_post("/pvt/orderForms/simulation", json=CART).json["logisticsInfo"][0]["slas"]
    return next(one for one in slas if one["id"] == sla)


def chosen(sla, window=None):
    """Order one piece by a way of delivery as it was offered."""
    document = order("way-01")
    way = document["shippingData"]["logisticsInfo"][0]
    way |= {"selectedSla": sla["id"], "shippingEstimate": sla["shippingEstimate"], "price": sla["price"], "deliveryWindow": window}
    way["selectedDeliveryChannel"] = sla["deliveryChannel"]
    document["marketplacePaymentValue"] = 9990 + sla["price"] + (window["price"] if window else 0)
    if sla["pickupStoreInfo"]:
        document["shippingData"]["address"] = sla["pickupStoreInfo"]["address"]
    return document


def told(made, number):
    export_orders.run(made.app(), Pass(by_hand=True))
    return json.loads((made.root / "outbox" / "orders" / f"{number}.json").read_text(encoding="utf-8"))


def flags_of(document):
    return [flag for flag in document["flags"] if "for its invoices" not in flag]


def test_an_order_in_a_window_that_was_offered_is_taken_and_told_with_it(made):
    client = made.client()
    sla = offered(client, "Agendada")
    window = sla["availableDeliveryWindows"][0]
    number = client.simulate_post("/pvt/orders", json=[chosen(sla, window)]).json[0]["orderId"]
    document = told(made, number)

    assert flags_of(document) == []
    assert document["shipping"][0]["deliveryWindow"] == {"start": window["startDateUtc"], "end": window["endDateUtc"], "price": 500}
    assert document["totals"]["shipping"] == sla["price"] + 500


@pytest.mark.parametrize("window", [None, {"startDateUtc": "2020-01-01T08:00:00Z", "endDateUtc": "2020-01-01T12:00:00Z", "price": 500}])
def test_without_its_window_or_in_one_that_is_over_it_is_refused(made, window):
    client = made.client()

    assert refused(client.simulate_post("/pvt/orders", json=[chosen(offered(client, "Agendada"), window)]), 422, "FMT010")


def test_an_order_for_a_pickup_point_that_was_offered_is_taken_and_told_where(made):
    client = made.client()
    sla = offered(client, "loja-copa")
    number = client.simulate_post("/pvt/orders", json=[chosen(sla)]).json[0]["orderId"]
    document = told(made, number)

    assert flags_of(document) == []
    assert (
        document["shipping"][0].items()
        >= {"sla": "loja-copa", "channel": "pickup-in-point", "pickupPoint": "loja-copa", "price": 250}.items()
    )
    assert document["address"]["street"] == "Av. Atlantica"

"""Our simulation answers against what VTEX publishes: today's OpenAPI, and the keys of the 2017 guide."""

import json
from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published import JUDGE, example, needed

from connector.domain.catalog import Offer, Service
from connector.domain.freight import Rate, RateTable
from connector.domain.pickup import Address, PickupMap, PickupPoint
from connector.domain.simulation import simulate
from connector.domain.ways import Sla, SlaRules, plain, prepare
from connector.domain.windows import WindowRule
from connector.domain.working_days import Calendar, Handling
from connector.vtex.simulation import read, write

RATE = Rate("n.csv", 2, "0", "99999999", "", 0, 30_000, 1090, Decimal("0.3"), Decimal(0), 0, 432_000, "BRA", 0)
SLAS = (Sla("Normal", "Entrega Normal", "bd", RateTable([RATE], "BRA")), Sla("Expressa", "Entrega Expressa", "h", RateTable([RATE], "BRA")))
GUARANTEE = Service("Garantia", "5", "Garantia de 1 ano", 10000)
END = datetime(2026, 3, 1, 22, 58, 28, 143000, UTC)


def offer(sku, **changes):
    fields = {"sku": sku, "price_cents": 7390, "list_price_cents": 7490, "valid_until": None, "stock": 5, "weight_g": 1500}
    fields |= {"height_cm": 1.0, "width_cm": 2.0, "length_cm": 3.0, "measurement_unit": "un", "unit_multiplier": 1.0, "services": ()}
    return Offer(**fields | changes)


OFFERS = {
    o.sku: o
    for o in (
        offer("A"),
        offer("B", stock=0),
        offer("C", valid_until=END, services=(GUARANTEE,)),
        offer("D", unit_multiplier=0.3),
        offer("E", price_cents=0),
    )
}


def answered(items, **address):
    cart = read({"items": items} | address, "BRA")
    answer = write(cart, simulate(cart, OFFERS, plain(SLAS), split="item", home="BRA", now=END))
    return json.loads(json.dumps(answer, allow_nan=False))


EVERY_KIND = [{"id": sku, "quantity": 3, "seller": "1"} for sku in "ABCDEX"]
ADDRESSES = [
    {},
    {"country": "BRA"},
    {"postalCode": "22270-030"},
    {"postalCode": "22051030", "country": "BRA"},
    {"geoCoordinates": [-43.1, -22.9]},
]


@needed
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("items", [[], EVERY_KIND])
def test_answers_hold_to_todays_published_schema(items, address):
    assert JUDGE.answer_problems("simulation", answered(items, **address)) == []


ADDRESS = Address("BRA", "22051-030", "RJ", "Rio de Janeiro", "Copacabana", "Rua", "1", "", (-22.97, -43.18))
POINT = PickupPoint("loja", "Loja", "9h às 18h", ADDRESS, (("000000000000", "000099999999"),), 50.0, 350, 7200, "h", Handling(time(16)))
WINDOW = WindowRule(frozenset(range(7)), time(8), time(12), 990)


def scheduled_and_collected():
    services = [SlaRules(300, Handling(time(14), 1), (), 0), SlaRules(0, None, (WINDOW,), 14)]
    return prepare(SLAS, services, PickupMap([POINT]), Calendar(ZoneInfo("America/Sao_Paulo")), END)


@needed
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("split", ["item", "cart"])
def test_answers_with_windows_and_pickup_points_hold_to_it_too(address, split):
    cart = read({"items": EVERY_KIND} | address, "BRA")
    answer = json.loads(json.dumps(write(cart, simulate(cart, OFFERS, scheduled_and_collected(), split=split, home="BRA", now=END))))

    assert JUDGE.answer_problems("simulation", answer) == []
    if "postalCode" in address:
        assert {way["id"] for way in answer["logisticsInfo"][0]["slas"]} == {"Normal", "Expressa", "loja"}
        assert answer["logisticsInfo"][0]["slas"][1]["availableDeliveryWindows"]


ITEMS = st.lists(st.fixed_dictionaries({"id": st.sampled_from("ABCDEX"), "quantity": st.integers(-1, 9), "seller": st.text()}), max_size=6)


@needed
@given(ITEMS, st.sampled_from(ADDRESSES))
def test_every_answer_holds_to_todays_published_schema(items, address):
    assert JUDGE.answer_problems("simulation", answered(items, **address)) == []


@needed
def test_the_published_example_of_a_request_is_read():
    cart = read(example("/pvt/orderForms/simulation"), "BRA")

    assert [(line.sku, line.quantity, line.seller) for line in cart.lines] == [("6", 1, "01")]


# ── the guide of 2017 ───────────────────────────────────────────────────────────────────────────────────────────────────
TOP = {"items", "logisticsInfo", "country", "postalCode"}
ITEM = {"id", "requestIndex", "price", "listPrice", "quantity", "seller", "priceValidUntil", "offerings"}
LOGISTICS = {"itemIndex", "stockBalance", "quantity", "shipsTo", "slas"}
SLA = {"id", "name", "shippingEstimate", "price", "availableDeliveryWindows"}
OFFERING = {"type", "id", "name", "price"}


def test_answers_hold_every_key_of_the_guide():
    answer = answered(EVERY_KIND, postalCode="22051030", country="BRA")

    assert answer.keys() >= TOP
    assert all(item.keys() >= ITEM for item in answer["items"])
    assert all(entry.keys() >= LOGISTICS for entry in answer["logisticsInfo"])
    assert all(sla.keys() >= SLA for entry in answer["logisticsInfo"] for sla in entry["slas"])
    assert [offering.keys() for item in answer["items"] for offering in item["offerings"]] == [OFFERING]


def test_both_lists_are_aligned_and_speak_of_the_same_lines():
    answer = answered(EVERY_KIND, postalCode="22051030", country="BRA")

    assert [item["requestIndex"] for item in answer["items"]] == [entry["itemIndex"] for entry in answer["logisticsInfo"]] == [0, 1, 2, 3]
    assert [item["quantity"] for item in answer["items"]] == [entry["quantity"] for entry in answer["logisticsInfo"]] == [3, 0, 3, 3]

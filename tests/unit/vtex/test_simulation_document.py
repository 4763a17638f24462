import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.availability import CartLine
from connector.domain.catalog import Offer, Service
from connector.domain.freight import Destination
from connector.domain.simulation import SimulatedLine, Simulation
from connector.domain.ways_offered import SlaOffer
from connector.errors import RequestInvalid
from connector.vtex.simulation import read, write

SEED = {
    "items": [{"id": "2000037", "quantity": 1, "seller": "1"}, {"id": "34562", "quantity": 2, "Seller": "1"}],
    "marketingData": None,
    "postalCode": "22051030",
    "country": "BRA",
    "selectedSla": None,
    "clientProfileData": None,
    "geoCoordinates": [],
}
RIO = Destination("BRA", "000022051030")


def lines(*items):
    return list(read({"items": list(items)}, "BRA").lines)


def line(**changes):
    return {"id": "A", "quantity": 1, "seller": "1"} | changes


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_guides_request_is_read():
    cart = read(SEED, "BRA")

    assert cart.lines == (CartLine(0, "2000037", 1, "1"), CartLine(1, "34562", 2, "1"))
    assert (cart.country, cart.postal_code, cart.coordinates, cart.destination) == ("BRA", "22051030", (), RIO)


def test_names_of_properties_are_read_without_regard_to_case():
    cart = read({"Items": [{"ID": "A", "Quantity": 2, "SELLER": "x"}], "POSTALCODE": "22051-030", "Country": "BRA"}, "BRA")

    assert cart.lines == (CartLine(0, "A", 2, "x"),)
    assert cart.destination == RIO


def test_bad_lines_are_left_out_alone_and_positions_stay_those_of_the_request():
    bad = [None, "A", [], {}, line(id=None), line(id=""), line(id=True), line(id={}), line(quantity=0), line(quantity=-1)]
    bad += [line(quantity=1.5), line(quantity=True), line(quantity="two"), line(quantity=None), line(id="A\0"), line(id="\ud800")]

    assert lines(*bad, line()) == [CartLine(len(bad), "A", 1, "1")]


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [("2", 2), (" 2 ", 2), (2.0, 2), ("2.0", 2), ("+2", 2), ("002", 2), (50_000, 50_000), (10**20, 10**20), ("9" * 5000, 10**18 - 1)],
)
def test_a_quantity_may_be_written_as_text_or_with_a_decimal(sent, read_as):
    assert lines(line(quantity=sent)) == [CartLine(0, "A", read_as, "1")]


@pytest.mark.parametrize(("sent", "read_as"), [(2000037, "2000037"), (2000037.0, "2000037"), ("0001", "0001"), (" a/b#ç ", " a/b#ç ")])
def test_ids_are_text_to_the_letter_and_numbers_are_read_as_text(sent, read_as):
    assert lines(line(id=sent)) == [CartLine(0, read_as, 1, "1")]


@pytest.mark.parametrize(("sent", "echoed"), [("01", "01"), (1, "1"), (None, ""), ({}, "")])
def test_the_seller_is_always_text(sent, echoed):
    assert lines(line(seller=sent)) == [CartLine(0, "A", 1, echoed)]


@pytest.mark.parametrize(("sent", "read_as"), [("2", "2"), (2, "2"), (None, None), ([], None)])
def test_the_sales_channel_may_stand_in_the_document(sent, read_as):
    assert read({"items": [], "sc": sent}, "BRA").sales_channel == read_as


@pytest.mark.parametrize("document", [None, [], "x", 1, {}, {"items": None}, {"items": {}}, {"items": "A"}])
def test_only_a_document_without_a_list_of_items_is_refused(document):
    with pytest.raises(RequestInvalid, match="items"):
        read(document, "BRA")


def test_an_empty_cart_is_a_cart():
    assert read({"items": []}, "BRA").lines == ()


@pytest.mark.parametrize(
    ("address", "destination"),
    [
        ({}, None),
        ({"country": "BRA"}, None),
        ({"postalCode": None, "country": "BRA"}, None),
        ({"postalCode": "", "country": "BRA"}, None),
        ({"postalCode": " - ", "country": "BRA"}, None),
        ({"postalCode": "22051-030"}, RIO),
        ({"postalCode": 22051030}, RIO),
        ({"postalCode": "22.051-030", "country": "bra"}, RIO),
        ({"postalCode": "C1425", "country": "ARG"}, Destination("ARG", "C1425")),
        ({"postalCode": [], "country": 7}, None),
        ({"geoCoordinates": [-43.18, -22.97]}, Destination("BRA", "", (-43.18, -22.97))),
        ({"geoCoordinates": ["-43,18", "-22.97"], "country": "BRA"}, Destination("BRA", "", (-43.18, -22.97))),
        ({"geoCoordinates": ["-22.9443504"]}, None),
        ({"geoCoordinates": {"lat": 1}}, None),
        ({"geoCoordinates": [None, {}]}, None),
        ({"geoCoordinates": ["NaN", "1e999"]}, None),
    ],
)
def test_what_makes_an_address(address, destination):
    assert read({"items": []} | address, "BRA").destination == destination


def test_the_address_is_echoed_as_it_was_sent():
    cart = read({"items": [], "postalCode": "22.051-030", "country": "bra", "geoCoordinates": ["-43,18", -22]}, "BRA")

    answer = write(cart, Simulation((), ("BRA",)))

    assert answer == {
        "items": [],
        "logisticsInfo": [],
        "country": "bra",
        "postalCode": "22.051-030",
        "geoCoordinates": [-43.18, -22.0],
        "allowMultipleDeliveries": True,
    }


def test_an_address_that_was_not_sent_is_null():
    answer = write(read({"items": []}, "BRA"), Simulation((), ("BRA",)))

    assert (answer["country"], answer["postalCode"], answer["geoCoordinates"]) == (None, None, [])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda x: st.lists(x, max_size=4) | st.dictionaries(st.text(), x, max_size=4),
)
NAMES = st.sampled_from(["id", "ID", "quantity", "Quantity", "seller", "Seller", "x"])
TOP = st.sampled_from(["country", "postalCode", "PostalCode", "geoCoordinates", "sc", "marketingData"])
ITEMS = st.lists(st.dictionaries(NAMES, JSON) | JSON, max_size=5)


@given(st.dictionaries(TOP, JSON), ITEMS)
def test_a_request_with_a_list_of_items_is_never_refused_and_its_answer_can_be_written(rest, items):
    cart = read(rest | {"items": items}, "BRA")

    assert len(cart.lines) <= len(items)
    assert json.dumps(write(cart, Simulation((), ("BRA",))), allow_nan=False).encode()
    assert all(found.quantity > 0 and found.sku and found.sku.encode() for found in cart.lines)


@given(JSON)
def test_no_document_raises_anything_but_request_invalid(document):
    if isinstance(document, dict) and isinstance(document.get("items"), list):
        read(document, "BRA")
        return
    with pytest.raises(RequestInvalid, match="items"):
        read(document, "BRA")


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
OFFER = Offer("A", 7390, 7490, None, 99, 1500, 10.0, 20.0, 30.0, "un", 1.0)
SOLD = SimulatedLine(CartLine(3, "A", 1, "1"), OFFER, 1, 99, (SlaOffer("Normal", "Entrega Normal", 1090, "5bd"),))


def written(found=SOLD):
    answer = write(read(SEED, "BRA"), Simulation((found,), ("BRA",)))
    return answer["items"][0], answer["logisticsInfo"][0]


def test_the_answer_holds_every_key_of_the_guide_and_of_todays_schema():
    item, logistics = written()

    assert item == {
        "id": "A",
        "requestIndex": 3,
        "price": 7390,
        "listPrice": 7490,
        "quantity": 1,
        "seller": "1",
        "merchantName": None,
        "priceValidUntil": None,
        "offerings": [],
        "priceTags": [],
        "measurementUnit": "un",
        "unitMultiplier": 1,
        "attachmentOfferings": [],
    }
    assert logistics == {
        "itemIndex": 3,
        "stockBalance": 99,
        "quantity": 1,
        "shipsTo": ["BRA"],
        "slas": [
            {
                "id": "Normal",
                "name": "Entrega Normal",
                "price": 1090,
                "shippingEstimate": "5bd",
                "deliveryChannel": "delivery",
                "availableDeliveryWindows": [],
                "pickupStoreInfo": None,
            }
        ],
        "deliveryChannels": [{"id": "delivery", "stockBalance": 99}],
    }


def sold(**changes):
    return SimulatedLine(SOLD.line, OFFER._replace(**changes), 1, 99, ())


def test_a_price_that_ends_says_when():
    item, _ = written(sold(valid_until=datetime(2026, 3, 1, 22, 58, 28, tzinfo=UTC)))

    assert item["priceValidUntil"] == "2026-03-01T22:58:28+00:00"


def test_services_are_offerings():
    item, _ = written(sold(services=(Service("Garantia", "5", "Garantia de 1 ano", 10000),)))

    assert item["offerings"] == [{"type": "Garantia", "id": "5", "name": "Garantia de 1 ano", "price": 10000}]


def test_a_list_price_is_never_below_the_price():
    assert written(sold(list_price_cents=1))[0]["listPrice"] == 7390


@pytest.mark.parametrize(("multiplier", "text"), [(1.0, "1"), (0.0, "1"), (0.3, "0.3"), (300.0, "300")])
def test_a_multiplier_is_whole_where_it_can_be(multiplier, text):
    assert json.dumps(written(sold(unit_multiplier=multiplier))[0]["unitMultiplier"]) == text


def test_a_unit_that_nobody_named_is_un():
    assert written(sold(measurement_unit=""))[0]["measurementUnit"] == "un"

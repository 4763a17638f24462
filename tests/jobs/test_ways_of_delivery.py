"""Ways of delivery from outside: tables imported as .csv, .xlsx and .xls, carts and orders by HTTP, and what is explained of them."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from catalog_world import Catalog
from judging import JudgedClient

from connector import app as building
from connector.usecases import orders
from connector.usecases.freight_explained import Question, explain
from connector.web.app import create_app

GOLDEN = Path(__file__).parents[1] / "golden" / "freight"
SAO_PAULO, INLAND, RIO = "01310-100", "13010000", "22051030"
FRIDAY = datetime(2026, 11, 27, 13, tzinfo=UTC)  # ten in the morning
SETTINGS = """
[feeds.freight]
max_rejected = 0.3
[shipping.calendar]
holidays = "BR-SP"
closed = ["2026-12-24"]
[[shipping.slas]]
id = "Normal"
table = "freight/normal*"
cut_off = "14:00"
cubic_factor = 300
[[shipping.slas]]
id = "Agendada"
table = "freight/agendada*"
estimate_unit = "d"
[[shipping.slas.windows]]
weekdays = ["tue", "thu"]
start = "08:00"
end = "12:00"
price = 9.90
[[shipping.pickup_points]]
id = "loja-centro"
name = "Loja Centro"
additional_info = "9h às 18h"
postal_code = "13010-000"
state = "SP"
city = "Campinas"
neighborhood = "Centro"
street = "Rua Treze de Maio"
number = "100"
latitude = -22.9056
longitude = -47.0608
reach = [["13000-000", "13139-999"]]
reach_km = 30
price = 3.50
ready_in = "2h"
cut_off = "16:00"
"""
CSV = [
    "01000000;05999999;0;1000;10,50;0,5;0,0012;1000000;2.00:00:00;1",
    "01000000;05999999;1000;30000;17,90;0,5;0,0012;0;3;1",
    "13000000;13999999;0;30000;24,90;1;0;0;5;2,50",
]
CSV_HEAD = (
    "ZipCodeStart;ZipCodeEnd;WeightStart;WeightEnd;AbsoluteMoneyCost;"
    "PricePercent;PriceByExtraWeight;MaxVolume;TimeCost;MinimumValueInsurance"
)
SIZED = "sku;product_id;product_name;brand;category;height;width;length;weight;active"


class Shop(Catalog):
    def __init__(self, root, more=SETTINGS, at=FRIDAY):
        super().__init__(root, more=more)
        self.now = at
        self.drop("products/p.csv", "A;P;Camiseta;Marca;Roupas;10;20;30;0,5;1", "BIG;P;Caixa;Marca;Casa;40;50;60;0,9;1", head=SIZED)
        self.drop("prices/p.csv", "A;100;100", "BIG;100;100")
        self.drop("stock/s.csv", "A;50", "BIG;50")

    def brings(self, name, sample=None):
        if sample is None:
            return self.drop(f"freight/{name}", *CSV, head=CSV_HEAD)
        place = self.root / "inbox" / "freight" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(GOLDEN / sample, place)
        return place

    def opened(self):
        self.run()
        self.now = FRIDAY
        return self

    @property
    def client(self):
        return JudgedClient(create_app(self.app), headers={"Host": "127.0.0.1"})

    def asks(self, *lines, code=INLAND, **address):
        items = [{"id": sku, "quantity": quantity, "seller": "1"} for sku, quantity in lines or [("A", 1)]]
        document = {"items": items, "postalCode": code, "country": "BRA", **address}
        return self.client.simulate_post("/pvt/orderForms/simulation", json=document)

    def ways(self, *lines, **address):
        return [{way["id"]: way for way in row["slas"]} for row in self.asks(*lines, **address).json["logisticsInfo"]]

    def orders(self, sla, window=None, number="1", price=0, code=SAO_PAULO):
        logistics = {"itemIndex": 0, "selectedSla": sla, "price": price, "deliveryWindow": window}
        order = {
            "marketplaceOrderId": number,
            "marketplaceServicesEndpoint": "",
            "marketplacePaymentValue": 10_000 + price + (window or {}).get("price", 0),
            "items": [{"id": "A", "quantity": 1, "price": 10_000, "seller": "1"}],
            "shippingData": {"address": {"postalCode": code}, "logisticsInfo": [logistics]},
        }
        return self.client.simulate_post("/pvt/orders", json=[order])

    def story(self, answer):
        return [event.detail for event in self.order(answer.json[0]["orderId"]).history if event.what == "flagged"]

    def order(self, order_id):
        with self.app.db.read() as tx:
            return orders.find(tx, order_id)


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    shop.brings("normal.csv")
    shop.brings("agendada.csv")
    yield shop.opened()
    shop.app.db.close()


# ── tables in each of VTEX's forms ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("name", "sample"), [("normal.csv", None), ("normal.xlsx", "vtex-tabs.xlsx"), ("normal.xls", "vtex-tabs.xls")])
def test_a_table_prices_a_cart_alike_whatever_it_is_written_in(tmp_path, name, sample):
    shop = Shop(tmp_path)
    shop.brings(name, sample)
    shop.opened()

    light, two, inland = shop.ways(code=SAO_PAULO)[0], shop.ways(("A", 3), code=SAO_PAULO)[0], shop.ways()[0]

    assert (light["Normal"]["price"], light["Normal"]["shippingEstimate"]) == (1790 + 100 + 96, "3bd")  # 1800 g by its volume
    assert two["Normal"]["price"] == 1790 + 150 + 528  # 5400 g by its volume
    assert (inland["Normal"]["price"], inland["Normal"]["shippingEstimate"]) == (2490 + 250, "5bd")
    shop.app.db.close()


# ── cubic weight ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_ranges_too_short_for_a_cep_that_name_no_country_are_told_with_the_file(shop):
    ranges = ["01000;19999", "20000;29999", "0;0", "0;99999", "1000000;1999999", "30000000;39999999"]
    shop.drop("freight/expressa.csv", *[f"{one};0;1000;10,50;0;0;0;1;0" for one in ranges], head=CSV_HEAD)
    report = shop.run()

    told = "2 rates end below 01000000, the first CEP, and reach nobody: write all 8 digits of a code, such as 01000000 to 19999999"
    assert (report.exit_status, told in " ".join(report.lines)) == (0, True), report.lines


def test_the_larger_of_weight_and_cubic_weight_counts_in_row_and_price(shop):
    assert shop.ways(("A", 1), code=SAO_PAULO)[0]["Normal"]["price"] == 1790 + 100 + 96  # 500 g, and 1800 g by its volume
    assert shop.ways(("A", 1), code=SAO_PAULO)[0]["Agendada"]["price"] == 1050 + 100 + 60  # this carrier bills weight
    assert "Normal" not in shop.ways(("BIG", 1), code=SAO_PAULO)[0]  # 900 g, and 36 kg by its volume: no row takes it
    assert explain(shop.app, Question("BIG", SAO_PAULO))["services"][0]["reason"] == "no row for 36000 g"


# ── the calendar ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (FRIDAY, "5bd"),
        (FRIDAY + timedelta(hours=4), "6bd"),  # 14:00: the cut-off
        (datetime(2026, 11, 28, 15, tzinfo=UTC), "6bd"),
        (datetime(2026, 12, 21, 13, tzinfo=UTC), "7bd"),  # Christmas and the day before lie on the way
    ],
)
def test_cut_off_weekends_and_holidays_count(shop, now, expected):
    shop.now = now

    assert shop.ways()[0]["Normal"]["shippingEstimate"] == expected


def test_one_process_answers_by_the_clock_and_alike_within_a_stretch_of_the_day(shop):
    client = shop.client
    document = {"items": [{"id": "A", "quantity": 1, "seller": "1"}], "postalCode": INLAND, "country": "BRA"}
    answers = []
    for hours in (0, 1, 3.9, 4, 5, -1):
        shop.now = FRIDAY + timedelta(hours=hours)
        answers.append(client.simulate_post("/pvt/orderForms/simulation", json=document).content)

    assert answers[0] == answers[1] == answers[2] == answers[5]
    assert answers[3] == answers[4] != answers[0]


# ── windows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def window(day):
    at = date.fromisoformat(day)
    return {"startDateUtc": f"{at}T11:00:00+00:00", "endDateUtc": f"{at}T15:00:00+00:00", "price": 990}


def test_a_scheduled_service_offers_its_windows_in_utc_with_their_price(shop):
    shop.now = FRIDAY - timedelta(days=3)
    found = shop.ways(code=SAO_PAULO)[0]["Agendada"]

    assert found["shippingEstimate"] == "2d"
    assert found["availableDeliveryWindows"] == [window("2026-11-26"), window("2026-12-01")]


def test_an_order_may_have_any_window_that_is_offered_and_pays_for_it(shop):
    for number, named in enumerate(shop.ways(code=SAO_PAULO)[0]["Agendada"]["availableDeliveryWindows"]):
        answer = shop.orders("Agendada", named, number=str(number), price=1366)

        assert answer.status_code == 200
        assert shop.story(answer) == []


def test_a_window_before_the_goods_can_be_there_is_refused(shop):
    answer = shop.orders("Agendada", window("2026-12-01"), code=INLAND)

    assert answer.json["error"]["code"] == "FMT010"
    assert "the next are 2026-12-03T11:00:00+00:00" in answer.json["error"]["message"]


def test_a_window_offered_a_while_ago_is_taken_though_a_day_began_since(shop):
    shop.now = datetime(2026, 12, 2, 2, 59, tzinfo=UTC)  # a minute before midnight
    first = shop.ways(code=SAO_PAULO)[0]["Agendada"]["availableDeliveryWindows"][0]
    shop.now += timedelta(minutes=2)

    assert first not in shop.ways(code=SAO_PAULO)[0]["Agendada"]["availableDeliveryWindows"]
    assert shop.orders("Agendada", first).status_code == 200
    shop.now += timedelta(hours=1)
    assert shop.orders("Agendada", first, number="2").json["error"]["code"] == "FMT010"


def test_an_address_that_nothing_is_known_of_may_have_any_window_to_come(shop):
    assert shop.orders("Agendada", window("2026-12-01"), code=RIO).status_code == 200
    assert shop.orders("Agendada", window("2026-12-01"), number="2", code=None).status_code == 200


@pytest.mark.parametrize(
    "written", ["2026-12-01T08:00:00-03:00", "2026-12-01T11:00:00Z", "2026-12-01T11:00:00", "2026-12-01T11:00:00.0000000+00:00"]
)
def test_a_window_is_known_however_its_instant_is_written(shop, written):
    assert shop.orders("Agendada", window("2026-12-01") | {"startDateUtc": written}).status_code == 200


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (None, "without a delivery window"),
        (window("2026-12-02"), "which is not offered"),  # a Wednesday
        (window("2026-11-24"), "which is not offered"),  # over
        (window("2027-01-05"), "which is not offered"),  # too far ahead
        (window("2026-12-01") | {"endDateUtc": "2026-12-01T16:00:00+00:00"}, "which is not offered"),
        (window("2026-12-01") | {"startDateUtc": "amanhã"}, "which is not offered"),
    ],
)
def test_an_order_without_a_window_or_with_another_is_refused(shop, named, said):
    answer = shop.orders("Agendada", named)

    assert (answer.status_code, answer.json["error"]["code"]) == (422, "FMT010")
    assert said in answer.json["error"]["message"]


def test_a_window_that_came_too_cheap_is_flagged(shop):
    assert shop.story(shop.orders("Agendada", window("2026-12-01") | {"price": 100})) == [
        "the delivery window of 'Agendada' came at 1.00, offered at 9.90"
    ]


def test_a_window_for_a_service_that_has_none_is_taken_and_flagged(shop):
    assert shop.story(shop.orders("Normal", window("2026-12-01"))) == [
        "SKU A came with a delivery window, and the shipping service 'Normal' has none"
    ]


# ── pickup points ───────────────────────────────────────────────────────────────────────────────────────────────────────
STORE = {
    "isPickupStore": True,
    "friendlyName": "Loja Centro",
    "additionalInfo": "9h às 18h",
    "address": {
        "addressType": "pickup",
        "receiverName": None,
        "addressId": "loja-centro",
        "postalCode": "13010-000",
        "city": "Campinas",
        "state": "SP",
        "country": "BRA",
        "street": "Rua Treze de Maio",
        "number": "100",
        "neighborhood": "Centro",
        "complement": "",
        "reference": None,
        "geoCoordinates": [-47.0608, -22.9056],
    },
}


def test_a_pickup_point_is_a_way_of_its_own_with_its_store(shop):
    answer = shop.asks().json["logisticsInfo"][0]

    assert [way for way in answer["slas"] if way["deliveryChannel"] == "pickup-in-point"] == [
        {
            "id": "loja-centro",
            "name": "Loja Centro",
            "price": 350,
            "shippingEstimate": "2h",
            "deliveryChannel": "pickup-in-point",
            "availableDeliveryWindows": [],
            "pickupStoreInfo": STORE,
        }
    ]
    assert answer["deliveryChannels"] == [{"id": "delivery", "stockBalance": 50}, {"id": "pickup-in-point", "stockBalance": 50}]


@pytest.mark.parametrize(
    ("address", "is_offered"),
    [
        ({"code": RIO}, False),
        ({"code": "13139-999"}, True),
        ({"code": None, "geoCoordinates": [-47.05, -22.9]}, True),
        ({"code": None, "geoCoordinates": ["-22,9", "-47.05"]}, True),
        ({"code": RIO, "geoCoordinates": [-43.18, -22.97]}, False),
        ({"code": None}, False),
    ],
)
def test_a_pickup_point_is_offered_by_postal_code_and_by_coordinates(shop, address, is_offered):
    assert ("loja-centro" in shop.ways(**address)[0]) == is_offered


def test_an_order_to_be_collected_finds_its_point_again(shop):
    assert shop.orders("loja-centro", price=350).status_code == 200
    assert shop.orders("loja-norte", number="2").json["error"]["code"] == "FMT010"


# ── what is explained is what is answered ───────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("hours", [0, 4, 30])
@pytest.mark.parametrize("code", [SAO_PAULO, INLAND, RIO])
@pytest.mark.parametrize("sku", ["A", "BIG"])
def test_what_is_explained_of_each_way_is_what_a_cart_is_answered(shop, hours, code, sku):
    shop.now = FRIDAY + timedelta(hours=hours)
    answered = shop.ways((sku, 2), code=code)[0]
    told = explain(shop.app, Question(sku, code, quantity=2))
    every = told["services"] + told["pickup_points"]

    assert {one["id"]: (one["price_cents"], one["estimate"]) for one in every if one["offered"]} == {
        name: (way["price"], way["shippingEstimate"]) for name, way in answered.items()
    }
    for service in told["services"]:
        spans = [(w["start"], w["end"], w["price_cents"]) for w in service["windows"]]
        there = answered.get(service["id"], {"availableDeliveryWindows": []})["availableDeliveryWindows"]
        assert spans == [(w["startDateUtc"], w["endDateUtc"], w["price"]) for w in there]
    assert orjson.dumps(told)


def test_the_reasons_name_weight_calendar_windows_and_reach(shop):
    shop.now = FRIDAY + timedelta(hours=5)
    normal, scheduled = explain(shop.app, Question("A", INLAND))["services"]
    (point,) = explain(shop.app, Question("A", "", coordinates="-22.9,-47.05"))["pickup_points"]
    (elsewhere,) = explain(shop.app, Question("A", RIO, coordinates="-22.97,-43.18"))["pickup_points"]

    assert (normal["billed_weight_g"], normal["cubic_factor"]) == (1800, 300)
    assert normal["calendar"] == {"ordered_on": "2026-11-27", "leaves_on": "2026-11-30", "reason": "ordered after the cut-off at 14:00"}
    assert [w["start"] for w in scheduled["windows"]] == ["2026-12-03T11:00:00+00:00"]
    assert point["reason"] == "1.3 km away, its reach is 30 km"
    assert elsewhere["reason"] == "no range of its reach holds postal code 22051030 in BRA; 397.5 km away, its reach is 30 km"


def test_a_scheduled_service_without_a_window_left_says_so(shop):
    shop.now = datetime(2026, 12, 18, 13, tzinfo=UTC)
    scheduled = explain(shop.app, Question("A", INLAND))["services"][1]

    assert not scheduled["offered"]
    assert (
        scheduled["reason"] == "none of its windows of the next 7 days can be kept: the goods can be there from 2026-12-23T03:00:00+00:00"
    )


def test_a_shop_without_any_of_this_has_its_ways_prepared_once_for_ever(tmp_path):
    made = building.build(Catalog(tmp_path, more="").app.settings)
    slas = ()
    first = made.ways.at(slas, FRIDAY)

    assert made.ways.at(slas, FRIDAY + timedelta(days=4000)) is first

"""What is for sale, line by line, as VTEX hears it over real HTTP: the availability table, channels, services, units (facts 3.1 to 3.4)."""

import json
from datetime import datetime
from urllib.parse import quote

import pytest
import requests
from availability_world import END, made, wanted
from web_world import LOCAL, SHIPPING, free_port, marketplace, section, start, stop

SIMULATION = "/pvt/orderForms/simulation"
RIO = {"country": "BRA", "postalCode": "22051-030"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    port = free_port()
    settings = section(port, workers=2) + 'default_account = "first"\n'
    running = start(made(tmp_path_factory.mktemp("availability") / "project", settings), port)
    yield running
    stop(running)


@pytest.fixture
def ask(server):
    """Ask over HTTP by POST; by GET the answer must be the same to the byte."""
    session = requests.Session()
    session.trust_env = False
    address = f"http://127.0.0.1:{server.port}{SIMULATION}"

    def simulate(*lines, query="", **rest):
        document = {"items": [line if isinstance(line, dict) else wanted(*line) for line in lines]} | rest
        by_post = session.post(f"{address}?{query}", json=document, timeout=20)
        by_get = session.get(f"{address}?purchaseContext={quote(json.dumps(document))}&{query}", timeout=20)
        assert by_post.status_code == by_get.status_code == 200, by_post.text
        assert by_post.content == by_get.content
        return by_post.json()

    yield simulate
    session.close()


def rows(answer):
    """Item and logistics row side by side: position, SKU, quantity, stock, how many ways of delivery."""
    pairs = zip(answer["items"], answer["logisticsInfo"], strict=True)
    assert all(item["requestIndex"] == row["itemIndex"] and item["quantity"] == row["quantity"] for item, row in pairs)
    pairs = zip(answer["items"], answer["logisticsInfo"], strict=True)
    return [(item["requestIndex"], item["id"], item["quantity"], row["stockBalance"], len(row["slas"])) for item, row in pairs]


class TestTable:
    def test_enough_stock_and_no_address_is_answered_in_full_without_ways_of_delivery(self, ask):
        answer = ask(wanted("plenty", 3), isCheckedIn=False)

        assert rows(answer) == [(0, "plenty", 3, 100_000, 0)]
        assert answer["logisticsInfo"][0]["deliveryChannels"] == [{"id": "delivery", "stockBalance": 100_000}]
        assert (answer["country"], answer["postalCode"], answer["allowMultipleDeliveries"]) == (None, None, True)

    def test_enough_stock_and_a_postal_code_that_is_served_has_ways_of_delivery(self, ask):
        answer = ask(("plenty", 3), **RIO)

        assert rows(answer) == [(0, "plenty", 3, 100_000, 1)]
        assert answer["logisticsInfo"][0]["shipsTo"] == ["BRA"]
        assert (answer["country"], answer["postalCode"]) == ("BRA", "22051-030")

    def test_less_stock_than_asked_is_answered_with_what_is_there(self, ask):
        assert rows(ask(("two", 3), **RIO)) == [(0, "two", 2, 2, 1)]

    def test_no_stock_is_answered_with_zero_beside_the_other_lines(self, ask):
        answer = ask(("none", 1), ("plenty", 1), **RIO)

        assert rows(answer) == [(0, "none", 0, 0, 0), (1, "plenty", 1, 100_000, 1)]
        assert answer["logisticsInfo"][0]["deliveryChannels"] == [{"id": "delivery", "stockBalance": 0}]

    @pytest.mark.parametrize("sku", ["unknown", "unpriced", "free", "inactive", "expired"])
    def test_a_line_that_is_not_for_sale_is_left_out_and_the_others_keep_their_positions(self, ask, sku):
        assert rows(ask(("two", 1), (sku, 1), ("plenty", 1))) == [(0, "two", 1, 2, 0), (2, "plenty", 1, 100_000, 0)]

    def test_when_nothing_is_for_sale_both_lists_are_empty(self, ask):
        answer = ask(("unknown", 1), ("unpriced", 1), **RIO)

        assert (answer["items"], answer["logisticsInfo"]) == ([], [])

    def test_a_postal_code_that_is_not_served_keeps_the_stock(self, ask):
        assert rows(ask(("plenty", 1), country="BRA", postalCode="69900-000")) == [(0, "plenty", 1, 100_000, 0)]

    def test_lines_of_one_sku_share_its_stock_and_are_never_merged(self, ask):
        assert rows(ask(("two", 1), ("two", 3), ("two", 1))) == [(0, "two", 1, 2, 0), (1, "two", 1, 1, 0), (2, "two", 0, 0, 0)]

    def test_bad_lines_are_left_out_and_an_empty_cart_is_a_cart(self, ask):
        bad = [{}, {"id": "two"}, wanted("two", 0), wanted("two", -1), wanted("two", 1.5), {"quantity": 1}, wanted("two", "9.5")]

        assert rows(ask(*bad, ("two", 1))) == [(7, "two", 1, 2, 0)]
        assert ask()["items"] == []

    def test_fifty_thousand_pieces_are_answered_within_the_time_that_vtex_gives(self, ask):
        assert rows(ask(("plenty", 50_000), **RIO)) == [(0, "plenty", 50_000, 100_000, 1)]
        assert rows(ask(("plenty", 10**30), **RIO)) == [(0, "plenty", 100_000, 100_000, 1)]

    def test_of_as_many_lines_as_a_request_holds_none_is_lost(self, server):
        line = b'{"id":"plenty","quantity":1}'
        count = (2 * 1024 * 1024 - 20) // (len(line) + 1)
        answer = requests.post(
            f"http://127.0.0.1:{server.port}{SIMULATION}?an=first", data=b'{"items":[' + b",".join([line] * count) + b"]}", timeout=60
        )

        assert [item["requestIndex"] for item in answer.json()["items"]] == list(range(count))

    @pytest.mark.parametrize(
        ("policy", "answered"),
        [
            ("omit", [(1, "two", 1, 2, 0)]),
            ("mixed", [(0, "none", 0, 0, 0), (1, "two", 1, 2, 0)]),
            ("echo_zero", [(0, "none", 0, 0, 0), (1, "two", 1, 2, 0), (2, "unpriced", 0, 0, 0), (3, "unknown", 0, 0, 0)]),
        ],
    )
    def test_the_settings_say_what_becomes_of_what_cannot_be_had(self, tmp_path, policy, answered):
        client = made(tmp_path / "p", f'[simulation]\nunavailable_policy = "{policy}"\n', accounts=("first",)).client()
        cart = {"items": [wanted(sku) for sku in ("none", "two", "unpriced", "unknown")]}

        assert rows(client.simulate_post(SIMULATION, json=cart).json) == answered


class TestOffer:
    def test_money_is_whole_cents_and_the_seller_is_echoed_to_the_letter(self, ask):
        item = ask(wanted("plenty", seller="vendedor Ação"))["items"][0]

        assert (item["price"], item["listPrice"], item["seller"], item["merchantName"]) == (1000, 1000, "vendedor Ação", None)
        assert (item["priceTags"], item["attachmentOfferings"], item["offerings"], item["priceValidUntil"]) == ([], [], [], None)

    def test_services_are_offerings_and_a_price_that_ends_says_when(self, ask):
        item = ask(["wrapped"])["items"][0]

        assert item["offerings"] == [{"type": "Embalagem", "id": "6", "name": "Presente", "price": 250}]
        assert datetime.fromisoformat(item["priceValidUntil"]) == END

    def test_a_unit_with_a_decimal_multiplier_is_told(self, ask):
        item = ask(("kilo", 2))["items"][0]

        assert (item["measurementUnit"], item["unitMultiplier"], item["price"]) == ("kg", 0.3, 1000)
        item = ask(("plenty", 2))["items"][0]
        assert (item["measurementUnit"], item["unitMultiplier"]) == ("un", 1)


class TestWhoseChannel:
    @pytest.mark.parametrize(
        ("query", "sc", "cents"),
        [
            ("an=first", None, 1000),
            ("an=first&sc=1", None, 1000),
            ("an=first&sc=2", None, 2000),
            ("an=first", "2", 2000),
            ("an=first", 2, 2000),
            ("an=first&sc=1", "2", 1000),
            ("an=first", "no channel \0", 1000),
            ("an=second", None, 3000),
            ("an=second&sc=2", None, 4000),
            ("an=SECOND&sc=2", None, 4000),
            ("an=somebody-else&sc=2", None, 2000),
            ("", None, 1000),
        ],
    )
    def test_each_channel_of_each_marketplace_has_its_own_price(self, ask, query, sc, cents):
        assert ask(("channels", 1), query=query, sc=sc)["items"][0]["price"] == cents

    def test_a_seller_that_takes_the_payment_names_itself_as_it_was_called(self, tmp_path):
        taking = marketplace("first") + "takes_payment = true\n"
        project = made(tmp_path / "p", accounts=())
        project.config.write_text(SHIPPING + taking + marketplace("second"))
        client = project.client()

        def named(query):
            return client.simulate_post(SIMULATION, json={"items": [wanted("two")]}, query_string=query).json["items"][0]["merchantName"]

        assert [named("an=FIRST"), named("an=first"), named("an=second")] == ["FIRST", "first", None]

    def test_a_default_account_that_is_not_configured_is_named(self, tmp_path):
        with pytest.raises(Exception, match=r"default_account.*third.*first, second"):
            made(tmp_path / "p", '[api]\ndefault_account = "third"\n')


class TestReading:
    def test_todays_full_checkout_request_is_read_and_what_is_unknown_is_passed_over(self, ask):
        line = wanted("plenty", parentItemIndex=0, parentAssemblyBinding="kit_1", attachments=[{"name": "x"}], priceTags=[{}])
        unknown = dict.fromkeys(("selectedSla", "marketingData", "clientProfileData", "shippingData", "orderFormId", "storeId"))
        more = {"paymentData": {"payments": [{"value": 1}]}, "priceTables": ["x"], "isCheckedIn": True, "checkedInPickupPointId": 7}

        assert rows(ask(line, **unknown, **more, **RIO, geoCoordinates=[-43.18, -22.97])) == [(0, "plenty", 1, 100_000, 1)]

    @pytest.mark.parametrize(
        ("address", "ways"),
        [
            ({"country": "BRA"}, 0),
            ({"country": None, "postalCode": None, "geoCoordinates": None}, 0),
            ({"postalCode": "22051030"}, 1),
            ({"postalCode": "22051-030", "country": None}, 1),
            ({"postalCode": 22051030, "country": " bra "}, 1),
            ({"postalCode": " 22.051-030 "}, 1),
            ({"POSTALCODE": "22051030", "Country": "BRA"}, 1),
            ({"postalCode": "22051030", "country": "ARG"}, 0),
            ({"postalCode": "", "geoCoordinates": []}, 0),
            ({"geoCoordinates": ["-22.9"]}, 0),
        ],
    )
    def test_no_address_however_odd_refuses_a_cart(self, ask, address, ways):
        assert rows(ask(("plenty", 1), **address)) == [(0, "plenty", 1, 100_000, ways)]

    def test_names_of_properties_and_numbers_as_text_are_read_as_dotnet_writes_them(self, ask):
        assert rows(ask({"ID": "two", "Quantity": "2", "Seller": "1"})) == [(0, "two", 2, 2, 0)]


class TestByGet:
    def test_an_answer_that_was_kept_is_asked_for_again_without_being_sent_again(self, tmp_path):
        client = made(tmp_path / "p", accounts=("first",)).client()
        query = "purchaseContext=" + quote(json.dumps({"items": [wanted("two")]}))
        first = client.simulate_get(SIMULATION, query_string=query)
        again = client.simulate_get(SIMULATION, query_string=query, headers=LOCAL | {"If-None-Match": first.headers["etag"]})
        other = client.simulate_get(SIMULATION, query_string=query, headers=LOCAL | {"If-None-Match": '"of-yesterday"'})

        assert first.headers["cache-control"] == "private, no-cache"
        assert (again.status_code, again.content) == (304, b"")
        assert (other.status_code, other.content) == (200, first.content)

    def test_by_post_nothing_is_kept(self, tmp_path):
        answer = made(tmp_path / "p", accounts=("first",)).client().simulate_post(SIMULATION, json={"items": []})

        assert answer.headers["cache-control"] == "no-store"

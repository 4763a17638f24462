"""The calls as VTEX makes them: simulation by POST and GET, orders placed, authorized and cancelled, whose they are, and the probes."""

import json
import re
from urllib.parse import quote, quote_plus

import pytest
from sqlalchemy import select
from web_world import CART, order, refused

from connector.storage import tables

SIMULATION = "/pvt/orderForms/simulation"


def lowercase_hex(text):
    return re.sub("%..", lambda found: found[0].lower(), quote(text, safe=""))


class TestSimulation:
    def test_a_cart_is_answered_from_the_snapshot(self, project):
        answer = project().client().simulate_post(SIMULATION, json=CART)

        assert answer.status_code == 200
        assert [(item["id"], item["requestIndex"], item["price"]) for item in answer.json["items"]] == [("100", 0, 9990), ("200", 2, 500)]
        assert answer.json["logisticsInfo"][0]["slas"][0]["id"] == "Normal"

    @pytest.mark.parametrize("base", ["", "/api"])
    @pytest.mark.parametrize("encode", [quote, quote_plus, lowercase_hex, lambda text: quote(text, safe='{}[]":,')])
    def test_by_get_it_is_the_same_document_to_the_byte(self, project, base, encode):
        client = project().client()
        by_post = client.simulate_post(SIMULATION, json=CART)
        query = f"purchaseContext={encode(json.dumps(CART))}&sc=1&an=acme-market"

        assert client.simulate_get(base + SIMULATION, query_string=query).content == by_post.content

    @pytest.mark.parametrize(
        "query", ["", "sc=1", "purchaseContext=", "purchaseContext=%7B", "purchaseContext=%FF%FE", "purchaseContext=[]"]
    )
    def test_a_missing_or_malformed_context_is_400(self, project, query):
        assert refused(project().client().simulate_get(SIMULATION, query_string=query), 400)

    def test_a_context_above_eight_kilobytes_is_414(self, project):
        answer = project().client().simulate_get(SIMULATION, query_string="purchaseContext=" + "x" * 8200)

        assert refused(answer, 414)

    def test_odd_values_cost_their_own_line_only(self, project):
        odd = [b'"1\\u0000", "quantity": 1', b'"\\ud83d", "quantity": 1', b'"200", "quantity": 1e400', b'"100", "quantity": 1']
        body = b'{"items": [{"id": ' + b'}, {"id": '.join(odd) + b"}]}"
        answer = project().client().simulate_post(SIMULATION, body=body)

        assert [item["requestIndex"] for item in answer.json["items"]] == [3]

    def test_without_a_marketplace_in_the_settings_it_answers_all_the_same(self, project):
        assert project(accounts=()).client().simulate_post(SIMULATION, json=CART).status_code == 200

    def test_a_head_request_has_no_body(self, project):
        answer = project().client().simulate_head(SIMULATION, query_string="purchaseContext=" + quote('{"items": []}'))

        assert (answer.status_code, answer.content) == (200, b"")


class TestWhoAsks:
    @pytest.mark.parametrize(
        "query", ["", "sc=1", "an=acme-market", "an=ACME-Market", "an=somebody-else", "an=", "an=acme-market&an=acme-market", "sc="]
    )
    def test_with_one_marketplace_it_is_that_one(self, project, query):
        made = project()
        answer = made.client().simulate_post("/pvt/orders", query_string=query, json=[order("one-01")])

        assert answer.status_code == 200
        with made.app().db.read() as tx:
            assert tx.execute(select(tables.orders.c.account, tables.orders.c.sales_channel)).all() == [("acme-market", "1")]

    def test_with_several_an_decides(self, project):
        made = project(accounts=("first", "second"))
        answer = made.client().simulate_post("/pvt/orders", query_string="an=second&sc=3", json=[order("two-01")])

        assert answer.status_code == 200
        with made.app().db.read() as tx:
            assert tx.execute(select(tables.orders.c.account, tables.orders.c.sales_channel)).all() == [("second", "3")]

    @pytest.mark.parametrize("query", ["", "an=third", "an=%00"])
    def test_with_several_and_none_matching_it_is_400_naming_an(self, project, query):
        answer = project(accounts=("first", "second")).client().simulate_post("/pvt/orders", query_string=query, json=[order("x-01")])

        assert refused(answer, 400)
        assert answer.json["error"]["message"].startswith("an ")

    @pytest.mark.parametrize("channel", ["%00", "%0C", "a b", "x" * 65, "é", "1;2"])
    def test_a_sales_channel_that_cannot_be_one_is_400_naming_it(self, project, channel):
        answer = project().client().simulate_post(SIMULATION, query_string=f"sc={channel}", json=CART)

        assert refused(answer, 400)
        assert answer.json["error"]["message"].startswith("sc ")


class TestOrders:
    def test_an_array_is_answered_with_an_array_and_an_object_with_an_object(self, project):
        client = project().client()
        many = client.simulate_post("/pvt/orders", json=[order("a-01"), order("b-01")]).json
        one = client.simulate_post("/pvt/orders", json=order("c-01")).json

        assert [answer["marketplaceOrderId"] for answer in many] == ["a-01", "b-01"]
        assert one["marketplaceOrderId"] == "c-01"
        assert len({many[0]["orderId"], many[1]["orderId"], one["orderId"]}) == 3

    def test_sent_again_it_is_the_same_answer_to_the_byte(self, project):
        client = project().client()
        first, again = (client.simulate_post("/pvt/orders", json=[order("a-01")]) for _ in range(2))

        assert first.content == again.content

    def test_sent_again_with_other_content_it_is_a_conflict(self, project):
        client = project().client()
        client.simulate_post("/pvt/orders", json=[order("a-01")])

        assert refused(client.simulate_post("/pvt/orders", json=[order("a-01", quantity=2)]), 409, "FMT009")

    @pytest.mark.parametrize(
        ("changed", "code"),
        [({"sku": "999"}, "ORD021"), ({"quantity": 5000}, "FMT002"), ({"price": 100}, "FMT006"), ({"sla": "Rocket"}, "FMT010")],
    )
    def test_one_that_cannot_be_accepted_is_422_with_vtex_own_code(self, project, changed, code):
        answer = project().client().simulate_post("/pvt/orders", json=[order("a-01", **changed)])

        assert refused(answer, 422, code)

    def test_authorized_twice_it_is_the_same_receipt(self, project):
        client = project().client()
        number = client.simulate_post("/pvt/orders", json=order("a-01")).json["orderId"]
        first, again = (client.simulate_post(f"/pvt/orders/{number}/fulfill", json={"marketplaceOrderId": "a-01"}) for _ in range(2))

        assert first.status_code == again.status_code == 200
        assert set(first.json) == {"date", "marketplaceOrderId", "orderId", "receipt"}
        assert first.json == again.json

    def test_cancelled_before_authorization_it_has_a_receipt(self, project):
        client = project().client()
        number = client.simulate_post("/pvt/orders", json=order("a-01")).json["orderId"]
        answer = client.simulate_post(f"/api/pvt/orders/{number}/cancel", json={"marketplaceOrderId": "a-01", "reason": "não quero mais"})

        assert answer.status_code == 200
        assert set(answer.json) == {"date", "marketplaceOrderId", "orderId", "receipt"}
        assert refused(client.simulate_post(f"/pvt/orders/{number}/fulfill", json={"marketplaceOrderId": "a-01"}), 409)

    def test_cancelled_after_authorization_the_answer_is_empty(self, project):
        client = project().client()
        number = client.simulate_post("/pvt/orders", json=order("a-01")).json["orderId"]
        client.simulate_post(f"/pvt/orders/{number}/fulfill")
        answer = client.simulate_post(f"/pvt/orders/{number}/cancel")

        assert (answer.status_code, answer.content) == (200, b"")

    @pytest.mark.parametrize("verb", ["fulfill", "cancel"])
    @pytest.mark.parametrize("body", [b"false", b"0", b'""', b'"x"', b"[[]]", b"[{}, {}]", b"[false]"])
    def test_a_body_that_is_no_object_changes_nothing_about_an_order(self, project, verb, body):
        made = project()
        client = made.client()
        number = client.simulate_post("/pvt/orders", json=order("a-01")).json["orderId"]

        assert refused(client.simulate_post(f"/pvt/orders/{number}/{verb}", body=body), 400)
        with made.app().db.read() as tx:
            assert tx.execute(select(tables.orders.c.state)).all() == [("placed",)]

    @pytest.mark.parametrize("verb", ["fulfill", "cancel"])
    @pytest.mark.parametrize("body", [b"", b" ", b"null", b"{}", b"[]", b"[null]", b'[{"marketplaceOrderId": "a-01"}]'])
    def test_a_body_may_be_missing_or_wrapped_in_an_array(self, project, verb, body):
        client = project().client()
        number = client.simulate_post("/pvt/orders", json=order("a-01")).json["orderId"]

        assert client.simulate_post(f"/pvt/orders/{number}/{verb}", body=body).status_code == 200

    @pytest.mark.parametrize("verb", ["fulfill", "cancel"])
    @pytest.mark.parametrize("number", ["NOPE", "%00", "%ED%A0%80", "..%2f..%2fetc", "é", "x" * 3000])
    def test_an_unknown_order_is_404(self, project, verb, number):
        assert refused(project().client().simulate_post(f"/pvt/orders/{number}/{verb}", json={}), 404)

    @pytest.mark.parametrize("number", ["a b", "'; DROP TABLE orders;--"])
    def test_an_odd_number_is_only_unknown(self, project, number):
        assert refused(project().client().simulate_post(f"/pvt/orders/{quote(number)}/cancel", json={}), 404)

    def test_orders_need_a_marketplace_in_the_settings(self, project):
        answer = project(accounts=()).client().simulate_post("/pvt/orders", json=[order("a-01")])

        assert answer.status_code == 503

"""The calls as VTEX makes them: simulation by POST and GET, orders placed, authorized and cancelled, whose they are, and the probes."""

import contextlib
import json
import re
import sqlite3
import time
from urllib.parse import quote, quote_plus

import pytest
from sqlalchemy import select
from web_world import CART, fill, long_ago, order

from connector.storage import tables

SIMULATION = "/pvt/orderForms/simulation"


def lowercase_hex(text):
    return re.sub("%..", lambda found: found[0].lower(), quote(text, safe=""))


def refused(answer, status, code="ORD008"):
    """Say whether the answer is an error in VTEX's shape."""
    error = answer.json["error"]
    same_code = answer.headers["x-vtex-error-code"] == error["code"] == code
    return answer.status_code == status and same_code and set(error) == {"code", "message", "exception"} and error["exception"] is None


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

    @pytest.mark.parametrize("channel", ["%00", "a b", "x" * 65, "é", "1;2"])
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
    @pytest.mark.parametrize("number", ["NOPE", "%00", "%ED%A0%80", "..%2f..%2fetc", "é", "x" * 3000])
    def test_an_unknown_order_is_404(self, project, verb, number):
        assert refused(project().client().simulate_post(f"/pvt/orders/{number}/{verb}", json={}), 404)

    @pytest.mark.parametrize("number", ["a b", "'; DROP TABLE orders;--"])
    def test_an_odd_number_is_only_unknown(self, project, number):
        assert refused(project().client().simulate_post(f"/pvt/orders/{quote(number)}/cancel", json={}), 404)

    def test_orders_need_a_marketplace_in_the_settings(self, project):
        answer = project(accounts=()).client().simulate_post("/pvt/orders", json=[order("a-01")])

        assert answer.status_code == 503


class TestBodies:
    @pytest.mark.parametrize("path", ["/pvt/orders", SIMULATION])
    @pytest.mark.parametrize("body", [b"", b"{", b"[1", b"\xff\xfe{\x00}\x00", b"[" * 100_000, b"nul", b'"text"', b"7", b"null"])
    def test_what_is_no_document_is_400(self, project, path, body):
        assert refused(project().client().simulate_post(path, body=body), 400)

    @pytest.mark.parametrize("body", [b'[{"a": 1, "a": 2}]', b'[{"marketplaceOrderId": "\\u0000"}]', b'[{"marketplaceOrderId": NaN}]'])
    def test_an_order_that_two_readers_could_understand_differently_is_400(self, project, body):
        assert refused(project().client().simulate_post("/pvt/orders", body=body), 400)

    @pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", ""])
    def test_json_under_its_names_is_read(self, project, kind):
        assert project().client().simulate_post(SIMULATION, json=CART, content_type=kind).status_code == 200

    @pytest.mark.parametrize("path", ["/pvt/orders", SIMULATION, "/pvt/orders/X/fulfill"])
    def test_another_content_type_is_415(self, project, path):
        assert refused(project().client().simulate_post(path, body=b"<a/>", content_type="text/xml"), 415)

    def test_a_compressed_body_is_415(self, project):
        assert refused(project().client().simulate_post("/pvt/orders", body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}), 415)

    def test_two_megabytes_are_read_and_one_byte_more_is_413(self, project):
        client = project().client()
        limit = 2 * 1024 * 1024
        body = b'{"items": []' + b" " * (limit - 13) + b"}"

        assert client.simulate_post(SIMULATION, body=body).status_code == 200
        assert refused(client.simulate_post(SIMULATION, body=body + b" "), 413)


class TestRoutes:
    @pytest.mark.parametrize("path", ["/", "/pvt", "/pvt/order", "/pvt/orders/X", "/pvt/installments/options", "/admin", "/../etc/passwd"])
    def test_an_unknown_address_is_404(self, project, path):
        assert refused(project().client().simulate_get(path), 404)

    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", "/pvt/orders"), ("PUT", SIMULATION), ("DELETE", "/pvt/orders/X/cancel"), ("POST", "/healthz"), ("HEAD", "/pvt/orders")],
    )
    def test_an_unknown_method_is_405_and_the_known_ones_are_named(self, project, method, path):
        answer = project().client().simulate_request(method, path)

        assert answer.status_code == 405
        assert answer.headers["allow"]
        assert answer.headers["x-vtex-error-code"] == "ORD008"

    def test_options_names_the_methods(self, project):
        answer = project().client().simulate_options("/pvt/orders")

        assert (answer.status_code, answer.headers["allow"]) == (200, "POST")

    def test_vtex_operation_id_names_the_request(self, project):
        client = project().client()

        assert client.simulate_get("/healthz", headers={"x-vtex-operation-id": "abc-123"}).headers["x-request-id"] == "abc-123"
        assert client.simulate_get("/healthz", headers={"x-vtex-operation-id": "a b\x7f"}).headers["x-request-id"].isalnum()
        assert client.simulate_get("/healthz").headers["x-request-id"].isalnum()


class TestTrouble:
    def test_a_database_that_is_not_there_is_503_with_retry_after_and_names_no_path(self, project):
        made = project()
        client = made.client()
        for file in (made.root / "var").iterdir():
            file.unlink()
        answer = client.simulate_post(SIMULATION, json=CART)

        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert str(made.root) not in answer.text
        assert client.simulate_get("/readyz").json["error"]["message"].startswith("the database is unreachable")
        assert "connector_up 0" in client.simulate_get("/metrics").text
        assert client.simulate_get("/healthz").status_code == 200

    def test_a_bug_is_500_without_its_details(self, project, caplog):
        client = project().client()
        broken = '[{"marketplaceOrderId": "a-01"}]'
        client.app.add_route("/broken", Broken())
        answer = client.simulate_post("/broken", body=broken)

        assert refused(answer, 500)
        assert "secret detail" not in answer.text
        assert "secret detail" in caplog.text
        assert answer.headers["x-request-id"] in answer.json["error"]["message"]

    def test_messages_in_headers_are_percent_encoded(self, project):
        answer = project().client().simulate_post("/pvt/orders", body='[{"marketplaceOrderId": "ação\\r\\nX: y", "items": 1}]'.encode())
        shown = answer.headers["x-vtex-error-message"]

        assert answer.status_code == 400
        assert shown.isascii()
        assert "\r" not in shown
        assert "\n" not in shown


class Broken:
    def on_post(self, _req, _resp):
        raise RuntimeError("secret detail")


class TestProbes:
    def test_ready_with_a_snapshot(self, project):
        assert project().client().simulate_get("/readyz").json == {"status": "ready"}

    def test_not_ready_without_one(self, project):
        answer = project(filled=False).client().simulate_get("/readyz")

        assert refused(answer, 503)
        assert "no snapshot of products" in answer.json["error"]["message"]

    def test_not_ready_with_a_stale_one(self, project):
        made = project(filled=False)
        fill(made.app(), at=long_ago())
        answer = made.client().simulate_get("/readyz")

        assert refused(answer, 503)
        assert "stale" in answer.json["error"]["message"]

    @pytest.mark.parametrize("base", ["", "/seller", "/api/seller"])
    def test_probes_are_mounted_everywhere(self, project, base):
        client = project('[api]\nprefix = "/seller"\n').client()

        assert [client.simulate_get(f"{base}/{probe}").status_code for probe in ("healthz", "readyz", "metrics", "openapi.json")] == [
            200
        ] * 4

    def test_numbers_count_requests_by_route_and_status(self, project):
        client = project().client()
        client.simulate_post(SIMULATION, json=CART)
        client.simulate_post("/pvt/orders", body=b"{")
        client.simulate_get("/pvt/orders/some-secret-number/nowhere")
        text = client.simulate_get("/metrics").text

        assert f'connector_http_requests_total{{method="POST",route="{SIMULATION}",status="200"}} 1.0' in text
        assert 'connector_http_requests_total{method="POST",route="/pvt/orders",status="400"} 1.0' in text
        assert "connector_simulation_seconds_count 1.0" in text
        assert "connector_snapshot_rows_skus 2.0" in text
        assert "connector_feed_age_seconds_stock" in text
        assert "some-secret-number" not in text


class TestLocked:
    def test_while_a_stranger_holds_the_database_simulations_go_on_and_orders_are_503_soon(self, project):
        made = project()
        client = made.client()
        with contextlib.closing(sqlite3.connect(made.root / "var" / "connector.db", isolation_level=None)) as stranger:
            stranger.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            placed = client.simulate_post("/pvt/orders", json=[order("locked-01")])
            took = time.monotonic() - began
            simulated = client.simulate_post(SIMULATION, json=CART)
            stranger.execute("ROLLBACK")

        assert refused(placed, 503)
        assert took < 2.6
        assert simulated.status_code == 200
        assert client.simulate_post("/pvt/orders", json=[order("locked-01")]).status_code == 200

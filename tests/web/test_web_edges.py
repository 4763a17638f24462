"""At the edges of the calls: bodies and addresses that are none, trouble of our own, and the probes."""

import contextlib
import sqlite3
import time

import pytest
from judging import JudgedClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from web_world import CART, LOCAL, fill, long_ago, order, refused

from connector.web.app import create_app
from connector.web.metrics import GAUGES

SIMULATION = "/pvt/orderForms/simulation"


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

    @pytest.mark.parametrize("coding", ["", " ", "identity", "Identity"])
    def test_a_body_that_is_said_to_be_plain_is_read(self, project, coding):
        assert project().client().simulate_post(SIMULATION, json=CART, headers={"Content-Encoding": coding}).status_code == 200

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

    def test_the_log_names_the_field_that_was_refused_and_not_what_it_held(self, project, caplog):
        caplog.set_level("INFO", "connector.web.errors")
        answer = project().client().simulate_post("/pvt/orders", json=[{"marketplaceOrderId": "a-01", "items": "Ana Prado, FLORES 12"}])

        assert (answer.status_code, "Ana Prado" in answer.text) == (400, True)
        assert "items: allowed: an array" in caplog.text
        assert "Ana Prado" not in caplog.text

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

    def test_not_ready_while_the_database_takes_no_writes(self, project, postgresql_url):
        made = project(f'[database]\nurl = "{postgresql_url}"\n')
        app = made.app()
        client = JudgedClient(create_app(app), headers=LOCAL)
        with app.db.read() as tx:
            tx.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
            tx.commit()
        answer = client.simulate_get("/readyz")

        assert refused(answer, 503)
        assert "takes no writes" in answer.json["error"]["message"]
        assert client.simulate_get("/readyz").status_code == 200
        app.db.close()

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
        assert 'connector_snapshot_rows{feed="skus"} 2' in text
        assert 'connector_feed_age_seconds{feed="stock"}' in text
        assert "some-secret-number" not in text

    def test_numbers_are_read_as_prometheus_reads_them(self, project):
        client = project().client()
        client.simulate_post("/pvt/orders", json=[order("a-01"), order("b-01")])
        families = {family.name: family for family in text_string_to_metric_families(client.simulate_get("/metrics").text)}
        waiting = [(sample.labels, sample.value) for sample in families["connector_messages_waiting"].samples]

        assert set(families) >= {f"connector_{name}" for name in GAUGES}
        assert [(sample.labels, sample.value) for sample in families["connector_orders"].samples] == [({"state": "placed"}, 2)]
        assert ({"destination": "erp", "kind": "order-file"}, 2) in waiting


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

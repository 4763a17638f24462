"""The sandbox's page and controls: what they do, what they refuse, and that nothing from an ERP's file becomes markup."""

import contextlib
import json
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from servers import free_port, wait_for

from connector.errors import UsageError
from connector.sandbox import Sandbox
from connector.sandbox.running import opened, read_known
from connector.sandbox.suggestions import read_approval

EVIL = "<script>alert(1)</script>"
HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}


@pytest.fixture
def sandbox():
    with Sandbox(known={"A"}) as made:
        yield made


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


def ask(sandbox, method, path, body=None, **headers):
    """Return status, text and headers of one request; a dict is sent as JSON, a text as a form."""
    data = None if body is None else json.dumps(body).encode() if isinstance(body, dict) else body.encode()
    said = HEADERS if isinstance(body, dict) else {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
    request = urllib.request.Request(sandbox.url + path, data, {**said, **headers}, method=method)
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


def control(sandbox, name, **fields):
    status, text, _ = ask(sandbox, "POST", f"/sandbox/{name}", fields)
    return status, json.loads(text)


def test_the_page_shows_what_was_seen_without_a_script_in_it(sandbox):
    path = f"/sandbox/suggestions/acme/{urllib.parse.quote(EVIL, safe='')}"
    body = {"ProductName": EVIL, "SkuName": '"><b>', "BrandName": EVIL, "CategoryFullPath": EVIL, "ProductDescription": "x", "RefId": "r"}
    body |= {"Height": 1, "Width": 1, "Length": 1, "Weight": 1, "Images": [{"imageName": "a", "imageUrl": "https://i.example/1"}]}
    body |= {"AvailableQuantity": 1, "Pricing": {"Currency": "BRL", "SalePrice": 1, "CurrencySymbol": "R$"}}
    assert ask(sandbox, "PUT", path, body)[0] == 200
    status, page, headers = ask(sandbox, "GET", "/sandbox/?q=" + urllib.parse.quote(EVIL))

    assert status == 200
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page
    assert "<b>" not in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_the_page_has_what_it_links_to_and_the_address_without_it_leads_there(sandbox):
    assert [ask(sandbox, "GET", f"/sandbox/{name}")[0] for name in ("", "sandbox.css", "sandbox.js", "state", "none")] == [200] * 4 + [404]
    assert [ask(sandbox, "GET", path)[2]["Location"] for path in ("/", "/sandbox")] == ["/sandbox/"] * 2


def test_a_button_does_its_work_and_leads_back_to_a_page_that_says_so(sandbox):
    status, _, headers = ask(sandbox, "POST", "/sandbox/know", "sku=B", Origin=sandbox.url)

    assert (status, headers["Location"]) == (303, "/sandbox/")
    assert "SKU B is in the catalogue." in ask(sandbox, "GET", "/sandbox/")[1]
    assert "SKU B is in the catalogue." not in ask(sandbox, "GET", "/sandbox/")[1]
    assert sandbox.known == {"A", "B"}
    ask(sandbox, "POST", "/sandbox/approve", "sku=C")
    assert "Not done: SKU C is not suggested." in ask(sandbox, "GET", "/sandbox/")[1]


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}, {"Host": "[bad"}],
)
def test_another_site_presses_no_button(sandbox, headers):
    assert ask(sandbox, "POST", "/sandbox/know", "sku=B", **headers)[0] == 403
    assert sandbox.known == {"A"}


def test_a_name_that_points_here_reads_nothing(sandbox):
    assert ask(sandbox, "GET", "/sandbox/state", Host="evil.example")[0] == 403
    assert ask(sandbox, "GET", "/sandbox/", Host=f"localhost:{sandbox.url.rsplit(':')[-1]}")[0] == 200


def test_json_as_plain_text_is_refused_since_any_site_can_send_it(sandbox):
    assert ask(sandbox, "POST", "/sandbox/know", '{"sku": "B"}', **{"Content-Type": "text/plain"})[0] == 415


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("nothing", {}, "there is no control 'nothing'"),
        ("know", {}, "the field sku is missing"),
        ("know", {"sku": ["A"]}, "not a text"),
        ("throttle", {"per_minute": "many"}, "not a whole number"),
        ("fail", {"failure": "503y"}, "is no failure"),
        ("cart", {"lines": "A 1"}, "knows no seller to call"),
        ("deny", {"sku": "A"}, "is not suggested"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(sandbox, name, fields, said):
    status, answer = control(sandbox, name, **fields)

    assert status in (400, 404)
    assert said in answer["error"]


def test_limits_and_failures_are_set_shown_and_ended(sandbox):
    control(sandbox, "throttle", per_minute=1)
    control(sandbox, "fail", failure="503x2")
    notify = "/api/catalog_system/pvt/skuseller/changenotification/acme/A"

    assert [ask(sandbox, "POST", notify)[0] for _ in range(4)] == [503, 503, 200, 429]
    assert json.loads(ask(sandbox, "GET", "/sandbox/state")[1])["per_minute"] == 1
    control(sandbox, "repair")
    assert ask(sandbox, "POST", notify)[0] == 200


def test_strict_answers_a_broken_rule_with_400_and_does_nothing():
    with Sandbox(known={"A"}, strict=True) as sandbox:
        path = "/api/notificator/acme/changenotification/A/price"
        status, text, _ = ask(sandbox, "POST", path)

        assert status == 400
        assert "json-headers: accept: missing" in json.loads(text)["error"]["message"]
        assert ask(sandbox, "POST", path, **HEADERS)[0] == 202


def suggest(sandbox, sku):
    body = {"ProductName": "n", "SkuName": "s", "BrandName": "b", "CategoryFullPath": "c", "ProductDescription": "x", "RefId": "r"}
    body |= {"Height": 1, "Width": 1, "Length": 1, "Weight": 1, "Images": [{"imageName": "a", "imageUrl": "https://i.example/1"}]}
    body |= {"AvailableQuantity": 1, "Pricing": {"Currency": "BRL", "SalePrice": 1, "CurrencySymbol": "R$"}}
    assert ask(sandbox, "PUT", f"/shop/suggestions/acme/{sku}", body)[0] == 200


def test_what_the_score_approves_is_looked_at_and_a_seller_that_is_not_there_has_vtexs_code():
    with Sandbox(approval=read_approval("auto"), endpoint=f"http://127.0.0.1:{free_port()}") as sandbox:
        suggest(sandbox, "A")
        wait_for(lambda: "A" in sandbox.listed, "the SKU to be looked at")

        assert sandbox.listed["A"].reason == "ORD015: the seller cannot be reached"
        assert not sandbox.ledger.counts
        assert control(sandbox, "cart", lines="A")[1]["lines"][0]["reason"] == "ORD015: the seller cannot be reached"
        assert "cannot be ordered: ORD015" in control(sandbox, "order", lines="A", postal_code="13083852")[1]["error"]


def test_what_is_ripe_is_approved_without_a_seller_to_look_at():
    with Sandbox(approval=read_approval("0")) as sandbox:
        suggest(sandbox, "A")

        assert list(json.loads(ask(sandbox, "GET", "/sandbox/state")[1])["skus"]) == ["A"]


@pytest.mark.parametrize("sku", ["WAITS", "DENIED", "NEVER"])
def test_what_is_not_in_the_catalogue_is_not_sold_and_the_refusal_says_why(sku):
    with Sandbox(known={"A"}, endpoint=f"http://127.0.0.1:{free_port()}") as sandbox:
        suggest(sandbox, "WAITS")
        suggest(sandbox, "DENIED")
        control(sandbox, "deny", sku="DENIED")
        why = {
            "WAITS": "its suggestion is pending (approve it)",
            "DENIED": "its suggestion was denied",
            "NEVER": "it was never suggested",
        }[sku]

        status, answer = control(sandbox, "order", lines=f"A\n{sku} 2\n{sku}", postal_code="13083852")
        assert (status, answer["error"]) == (400, f"SKU {sku} is not in the catalogue: {why}")
        assert not sandbox.orders
        assert f"SKU {sku} is not in the catalogue: {why}." in control(sandbox, "cart", lines=sku)[1]["said"]


def test_what_was_approved_and_forgotten_later_is_not_sold():
    with Sandbox(approval=read_approval("0"), endpoint=f"http://127.0.0.1:{free_port()}") as sandbox:
        suggest(sandbox, "A")
        control(sandbox, "forget", sku="A")

        assert control(sandbox, "order", lines="A", postal_code="13083852")[1]["error"].endswith("it was never suggested")


def test_an_answer_that_comes_by_drops_and_one_that_never_comes_do_not_keep_the_sandbox_from_ending():
    with Sandbox(known={"A"}) as sandbox:
        control(sandbox, "fail", failure="drip:60")
        control(sandbox, "fail", failure="timeout:60")
        address = sandbox.url.removeprefix("http://").split(":")
        lines = [socket.create_connection((address[0], int(address[1])), timeout=5) for _ in range(2)]
        for line in lines:
            line.sendall(b"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n")
        wait_for(lambda: len(sandbox.calls) == 2, "both calls")
        began = time.monotonic()
    for line in lines:
        line.close()

    assert time.monotonic() - began < 10


def test_two_calls_about_one_order_at_once_break_a_rule_unless_the_first_caller_has_gone():
    with Sandbox() as sandbox, contextlib.ExitStack() as callers:
        control(sandbox, "fail", failure="timeout:30@/orders/1/")
        address = ("127.0.0.1", int(sandbox.url.rsplit(":")[-1]))
        first = callers.enter_context(socket.create_connection(address, timeout=5))
        first.sendall(b"POST /services/pvt/orders/1/cancel HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n")
        wait_for(lambda: len(sandbox.calls) == 1, "the first call")
        ask(sandbox, "POST", "/services/pvt/orders/2/cancel", {"reason": "r"})
        assert "one-at-a-time" not in sandbox.ledger.counts
        ask(sandbox, "POST", "/services/pvt/orders/1/cancel", {"reason": "r"})
        assert sandbox.ledger.counts["one-at-a-time"] == 1
        first.close()
        wait_for(lambda: not any(line.is_open for _, line in list(sandbox._under_way.values())), "the line to be seen closed")
        ask(sandbox, "POST", "/services/pvt/orders/1/cancel", {"reason": "r"})

        assert sandbox.ledger.counts["one-at-a-time"] == 1


def test_many_callers_at_once_are_all_seen_and_numbered_once(sandbox):
    threads = [
        threading.Thread(target=ask, args=(sandbox, "POST", f"/api/notificator/acme/changenotification/S{n}/price")) for n in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(exchange.number for exchange in sandbox.ledger.exchanges) == list(range(1, 41))
    assert len({call.parts[4] for call in sandbox.calls}) == 40


def test_what_is_known_is_read_from_a_list_a_file_of_lines_or_an_export(tmp_path: Path):
    lines, export, other = tmp_path / "lines.txt", tmp_path / "produtos.csv", tmp_path / "other.csv"
    lines.write_text("sku\nA\n\n B/1 \n")
    export.write_bytes("\ufeffnome;SKU;preço\r\nCafé;A;1,00\r\n;B;2,00\r\n".encode())
    other.write_text("codigo;nome\nA;x\n")

    assert read_known("A, B,,") == ["A", "B"]
    assert read_known("") == []
    assert read_known(",".join(f"{n:06}" for n in range(3000)))[2999] == "002999"  # longer than any file's name
    assert read_known(str(lines)) == ["A", "B/1"]
    assert read_known(str(export)) == ["A", "B"]
    with pytest.raises(UsageError, match="none named sku"):
        read_known(str(other))


def test_a_port_that_is_taken_is_named():
    port = free_port()
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(UsageError, match=rf"port {port} of 127\.0\.0\.1 cannot be used"),
    ):
        opened(port)

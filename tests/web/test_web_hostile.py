"""Hostile HTTP against `connector serve` as it is shipped: odd paths, methods, headers, lengths, chunks, bodies and credentials.

Whatever comes, the answer is the documented error in JSON with its two headers, never HTML and never a failure, and the worker lives on.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from web_world import CART, Running, eventually, free_port, read_all, section, set_up, stop

SIMULATION = "/pvt/orderForms/simulation"
BODY = json.dumps(CART).encode()
EMPTY = "purchaseContext=%7B%22items%22:[]%7D"
TOKEN = "s3cret.token"


def serve(root, settings):
    port = free_port()
    project = set_up(root, section(port, workers=1) + settings)
    command = [Path(sys.executable).with_name("connector"), "--config", project.config, "serve"]
    log = root / "server.log"
    with log.open("wb") as output:
        running = Running(port, subprocess.Popen(command, stdout=output, stderr=output), log)
    eventually(lambda: is_up(running))
    return running


def is_up(running):
    assert running.process.poll() is None, running.log.read_text()
    try:
        return running.say(request("/healthz", b"", method="GET")).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = serve(tmp_path_factory.mktemp("hostile") / "project", "")
    workers = eventually(running.workers)
    yield running
    assert running.workers() == workers, "the worker did not survive"
    assert "Traceback" not in running.log.read_text()
    stop(running)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HOSTILE_TOKEN", TOKEN)
        running = serve(
            tmp_path_factory.mktemp("guarded") / "project", 'prefix = "/seller"\n[api.auth]\npath_token = "env:HOSTILE_TOKEN"\n'
        )
        yield running
        stop(running)


def request(path, body=BODY, *headers, method="POST", version="HTTP/1.1", host="localhost"):
    lines = [f"{method} {path} {version}", f"Host: {host}", "Connection: close", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def status(answer):
    """Return an answer's status; everything from 400 on must be an error as documented."""
    head, _, body = answer.partition(b"\r\n\r\n")
    found, head = int(head[9:12]), head.lower()
    assert found < 500, answer
    if found >= 400:
        assert all(name in head for name in (b"x-vtex-error-code: ", b"x-vtex-error-message: ", b"content-type: application/json"))
        error = json.loads(body)["error"] if body else {"code": "", "message": "a HEAD request's", "exception": None}
        assert error["message"]
        assert set(error) == {"code", "message", "exception"}
    assert b"<html" not in body.lower()
    return found


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("//pvt///orderForms//simulation", 200),
            (f"{SIMULATION}/", 200),
            ("/pvt/orderForms/%73imulation", 200),
            ("/pvt%2forderForms%2Fsimulation", 200),
            (f"{SIMULATION}?", 200),
            (f"{SIMULATION}#x", 200),
            (f"http://elsewhere.example{SIMULATION}", 200),
            ("/PVT/ORDERFORMS/SIMULATION", 404),
            ("/pvt;x=1/orderForms/simulation", 404),
            (f"{SIMULATION};jsessionid=1", 404),
            ("/pvt/../pvt/orderForms/simulation", 404),
            ("/./pvt/orderForms/simulation", 404),
            (f"{SIMULATION}%00", 404),
            (f"{SIMULATION}%", 404),
            ("/api/api/pvt/orderForms/simulation", 404),
            ("/%2e%2e/%2e%2e/etc/passwd", 404),
            ("/console/static/../../../etc/passwd", 403),
            ("/console/static/%2e%2e/overview.html", 403),
            ("//elsewhere.example/pvt/orders", 404),
            ("/pvt/orders/%2e%2e/fulfill", 404),
            ("/pvt/orders/a%2fb/cancel", 404),
            ("/" + "a/" * 4000, 404),
            ("\\pvt\\orders", 400),
            ("pvt/orders", 400),
            ("*", 400),
            ("/pvt/orders\xe9", 400),
            (f"{SIMULATION}%0d%0aX: y", 400),
            ("/" + "a" * 9000, 414),
        ],
    )
    def test_a_path_is_an_address_or_is_none(self, server, path, expected):
        assert status(server.say(request(path))) == expected

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            (f"/seller/{TOKEN}{SIMULATION}", 200),
            (f"/api/seller/{TOKEN}{SIMULATION}", 200),
            (f"/seller//{TOKEN}/{SIMULATION}/", 200),
            (f"/seller/{TOKEN.replace('.', '%2e')}{SIMULATION}", 200),
            (f"/seller{SIMULATION}", 401),
            (f"/seller{SIMULATION}?token={TOKEN}", 401),
            (f"/seller/{TOKEN.upper()}{SIMULATION}", 401),
            (f"/seller/{TOKEN[:-1]}{SIMULATION}", 401),
            (f"/seller/{TOKEN}x{SIMULATION}", 401),
            (f"/seller/{TOKEN};{SIMULATION}", 401),
            (f"/seller/{TOKEN}%00{SIMULATION}", 401),
            (f"/seller/{TOKEN}%20{SIMULATION}", 401),
            (f"/seller/{TOKEN}", 404),
            (f"/{TOKEN}{SIMULATION}", 404),
        ],
    )
    def test_the_token_of_the_path_is_a_whole_segment_to_the_letter(self, guarded, path, expected):
        assert status(guarded.say(request(path, host="seller.example"))) == expected

    @pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "GET", "PUT", "TRACE", "DELETE"])
    def test_no_method_gets_past_the_token(self, guarded, method):
        assert status(guarded.say(request(f"/seller{SIMULATION}", b"", method=method))) == 401


class TestMethodsAndVersions:
    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND"])
    @pytest.mark.parametrize("path", [SIMULATION, "/pvt/orders", "/healthz", "/console/"])
    def test_another_method_is_405(self, server, method, path):
        assert status(server.say(request(path, b"", method=method))) == 405

    @pytest.mark.parametrize("method", ["get", "FOO", "M-SEARCH", "A" * 30, "POST ", "GE\tT"])
    def test_what_is_no_method_is_400(self, server, method):
        assert status(server.say(request(SIMULATION, b"", method=method))) == 400

    @pytest.mark.parametrize(
        ("version", "expected"), [("HTTP/1.0", 200), ("HTTP/2.0", 400), ("HTTP/0.9", 400), ("http/1.1", 400), ("", 400), ("ICY/1.1", 400)]
    )
    def test_a_version_is_known_or_refused(self, server, version, expected):
        assert status(server.say(request(SIMULATION, version=version))) == expected

    @pytest.mark.parametrize(
        "sent", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n\r\n", b"GET /\r\n\r\n", b"\r\n" * 1000 + b"\r\n"]
    )
    def test_another_protocol_is_400(self, server, sent):
        assert status(server.say(sent)) == 400


class TestHeaders:
    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            *[
                (f"{name}: 127.0.0.1", 403)
                for name in ("X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Real-IP", "X-Forwarded-Proto")
            ],
            *[(f"{name}: /console/", 200) for name in ("X-Original-URL", "X-Rewrite-URL", "Script-Name", "SCRIPT_NAME")],
            ("X-HTTP-Method-Override: DELETE", 200),
            ("Content_Length: 3", 200),
            ("Transfer_Encoding: chunked", 200),
            ("Upgrade: h2c", 200),
            ("Range: bytes=0-1", 200),
            ("Accept: \xff", 200),
            ('If-None-Match: \xe9", W/', 200),
            ("x-vtex-operation-id: " + "a" * 500, 200),
            ("Cookie: " + "a=b; " * 1500, 200),
            ("X-Forwarded-For : 1", 400),
            (": nameless", 400),
            ("X;Y: 1", 400),
            ("X\xe9: 1", 400),
            ("X: a\0b", 400),
            ("X: a\rb", 400),
            ("X: a\r\n folded", 400),
            ("Content-Type: text/html", 415),
            ("Content-Type: \xe9", 415),
            ("Content-Encoding: gzip", 415),
            ("Expect: miracles", 417),
            ("X: " + "y" * 200_000, 431),
            ("\r\n".join(f"h{n}: x" for n in range(3000)), 431),
        ],
    )
    def test_a_header_is_passed_over_or_refused(self, server, header, expected):
        assert status(server.say(request(SIMULATION, BODY, header))) == expected

    @pytest.mark.parametrize(
        "host", ["elsewhere.example", "localhost.", "localhost@x", "127.1", "0x7f.1", "localhost, x", "", "\xe9", "::1"]
    )
    def test_a_name_that_is_not_this_machine_s_needs_credentials(self, server, host):
        assert status(server.say(request(SIMULATION, host=host))) == 403


class TestLengths:
    @pytest.mark.parametrize(
        "length", ["-1", "+5", "1e3", "0x10", "5 5", "5, 5", "4;", "", "5\r\nContent-Length: 6", "5\r\nContent-Length: 5"]
    )
    def test_a_length_that_is_none_or_two_is_400(self, server, length):
        sent = f"POST {SIMULATION} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode() + BODY

        assert status(server.say(sent, then_close=True)) == 400

    @pytest.mark.parametrize(
        "coding", ["chunked, chunked", "identity", "chunked\r\nTransfer-Encoding: chunked", "chunked\r\nContent-Length: 5"]
    )
    def test_two_ways_to_say_where_a_body_ends_are_400(self, server, coding):
        sent = f"POST {SIMULATION} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: {coding}\r\n\r\n".encode()

        assert status(server.say(sent + b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), then_close=True)) == 400

    @pytest.mark.parametrize(
        ("chunks", "expected"),
        [
            (b"%x;name=value\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), 200),
            (b"%x\r\n%s\r\n0\r\nX: y\r\n\r\n" % (len(BODY), BODY), 200),
            (b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n", 200),
            (b"-1\r\nx\r\n0\r\n\r\n", 400),
            (b"0x5\r\nhello\r\n0\r\n\r\n", 400),
            (b" 5 \r\nhello\r\n0\r\n\r\n", 400),
            (b"1_0\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n", 400),
            (b"%x\n%s\n0\n\n" % (len(BODY), BODY), 400),
            (b"3\r\n%s\r\n0\r\n\r\n" % BODY, 400),
            (b"%x\r\n%s0\r\n\r\n" % (len(BODY), BODY), 400),
            (b"f" * 20 + b"\r\nx", 400),
            (b"5;" + b"a" * 100_000 + b"\r\nhello\r\n0\r\n\r\n", 400),
            (b"0\r\n" + b"X: y\r\n" * 5000 + b"\r\n", 400),
            (b"0\r\n\r\n", 400),
        ],
    )
    def test_chunks_are_read_to_the_letter_of_the_standard(self, server, chunks, expected):
        head = f"POST {SIMULATION} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n".encode()

        assert status(server.say(head + chunks, then_close=True)) == expected


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b"\xef\xbb\xbf" + BODY, 200),
            (b'{"items":[{"id":"100","quantity":' + b"9" * 6000 + b"}]}", 200),
            (b'{"items":[{"id":"100","quantity":1e999999}]}', 200),
            (b'{"items":[],' + b",".join(b'"k%d":1' % n for n in range(100_000)) + b"}", 200),
            (b'{"items":[{"id":"' + b"x" * 2_000_000 + b'","quantity":1}]}', 200),
            (b'{"items":[' + b",".join(b'{"id":"%d","quantity":1}' % n for n in range(70_000)) + b"]}", 200),
            (BODY.decode().encode("utf-16"), 400),
            (b'{"items":["\xe9"]}', 400),
            (b'{"items":["\xc0\xaf"]}', 400),
            (b'{"items":["\xed\xa0\x80"]}', 400),
            (b'{"items":' + b"[" * 70 + b"]" * 70 + b"}", 400),
            (b'{"items":[NaN]}', 400),
            (BODY + BODY, 400),
            (b"\0" * 100, 400),
        ],
    )
    def test_a_body_is_read_or_refused(self, server, body, expected):
        assert status(server.say(request(SIMULATION, body))) == expected
        assert status(server.say(request("/pvt/orders", body))) in {400, 422}

    @pytest.mark.parametrize("query", ["purchaseContext=%", "purchaseContext=%ff", f"x[]={EMPTY}", ";", "an=" + "x" * 7000, "sc=1&" * 1500])
    def test_a_query_that_holds_no_cart_is_400(self, server, query):
        assert status(server.say(request(f"{SIMULATION}?{query}", b"", method="GET"))) == 400

    def test_one_request_after_another_on_a_connection_each_has_its_answer_until_a_bad_one_ends_it(self, server):
        good = request("/healthz", b"", method="GET").replace(b"Connection: close\r\n", b"")
        with server.connect() as connection:
            connection.sendall(good * 3 + b"BAD\r\n\r\n" + good)
            answers = read_all(connection).split(b"HTTP/1.1 ")[1:]

        assert [answer[:3] for answer in answers] == [b"200"] * 3 + [b"400"]

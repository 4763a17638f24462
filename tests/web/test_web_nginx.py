"""`connector serve` alone and behind the shipped deploy/nginx.conf: slow clients, hidden requests, errors in JSON, headers that lie."""

import json
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import nginx_world
import pytest
from servers import missing
from smuggling import REQUESTS, chunked, get, post
from web_world import CART, eventually, read_all, server, set_up

SETTINGS = """
[api]
bind = "unix:{socket}"
workers = 1
trusted_proxies = ["127.0.0.1/32"]
[api.auth]
allow_from = ["127.0.0.0/8"]
"""
BODY = json.dumps(CART)
SHOP = "/pvt/orderForms/simulation"


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """The real server on a unix socket; its path, which must stay short."""
    root = tmp_path_factory.mktemp("n")
    place = root / "s"
    project = set_up(root / "project", SETTINGS.format(socket=place))
    with (root / "server.log").open("wb") as log:
        process = subprocess.Popen(server.command(project.config), stdout=log, stderr=log, cwd=project.root)
    eventually(lambda: alive(place))
    yield place
    process.send_signal(signal.SIGTERM)
    process.wait(40)
    assert "Traceback" not in (root / "server.log").read_text()


@pytest.fixture(scope="module")
def nginx(api):
    if nginx_world.program() is None:
        missing("nginx is not there: install nginx-light")
    running = nginx_world.start(api.parent / "nginx", api)
    eventually(lambda: answers(running))
    yield running
    running.process.terminate()
    running.process.wait(20)


def say_alone(place, sent):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(place))
        with suppress(OSError):
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        try:
            return read_all(connection)
        except ConnectionResetError:
            return b""


def alive(place):
    with suppress(OSError):
        return b'"alive"' in say_alone(place, get("GET /healthz HTTP/1.1"))
    return False


def answers(running):
    with suppress(OSError):
        return b'"alive"' in running.say(get("GET /healthz HTTP/1.1"))
    return False


def say_behind(nginx, sent):
    try:
        return nginx.say(sent)
    except OSError:
        return b""


def status(answer):
    """Return an answer's status, 0 where there is none; an error must be JSON with its two headers."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/"):
        return 0
    found, head = int(head[9:12]), head.lower()
    assert b"<html" not in body.lower(), answer
    if found >= 400 and body:
        assert {b"x-vtex-error-code", b"x-vtex-error-message"} <= {line.partition(b":")[0] for line in head.splitlines()}, answer
        assert set(json.loads(body)["error"]) == {"code", "message", "exception"}
    return found


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_that_hides_another_has_its_verdict_alone(api, name):
    answer = say_alone(api, REQUESTS[name].sent)

    assert status(answer) == REQUESTS[name].alone
    assert (answer.count(b"HTTP/1.1 ") <= 1, b"openapi" in answer) == (True, False)


@pytest.mark.parametrize("name", [name for name in REQUESTS if name != "chunks without an end"])
def test_a_request_that_hides_another_has_its_verdict_behind_nginx_and_the_next_client_its_own_answer(nginx, name):
    answer = say_behind(nginx, REQUESTS[name].sent)
    after = nginx.say(get("GET /healthz HTTP/1.1"))

    assert status(answer) == REQUESTS[name].behind
    assert (answer.count(b"HTTP/1.1 ") <= 1, b"openapi" in answer) == (True, False)
    assert b'"alive"' in after


def test_there_are_sixty_such_requests():
    assert len(REQUESTS) >= 60


def test_the_shop_is_served_through_it_with_and_without_chunks(nginx):
    plain = nginx.say(post(f"Content-Length: {len(BODY)}", body=BODY, line=f"POST {SHOP} HTTP/1.1", host="Host: shop.example"))
    in_chunks = nginx.say(post("Transfer-Encoding: chunked", body=f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n", line=f"POST {SHOP} HTTP/1.1"))

    assert [status(answer) for answer in (plain, in_chunks)] == [200, 200]
    assert b'"items"' in plain


def test_no_address_with_its_token_is_in_its_log(nginx):
    nginx.say(post(f"Content-Length: {len(BODY)}", body=BODY, line=f"POST {SHOP} HTTP/1.1"))
    eventually(lambda: " POST 200 " in (nginx.folder / "access.log").read_text())

    assert "/pvt" not in (nginx.folder / "access.log").read_text()


def test_what_a_client_says_of_itself_is_not_passed_on(nginx):
    lies = ["X-Forwarded-For: 10.1.1.1", "Forwarded: for=10.1.1.1", "X-Real-IP: 10.1.1.1", "X_Forwarded_For: 10.1.1.1"]
    answer = nginx.say(post(*lies, f"Content-Length: {len(BODY)}", body=BODY, line=f"POST {SHOP} HTTP/1.1"))

    assert status(answer) == 200  # allow_from knows 127.0.0.0/8 alone


def test_its_own_errors_are_json(nginx):
    large = nginx.say(post(f"Content-Length: {3 * 2**20}", line=f"POST {SHOP} HTTP/1.1"))
    long = nginx.say(get(f"GET /{'x' * 17_000} HTTP/1.1"))
    inside = nginx.say(get("GET /.connector-error/many HTTP/1.1"))
    headers = nginx.say(get("GET /healthz HTTP/1.1", f"X-A: {'x' * 17_000}"))

    assert [status(answer) for answer in (large, long, inside, headers)] == [413, 414, 404, 400]


def test_a_request_in_the_clear_is_refused_in_json(nginx):
    with socket.create_connection(("127.0.0.1", nginx.plain_port), timeout=10) as connection:
        connection.sendall(get(f"GET {SHOP} HTTP/1.1"))
        in_the_clear = read_all(connection)
    with socket.create_connection(("127.0.0.1", nginx.port), timeout=10) as connection:
        connection.sendall(get("GET /healthz HTTP/1.1"))
        on_the_wrong_port = read_all(connection)

    assert (status(in_the_clear), status(on_the_wrong_port)) == (403, 400)


SLOW = {
    "idle": b"",
    "headers": b"POST /pvt/orders HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    "body": f"POST {SHOP} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{{".encode(),
}


@pytest.mark.parametrize("kind", SLOW)
def test_beside_sixty_slow_clients_it_answers_within_a_tenth_of_a_second(nginx, kind):
    with ExitStack() as held:
        for number in range(60):
            connection = held.enter_context(nginx.connect(source=f"127.0.0.{2 + number % 6}"))
            connection.sendall(SLOW[kind]) if SLOW[kind] else None
        times = []
        for _ in range(15):
            with nginx.connect() as probe:  # the handshake is the client's affair
                started = time.monotonic()
                probe.sendall(get("GET /healthz HTTP/1.1"))
                assert b'"alive"' in read_all(probe)
                times.append(time.monotonic() - started)

    assert sorted(times)[len(times) // 2] < 0.1


def test_twenty_requests_at_a_time_are_the_most_from_one_address(nginx):
    with ExitStack() as held:
        for _ in range(20):
            held.enter_context(nginx.connect(source="127.0.0.9")).sendall(SLOW["body"])
        refused = eventually(lambda: status(nginx.say(get("GET /healthz HTTP/1.1"), source="127.0.0.9")) == 503)
        other = status(nginx.say(get("GET /healthz HTTP/1.1"), source="127.0.0.10"))

    assert (refused, other) == (True, 200)


def test_without_the_connector_behind_it_the_answer_is_503_with_retry_after(tmp_path):
    if nginx_world.program() is None:
        missing("nginx is not there: install nginx-light")
    lonely = nginx_world.start(tmp_path / "nginx", Path("/nowhere/api.sock"))
    try:
        answer = eventually(lambda: say_behind(lonely, chunked()))
    finally:
        lonely.process.terminate()
        lonely.process.wait(20)

    assert status(answer) == 503
    assert b"\r\nRetry-After: 5\r\n" in answer


@pytest.mark.parametrize("is_there", [False, True])
def test_with_the_connector_stopped_no_log_of_nginx_holds_the_path_token(tmp_path, is_there):
    if nginx_world.program() is None:
        missing("nginx is not there: install nginx-light")
    place = tmp_path / "s"
    if is_there:  # what a killed server leaves: nobody listens
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(place))
    lonely = nginx_world.start(tmp_path / "nginx", place)
    token = "S3CRETTOKEN" * 4
    sent = [
        post("Content-Length: 2", body="{}", line=f"POST /{token}{SHOP} HTTP/1.1"),
        get(f"GET /{token}/{'x' * 70000} HTTP/1.1"),
        get(f"G\0T /{token} HTTP/1.1"),
    ]
    try:
        answers = [eventually(lambda one=one: say_behind(lonely, one)) for one in sent]
    finally:
        lonely.process.terminate()
        lonely.process.wait(20)

    logs = {path.name: path.read_text() for path in lonely.folder.glob("*.log")}
    assert status(answers[0]) == 503
    assert {"access.log", "error.log", "output.log"} <= logs.keys()
    assert [name for name, text in logs.items() if "S3CRETTOKEN" in text] == []

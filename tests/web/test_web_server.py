"""The server as it is shipped, from outside: bytes on real connections, slow and broken clients, workers killed, many at once."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from servers import wait_for
from sqlalchemy import text
from web_world import CART, eventually, order, read_all, stop

from connector.storage.database import Database
from connector.storage.orders import one_at_a_time
from connector.web import patience, server

SIMULATION = "/pvt/orderForms/simulation"


def request(path, body=b"", *headers, method="POST", length=None):
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: localhost",
        "Connection: close",
        f"Content-Length: {len(body) if length is None else length}",
    ]
    return "\r\n".join([*lines, *headers]).encode() + b"\r\n\r\n" + body


def chunked(path, *chunks, end=b"0\r\n\r\n"):
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def read(answer):
    """Take an answer apart: status, headers, document (None where it has none)."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, json.loads(body) if body else None


def signalled(running, which):
    for pid in running.workers():
        os.kill(pid, which)


def refused(answer, status):
    found, headers, document = read(answer)
    assert found == status, answer
    assert headers["content-type"] == "application/json"
    assert headers["x-vtex-error-code"] == document["error"]["code"]
    assert headers["x-request-id"]
    assert b"<html" not in answer.lower()
    return document["error"]["message"]


class TestBodies:
    def test_a_chunked_body_is_read(self, shared):
        body = json.dumps(CART).encode()
        status, _, document = read(shared.say(chunked(SIMULATION, body[:10], body[10:11], body[11:])))

        assert (status, [item["id"] for item in document["items"]]) == (200, ["100", "200"])
        assert read(shared.say(chunked("/pvt/orders", json.dumps(order("chunked-01")).encode())))[0] == 200

    def test_a_broken_or_endless_chunked_body_is_refused(self, shared):
        refused(shared.say(chunked(SIMULATION, b'{"items": []}', end=b""), then_close=True), 400)
        refused(shared.say(chunked(SIMULATION, b'{"items": []}', end=b"zz\r\n")), 400)
        refused(shared.say(chunked(SIMULATION, *[b" " * 100_000] * 22)), 413)

    def test_a_body_shorter_than_announced_is_refused_and_no_order_is_taken(self, shared):
        body = json.dumps(order("short-01")).encode()
        message = refused(shared.say(request("/pvt/orders", body, length=len(body) + 5), then_close=True), 400)

        assert f"{len(body)} of {len(body) + 5} bytes" in message

    def test_one_byte_above_two_megabytes_is_413(self, shared):
        limit = 2 * 1024 * 1024
        body = b'{"items": []' + b" " * (limit - 13) + b"}"

        assert read(shared.say(request(SIMULATION, body)))[0] == 200
        refused(shared.say(request(SIMULATION, body + b" ")), 413)
        refused(shared.say(request(SIMULATION, b"", length=10**12)), 413)

    @pytest.mark.parametrize("path", [SIMULATION, "/pvt/orders"])
    @pytest.mark.parametrize("bomb", [b"[" * 100_000, b'{"a":' * 300_000, b"[" * 1_000_000 + b"]" * 1_000_000])
    def test_a_bomb_of_brackets_is_400(self, shared, path, bomb):
        assert "deeper" in refused(shared.say(request(path, bomb)), 400)

    def test_a_body_that_is_announced_and_asked_for_first_is_read(self, shared):
        body = json.dumps(CART).encode()
        with shared.connect() as connection:
            connection.sendall(request(SIMULATION, b"", "Expect: 100-continue", length=len(body)))
            asked = connection.recv(1000)
            connection.sendall(body)

            assert asked.startswith(b"HTTP/1.1 100")
            assert read(read_all(connection))[0] == 200


class TestBelowTheApplication:
    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            (b"NONSENSE\r\n\r\n", 400),
            (b"GET / HTTP/9.9\r\n\r\n", 400),
            (b"GE\x00T / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", 400),
            (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: bogus\r\n\r\n", 501),
            (b"GET /?q=" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
            (b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: x\r\n" % n for n in range(150)) + b"\r\n", 431),
            (b"GET / HTTP/1.1\r\nHost: localhost\r\nlong: " + b"x" * 9000 + b"\r\n\r\n", 431),
        ],
    )
    def test_its_errors_are_json_too(self, shared, sent, status):
        refused(shared.say(sent), status)

    @pytest.mark.parametrize(("asked", "spoken"), [(b"1.0", b"1.0"), (b"1.1", b"1.1"), (b"1.4", b"1.1")])
    def test_an_answer_is_of_no_newer_http_than_there_is(self, shared, asked, spoken):
        assert shared.say(b"GET /healthz HTTP/" + asked + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n").startswith(
            b"HTTP/" + spoken + b" 200"
        )

    def test_a_simulation_by_get_of_nearly_eight_kilobytes_is_answered(self, shared):
        query = "purchaseContext=" + json.dumps(CART).replace(" ", "").replace('"', "%22")
        path = f"{SIMULATION}?{query}&pad="
        padded = path + "x" * (8190 - len("GET  HTTP/1.1\r\n") - len(path))

        assert read(shared.say(request(padded, method="GET")))[0] == 200

    def test_a_head_request_is_answered_without_a_body(self, shared):
        status, headers, document = read(shared.say(request("/healthz", method="HEAD")))

        assert (status, document) == (200, None)
        assert int(headers["content-length"]) > 0


class TestKeptConnections:
    def test_what_nobody_read_of_a_refused_body_is_no_next_request(self, serve):
        running = serve(workers=1)
        hidden = request("/pvt/orders", json.dumps([order("hidden-01")]).encode())
        with running.connect() as connection:
            connection.sendall(request("/nowhere", hidden).replace(b"Connection: close\r\n", b"", 1))
            connection.sendall(request("/healthz", method="GET"))
            answers = read_all(connection).split(b"HTTP/1.1 ")[1:]

        assert [answer[:3] for answer in answers] == [b"404", b"200"]
        assert answers[1].endswith(b'{"status":"alive"}')

    def test_a_connection_serves_many_requests(self, shared):
        connection = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=20)
        with contextlib.closing(connection):
            connection.connect()
            ours = connection.sock.getsockname()
            for _ in range(3):
                connection.request("GET", "/healthz")
                assert json.loads(connection.getresponse().read()) == {"status": "alive"}

            assert connection.sock.getsockname() == ours


class TestSlowClients:
    def test_silent_half_sent_and_unread_connections_stop_nobody(self, serve):
        running = serve(workers=1, threads=16)
        body = json.dumps(CART).encode()
        begun = (b"POST /pvt/orders HTTP/1.1\r\nHost: loc", request(SIMULATION, b"{", length=100), chunked(SIMULATION, b"{", end=b""))
        asking = request(SIMULATION, b"", "Expect: 100-continue", length=len(body))
        with ExitStack() as open_ones:
            slow = [open_ones.enter_context(running.connect()) for _ in range(60)]
            for number, connection in enumerate(slow[10:]):
                connection.sendall((*begun, asking, request("/healthz", method="GET"))[number % 5])
            took = []
            for path in [SIMULATION, "/healthz"] * 10:
                began = time.monotonic()
                assert read(running.say(request(path, body) if path == SIMULATION else request(path, method="GET")))[0] == 200
                took.append(time.monotonic() - began)

            assert max(took) < 1

    def test_a_request_that_does_not_arrive_in_time_gives_its_thread_back(self, serve):
        running = serve(workers=1, threads=2)
        with ExitStack() as open_ones:
            dripping = [open_ones.enter_context(running.connect(patience.SECONDS * 3)) for _ in range(2)]
            dripping[0].sendall(b"GET /healthz HT")
            dripping[1].sendall(request(SIMULATION, b"{", length=100))
            healthy = running.say(request("/healthz", method="GET"))

            assert read(healthy)[0] == 200
            refused(read_all(dripping[0]), 408)
            refused(read_all(dripping[1]), 400)


@pytest.mark.usefixtures("secrets")
class TestStrangers:
    """Whoever shows no credentials is refused by the head alone, and nothing of the body is waited for."""

    def guarded(self, serve):
        return serve('[api.auth]\npath_token = "env:TEST_PATH_TOKEN"\n[console]\npassword = "env:TEST_PASSWORD"\n', workers=1)

    @pytest.mark.parametrize("more", [(), ("Expect: 100-continue",)])
    def test_a_stranger_is_refused_before_the_body_and_never_told_to_go_on(self, serve, more):
        running = self.guarded(serve)
        for sent in (
            request("/wrong/pvt/orders", b"[" * 10, *more, length=2_000_000),
            request("/wrong/pvt/orders", b"", *more, length=100),
            chunked("/wrong/pvt/orders", b"[" * 10, end=b""),
        ):
            began = time.monotonic()
            answer = running.say(sent)

            assert time.monotonic() - began < patience.SECONDS / 2
            assert read(answer)[1]["www-authenticate"] == "VTEX"
            refused(answer, 401)

    def test_on_a_connection_that_is_kept_the_next_head_is_judged_too(self, serve):
        with self.guarded(serve).connect() as connection:
            kept = request("/healthz", method="GET").replace(b"Connection: close", b"Connection: keep-alive")
            began = time.monotonic()
            connection.sendall(kept + request("/wrong/pvt/orders", b"[", length=2_000_000))
            answers = read_all(connection)

            assert time.monotonic() - began < patience.SECONDS / 2
            assert [answers.count(status) for status in (b"HTTP/1.1 200 ", b"HTTP/1.1 401 ")] == [1, 1]

    def test_where_no_credentials_are_asked_for_no_body_larger_than_a_form_is_waited_for(self, serve):
        running = self.guarded(serve)
        for path, status in (("/console/login", 413), ("/healthz", 405), ("/console/act", 403)):
            began = time.monotonic()
            headers = ("Content-Type: application/x-www-form-urlencoded",)
            answer = running.say(request(path, b"a=", *headers, length=1_000_000))

            assert time.monotonic() - began < patience.SECONDS / 2
            assert read(answer)[0] in (status, 401)

    def test_whoever_shows_the_token_is_waited_for_and_told_to_go_on(self, serve):
        body = json.dumps(CART).encode()
        with self.guarded(serve).connect() as connection:
            connection.sendall(request(f"/t0ken-of-the-path{SIMULATION}", b"", "Expect: 100-continue", length=len(body)))
            asked = connection.recv(1000)
            connection.sendall(body[:7])
            connection.sendall(body[7:])

            assert asked.startswith(b"HTTP/1.1 100")
            assert read(read_all(connection))[0] == 200


class TestLife:
    goodbye, workers = "Handling signal: term", 2

    def test_after_sigterm_what_is_under_way_is_answered_and_the_server_ends(self, serve):
        running = serve(workers=self.workers)
        body = json.dumps(CART).encode()
        with running.connect() as connection:
            connection.sendall(request(SIMULATION, b"", "Expect: 100-continue", length=len(body)))
            assert connection.recv(1000).startswith(b"HTTP/1.1 100")  # so a thread has it in hand
            running.process.send_signal(signal.SIGTERM)
            eventually(lambda: self.goodbye in running.log.read_text())
            connection.sendall(body)

            assert read(read_all(connection))[0] == 200
        assert running.process.wait(30) == 0
        assert "Traceback" not in running.log.read_text()

    def test_a_killed_worker_is_replaced_and_orders_are_answered_again(self, serve):
        running = serve(workers=self.workers)
        first = read(running.say(request("/pvt/orders", json.dumps([order("kill-01")]).encode())))
        for worker in running.workers():
            os.kill(worker, signal.SIGKILL)
        again = eventually(lambda: placed_again(running))

        assert again[2] == first[2]

    def test_it_ends_with_nothing_left_behind(self, serve):
        running = serve()
        workers = running.workers()
        stop(running)

        assert len(workers) == 2
        assert not any(Path(f"/proc/{worker}").exists() for worker in workers)

    def test_numbers_of_all_workers_are_added_up(self, serve):
        running = serve(workers=2)
        for _ in range(20):
            running.say(request(SIMULATION, json.dumps(CART).encode()))
        text = running.say(request("/metrics", method="GET")).decode()

        assert f'connector_http_requests_total{{method="POST",route="{SIMULATION}",status="200"}} 20.0' in text


def placed_again(running):
    try:
        answer = read(running.say(request("/pvt/orders", json.dumps([order("kill-01")]).encode())))
    except (OSError, IndexError):
        return None
    return answer if answer[0] == 200 else None


class TestManyAtOnce:
    def test_two_hundred_at_once_get_each_its_own_answer(self, serve):
        self.each_gets_its_own(serve(workers=2, threads=16))

    @pytest.mark.postgresql
    def test_also_on_postgresql(self, serve, postgresql_url):
        self.each_gets_its_own(serve(f'[database]\nurl = "{postgresql_url}"\n', workers=2, threads=16))

    def test_a_frozen_node_keeps_the_others_from_taking_orders_for_seconds_only(self, serve, postgresql_url):
        running = serve(f'[database]\nurl = "{postgresql_url}"\n', workers=1)
        other = Database(postgresql_url, wait_seconds=10)
        try:
            with other.write() as tx:
                one_at_a_time(tx)
                sent = request("/pvt/orders?an=acme-market&sc=1", json.dumps([order("frozen")]).encode())
                threading.Thread(target=running.say, args=(sent,), daemon=True).start()
                waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                wait_for(lambda: tx.execute(waiting).scalar_one(), "the node's order")
                signalled(running, signal.SIGSTOP)
            with other.write() as tx:  # the lock went to the frozen node
                one_at_a_time(tx)
        finally:
            signalled(running, signal.SIGCONT)
            other.close()

    def each_gets_its_own(self, running):
        sessions = threading.local()

        def ask(number):
            session = sessions.__dict__.setdefault("session", requests.Session())
            session.trust_env = False
            cart = {"items": [{"id": "100" if number % 2 else "200", "quantity": number + 1, "seller": f"asker-{number}"}]}
            answer = session.post(f"http://127.0.0.1:{running.port}{SIMULATION}", json=cart, timeout=30)
            item = answer.json()["items"][0]
            return (answer.status_code, item["seller"], item["id"], item["quantity"])

        with ThreadPoolExecutor(200) as pool:
            answers = list(pool.map(ask, range(900)))

        assert answers == [(200, f"asker-{n}", "100" if n % 2 else "200", n + 1) for n in range(900)]

    def test_many_orders_at_once_are_each_taken_once(self, serve):
        running = serve(workers=2, threads=16)

        def place(number):
            answer = running.say(request("/pvt/orders", json.dumps([order(f"many-{number % 20}")]).encode()))
            return number % 20, read(answer)

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(place, range(60)))
        ids = {}
        for number, (status, _, document) in answers:
            assert status == 200
            ids.setdefault(number, set()).add(document[0]["orderId"])

        assert [len(found) for found in ids.values()] == [1] * 20

    def test_connections_that_come_at_once_are_shared_by_the_workers(self, serve):
        running = serve(workers=2)
        eventually(lambda: all(is_ready(worker) for worker in running.workers()))
        for _ in range(50):
            read(running.say(request("/healthz", method="GET")))
        before = [sockets(worker) for worker in running.workers()]

        with ExitStack() as stack:
            for _ in range(20):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", running.port)))
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            eventually(lambda: sum(sockets(worker) for worker in running.workers()) == sum(before) + 20)
            taken = [sockets(worker) - had for worker, had in zip(running.workers(), before, strict=True)]

        assert min(taken) >= 4, taken


def opened(process):
    return [str(file.readlink()) for file in Path(f"/proc/{process}/fd").iterdir()]


def sockets(worker):
    return sum(name.startswith("socket:") for name in opened(worker))


def is_ready(worker):
    return any(name.endswith("/serve.lock") for name in opened(worker))


class TestUnixSocket:
    def test_it_serves_on_a_unix_socket_for_the_proxy(self, project):
        made = project('[api]\nbind = "unix:api.sock"\nworkers = 1\n')
        process = subprocess.Popen(server.command(made.config), stderr=subprocess.DEVNULL)
        try:
            answer = eventually(lambda: say_unix(made.root / "api.sock", request("/healthz", method="GET")))
            assert read(answer)[0] == 200
            refused(say_unix(made.root / "api.sock", request(SIMULATION, b"{}", "X-Forwarded-For: 10.0.0.1")), 403)
        finally:
            process.terminate()
            process.wait(30)


def say_unix(path, sent):
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(sent)
            return read_all(connection)
    except OSError:
        return b""

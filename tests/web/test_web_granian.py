"""The same application under granian, from outside: what gunicorn keeps it keeps too, but for what docs/servers.md names."""

import json
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest
import test_web_server as under_gunicorn
from test_web_server import SIMULATION, chunked, read, refused, request, say_unix
from web_world import CART, Running, eventually, free_port, section, set_up, start, stop

from connector import settings as settings_module
from connector.errors import SettingsError
from connector.web import patience, server

GRANIAN = 'server = "granian"\n'


@pytest.fixture
def serve(project):
    started = []

    def run(settings: str = "", *, workers=2, threads=16) -> Running:
        port = free_port()
        running = start(project(section(port, workers, threads) + GRANIAN + settings), port)
        started.append(running)
        return running

    yield run
    for running in started:
        stop(running)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    port = free_port()
    running = start(set_up(tmp_path_factory.mktemp("granian") / "project", section(port, workers=2) + GRANIAN), port)
    yield running
    stop(running)


class TestBodies(under_gunicorn.TestBodies):
    def test_a_broken_or_endless_chunked_body_is_refused(self, shared):
        """One that breaks off behind a whole document is not known from one that ends there."""
        refused(shared.say(chunked(SIMULATION, b'{"items": [', end=b""), then_close=True), 400)
        refused(shared.say(chunked(SIMULATION, *[b" " * 100_000] * 22)), 413)


class TestBelowTheApplication:
    @pytest.mark.parametrize(
        "sent",
        [
            b"NONSENSE\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: bogus\r\n\r\n",
            b"GET /?q=" + b"x" * 90_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ],
    )
    def test_what_is_no_http_is_refused_without_a_body(self, shared, sent):
        head, _, body = shared.say(sent).partition(b"\r\n\r\n")

        assert (head[:10], body) == (b"HTTP/1.1 4", b"")


class TestKeptConnections(under_gunicorn.TestKeptConnections):
    pass


class TestSlowClients:
    def test_silent_and_half_sent_connections_stop_nobody(self, serve):
        running = serve(workers=1)
        body = json.dumps(CART).encode()
        begun = b"POST /pvt/orders HTTP/1.1\r\nHost: loc", request(SIMULATION, b"{", length=100), chunked(SIMULATION, b"{", end=b"")
        with ExitStack() as open_ones:
            for number in range(60):
                open_ones.enter_context(running.connect()).sendall(begun[number % 3])
            took = []
            for path in [SIMULATION, "/healthz"] * 5:
                began = time.monotonic()
                assert read(running.say(request(path, body) if path == SIMULATION else request(path, method="GET")))[0] == 200
                took.append(time.monotonic() - began)

            assert max(took) < 1


class TestLife(under_gunicorn.TestLife):
    goodbye, workers = "Shutting down", 1


def test_two_hundred_at_once_get_each_its_own_answer(serve):
    under_gunicorn.TestManyAtOnce().each_gets_its_own(serve(workers=2))


@pytest.mark.usefixtures("secrets")
def test_a_stranger_is_refused_and_the_path_token_believed(serve):
    running = serve('[api.auth]\npath_token = "env:TEST_PATH_TOKEN"\n', workers=1)
    body = json.dumps(CART).encode()

    refused(running.say(request(SIMULATION, body)), 401)
    assert read(running.say(request(f"/t0ken-of-the-path{SIMULATION}", body)))[0] == 200


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("more", [(), ("Expect: 100-continue",)])
def test_a_stranger_is_refused_before_the_body_and_never_told_to_go_on(serve, more):
    running = serve('[api.auth]\npath_token = "env:TEST_PATH_TOKEN"\n', workers=1)
    began = time.monotonic()
    with running.connect() as connection:
        connection.sendall(request("/wrong/pvt/orders", b"[" * 10, *more, length=2_000_000))
        answer = connection.recv(100_000)

    assert time.monotonic() - began < patience.SECONDS / 2
    assert answer.startswith(b"HTTP/1.1 401 ")


def test_it_serves_on_a_unix_socket_for_the_proxy(project):
    made = project('[api]\nbind = "unix:api.sock"\nworkers = 1\n' + GRANIAN)
    process = subprocess.Popen(server.command(made.config), stderr=subprocess.DEVNULL)
    try:
        answer = eventually(lambda: say_unix(made.root / "api.sock", request("/healthz", method="GET")))
        assert read(answer)[0] == 200
        refused(say_unix(made.root / "api.sock", request(SIMULATION, b"{}", "X-Forwarded-For: 10.0.0.1")), 403)
    finally:
        process.terminate()
        process.wait(30)


def test_without_its_package_the_settings_say_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "granian", None)  # as Python itself says that a package cannot be imported
    (tmp_path / "connector.toml").write_text('[api]\nserver = "granian"\n')

    with pytest.raises(SettingsError, match=r"pip install .*\[granian\]"):
        settings_module.load(tmp_path / "connector.toml")

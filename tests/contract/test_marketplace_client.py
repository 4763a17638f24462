"""The line to a marketplace, tried against the sandbox and against servers that misbehave on the wire."""

import gzip
import socket
import ssl
import struct
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from judging import Judge

from connector.domain.catalog import Image, Product
from connector.domain.documents import Delivery, Invoice, InvoiceItem, Tracking
from connector.domain.messages import Blocked, Delivered, GiveUp, Kind, Retry
from connector.errors import Misuse
from connector.settings import MarketplaceSettings
from connector.vtex import calls
from connector.vtex.answer import MAX_BYTES
from connector.vtex.calls import OrderAddress, Request
from connector.vtex.client import ForeignHost, Marketplace
from connector.vtex.replies import outcome
from connector.vtex.throttle import Throttle

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY, TOKEN = "vtexappkey-acme-XYZ", "s3cr3t-token-never-logged"
COFFEE = Product(
    "A/1 #2%é", "P1", "Café", "Café 500 g", "", "Marca", "Casa", "789", "R1", 1.0, 2.0, 3.0, 500, "un", 1.0,
    (Image("", "https://img.example/1.jpg"),), {"Origin": "Sul"}, {}, True,
)  # fmt: skip
SALE = Invoice("NFe-00001", "Output", NOW, 15870, (InvoiceItem("A", 2, 7390),))


def settings(url, **changes):
    keys = {"account": "sandbox", "seller_id": "acme", "base_url": url, "suggestions_url": f"{url}/sandbox"}
    return MarketplaceSettings(**(keys | {"app_key": "env:K", "app_token": "env:T"} | changes))


@contextmanager
def line(m, **changes):
    marketplace = Marketplace(m, KEY, TOKEN, **changes)
    try:
        yield marketplace
    finally:
        marketplace.close()


@pytest.fixture
def sandbox():
    with Judge(app_key=KEY, app_token=TOKEN) as marketplace:
        yield marketplace


@pytest.fixture
def say(sandbox):
    """Say something to the sandbox and return what the answer means."""
    with line(settings(sandbox.url)) as marketplace:
        yield lambda kind, request: outcome(kind, marketplace.send(request), NOW)


def test_a_new_sku_goes_from_unknown_to_suggested_to_approved_to_notified(sandbox, say):
    m = settings(sandbox.url)
    sku = COFFEE.sku

    assert say(Kind.CATALOG, calls.catalog_changed(m, sku)) == Delivered(follow_up=(Kind.SUGGESTION,))
    assert say(Kind.SUGGESTION, calls.suggestion(m, COFFEE, 1990, 5)) == Delivered()
    assert say(Kind.CATALOG, calls.catalog_changed(m, sku)) == Delivered(follow_up=(Kind.SUGGESTION,))
    assert sandbox.suggestions[sku].body["ProductName"] == "Café"
    sandbox.approve(sku)
    assert say(Kind.CATALOG, calls.catalog_changed(m, sku)) == Delivered()
    assert say(Kind.PRICE, calls.price_changed(m, sku)) == Delivered()
    assert say(Kind.INVENTORY, calls.inventory_changed(m, sku)) == Delivered()
    assert say(Kind.SUGGESTION, calls.suggestion(m, COFFEE, 1990, 5)).note == (
        "already catalogued (23: SellerIdAndSellerSkuIdAlreadyExists)"
    )
    assert {call.parts[-1] for call in sandbox.seen("catalog_system")} == {sku}


@pytest.mark.parametrize("protocol", ["current", "2017"])
@pytest.mark.parametrize("endpoint", ["services", "fallback"])
def test_an_order_is_invoiced_tracked_delivered_and_then_not_cancelled(sandbox, say, protocol, endpoint):
    sandbox.on_purpose = {"cancel-invoiced"}
    m = settings(sandbox.url, protocol=protocol)
    order = OrderAddress("1138342255777-01", sandbox.services_endpoint if endpoint == "services" else "https://evil.test/")
    tracking = Tracking("NFe-00001", "Correios", "SR1", "https://t.example/SR1", NOW.date())

    invoiced = say(Kind.INVOICE, calls.invoice(m, order, SALE))
    assert isinstance(invoiced, Delivered)
    assert invoiced.receipt
    assert isinstance(say(Kind.TRACKING, calls.tracking(m, order, SALE, tracking, UTC)), Delivered)
    assert isinstance(say(Kind.DELIVERY, calls.delivery(m, order, Delivery("NFe-00001", True, NOW, ()))), Delivered)
    assert isinstance(say(Kind.CANCEL, calls.cancel(m, order, "sem estoque")), GiveUp)
    known = sandbox.invoices["1138342255777-01"]["NFe-00001"]
    assert (known["invoiceValue"], known["courier"], known["trackingNumber"]) == (15870, "Correios", "SR1")
    assert len(sandbox.orders["1138342255777-01"].deliveries["NFe-00001"]) == 1


def test_an_order_is_cancelled_once_and_the_second_time_is_no_failure(sandbox, say):
    cancel = calls.cancel(settings(sandbox.url), OrderAddress("c2", sandbox.services_endpoint), "sem estoque")

    assert isinstance(say(Kind.CANCEL, cancel), Delivered)
    assert say(Kind.CANCEL, cancel).note == "already canceled (1: Order is already canceled)"
    assert sandbox.cancellations == {"c2": "sem estoque"}


def test_every_call_carries_the_credentials_and_says_that_it_is_json(sandbox, say):
    say(Kind.CATALOG, calls.catalog_changed(settings(sandbox.url), "1"))

    headers = sandbox.calls[0].headers
    assert (headers["x-vtex-api-appkey"], headers["x-vtex-api-apptoken"]) == (KEY, TOKEN)
    assert (headers["accept"], headers["content-type"], headers["content-length"]) == ("application/json", "application/json", "0")


def test_wrong_credentials_are_a_persons_business(sandbox):
    marketplace = Marketplace(settings(sandbox.url), KEY, "another")

    result = outcome(Kind.CATALOG, marketplace.send(calls.catalog_changed(settings(sandbox.url), "1")), NOW)
    marketplace.close()

    assert isinstance(result, Blocked)
    assert result.needs_a_person


def test_an_ordered_failure_comes_once(sandbox, say):
    m = settings(sandbox.url)
    sandbox.known.add("1")
    sandbox.fail_next(429, headers={"Retry-After": "7"}, pattern="catalog_system")
    sandbox.fail_next(200, garbage=True, pattern="catalog_system")

    assert isinstance(say(Kind.PRICE, calls.price_changed(m, "1")), Delivered)
    assert say(Kind.CATALOG, calls.catalog_changed(m, "1")).until == NOW + timedelta(seconds=7)
    assert isinstance(say(Kind.CATALOG, calls.catalog_changed(m, "1")), Retry)
    assert isinstance(say(Kind.CATALOG, calls.catalog_changed(m, "1")), Delivered)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/api/x",
        "http://localhost:1/api/x",
        "http://127.0.0.1.evil.test/",
        "http://127.0.0.1@evil.test/",
        "http://evil.test\\@127.0.0.1/",
        "http://127.0.0.1\\.evil.test/",
        "file:///etc/passwd",
        "nonsense",
    ],
)
def test_credentials_never_leave_for_a_foreign_host(sandbox, url):
    with line(settings(sandbox.url)) as marketplace, pytest.raises(ForeignHost, match="nothing was sent"):
        marketplace.send(Request("POST", url, None, "try"))


@pytest.mark.parametrize("token", ["", "  ", "a\nb", "a\r\nX-Evil: 1", "é", "\x7f"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(token):
    with pytest.raises(Misuse) as caught:
        Marketplace(settings("http://127.0.0.1:1"), KEY, token)

    assert "app_token" in caught.value.message
    assert not token.strip() or token not in str(caught.value)


def test_nothing_secret_is_printed():
    with line(settings("http://127.0.0.1:1")) as marketplace:
        assert TOKEN not in repr(marketplace)
        assert TOKEN not in repr(marketplace.send(Request("POST", "http://127.0.0.1:1/x", None, "try")))


def test_where_nobody_listens_the_reply_says_so():
    with socket.socket() as bound:  # bound, not listening: nobody else can come to listen there meanwhile
        bound.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with line(settings(address)) as marketplace:
            reply = marketplace.send(Request("POST", f"{address}/x", None, "try"))

    assert (reply.status, reply.failure) == (None, "the connection failed: Connection refused")


@contextmanager
def wire(behave, context=None):
    """A server that does with each connection exactly what it is told; yields its address and what it received."""
    received, stop = [], threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)

    def serve(connection):
        try:
            with context.wrap_socket(connection, server_side=True) if context else connection as peer:
                peer.settimeout(5)
                received.append(peer.recv(65536))
                behave(peer, stop)
        except OSError:
            connection.close()

    def accept():
        while not stop.is_set():
            try:
                workers.append(threading.Thread(target=serve, args=(listener.accept()[0],)))
                workers[-1].start()
            except TimeoutError:
                continue

    workers = [threading.Thread(target=accept)]
    workers[0].start()
    scheme = "https" if context else "http"
    try:
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", received
    finally:
        stop.set()
        for worker in workers:
            worker.join(10)
        listener.close()


def answers(data):
    return lambda peer, _: peer.sendall(data)


def drips(head, byte):
    def behave(peer, stop):
        peer.sendall(head)
        while not stop.wait(0.05):
            peer.sendall(byte)

    return behave


def ask(url, **changes):
    with line(settings(url), **changes) as marketplace:
        return marketplace.send(Request("POST", f"{url}/api/x", None, "try"))


@pytest.mark.parametrize(
    ("head", "byte"),
    [
        (b"", b"\r\n"),
        (b"HTTP/1.1 200 O", b"K"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 900000\r\n\r\n", b"x"),
    ],
)
def test_an_answer_that_trickles_in_is_cut_off_at_the_deadline(head, byte):
    with wire(drips(head, byte)) as (url, _):
        started = time.monotonic()
        reply = ask(url, total_seconds=0.6)
        lasted = time.monotonic() - started

    assert (reply.status, reply.failure) == (None, "no whole answer in time")
    assert 0.5 < lasted < 2


def test_a_mute_server_is_cut_off_at_the_deadline():
    with wire(lambda _, stop: stop.wait(5)) as (url, _):
        assert ask(url, total_seconds=0.3).failure == "no whole answer in time"


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\xff not http at all\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 999999 OK\r\n\r\n",
    ],
)
def test_what_is_no_whole_answer_is_never_one(data):
    with wire(answers(data)) as (url, _):
        reply = ask(url)

    assert reply.status is None
    assert reply.failure
    assert isinstance(outcome(Kind.INVOICE, reply, NOW), Retry)


@pytest.mark.parametrize("body", [b"x" * (MAX_BYTES + 1), gzip.compress(b"x" * 50_000_000, mtime=0)])
def test_an_answer_that_swells_beyond_a_megabyte_is_dropped(body):
    encoding = b"Content-Encoding: gzip\r\n" if body[:2] == b"\x1f\x8b" else b""
    head = b"HTTP/1.1 200 OK\r\n" + encoding + b"Content-Length: %d\r\n\r\n" % len(body)
    with wire(answers(head + body)) as (url, _):
        assert ask(url).failure == "answered 200 with more than 1000000 bytes"


def test_a_compressed_answer_is_read():
    body = gzip.compress(b'{"receipt": "r"}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with wire(answers(head + body)) as (url, _):
        assert outcome(Kind.INVOICE, ask(url), NOW) == Delivered(receipt="r")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_reported_and_nothing_is_sent_to_where_it_points(status):
    with wire(answers(b"HTTP/1.1 200 OK\r\n\r\n")) as (evil, stolen):
        moved = b"HTTP/1.1 %d Moved\r\nLocation: %s/\r\nContent-Length: 0\r\n\r\n" % (status, evil.encode())
        with wire(answers(moved)) as (url, received):
            reply = ask(url)

    assert reply.status == status
    assert (len(received), stolen) == (1, [])
    assert isinstance(outcome(Kind.CATALOG, reply, NOW), Blocked)


def test_the_environments_proxy_gets_nothing(sandbox, monkeypatch):
    with wire(answers(b"HTTP/1.1 200 OK\r\n\r\n")) as (proxy, stolen):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
        with line(settings(sandbox.url)) as marketplace:
            reply = marketplace.send(calls.price_changed(settings(sandbox.url), "1"))

    assert (reply.status, stolen) == (202, [])


def test_cookies_are_not_kept():
    answer = b"HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\nConnection: close\r\n\r\n"
    with wire(answers(answer)) as (url, received), line(settings(url)) as marketplace:
        for _ in range(2):
            marketplace.send(Request("POST", f"{url}/api/x", None, "try"))

    assert len(received) == 2
    assert b"cookie" not in received[1].lower()


def self_signed(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - timedelta(days=9999), NOW + timedelta(days=9999))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(certificate + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def test_a_certificate_that_nobody_vouches_for_gets_no_credentials(tmp_path):
    with wire(answers(b"HTTP/1.1 200 OK\r\n\r\n"), self_signed(tmp_path)) as (url, received):
        reply = ask(url)

    assert reply.status is None
    assert reply.failure.startswith("its TLS certificate or handshake was not accepted")
    assert received == []


def test_many_threads_share_one_line(sandbox):
    m = settings(sandbox.url)
    sandbox.known |= {str(n) for n in range(80)}
    statuses = []
    with line(m) as marketplace:

        def work(part):
            statuses.extend(marketplace.send(calls.catalog_changed(m, str(n))).status for n in range(part, 80, 8))

        workers = [threading.Thread(target=work, args=(part,)) for part in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    assert statuses == [200] * 80
    assert {call.parts[-1] for call in sandbox.calls} == sandbox.known


def test_a_connection_is_kept_alive_between_calls():
    def behave(peer, _):
        peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        while data := peer.recv(65536):
            received.append(data)
            peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with wire(behave) as (url, received), line(settings(url)) as marketplace:
        statuses = [marketplace.send(Request("POST", f"{url}/api/{n}", None, "try")).status for n in range(5)]
        marketplace.close()

    assert statuses == [204] * 5
    assert len(received) == 5


OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@contextmanager
def hangs_up_after(answered, farewell=b"", *, abruptly=False):
    """A server that answers so many requests on each connection, and at the next one closes it without having read a word of an answer."""
    served = []

    def behave(peer, _):
        for _ in range(answered):
            served.append(len(served))
            peer.sendall(OK + farewell)
            if not peer.recv(65536):
                return
        if abruptly:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with wire(behave) as (url, received):
        yield url, received, served


@pytest.mark.parametrize("abruptly", [False, True])
def test_a_notification_that_met_a_connection_just_closed_goes_out_once_more_at_once(abruptly):
    with hangs_up_after(1, abruptly=abruptly) as (url, received, served), line(settings(url)) as marketplace:
        statuses = [marketplace.send(Request("POST", f"{url}/api/{n}", None, "try")).status for n in range(3)]

    assert statuses == [204] * 3
    assert len(served) == len(received) == 3


def test_a_document_that_met_a_connection_just_closed_is_not_said_twice_within_a_moment():
    with hangs_up_after(1) as (url, received, _), line(settings(url)) as marketplace:
        replies = [marketplace.send(Request("POST", f"{url}/api/invoice", {"invoiceNumber": "1"}, "try")) for _ in range(2)]

    assert [reply.status for reply in replies] == [204, None]
    assert replies[1].failure in ("it closed the connection", "the connection failed: Connection reset by peer")
    assert len(received) == 1


def test_what_fails_on_a_new_connection_is_not_tried_again_at_once():
    with hangs_up_after(0) as (url, received, _), line(settings(url)) as marketplace:
        assert marketplace.send(Request("POST", f"{url}/api/x", None, "try")).status is None

    assert len(received) == 1


def test_an_answer_that_nobody_asked_for_is_never_taken_for_the_next_calls():
    with (
        hangs_up_after(1, farewell=b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") as (url, received, _),
        line(settings(url)) as marketplace,
    ):
        statuses = [marketplace.send(Request("POST", f"{url}/api/{n}", None, "try")).status for n in range(3)]

    assert statuses == [204] * 3
    assert len(received) == 3, "each on a connection of its own: what had surplus bytes was given up"


def test_an_interim_answer_is_not_the_answer():
    with wire(answers(b"HTTP/1.1 103 Early Hints\r\nContent-Encoding: gzip\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")) as (
        url,
        _,
    ):
        reply = ask(url)

    assert (reply.status, reply.text, dict(reply.headers)) == (200, "{}", {"content-length": "2"})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "before a whole answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + gzip.compress(b"x" * 1000, mtime=0)[:20], "cut off"),
    ],
)
def test_answers_that_two_readers_would_read_differently_are_none(data, said):
    with wire(answers(data)) as (url, _):
        reply = ask(url)

    assert reply.status is None
    assert said in reply.failure


def test_an_answer_without_a_length_ends_with_its_connection():
    with wire(answers(b"HTTP/1.0 200 OK\r\n\r\n{}")) as (url, _):
        reply = ask(url)

    assert (reply.status, reply.text) == (200, "{}")


def test_a_server_that_speaks_only_old_tls_gets_no_credentials(tmp_path):
    context = self_signed(tmp_path)
    with pytest.deprecated_call():
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with wire(answers(OK), context) as (url, received):
        reply = ask(url)

    assert "protocol" in reply.failure, "of its version, not of its certificate"
    assert received == []


def test_the_throttle_never_lets_more_through_than_the_rate_and_shares_it_between_threads():
    started = time.monotonic()
    throttle, turns, stop = Throttle(6000), iter(range(60)), threading.Event()

    def work():
        for _ in turns:
            throttle.wait(stop)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    lasted = time.monotonic() - started

    assert lasted >= 59 / 100


def test_a_throttled_wait_ends_at_once_when_everything_stops():
    throttle, stop = Throttle(1), threading.Event()
    assert throttle.wait(stop)
    threading.Timer(0.1, stop.set).start()
    started = time.monotonic()

    assert not throttle.wait(stop)
    assert time.monotonic() - started < 5

"""A marketplace that answers wrongly in twenty ways, drawn by chance, while prices and stock change: what was told was told.

`make campaign PART=vtex-faults ARGS="--times 1000 --seed 1"` (so many faults, each kind as often as every other). What the connector takes
for told must have had a whole, true answer; no call may outlast its deadline or go to where an answer points; and when the marketplace is
well again everything is told.
"""

import gzip
import random
import socket
import struct
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "jobs")]

from notify_world import World  # noqa: E402  # the tests' own parts, by path
from sqlalchemy import delete, insert, select  # noqa: E402

from connector import app as building  # noqa: E402
from connector import settings as settings_module  # noqa: E402
from connector.domain.messages import Kind  # noqa: E402
from connector.domain.standing import Standing  # noqa: E402
from connector.storage import accounts  # noqa: E402
from connector.storage import tables as t  # noqa: E402
from connector.vtex.client import Marketplace  # noqa: E402

SKUS = [f"S{number:02}" for number in range(30)]
SHARE = 0.4
PER_MINUTE = 3000
BURST, SPACING = 50, 60 / (PER_MINUTE - 49)
LATE_CALLS = 3
"""A call comes a little after it is sent."""
DEADLINE_SECONDS = 0.8
GRACE_SECONDS = 2.0
"""Two cores that others use, too, may keep a thread waiting."""
PAGE = b"<!DOCTYPE html><html><body>Welcome</body></html>"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ODD_WAITS = (b"0", b"-5", b"soon", b"99999999999", b"1e3", b"Wed, 21 Oct 2099 07:28:00 GMT", b"")


def whole(status, body, *headers):
    return b"\r\n".join([b"HTTP/1.1 " + status, *headers, b"Content-Length: %d" % len(body), b"", body])


def said(data):
    return lambda peer, _server: peer.sendall(data)


def dripped(head, byte):
    def drip(peer, server):
        peer.sendall(head)
        while not server.stop.wait(0.05):
            peer.sendall(byte)

    return drip


def reset(peer, _server):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def mute(_peer, server):
    server.stop.wait(2 * DEADLINE_SECONDS)


def odd_wait(status):
    return lambda peer, server: peer.sendall(whole(status, b"", b"Retry-After: " + server.chance.choice(ODD_WAITS)))


def pointed(status):
    return lambda peer, server: peer.sendall(whole(status, b"", b"Location: http://127.0.0.1:%d/x" % server.elsewhere))


KINDS = {
    "reset": reset,
    "closed at once": said(b""),
    "half a head": said(HEAD[:40]),
    "half a body": said(HEAD + b"Content-Length: 90\r\n\r\n{"),
    "garbage": said(bytes(range(256)) * 4),
    "a page": said(whole(b"200 OK", PAGE, b"Content-Type: text/html")),
    "a broken chunk": said(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    "a dripping head": dripped(HEAD + b"X: ", b"x"),
    "a dripping body": dripped(HEAD + b"Content-Length: 90000\r\n\r\n", b"x"),
    "silence": mute,
    "three megabytes": said(whole(b"200 OK", b"[" + b"1," * 1_500_000 + b"1]")),
    "a bomb": said(whole(b"200 OK", gzip.compress(b"0" * 20_000_000), b"Content-Encoding: gzip")),
    "302": pointed(b"302 Found"),
    "307": pointed(b"307 Temporary Redirect"),
    "429": odd_wait(b"429 Too Many Requests"),
    "503": odd_wait(b"503 Service Unavailable"),
    "500 with a page": said(whole(b"500 Internal Server Error", PAGE)),
    "502": said(whole(b"502 Bad Gateway", b"")),
    "two lengths": said(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
    "no such status": said(b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}"),
}


@dataclass
class Figures:
    """What the campaign saw; `faults` is empty where every promise was kept."""

    seed: int
    done: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    told: int = 0
    longest: float = 0.0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self):
        kept = "none taken for success, everything told" if not self.faults else "; ".join(self.faults)
        seen = f"{self.done.total()} faults of {len(self.done)} kinds in {self.seconds:.0f} s, {self.calls} calls, {self.told} told truly"
        return f"seed {self.seed}: {seen}, the longest call {self.longest:.1f} s: {kept}"


class Faulty:
    """The marketplace. `true` counts the whole, true answers since the last change; `elsewhere` is where redirects point."""

    account, suggestions_url = "shop", "http://127.0.0.1:9/suggestions"

    def __init__(self, seed):
        self.chance, self.stop, self.share, self.most = random.Random(seed), threading.Event(), 0.0, 0
        self.done, self.true, self.told, self.came, self._deck = Counter(), Counter(), 0, [], []
        self._listening, self._other = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
        self._other.settimeout(0.01)
        self.url, self.elsewhere = f"http://127.0.0.1:{self._listening.getsockname()[1]}", self._other.getsockname()[1]
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def was_asked_elsewhere(self):
        try:
            self._other.accept()[0].close()
        except TimeoutError:
            return False
        return True

    def close(self):
        self.stop.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._other.close()

    def _accept(self):
        while not self.stop.is_set():
            try:
                peer, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        with suppress(OSError), peer:
            while path := _asked(peer):
                fault = self._drawn()
                if fault:
                    KINDS[fault](peer, self)
                    return
                with self._lock:
                    self.true[tuple(path.split("/")[-2:])] += 1
                    self.told += 1
                peer.sendall(whole(b"200 OK", b"{}", b"Content-Type: application/json"))

    def _drawn(self):
        with self._lock:
            self.came.append(time.monotonic())
            if self.done.total() >= self.most or self.chance.random() >= self.share:
                return ""
            if not self._deck:
                self._deck = self.chance.sample(list(KINDS), len(KINDS))
            self.done[self._deck[-1]] += 1
            return self._deck.pop()


def _asked(peer):
    """Return the path of the next call on a connection, "" where there is none."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = peer.recv(65536)
        if not more:
            return ""
        got += more
    return got.split(b" ", 2)[1].decode()


class Timed(Marketplace):
    """Our client, with a stopwatch."""

    longest = 0.0

    def send(self, request):
        began = time.monotonic()
        reply = super().send(request)
        self.longest = max(self.longest, time.monotonic() - began)
        return reply


def main(faults=1000, seed=1, folder=None):
    """Run until so many faults were met, and return the figures."""
    began, figures = time.monotonic(), Figures(seed)
    with ExitStack() as stack:
        root = Path(folder or stack.enter_context(tempfile.TemporaryDirectory(prefix="campaign-")))
        server = Faulty(seed)
        stack.callback(server.close)
        world = World(root, server)
        _slowed(world)
        stack.callback(world.app.db.close)
        client = _prepared(world)
        server.share, server.most = SHARE, faults
        while server.done.total() < faults:
            _changed(world, server)
            _passed(world, server, figures)
        server.share = 0.0
        _passed(world, server, figures)
        _ended(world, server, figures)
        figures.done, figures.calls, figures.told, figures.longest = server.done, len(server.came), server.told, client.longest
    figures.seconds = time.monotonic() - began
    return figures


def _slowed(world):
    """Have the world keep to a rate that matters."""
    config = world.app.settings.config_path
    config.write_text(config.read_text().replace("requests_per_minute = 600000", f"requests_per_minute = {PER_MINUTE}"))
    world.app.db.close()
    world.app = building.build(settings_module.load(config), clock=lambda: world.now)


def _prepared(world):
    with world.app.db.write() as tx:
        tx.execute(insert(t.listings), [{"account": "shop", "sku": sku, "state": "known"} for sku in SKUS])
    world.sells(*SKUS)
    [m] = world.app.marketplaces
    line = world.app.line(m)
    line._client = Timed(m, "k", "t", total_seconds=DEADLINE_SECONDS)
    return line._client


def _changed(world, server):
    """Change what every SKU costs and has in stock: each must be told, once more, from now on."""
    with world.app.db.write() as tx:
        tx.execute(delete(t.outbox).where(t.outbox.c.state != "dead"))
    server.true.clear()
    world.changed(Kind.PRICE, *SKUS)
    world.changed(Kind.INVENTORY, *SKUS)


def _passed(world, server, figures):
    """Make one pass by hand, after whatever wait was asked for; what it takes for told was told."""
    world.now += timedelta(hours=1)
    with world.app.db.write() as tx:
        accounts.remember(tx, "shop", Standing(rate=PER_MINUTE))
    world.notify()
    with world.app.db.read() as tx:
        untold = {(row.reference, row.kind) for row in tx.execute(select(t.outbox.c.reference, t.outbox.c.kind))}
    for sku in SKUS:
        for kind in ("price", "inventory"):
            if (sku, kind) not in untold and not server.true[sku, kind]:
                figures.faults.append(f"{kind} of {sku} was taken for told")


def _ended(world, server, figures):
    with world.app.db.read() as tx:
        left = [tuple(row) for row in tx.execute(select(t.outbox.c.kind, t.outbox.c.reference, t.outbox.c.state, t.outbox.c.reason))]
    if left:
        figures.faults.append(f"{len(left)} messages were not told in the end: {left[:3]}")
    if server.was_asked_elsewhere():
        figures.faults.append("a call went to where an answer pointed")
    for seconds in (1, 10, 60):
        most = _most_within(seconds, server.came)
        if most > BURST + seconds / SPACING + LATE_CALLS:
            figures.faults.append(f"{most} calls came within {seconds} s")
    longest = world.app.line(world.app.marketplaces[0])._client.longest
    if longest > DEADLINE_SECONDS + GRACE_SECONDS:
        figures.faults.append(f"a call lasted {longest:.1f} s of {DEADLINE_SECONDS}")


def _most_within(seconds, instants):
    window, most = deque(), 0
    for at in instants:
        window.append(at)
        while window[0] <= at - seconds:
            window.popleft()
        most = max(most, len(window))
    return most

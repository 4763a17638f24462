"""Hostile requests against `connector serve` as an operator starts it, over raw sockets, from several clients at a time.

`make campaign PART=http-fuzz ARGS="--times 100000 --seed 1"`. Nothing may fail: no 5xx but a documented one, no HTML for machines, no
traceback in the log, no worker that dies, hangs or grows by 20 MB; afterwards an order is placed as ever, and every order that was
acknowledged is in a whole database.
"""

import contextlib
import json
import os
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select, text, update

from connector.storage import tables

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE.parent / "web")]

from web_world import CART, Running, eventually, free_port, order, read_all, section, set_up, stop  # noqa: E402  # by path

from campaigns.http_judge import answers, faults  # noqa: E402  # as above
from campaigns.http_spoiling import SHOP, Spoiler  # noqa: E402  # as above

CLIENTS = 6
PARTS = 5
PATIENCE_SECONDS = 60
GROWTH_BYTES = 20 * 2**20
TRACES = re.compile(r"Traceback|unexpectedly|Exception ignored|Segmentation")
TRIES = 10
"""A marketplace comes again when it is told to."""
SEQUENCE = 0.01
"""So often a client plays an order's life instead, which must go as ever."""


@dataclass
class Figures:
    seed: int
    requests: int = 0
    statuses: Counter = field(default_factory=Counter)
    held: list[int] = field(default_factory=list)
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self):
        kept = "; ".join(self.faults[:20]) or "no failure, no HTML, no traceback, workers alive, database whole"
        told = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        seen = f"{self.requests} requests in {self.seconds:.0f} s ({told}; 0: closed without an answer)"
        held = ", ".join(f"{bytes_ / 2**20:.0f}" for bytes_ in self.held)
        return f"seed {self.seed}: {seen}, the larger worker held {held} MB from fifth to fifth: {kept}"


def main(times=100_000, seed=1, folder=None):
    """Run the campaign and return its figures."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="campaign-") as temporary:
        world = World(Path(folder or temporary) / "project")
        try:
            figures = _fuzzed(world, times, seed)
        finally:
            stop(world.running)
        figures.faults += world.faults_of_log()
        figures.faults += world.faults_of_database(figures.statuses)
    figures.seconds = time.monotonic() - began
    return figures


def _fuzzed(world, times, seed):
    """Send them in five parts: the first one warms up, and what the workers hold after the last that they did not hold then is growth."""
    figures, clients = Figures(seed), [Client(world.port, seed * 1000 + number, f"f{number}") for number in range(CLIENTS)]
    workers = world.running.workers()
    for _ in range(PARTS):
        _sent(clients, times // PARTS // CLIENTS + 1)
        figures.held.append(max(map(resident, workers)))
    for client in clients:
        figures.requests += client.requests
        figures.statuses += client.statuses
        figures.faults += client.faults
    if figures.held[-1] - figures.held[0] > GROWTH_BYTES:
        figures.faults.append(f"a worker grew by {figures.held[-1] - figures.held[0]} bytes")
    if world.running.workers() != workers:
        figures.faults.append("a worker died")
    last = Client(world.port, seed, "last")
    last.live_through_an_order("last")
    figures.faults += [f"afterwards: {fault}" for fault in last.faults]
    figures.statuses["lives"] = sum(client.lives for client in [*clients, last])
    return figures


def _sent(clients, count):
    threads = [threading.Thread(target=client.send, args=(count,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def resident(pid):
    """Return a process's memory in bytes, 0 where it is gone."""
    with contextlib.suppress(OSError):
        found = re.search(r"VmRSS:\s+([0-9]+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) * 1024 if found else 0
    return 0


class World:
    """A seller's project with plenty in stock, served by two workers."""

    def __init__(self, root):
        self.port = free_port()
        self.project = set_up(root, section(self.port, workers=2) + "[orders]\naccept_changes = true\n")
        app = self.project.app()
        with app.db.write() as tx:
            tx.execute(update(tables.stock).values(quantity=100_000_000))
        app.db.close()
        log = root / "server.log"
        command = [Path(sys.executable).with_name("connector"), "--config", self.project.config, "serve"]
        env = os.environ | {"UNUSED_KEY": "k", "UNUSED_TOKEN": "t"}
        with log.open("wb") as output:
            self.running = Running(self.port, subprocess.Popen(command, stdout=output, stderr=output, env=env), log)
        eventually(self._answers, 60)
        eventually(lambda: len(self.running.workers()) == 2)

    def _answers(self):
        assert self.running.process.poll() is None, self.running.log.read_text()
        with contextlib.suppress(OSError):
            return self.running.say(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
        return False

    def faults_of_log(self):
        with self.running.log.open(encoding="utf-8", errors="replace") as lines:
            found = [line[:300] for line in lines if TRACES.search(line)]
        return [f"{len(found)} lines of the log tell of a failure, first {found[0]}"] if found else []

    def faults_of_database(self, statuses):
        app = self.project.app()
        with app.db.read() as tx:
            whole = tx.execute(text("PRAGMA integrity_check")).scalar_one()
            lived = tables.orders.c.marketplace_order_id.like("life-%")
            stored = tx.execute(select(func.count()).select_from(tables.orders).where(lived)).scalar_one()
        app.db.close()
        wanted = statuses.pop("lives")
        told = [] if stored == wanted else [f"{wanted} orders lived through, {stored} are stored"]
        return told if whole == "ok" else [*told, f"the database is damaged: {whole}"]


class Client:
    """Sends hostile requests one after another. `statuses` counts what came back, `lives` the orders that it saw through."""

    def __init__(self, port, seed, name):
        self.port, self.chance, self.name = port, random.Random(seed), name
        self.spoiler = Spoiler(self.chance, CART, order, name)
        self.requests, self.lives, self.statuses, self.faults = 0, 0, Counter(), []

    def send(self, count):
        for _ in range(count):
            if self.chance.random() < SEQUENCE:
                self.live_through_an_order(f"{self.name}-{self.requests}")
            self._try(self.spoiler.next())

    def _try(self, sent):
        self.requests += 1
        try:
            said = self._delivered(sent)
            found = answers(said, is_head=b"HEAD " in sent.bytes[:200]) if said else []
        except (OSError, ValueError) as error:
            self.faults.append(f"request {self.requests} of {self.name} ({sent.what}, {sent.way}): {error!r}")
            return
        self.statuses.update([answer.status for answer in found] or [0])
        for answer in found:
            self.faults += [f"request {self.requests} of {self.name} ({sent.what}): {fault}" for fault in faults(answer, sent.bytes)]

    def _delivered(self, sent):
        """Send as the request's way has it, and return what was answered until the server closed."""
        data = sent.bytes
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS) as connection:
            if sent.way == "cut":
                connection.sendall(data[: self.chance.randint(0, len(data))])
                return self._torn(connection)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for piece in self._pieces(sent):
                    connection.sendall(piece)
                connection.shutdown(socket.SHUT_WR)
            try:
                return read_all(connection)
            except ConnectionResetError:
                return b""

    def _torn(self, connection):
        """Close so that the server is told of a broken connection, not of its end."""
        if self.chance.random() < 0.5:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return b""

    def _pieces(self, sent):
        if sent.way == "ended":
            yield sent.bytes[: self.chance.randint(0, len(sent.bytes))]
        elif sent.way == "pieces":
            at = sorted(self.chance.randint(0, len(sent.bytes)) for _ in range(3))
            for begin, end in zip([0, *at], [*at, len(sent.bytes)], strict=True):
                yield sent.bytes[begin:end]
                time.sleep(0.005)
        else:
            yield sent.bytes

    # ── an order's life, in between ─────────────────────────────────────────────────────────────────────────────────────
    def live_through_an_order(self, name):
        """Simulate, place twice, authorize, ask to cancel: as the marketplace does it, whatever others send meanwhile."""
        document, number = [order(f"life-{name}")], None
        shown = self._asked(f"{SHOP}?an=acme-market", CART)
        placed, again = (self._asked("/pvt/orders?an=acme-market", document) for _ in range(2))
        with contextlib.suppress(ValueError, KeyError, IndexError):
            number = json.loads(placed[1])[0]["orderId"]
        self.lives += number is not None
        statuses = [self._asked(f"/pvt/orders/{number}/{verb}?an=acme-market", {"reason": "x"})[0] for verb in ("fulfill", "cancel")]
        if (shown[0], placed[0], *statuses) != (200, 200, 200, 200) or placed != again or number is None:
            self.faults.append(f"the order {name} was answered {shown[0]}, {placed}, {again}, {statuses}")
        elif len(self.spoiler.known) < 50:
            self.spoiler.known.append(number)

    def _asked(self, path, document):
        body = json.dumps(document).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        for _ in range(TRIES):
            with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS) as connection:
                connection.sendall(f"{head}\r\nConnection: close\r\n\r\n".encode() + body)
                answer = answers(read_all(connection))[0]
            if answer.status != 503:
                break
            time.sleep(float(answer.head[b"retry-after"]))
        return answer.status, answer.body

"""Notifications to a marketplace 50 ms away: how near to a raw client, how far before a requests.Session per thread."""

from __future__ import annotations

import http.client
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from connector.bench import contenders, projects, show
from connector.bench.exports import Variant
from connector.bench.load import Load
from connector.bench.pieces import each
from connector.bench.processes import Wrong, connector, module, run
from connector.bench.rows import Row
from connector.bench.serving import free_port, request, served
from connector.bench.terms import Terms

GROUP = "notifications"
LATENCY_MS = 50
SKUS = 20_000
SECONDS = 2
RAW, SESSIONS = "raw client", "requests.Session per thread"
GOALS = {16: (RAW, 0.95), 64: (RAW, 0.93), 256: (SESSIONS, 2.5)}
COUNTED = "commits per notification"
COMMITS = 0.1
"""Commits per notification that are too many: one for ten is a batch."""


def rows(terms: Terms) -> Iterator[Row]:
    """Measure the rate that the marketplace sees from the first request to the last, and count commits."""
    size = min(SKUS, terms.size)
    kept = projects.loaded(terms.work, contenders.files(terms.work, Variant(size)), Variant(size))
    port = free_port()
    show.progress("notifications")
    with served(module("connector.bench.latency", port, LATENCY_MS), port, terms.work / "latency.log"):
        far = Far(port, kept, terms.work / "round" / "notifications", size)
        yield from each(GROUP, (_rows(far, number, terms) for number in GOALS if terms.wants(_work(number))))
        if terms.wants(COUNTED):
            yield _commits(far)


def _work(connections: int) -> str:
    return f"notifications, {connections} connections, {LATENCY_MS} ms away"


class Far:
    """The marketplace, and a project that has something to tell it."""

    def __init__(self, port: int, kept: Path, place: Path, size: int) -> None:
        self.port, self.place, self._kept, self._size = port, place, kept, size

    def said(self) -> dict[str, Any]:
        """Return what came since it was last asked."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port)) as connection:
            connection.request("GET", "/said")
            found: dict[str, Any] = json.loads(connection.getresponse().read())
            return found

    def prepare(self, connections: int, number: int) -> None:
        """Put messages of prices and stock into the outbox of a fresh copy of the project."""
        projects.restored(self._kept, self.place)
        projects.configure(self.place, marketplace=f"http://127.0.0.1:{self.port}", concurrency=connections)
        with closing(sqlite3.connect(self.place / projects.DATABASE)) as db:
            for kind, some in (("price", number - number // 2), ("inventory", number // 2)):
                db.execute(
                    "INSERT INTO outbox (destination, kind, reference, due_at, put_at)"
                    " SELECT ?, ?, sku, '2025-06-01 00:00:00.000000', '2025-06-01 00:00:00.000000' FROM products LIMIT ?",
                    (projects.ACCOUNT, kind, some),
                )
            db.commit()

    def number(self, connections: int, seconds: float) -> int:
        return min(int(connections * 1000 / LATENCY_MS * SECONDS * seconds), 2 * self._size)

    def waiting(self) -> int:
        with projects.reading(self.place) as db:
            found: int = db.execute("SELECT count(*) FROM outbox").fetchone()[0]
            return found


def _rows(far: Far, connections: int, terms: Terms) -> Iterator[Row]:
    number = far.number(connections, terms.seconds)
    ways: dict[str, Callable[[], object]] = {
        "connector": partial(_product, far, connections, number),
        RAW: partial(_raw, far, connections, number),
        SESSIONS: partial(_sessions, far, connections, number),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(terms.rounds):
        for name, way in ways.items():
            way()
            rates[name].append(_rate(name, far.said(), number))
        show.progress(f"  {connections} connections: " + ", ".join(f"{name} {rates[name][-1]:.0f}/s" for name in ways))
    wanted, goal = GOALS[connections]
    for name in (RAW, SESSIONS):
        ratio = median(a / b for a, b in zip(rates["connector"], rates[name], strict=True))
        figures = f"{median(rates['connector']):.0f}/s, {median(rates[name]):.0f}/s"
        yield Row(GROUP, _work(connections), name, ratio, goal if name == wanted else None, at_most=False, figures=figures)


def _rate(name: str, said: dict[str, Any], number: int) -> float:
    if (said["requests"], said["different"]) != (number, number):
        raise Wrong(f"{name}: {number} notifications were to come once each; {said['requests']} came, {said['different']} different ones")
    return float(number / said["seconds"])


def _product(far: Far, connections: int, number: int) -> None:
    far.prepare(connections, number)
    far.said()
    run(connector(far.place, "run", "notify-marketplaces", "--json"))
    if left := far.waiting():
        raise Wrong(f"{left} notifications were not told")


def _raw(far: Far, connections: int, number: int) -> None:
    """Ask with so many connections for as long as it takes: a thread that does nothing else."""
    numbers = count()
    given = (request(f"/{next(numbers)}", b"") for _ in range(number))
    Load(far.port, given, connections).drive_all()


def _sessions(far: Far, connections: int, number: int) -> None:
    run(module("connector.bench.peers.session_threads", f"http://127.0.0.1:{far.port}", connections, number))


def _commits(far: Far) -> Row:
    """Count the commits of one pass; it is not timed."""
    number = far.number(64, 1)
    far.prepare(64, number)
    done = run(module("connector.bench.commits", *connector(far.place, "run", "notify-marketplaces", "--json")[3:]))
    far.said()
    commits = int(done.output.split()[-1])
    figures = f"{commits} for {number} notifications over 64 connections"
    return Row(GROUP, COUNTED, "one commit a call", commits / number, COMMITS, figures=figures)

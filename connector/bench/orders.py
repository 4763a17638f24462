"""Orders placed over HTTP by four clients at once, beside the same rows written by bare sqlite3."""

from __future__ import annotations

import json
import secrets
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from connector.bench import projects, show
from connector.bench.carts import ASKED_BY, PLACEMENT, SIMULATION, carts, order, serving_project
from connector.bench.load import Load, Slice
from connector.bench.processes import Wrong, connector, module
from connector.bench.rows import Row
from connector.bench.serving import ask, free_port, request, served
from connector.bench.terms import Terms

GROUP = "orders"
CLIENTS = 4
LINES = 2
SIMULATED = 200
"""Carts that orders are made of; each is ordered many times, under another number."""
FIRST = "FIRST-01"
GOAL = 0.5


def rows(terms: Terms) -> Iterator[Row]:
    """Measure: as many orders as can be placed in slices of time, in alternating rounds."""
    kept, _ = serving_project(terms.work, terms.size)
    ours, bare = terms.work / "round" / "orders", terms.work / "round" / "orders.db"
    projects.restored(kept, ours)
    show.progress("orders")
    found, bare_rates, port = list[Slice](), list[float](), free_port()
    projects.configure(ours, port=port, workers=2)
    with served(connector(ours, "serve"), port, ours / "var" / "serve.log"):
        answers = [
            ask(port, SIMULATION + ASKED_BY, cart) for cart in carts(terms.size, LINES, min(SIMULATED, terms.size // 10), seed="placed")
        ]
        ask(port, PLACEMENT + ASKED_BY, order(FIRST, answers[0]))
        first, load = _copied(ours, bare), Load(port, _placements(answers), CLIENTS)
        for number in range(terms.rounds):
            found.append(load.drive(2 * terms.seconds))
            bare_rates.append(_bare(bare, first, terms.size, 2 * terms.seconds))
            show.progress(f"  round {number + 1}: {_rate(found[-1]):.0f}/s, bare {bare_rates[-1]:.0f}/s")
    failed, asked = sum(one.failed for one in found), sum(len(one.answers) for one in found)
    _check(ours, asked - failed)
    ratio = median(_rate(one) / rate for one, rate in zip(found, bare_rates, strict=True))
    figures = f"{median(map(_rate, found)):.0f}/s, {median(bare_rates):.0f}/s"
    work = f"orders placed, {CLIENTS} clients"
    yield Row(GROUP, work, "the same rows by bare sqlite3", ratio, GOAL, at_most=False, figures=figures)
    yield Row(GROUP, "orders answered with an error meanwhile", f"of {asked:,}", failed, 0, unit="answers", figures=_reason(found))


def _rate(found: Slice) -> float:
    """Return the orders that were placed in a second."""
    return (len(found.answers) - found.failed) / found.seconds


def _reason(found: list[Slice]) -> str:
    said = next((one.complaint for one in found if one.failed), "")
    return said.partition("\r\n")[0]


def _placements(answers: list[dict[str, Any]]) -> Iterator[bytes]:
    for number in count():
        document = order(f"N-{number}", answers[number % len(answers)])
        yield request(PLACEMENT + ASKED_BY, json.dumps(document).encode())


def _copied(root: Path, to: Path) -> str:
    """Copy the database as it is, with the first order in it; returns that order's id."""
    to.unlink(missing_ok=True)
    with closing(sqlite3.connect(root / projects.DATABASE)) as source, closing(sqlite3.connect(to)) as copy:
        source.backup(copy)
        first: str = copy.execute("SELECT order_id FROM orders WHERE marketplace_order_id = ?", [FIRST]).fetchone()[0]
        return first


def _bare(database: Path, first: str, size: int, seconds: float) -> float:
    """Return the rate of four processes that write the same rows, each an order at a time."""
    argv = module("connector.bench.peers.bare_orders", database, first, size, seconds)
    chance = secrets.token_hex(3)
    clients = [subprocess.Popen([*argv, f"C{chance}{n}"], stdout=subprocess.PIPE, text=True) for n in range(CLIENTS)]
    said = [client.communicate()[0] for client in clients]
    if any(client.returncode for client in clients):
        raise Wrong("a client that writes bare rows failed")
    return sum(map(float, said))


def _check(root: Path, placed: int) -> None:
    with projects.reading(root) as db:
        there = db.execute("SELECT count(*) FROM orders WHERE marketplace_order_id LIKE 'N-%'").fetchone()[0]
    if there != placed:
        raise Wrong(f"{placed} orders were answered for, and {there} are there")

"""Carts and orders of the generated catalogue, and a project that serves it: stock reserved by orders that were really placed."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from connector.bench import contenders, projects, show
from connector.bench.exports import SEED, Variant, sku
from connector.bench.peers.seller import expected, facts
from connector.bench.processes import Wrong, connector
from connector.bench.serving import ask, free_port, request, served
from connector.sandbox import documents

CARTS = 20_000
ORDERS = 100
ORDER_LINES = 10
RESERVED_SHARE = 0.05
"""Of a cart's lines so many are of SKUs that open orders hold some of."""
SIMULATION = "/pvt/orderForms/simulation"
PLACEMENT = "/pvt/orders"
ASKED_BY = f"?sc=1&an={projects.ACCOUNT}"
CHECKED = 50

Cart = dict[str, Any]


def carts(size: int, items: int, number: int, reserved: Sequence[str] = (), seed: str = "carts") -> list[Cart]:
    """Return distinct carts of so many different SKUs, to places all over the country."""
    chance = random.Random(f"{SEED} {seed} {items}")
    draw = partial(_line, chance, size, reserved)
    return [_cart(chance, list(dict.fromkeys(draw() for _ in range(items)))) for _ in range(number)]


def _line(chance: random.Random, size: int, reserved: Sequence[str]) -> str:
    return chance.choice(reserved) if reserved and chance.random() < RESERVED_SHARE else sku(chance.randrange(size))


def _cart(chance: random.Random, skus: list[str]) -> Cart:
    return documents.cart([(one, 1 + chance.randrange(3)) for one in skus], postal_code=f"{chance.randrange(100_000_000):08d}")


def requests(given: Sequence[Cart], path: str = SIMULATION) -> list[bytes]:
    """Return the carts as they go over the wire."""
    return [request(path + ASKED_BY, json.dumps(cart, separators=(",", ":")).encode()) for cart in given]


def order(number: str, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the body that places an order of what was answered."""
    return [documents.order(number, answer, "")]


def check(port: int, given: Sequence[Cart], reserved: dict[str, int]) -> None:
    """Compare some answers with what the generator says. Raises Wrong."""
    for cart in given[:CHECKED]:
        found = facts(ask(port, SIMULATION + ASKED_BY, cart))
        if found != expected(cart, reserved):
            raise Wrong(f"port {port} answers {found}, and should {expected(cart, reserved)}")


def serving_project(work: Path, size: int) -> tuple[Path, dict[str, int]]:
    """Return a project with the catalogue loaded and orders placed, and what these reserve by SKU; made where it is not there yet."""
    root, noted = work / "projects" / f"{size}-serving", work / "projects" / f"{size}-serving.json"
    if not noted.exists():
        first = Variant(size)
        projects.restored(projects.loaded(work, contenders.files(work, first), first), root)
        show.progress("  placing orders")
        noted.write_text(json.dumps(_place(root, size)), encoding="utf-8")
    reserved: dict[str, int] = json.loads(noted.read_bytes())
    return root, reserved


def _place(root: Path, size: int) -> dict[str, int]:
    port, reserved = free_port(), Counter[str]()
    projects.configure(root, port=port)
    with served(connector(root, "serve"), port, root / "var" / "serve.log"):
        for number, cart in enumerate(carts(size, ORDER_LINES, min(ORDERS, size // 20), seed="orders")):
            ask(port, PLACEMENT + ASKED_BY, order(f"B-{number}", ask(port, SIMULATION + ASKED_BY, cart)))
            reserved.update({item["id"]: item["quantity"] for item in cart["items"]})
    return dict(reserved)

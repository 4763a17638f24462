"""`connector bench`: how fast this machine does the main things, on files made by a seeded generator.

Every figure is of the product as it stands: validation, guards, messages and durability left in.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from rich.console import Console
from rich.table import Table

from connector import app as building
from connector import settings as settings_module
from connector.app import App
from connector.demo.legacy_erp import FREIGHT, PRODUCTS, comma
from connector.sandbox import documents
from connector.storage import database
from connector.usecases import offers, orders
from connector.usecases.passes import Pass
from connector.vtex import orders as order_documents
from connector.vtex import simulation as cart_documents
from jobs.refresh_snapshot import run as refresh

SEED = 20261124
ACCOUNT = "bench"
SETTINGS = f"""
[erp]
settle_seconds = 0
[[shipping.slas]]
id = "Normal"
table = "freight/*.csv"
[[marketplaces]]
account = "{ACCOUNT}"
seller_id = "acme"
base_url = "http://127.0.0.1:9"
app_key = "env:BENCH_KEY"
app_token = "env:BENCH_TOKEN"
"""


@dataclass(frozen=True, slots=True)
class Figure:
    what: str
    value: str


def main(arguments: list[str]) -> int:
    """Measure and print a table; returns 0."""
    parser = argparse.ArgumentParser(prog="connector bench", description=__doc__)
    parser.add_argument("--skus", type=int, default=20_000, help="SKUs in the catalogue (default: 20000)")
    parser.add_argument("--carts", type=int, default=2_000, help="simulations of each size (default: 2000)")
    parser.add_argument("--orders", type=int, default=200, help="orders placed one after another (default: 200)")
    options = parser.parse_args(arguments)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="connector-bench-") as place, _project(Path(place)) as app:
        table = Table("what", "figure", title=f"{options.skus:,} SKUs, seed {SEED}")
        for figure in _figures(app, options):
            table.add_row(figure.what, figure.value)
    console.print(table)
    return 0


@contextmanager
def _project(root: Path) -> Iterator[App]:
    for folder in ("config", "inbox", "outbox", "var"):
        (root / folder).mkdir()
    config = root / "config" / "connector.toml"
    config.write_text(SETTINGS, encoding="utf-8")
    app = building.build(settings_module.load(config))
    database.migrate(app.db)
    try:
        yield app
    finally:
        app.db.close()


def _figures(app: App, options: argparse.Namespace) -> Iterator[Figure]:
    chance = random.Random(SEED)  # noqa: S311  # a generator of files, not of secrets
    prices = {f"{n:07d}": chance.randint(100, 100_000) for n in range(options.skus)}
    yield Figure("first load, three full exports", f"{_seconds(partial(_export, app, prices, 'a')):.2f} s")
    for sku in chance.sample(sorted(prices), max(1, options.skus // 100)):
        prices[sku] += 1
    yield Figure("the same with 1 % of the prices changed", f"{_seconds(partial(_export, app, prices, 'b')):.2f} s")
    yield Figure("the same with nothing changed", f"{_seconds(partial(_export, app, prices, 'c')):.2f} s")
    yield Figure("peak memory so far", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")
    for items in (1, 10, 50):
        yield Figure(f"simulation of {items} items, in process", _spread(_carts(app, chance, sorted(prices), items, options.carts)))
    yield Figure("order placed, durable", _spread(_orders(app, chance, sorted(prices), options.orders)))


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _spread(seconds: list[float]) -> str:
    return f"{median(seconds) * 1000:.2f} ms median, {quantiles(seconds, n=100)[98] * 1000:.2f} ms p99"


def _export(app: App, prices: dict[str, int], tag: str) -> None:
    """Write the exports and refresh; the writing counts too, at less than a tenth."""
    body = "Cafeteira Italiana;única;Alumínio;Casa Boa;Casa/Cozinha;7891000000016;REF;10;20;30;1,5;un;1;Frente=https://img.example/a.jpg;1"
    _write(app, "products", tag, PRODUCTS, (f"{sku};P-{sku};{body}" for sku in prices))
    _write(app, "prices", tag, ("sku", "price"), (f"{sku};{comma(cents)}" for sku, cents in prices.items()))
    _write(app, "stock", tag, ("sku", "quantity"), (f"{sku};1000000" for sku in prices))
    _write(app, "freight", "normal", FREIGHT, ["00000000;99999999;;0;30000;10,90;0;0;1000000;5.00:00:00;BRA;0"])
    report = refresh(app, Pass(by_hand=True))
    if report.failures:
        raise SystemExit("\n".join(report.failures))


def _write(app: App, feed: str, tag: str, columns: tuple[str, ...], lines: Iterator[str] | list[str]) -> None:
    folder = app.root / "inbox" / feed
    folder.mkdir(exist_ok=True)
    (folder / f"{feed}-{tag}.csv").write_text("\n".join([";".join(columns), *lines]) + "\n", encoding="cp1252")


def _carts(app: App, chance: random.Random, skus: list[str], items: int, number: int) -> list[float]:
    carts = [documents.cart([(sku, 1) for sku in chance.choices(skus, k=items)]) for _ in range(number)]
    return [_seconds(partial(_simulate, app, cart)) for cart in carts]


def _simulate(app: App, document: dict[str, Any]) -> dict[str, Any]:
    cart = cart_documents.read(document, "BRA")
    return cart_documents.write(cart, offers.simulate(app, cart, ACCOUNT, "1"))


def _orders(app: App, chance: random.Random, skus: list[str], number: int) -> list[float]:
    carts = [documents.cart([(chance.choice(skus), 1)]) for _ in range(number)]
    placed = [documents.order(f"B-{n}", _simulate(app, cart), "") for n, cart in enumerate(carts)]
    return [_seconds(partial(_place, app, document)) for document in placed]


def _place(app: App, document: dict[str, Any]) -> None:
    orders.place(app, order_documents.read([document], ACCOUNT, "1"))

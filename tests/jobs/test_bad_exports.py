"""Exports that are sound to the letter and wrong all the same: what a whole pass makes of them, in one project, one after the other.

Before each the snapshot is made anew: ten SKUs at 100.00, ten in stock. `state` is what the ledger says, `words` stand in the report,
`known` are values that must be in the snapshot afterwards.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from catalog_world import Catalog

from connector.storage import tables

SKUS = [f"S{n}" for n in range(10)]
HEADS = {"prices": "sku;price;list_price", "stock": "sku;quantity", "products": "sku;product_id;product_name;brand;category;weight"}
SOUND = {
    "prices": [f"{sku};100,00;100,00" for sku in SKUS],
    "stock": [f"{sku};10" for sku in SKUS],
    "products": [f"{sku};P;N;M;C;1" for sku in SKUS],
}
FIELDS = {"prices": "price_cents", "stock": "quantity", "products": "weight_g"}
WERE = {"prices": 10_000, "stock": 10, "products": 1000}


class BadExport(NamedTuple):
    name: str
    feed: str
    rows: list[str]
    state: str
    words: str = ""
    known: Mapping[str, Any] = MappingProxyType({})
    gone: frozenset[str] = frozenset()
    head: str = ""
    age: timedelta = timedelta(0)


def of(feed, changes=(), *, without=0, more=()):
    """The sound export with some rows changed by place, some left out at its end, some more."""
    rows = {**dict(enumerate(SOUND[feed])), **dict(changes)}
    return [*rows.values()][: len(rows) - without] + list(more)


def bad_exports():
    """Yield them."""
    yield from _prices()
    yield from _stock()
    yield from _repeats()
    yield from _times()


def _prices():
    yield BadExport("a price of nothing", "prices", of("prices", {0: "S0;0;0"}), "applied", "held", {"S0": 10_000})
    yield BadExport("a price of a tenth", "prices", of("prices", {0: "S0;10,00;"}), "applied", "held", {"S0": 10_000})
    yield BadExport("a price a little above the guard", "prices", of("prices", {0: "S0;21,00;"}), "applied", "", {"S0": 2100})
    yield BadExport("a price just below the guard", "prices", of("prices", {0: "S0;19,99;"}), "applied", "held", {"S0": 10_000})
    cents = [f"{sku};1,00;1,00" for sku in SKUS]
    yield BadExport("all prices in hundredths", "prices", cents, "applied", "held", dict.fromkeys(SKUS, 10_000))
    yield BadExport("a price times a hundred", "prices", of("prices", {0: "S0;10000,00;"}), "applied", "", {"S0": 1_000_000})
    yield BadExport("a price of nothing for a new SKU", "prices", of("prices", more=["N;0;0"]), "applied", "held", gone=frozenset("N"))
    yield BadExport("names for prices", "prices", [f"{sku};Camisa;100,00" for sku in SKUS], "refused", "max_rejected")
    yield BadExport("one bad row of ten", "prices", of("prices", {3: "S3;x;"}), "applied", "it is no number", {"S3": 10_000})
    yield BadExport("three bad rows of ten", "prices", of("prices", {n: f"S{n};x;" for n in range(3)}), "refused", "max_rejected")
    yield BadExport("a header alone", "prices", [], "held", "no row that could be accepted", dict.fromkeys(SKUS, 10_000))
    yield BadExport("a third missing", "prices", of("prices", without=3), "held", "max_removed", dict.fromkeys(SKUS, 10_000))
    yield BadExport("two of ten missing", "prices", of("prices", without=2), "applied", "", {"S0": 10_000}, frozenset({"S8", "S9"}))
    yield BadExport(
        "other SKUs altogether", "prices", [f"T{n};100,00;" for n in range(10)], "held", "max_removed", dict.fromkeys(SKUS, 10_000)
    )
    yield BadExport("leading zeros lost", "prices", [f"{n};100,00;" for n in range(10)], "held", "max_removed", dict.fromkeys(SKUS, 10_000))
    yield BadExport("no header", "prices", SOUND["prices"][1:], "refused", "is no header", head=SOUND["prices"][0])


def _stock():
    yield BadExport("nothing in stock any more", "stock", [f"{sku};0" for sku in SKUS], "held", "max_zeroed", dict.fromkeys(SKUS, 10))
    half = of("stock", {n: f"S{n};0" for n in range(6)})
    yield BadExport("six of ten at nothing", "stock", half, "held", "max_zeroed", dict.fromkeys(SKUS, 10))
    yield BadExport("less than nothing everywhere", "stock", [f"{sku};-1" for sku in SKUS], "held", "max_zeroed", dict.fromkeys(SKUS, 10))
    yield BadExport("five of ten at nothing", "stock", of("stock", {n: f"S{n};0" for n in range(5)}), "applied", "", {"S0": 0, "S9": 10})
    yield BadExport("a stock of millions", "stock", of("stock", {0: "S0;9999999"}), "applied", "", {"S0": 9_999_999})
    yield BadExport("an empty stock", "stock", [], "held", "no row that could be accepted", dict.fromkeys(SKUS, 10))
    yield BadExport("a stock cut off", "stock", of("stock", without=5), "held", "max_removed", dict.fromkeys(SKUS, 10))
    yield BadExport("products in the folder of stock", "stock", SOUND["products"], "refused", "required column", head=HEADS["products"])
    yield BadExport("an empty catalogue", "products", [], "held", "no row that could be accepted", dict.fromkeys(SKUS, 1000))
    yield BadExport("a catalogue cut off", "products", of("products", without=4), "held", "max_removed", dict.fromkeys(SKUS, 1000))
    yield BadExport("weights in grams", "products", [f"{sku};P;N;M;C;1000" for sku in SKUS], "applied", "", {"S0": 1_000_000})


def _repeats():
    yield BadExport("a row twice", "prices", of("prices", more=["S0;100,00;100,00"]), "applied", "", {"S0": 10_000})
    twice = of("prices", {0: "S0;90,00;90,00"}, more=["S0;80,00;80,00"])
    yield BadExport("two prices for a SKU", "prices", twice, "applied", "S0", {"S0": 10_000})
    beside = of("prices", {0: "S0;90,00;90,00"}, more=["S0;x;"])
    yield BadExport("a good and a bad price for a SKU", "prices", beside, "applied", "S0", {"S0": 10_000})
    yield BadExport("a SKU in two spellings", "stock", of("stock", more=["s0;3"]), "applied", "", {"S0": 10, "s0": 3})
    yield BadExport("a SKU with a blank behind it", "stock", of("stock", {0: "S0 ;9"}), "applied", "", {"S0": 9})
    yield BadExport("everything twice", "stock", SOUND["stock"] * 2, "applied", "", dict.fromkeys(SKUS, 10))


def _times():
    hour = timedelta(hours=1)
    yield BadExport("an older export that comes late", "prices", of("prices", {0: "S0;90,00;"}), "superseded", "", {"S0": 10_000}, age=hour)
    yield BadExport("an older export, empty", "stock", [], "superseded", "", dict.fromkeys(SKUS, 10), age=hour)
    ahead = -hour
    yield BadExport("an export from the future", "stock", of("stock", {0: "S0;9"}), "applied", "", {"S0": 9}, age=ahead)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    os.environ.update(CATALOG_KEY="key", CATALOG_TOKEN="token")
    one = Catalog(tmp_path_factory.mktemp("exports") / "project", more="[feeds.prices]\nmax_rejected = 0.2")
    yield one
    one.app.db.close()


def forget(world):
    with world.app.db.write() as tx:
        for table in reversed(tables.metadata.sorted_tables):
            tx.execute(table.delete())


@pytest.mark.parametrize("bad", list(bad_exports()), ids=lambda bad: bad.name)
def test_a_bad_export_has_its_verdict(world, bad):
    world.now += timedelta(days=1)
    forget(world)
    world.drop(f"{bad.feed}/sound.csv", *SOUND[bad.feed], head=HEADS[bad.feed])
    assert world.run().exit_status == 0
    world.drop(f"{bad.feed}/bad.csv", *bad.rows, head=bad.head or HEADS[bad.feed], at=world.now - timedelta(minutes=1) - bad.age)
    report = world.run()

    known = dict(world.known(bad.feed, "sku", FIELDS[bad.feed]))
    assert world.ledger()[-1][1] == bad.state, report
    assert bad.words in " ".join([*report.lines, *report.failures])
    assert known.items() >= bad.known.items()
    assert not bad.gone & known.keys()
    assert (world.root / "inbox" / bad.feed / "bad.csv").exists() is False

"""Large changes on both databases: laid down in parts, shown at once, brought home in parts; and what a cart sees meanwhile."""

import random
import sys
import threading
from pathlib import Path

import pytest
from cases import cases
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select

from connector.domain.guards import Plan
from connector.storage import generations, snapshots, tables
from connector.storage import offers as stored
from connector.storage.shown import COMING
from connector.storage.staging import SNAPSHOTS
from connector.usecases import offers, orders
from connector.vtex.orders import read

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))
from catalog_world import Catalog, product
from orders_world import order

SHIPPING = '[[shipping.slas]]\nid = "Normal"\ntable = "freight/normal.csv"\n'
LENIENT = "\n".join(f"[feeds.{feed}]\nmax_removed = 1" for feed in ("products", "services")) + (
    "\n[feeds.stock]\nmax_removed = 1\nmax_zeroed = 1\n[feeds.prices]\nmax_removed = 1\nmax_price_change = 1\n"
)
NEVER_LARGE = 10**9


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request):
    return request.getfixturevalue("postgresql_url") if request.param == "postgresql" else "sqlite:///var/connector.db"


@pytest.fixture
def shop(url, tmp_path):
    catalog = Catalog(tmp_path / "shop", url=url, more=SHIPPING + LENIENT)
    yield catalog
    catalog.app.db.close()


@pytest.fixture
def in_parts(monkeypatch):
    monkeypatch.setattr(generations, "LARGE", 0)
    monkeypatch.setattr(generations, "PART", 3)


def on_offer(shop, *skus):
    """What carts see of these SKUs."""
    with shop.app.db.read() as tx:
        return offers.on_offer(shop.app, tx, "shop", "1", skus)


def left(shop):
    """What is not at home."""
    with shop.app.db.read() as tx:
        shown = list(tx.scalars(select(tables.generations.c.feed).where(tables.generations.c.shown.is_not(None))))
        return shown, sum(tx.execute(select(func.count()).select_from(table)).scalar_one() for table in COMING.values())


def stopped_before_home(monkeypatch, after=0):
    """Let whoever brings a change home end after so many parts, as a killed process does."""
    bring = generations._bring_part
    parts = iter(range(after))

    def brought(*given):
        return bring(*given) if next(parts, None) is not None else False

    monkeypatch.setattr(generations, "_bring_part", brought)


# ── the same in the end ─────────────────────────────────────────────────────────────────────────────────────────────────
SKUS = ["A", "B", "C", "D", "E", "F", "G"]


def exported(feed, line, *values):
    """An export of a feed: for some SKUs a line each, made of the SKU and of values."""
    of_all = st.lists(st.sampled_from(SKUS), unique=True, min_size=1).flatmap(
        lambda skus: st.tuples(*[st.builds(line, st.just(sku), *values) for sku in skus])
    )
    return st.tuples(st.just(feed), of_all)


exports = st.one_of(
    exported("products", product, st.sampled_from(["Shirt", "Cap"]), st.sampled_from("01")),
    exported("prices", "{};{},00;9,00".format, st.integers(1, 3)),
    exported("stock", "{};{}".format, st.integers(0, 2)),
    exported("services", "{};gift;1;Wrap;{},00".format, st.integers(1, 3)),
)


@pytest.fixture
def twins(url, tmp_path):
    """Two shops: one on the database that is tried, one on SQLite; each of the marketplace's SKUs but three is known there."""
    made = [Catalog(tmp_path / "one", url="sqlite:///var/connector.db", more=LENIENT), Catalog(tmp_path / "other", url=url, more=LENIENT)]
    for catalog in made:
        with catalog.app.db.write() as tx:
            tx.execute(insert(tables.listings), [{"account": "shop", "sku": sku, "state": "known"} for sku in SKUS[:4]])
    yield made
    for catalog in made:
        catalog.app.db.close()


@settings(max_examples=cases(40), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(st.lists(exports, min_size=1, max_size=4), st.integers(1, 4))
def test_in_parts_or_in_one_go_the_snapshot_the_messages_and_what_carts_see_are_the_same(twins, files, part):
    one, other = twins
    for feed, rows in files:
        seen = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(generations, "LARGE", NEVER_LARGE)
            one.export(f"{feed}/1.csv", *rows)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(generations, "LARGE", 0)
            patch.setattr(generations, "PART", part)
            bring = generations._bring_part

            def looked(*given, bring=bring, seen=seen):
                seen.append(on_offer(other, *SKUS))
                return bring(*given)

            patch.setattr(generations, "_bring_part", looked)
            other.export(f"{feed}/1.csv", *rows)

        assert all(look == on_offer(one, *SKUS) for look in [*seen, on_offer(other, *SKUS)])
        for table in SNAPSHOTS:
            columns = [column.name for column in tables.metadata.tables[table].columns]
            assert one.known(table, *columns) == other.known(table, *columns)
        assert one.messages() == other.messages()
        assert left(other) == ([], 0)


@pytest.mark.parametrize(
    ("feed", "present", "changed", "goes_in_parts"),
    [
        ("products", 1, 10_001, True),
        ("products", 1, 10_000, False),
        ("stock", 0, 1_000_000, False),  # nothing is for sale yet
        ("services", 0, 10_001, True),  # what is sold with things that are
        ("freight", 1, 1_000_000, False),
    ],
)
def test_what_changes_more_than_ten_thousand_rows_of_what_is_sold_goes_in_parts(feed, present, changed, goes_in_parts):
    plan = Plan(feed, "a.csv", "full", rows_read=changed, accepted=changed, refused=0, present=present, changed=changed)

    assert generations.is_large(plan) is goes_in_parts


# ── meanwhile ───────────────────────────────────────────────────────────────────────────────────────────────────────────
MANY = [f"S{number:03}" for number in range(120)]


class Beside(threading.Thread):
    """Does one thing again and again until told to stop, and keeps what went wrong."""

    def __init__(self, once):
        super().__init__(daemon=True)
        self.once, self.stop, self.times, self.error = once, threading.Event(), 0, None

    def run(self):
        try:
            while not self.stop.wait(0.002):
                self.once(self.times)
                self.times += 1
        except Exception as error:  # noqa: BLE001  # a thread's error is the test's to show
            self.error = error

    def ended(self):
        self.stop.set()
        self.join(30)
        assert self.error is None, repr(self.error)
        assert self.times > 0


@pytest.mark.usefixtures("in_parts")
def test_carts_see_an_export_whole_or_not_at_all_while_it_is_brought_home_and_orders_are_placed(shop):
    shop.export("products/0.csv", *[product(sku) for sku in MANY])
    shop.export("stock/0.csv", *[f"{sku};1000" for sku in MANY])
    shop.export("prices/0.csv", *[f"{sku};10,00;10,00" for sku in MANY])
    met = set()

    def looking(_number):
        seen = on_offer(shop, *MANY)
        assert len(seen) == len(MANY)
        assert len({offer.price_cents for offer in seen.values()}) == 1, "two exports at once"
        met.add(left(shop)[0] != [])

    def placing(number):
        orders.place(shop.app, read([order(f"o-{number}", *[(sku, 1) for sku in random.Random(number).sample(MANY, 5)])], "shop", "1"))

    others = [Beside(looking), Beside(placing)]
    for other in others:
        other.start()
    for number in range(1, 5):
        assert shop.export(f"prices/{number}.csv", *[f"{sku};10,0{number};10,00" for sku in MANY]).failures == []
    for other in others:
        other.ended()

    assert set(shop.prices().values()) == {1004}
    assert met == {True, False}, "nobody looked while a change came home"
    assert len(shop.known("orders", "order_id")) == others[1].times


@pytest.mark.usefixtures("in_parts")
def test_an_order_takes_the_stock_that_is_shown_and_not_what_is_at_home(shop, monkeypatch):
    shop.export("products/0.csv", *[product(sku) for sku in MANY])
    shop.export("prices/0.csv", *[f"{sku};1,00;1,00" for sku in MANY])
    shop.export("stock/0.csv", *[f"{sku};0" for sku in MANY])
    stopped_before_home(monkeypatch)
    shop.export("stock/1.csv", *[f"{sku};5" for sku in MANY])

    orders.place(shop.app, read([order("o", (MANY[0], 5))], "shop", "1"))

    assert shop.stock()[MANY[0]] == 0
    assert on_offer(shop, MANY[0])[MANY[0]].stock == 0
    assert on_offer(shop, MANY[1])[MANY[1]].stock == 5
    assert stored.look(shop.app.db, "shop", "1", [MANY[1]], shop.now, kept_back=None)[0][MANY[1]].stock == 5


# ── when a process dies ─────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.usefixtures("in_parts")
def test_what_was_shown_is_brought_home_by_the_next_pass_and_told(shop, monkeypatch):
    with shop.app.db.write() as tx:
        tx.execute(insert(tables.listings), [{"account": "shop", "sku": sku, "state": "known"} for sku in SKUS])
    shop.export("prices/0.csv", *[f"{sku};1,00;1,00" for sku in SKUS])
    with shop.app.db.write() as tx:
        tx.execute(delete(tables.outbox))
    with monkeypatch.context() as patch:
        stopped_before_home(patch, after=1)
        shop.export("prices/1.csv", *[f"{sku};2,00;2,00" for sku in SKUS])
    assert (shop.prices(), left(shop)) == ({**dict.fromkeys(SKUS, 100), "A": 200, "B": 200, "C": 200}, (["prices"], 4))

    shop.run()

    assert shop.prices() == dict.fromkeys(SKUS, 200)
    assert left(shop) == ([], 0)
    assert shop.messages() == [("price", sku) for sku in SKUS]


@pytest.mark.usefixtures("in_parts")
def test_an_export_that_comes_while_another_is_not_at_home_is_compared_with_what_is_shown(shop, monkeypatch):
    shop.export("stock/0.csv", *[f"{sku};1" for sku in SKUS])
    with monkeypatch.context() as patch:
        stopped_before_home(patch, after=1)
        shop.export("stock/1.csv", *[f"{sku};2" for sku in SKUS])

    report = shop.export("stock/2.csv", *[f"{sku};{1 if sku == 'G' else 2}" for sku in SKUS])

    assert report.counts["changed"] == 1
    assert shop.stock() == {**dict.fromkeys(SKUS, 2), "G": 1}


@pytest.mark.usefixtures("in_parts")
def test_a_price_that_a_person_approves_while_an_older_export_comes_home_stays(shop, monkeypatch):
    shop.export("products/0.csv", *[product(sku) for sku in SKUS])
    shop.export("stock/0.csv", *[f"{sku};1" for sku in SKUS])
    shop.export("prices/0.csv", *[f"{sku};1,00;1,00" for sku in SKUS])
    approved = {"sku": "F", "marketplace": "", "sales_channel": "", "price_cents": 500, "list_price_cents": 500, "valid_until": None}
    with monkeypatch.context() as patch:
        stopped_before_home(patch, after=1)
        shop.export("prices/1.csv", *[f"{sku};2,00;2,00" for sku in SKUS])
    with shop.app.db.write() as tx:
        snapshots.put_price(tx, approved)

    assert {sku: offer.price_cents for sku, offer in on_offer(shop, *SKUS).items()} == {**dict.fromkeys(SKUS, 200), "F": 500}
    shop.run()
    assert shop.prices() == {**dict.fromkeys(SKUS, 200), "F": 500}


@pytest.mark.usefixtures("in_parts")
def test_what_was_laid_down_and_never_shown_is_forgotten_with_the_next_large_change(shop, monkeypatch):
    shop.export("stock/0.csv", *[f"{sku};1" for sku in SKUS])
    with monkeypatch.context() as patch:
        patch.setattr(generations, "show", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            shop.export("stock/1.csv", *[f"{sku};2" for sku in SKUS])
    assert left(shop) == ([], len(SKUS))
    assert shop.stock() == dict.fromkeys(SKUS, 1)

    shop.export("stock/2.csv", *[f"{sku};3" for sku in SKUS])

    assert left(shop) == ([], 0)
    assert shop.stock() == dict.fromkeys(SKUS, 3)

"""Large changes on both databases: laid down in parts, shown at once, brought home in parts; and what a cart sees meanwhile."""

import random
import sys
from functools import partial
from pathlib import Path

import pytest
from beside import Beside
from cases import cases
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select

from connector.domain.guards import Limits, Plan
from connector.feeds import values
from connector.storage import generations, health, reservations, snapshots, tables
from connector.storage import offers as stored
from connector.storage.files import Entry
from connector.storage.shown import COMING
from connector.storage.staging import SNAPSHOTS
from connector.usecases import imports, offers, orders, reconciling_files, upkeep
from connector.usecases.imports import Approval
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


@settings(max_examples=cases(25), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
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

    others = [Beside(looking, 0.002), Beside(placing, 0.002)]
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


@pytest.mark.usefixtures("in_parts")
def test_of_skus_that_are_named_it_is_said_what_counts_of_two_exports_that_are_not_at_home(shop, monkeypatch):
    shop.export("products/0.csv", *[product(sku) for sku in SKUS])
    shop.export("stock/0.csv", *[f"{sku};1" for sku in SKUS])
    stopped_before_home(monkeypatch, after=1)
    shop.export("products/1.csv", *[product(sku, active="0" if sku == "F" else "1") for sku in SKUS[1:]], product("H"))
    shop.export("stock/1.csv", *[f"{sku};2" for sku in SKUS[2:]], "H;3")

    with shop.app.db.read() as tx:
        named = reservations.named_skus(tx, [*SKUS, "H", "I"], shop.now, None)

    assert {sku: one.stock for sku, one in named.items()} == {"B": 0, "C": 2, "D": 2, "E": 2, "F": 2, "G": 2, "H": 3}
    assert {sku for sku, one in named.items() if not one.is_active} == {"F"}


def test_of_as_many_skus_as_a_request_can_hold_it_is_said_what_is_left(shop):
    shop.export("products/0.csv", product("A"))
    shop.export("stock/0.csv", "A;5")

    with shop.app.db.read() as tx:
        named = reservations.named_skus(tx, [*(f"unknown-{number}" for number in range(20_000)), "A"], shop.now, None)

    assert {sku: one.stock for sku, one in named.items()} == {"A": 5}


@pytest.mark.usefixtures("in_parts")
def test_what_the_database_takes_into_no_index_is_not_shown_and_the_next_export_is_taken(postgresql_url, tmp_path, monkeypatch):
    """PostgreSQL's indexes hold 2,704 bytes a row; SQLite's have no such end. Only by a fault of ours is such a cell read at all."""
    monkeypatch.setattr(values, "LONGEST_KEY", 10_000)
    shop = Catalog(tmp_path / "shop", url=postgresql_url)
    shop.export("products/0.csv", *[product(sku) for sku in SKUS])
    shop.export("stock/0.csv", *[f"{sku};1" for sku in SKUS])
    endless = random.Random(1).randbytes(3000).hex()

    refused = shop.export("products/1.csv", *[product(sku).replace("Category", endless) for sku in SKUS])
    shop.drop("stock/1.csv", *[f"{sku};2" for sku in SKUS])
    taken = shop.export("products/2.csv", *[product(sku, "Cap") for sku in SKUS])
    known = {name for (name,) in shop.known("products", "product_name")}, set(shop.stock().values())
    shop.app.db.close()

    assert (len(refused.failures), taken.failures, known) == (1, [], ({"Cap"}, {2}))


# ── two importers at once, which their turn keeps from being ────────────────────────────────────────────────────────────
def imported(shop, name, *rows, by=None):
    path = shop.drop(f"stock/{name}.csv", *rows)
    return imports.import_file(shop.app, path, Entry("stock", f"stock/{name}.csv", 1, shop.now, name, "applied"), by, all_of_it=True)[1]


def right_after(monkeypatch, module, name, do, *, of_a_plan=False):
    """Do something once, when a function has returned for the first time (when a plan calls it)."""
    to_do = [do]

    def followed(original, *given, **named):
        result = original(*given, **named)
        if to_do and is_awaited:
            to_do.pop()()
        return result

    def planning(*given, plan=snapshots.plan, **named):
        is_awaited.append(True)
        return plan(*given, **named)

    is_awaited = [] if of_a_plan else [True]
    monkeypatch.setattr(snapshots, "plan", planning)
    monkeypatch.setattr(module, name, partial(followed, getattr(module, name)))


def shows_half(shop, *rows, by=None):
    """Import an export as another process does, which has one part of it at home."""
    with pytest.MonkeyPatch.context() as patch:
        stopped_before_home(patch, after=1)
        assert imported(shop, "other", *rows, by=by).state == "applied"


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("is_large", [True, False])
@pytest.mark.parametrize("looks_at", [(snapshots.watermarks, "number"), (snapshots.shown, "generation")])
def test_what_was_planned_while_another_export_was_shown_is_planned_again(shop, monkeypatch, looks_at, is_large):
    shop.export("stock/0.csv", *[f"{sku};1" for sku in SKUS])
    right_after(monkeypatch, *looks_at, lambda: shows_half(shop, *[f"{sku};5" for sku in SKUS]), of_a_plan=True)
    monkeypatch.setattr(generations, "is_large", lambda plan: is_large or "other" in plan.name)

    imported(shop, "mine", *[f"{sku};{9 if sku == 'C' else 1}" for sku in SKUS])

    assert [name for name, _ in shop.ledger()] == ["stock/0.csv", "stock/other.csv", "stock/mine.csv"]
    assert shop.stock() == {**dict.fromkeys(SKUS, 1), "C": 9}
    assert left(shop) == ([], 0)


@pytest.mark.usefixtures("in_parts")
def test_an_export_is_not_held_for_what_another_changed_that_is_half_at_home(shop, monkeypatch):
    shop.export("stock/0.csv", *[f"{sku};1" for sku in SKUS])
    monkeypatch.setattr(imports, "limits_of", lambda *_: Limits(1, 1, max_zeroed=0.5))
    none = [f"{sku};0" for sku in SKUS]
    approved = Approval("somebody", frozenset({"max_zeroed"}))
    right_after(monkeypatch, imports.repeats, "counts", lambda: shows_half(shop, *none, by=approved))

    assert imported(shop, "mine", *none).state == "applied"


def test_sqlite_s_log_is_brought_home_between_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(generations, "LARGE", 0)
    monkeypatch.setattr(generations, "PART", 10)
    monkeypatch.setattr(upkeep, "LARGE_WAL_BYTES", 100_000)
    shop, many, sizes = Catalog(tmp_path / "shop", more=LENIENT), [f"S{number:03}" for number in range(600)], []
    shop.export("stock/0.csv", *[f"{sku};1" for sku in many])
    bring = generations._bring_part

    def weighed(*given):
        sizes.append(health.wal_bytes(shop.app.db))
        return bring(*given)

    monkeypatch.setattr(generations, "_bring_part", weighed)
    shop.export("stock/1.csv", *[f"{sku};2" for sku in many])
    shop.app.db.close()

    assert len(sizes) == 61
    assert max(sizes[1:]) < 300_000, "what one part adds, and no more"


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
def test_what_only_looks_compares_with_what_counts_and_leaves_what_is_not_at_home_to_the_next_pass(shop, monkeypatch):
    shop.export("stock/0.csv", *[f"{sku};1" for sku in SKUS])
    with monkeypatch.context() as patch:
        stopped_before_home(patch, after=1)
        shop.export("stock/1.csv", *[f"{sku};2" for sku in SKUS[1:]], "H;2")
    path = shop.drop("stock/2.csv", *[f"{sku};2" for sku in SKUS[2:]], "H;3")
    before = left(shop), shop.stock(), shop.messages()

    tried, seen, compared = shop.run(dry_run=True), imports.preview(shop.app, path, "stock"), reconciling_files.compare(shop.app, "stock")

    assert tried.counts == {"added": 0, "changed": 1, "removed": 1}
    assert (seen["present"], seen["added"], seen["changed"], seen["removed"]) == (7, 0, 1, 1)
    assert [one["differences"] for one in compared] == [0]
    assert (left(shop), shop.stock(), shop.messages()) == before


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

"""One contract for both databases: what an import plans and applies."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cases import cases
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ready_made import migrate
from sqlalchemy import delete, insert, select

from connector.domain.guards import Apply, Hold, Limits, Plan, judge
from connector.storage import files, holds, left_out, quarantine, snapshots, tables
from connector.storage.changes import announcements, staged
from connector.storage.database import Database, reading, writing
from connector.storage.quarantine import Refusal
from connector.storage.repeats import counts, sift
from connector.storage.staging import SNAPSHOTS, load, staging

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANYTHING = Limits(max_removed=1, max_rejected=1)
STOCK = ("sku", "warehouse", "quantity")
PRICES = ("sku", "marketplace", "sales_channel", "price_cents", "list_price_cents", "valid_until")
SERVICES = ("sku", "type", "id", "name", "price_cents")
FREIGHT = tuple(c.name for c in tables.freight.columns if c.name not in ("file", "line"))


@dataclass
class Batch:
    rows: list[tuple[int, tuple[Any, ...]]]
    rejections: list[Refusal] = field(default_factory=list)

    @property
    def lines(self) -> list[int]:
        return [line for line, _ in self.rows]

    @property
    def columns(self) -> list[tuple[Any, ...]]:
        return list(zip(*(values for _, values in self.rows), strict=True))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/connector.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    database = Database(url)
    migrate(database)
    yield database
    database.close()


class Import:
    """One import as the use case makes it, in small."""

    def __init__(self, database, feed, given, *batches, mode="full", limits=ANYTHING, file="", apply=True, asked=None):
        self.feed = feed
        with database.connection() as connection, staging(connection, feed, given, file) as stage:
            load(connection, stage, batches)
            sift(connection, stage)
            accepted, refused = counts(connection, stage)
            read = Plan(feed, "a.csv", mode, rows_read=accepted + refused, accepted=accepted, refused=refused)
            self.planned = snapshots.plan(connection, stage, read, limits, NOW, asked=asked or {})
            self.plan = self.planned.plan
            with reading(connection):
                self.errors = list(quarantine.errors(connection, stage))
            self.announced = []
            if apply:
                self._apply(connection, stage, mode)

    def _apply(self, connection, stage, mode):
        with writing(connection) as tx:
            self.is_applied = snapshots.advance(tx, stage.feed, self.planned.version)
            snapshots.apply(tx, stage, self.plan)
            self.file_id = files.record(tx, files.Entry(stage.feed, stage.file or "a.csv", 1, NOW, "hash", "applied"), NOW)
            quarantine.replace(tx, stage, mode, self.file_id, settled_ids=self.planned.healed, now=NOW)
            held = self.planned.held
            holds.supersede(tx, held.superseded, NOW)
            holds.end(tx, held.ended, NOW)
            holds.add_rows(tx, self.file_id, stage.feed, [(one.key, one.row, one.reason) for one in held.new], NOW)
            query = announcements(staged(stage))
            self.announced = [] if query is None else sorted(tuple(row) for row in tx.execute(query))


def lines(*rows, start=2):
    return Batch(list(enumerate(rows, start)))


def known(database, feed):
    with database.read() as tx:
        return sorted(tuple(row) for row in tx.execute(select(SNAPSHOTS[feed])))


def open_rejections(database):
    with database.read() as tx:
        return [(row["key"], row["line"], row["reason"]) for row in quarantine.open_rows(tx)]


def open_holds(database):
    with database.read() as tx:
        return [(hold["key"], hold["row"]["price_cents"]) for hold in holds.waiting(tx)]


def product(sku, name="Shirt", *, active=True):
    return (sku, "P", name, "", "", "B", "C", "", "", 1.0, 2.5, 3.0, 100, "un", 1.0, "[]", "{}", "{}", active)


PRODUCT = tuple(c.name for c in tables.products.columns)


def test_a_first_export_adds_everything_and_says_so(database):
    made = Import(database, "stock", STOCK, lines(("A", "", 3), ("B", "", 0)))

    assert known(database, "stock") == [("A", "", 3), ("B", "", 0)]
    assert (made.plan.added, made.plan.changed, made.plan.removed, made.plan.present) == (2, 0, 0, 0)
    assert made.announced == [("A", "inventory", ""), ("B", "inventory", "")]


def test_a_full_export_changes_what_differs_and_removes_what_is_absent(database):
    Import(database, "stock", STOCK, lines(("A", "", 3), ("B", "", 1), ("C", "", 2)))
    made = Import(database, "stock", STOCK, lines(("A", "", 3), ("B", "", 5)))

    assert known(database, "stock") == [("A", "", 3), ("B", "", 5)]
    assert (made.plan.added, made.plan.changed, made.plan.removed, made.plan.present) == (0, 1, 1, 3)
    assert made.plan.changed_by_field == {"quantity": 1}
    assert made.announced == [("B", "inventory", ""), ("C", "inventory", "")]


def test_a_delta_removes_nothing(database):
    Import(database, "stock", STOCK, lines(("A", "", 3), ("B", "", 1)))
    Import(database, "stock", STOCK, lines(("B", "", 7)), mode="delta")

    assert known(database, "stock") == [("A", "", 3), ("B", "", 7)]


def test_a_plan_alone_changes_nothing(database):
    made = Import(database, "stock", STOCK, lines(("A", "", 3)), apply=False)

    assert made.plan.samples == {"added": [{"sku": "A", "warehouse": "", "line": 2, "quantity": 3}]}
    assert known(database, "stock") == []


def test_samples_show_each_changed_field_before_and_after(database):
    Import(database, "products", PRODUCT, lines(product("A"), product("B")))
    made = Import(database, "products", PRODUCT, lines(product("A", "Coat"), product("B", active=False)))

    assert made.plan.samples == {
        "changed": [
            {"sku": "A", "line": 2, "product_name": ["Shirt", "Coat"]},
            {"sku": "B", "line": 3, "active": [True, False]},
        ]
    }
    assert made.plan.changed_by_field == {"product_name": 1, "active": 1}


def test_content_is_told_as_catalog_and_what_comes_or_goes_for_sale_as_inventory(database):
    Import(database, "products", PRODUCT, lines(product("A"), product("B"), product("C"), product("D")))
    made = Import(database, "products", PRODUCT, lines(product("A", "Coat"), product("B", active=False), product("D"), product("E")))

    assert made.announced == [("A", "catalog", ""), ("B", "inventory", ""), ("C", "inventory", ""), ("E", "catalog", "")]


def test_prices_are_told_to_the_marketplace_they_are_for(database):
    made = Import(database, "prices", PRICES, lines(("A", "", "", 10, 10, None), ("A", "m1", "2", 9, 10, NOW)))

    assert made.announced == [("A", "price", ""), ("A", "price", "m1")]
    assert known(database, "prices")[1] == ("A", "m1", "2", 9, 10, NOW)


def test_the_same_instant_written_again_is_no_change(database):
    row = ("A", "", "", 10, 10, NOW)
    Import(database, "prices", PRICES, lines(row))
    made = Import(database, "prices", PRICES, lines(row))

    assert made.plan.changes == 0


def test_identical_rows_of_one_key_count_once(database):
    made = Import(database, "stock", STOCK, lines(("A", "", 3), ("A", "", 3), ("B", "", 1), ("A", "", 3)))

    assert known(database, "stock") == [("A", "", 3), ("B", "", 1)]
    assert made.errors == []


def test_rows_of_one_key_with_different_content_are_all_refused_and_name_their_lines(database):
    Import(database, "stock", STOCK, lines(("A", "", 9)))
    made = Import(database, "stock", STOCK, lines(("A", "", 3), ("B", "", 1)), lines(("A", "", 4), ("A", "", 3), start=4))

    reason = "the key occurs with different content on lines 2, 4, 5"
    assert [(one.line, one.reason) for one in made.errors] == [(2, reason), (4, reason), (5, reason)]
    assert known(database, "stock") == [("A", "", 9), ("B", "", 1)]


def test_a_good_row_beside_a_refused_one_of_its_key_is_refused_too(database):
    Import(database, "stock", STOCK, lines(("A", "", 9)))
    made = Import(database, "stock", STOCK, Batch([(2, ("A", "", 3))], [Refusal(3, "quantity", "x", "not a number", ("A", ""))]))

    assert [one.line for one in made.errors] == [2, 3]
    assert "line 3 has the same key" in made.errors[0].reason
    assert known(database, "stock") == [("A", "", 9)]


def test_a_refused_row_leaves_what_is_known_of_its_key_in_a_full_export(database):
    Import(database, "stock", STOCK, lines(("A", "", 9), ("B", "", 9)))
    Import(database, "stock", STOCK, Batch([], [Refusal(2, "quantity", "x", "not a number", ("A", ""))]))

    assert known(database, "stock") == [("A", "", 9)]


def test_an_unchanged_bad_row_is_listed_once_and_healed_by_a_good_one(database):
    bad = Refusal(2, "quantity", "x", "not a number", ("A", "1/2"))
    for mode in ("full", "delta"):
        Import(database, "stock", STOCK, Batch([(3, ("B", "", 1))], [bad]), mode=mode)
        Import(database, "stock", STOCK, Batch([(9, ("B", "", 1))], [bad]), mode=mode)

        assert open_rejections(database) == [("A/1%2F2", 2, "not a number")]

        Import(database, "stock", STOCK, lines(("A", "1/2", 1), ("B", "", 1)), mode=mode)

        assert open_rejections(database) == []


def test_a_delta_about_other_keys_heals_nothing(database):
    Import(database, "stock", STOCK, Batch([], [Refusal(2, "quantity", "x", "not a number", ("A", ""))]), mode="delta")
    Import(database, "stock", STOCK, lines(("B", "", 1)), mode="delta")

    assert open_rejections(database) == [("A/", 2, "not a number")]


def test_another_fault_of_the_same_row_takes_the_place_of_the_first(database):
    for mode in ("full", "delta"):
        for reason in ("not a number", "negative"):
            Import(database, "stock", STOCK, Batch([], [Refusal(2, "quantity", "x", reason, ("A", ""))]), mode=mode)

        assert open_rejections(database) == [("A/", 2, "negative")]


def test_a_full_export_that_no_longer_names_a_bad_row_heals_it(database):
    Import(database, "stock", STOCK, Batch([], [Refusal(2, "sku", "", "missing", None)]))
    Import(database, "stock", STOCK, lines(("B", "", 1)))

    assert open_rejections(database) == []


def test_zeroed_counts_skus_over_all_their_warehouses(database):
    limits = Limits(max_removed=1, max_rejected=1, max_zeroed=0.5)
    Import(database, "stock", STOCK, lines(("A", "1", 3), ("A", "2", 3), ("B", "1", 1), ("C", "1", 0)))
    made = Import(database, "stock", STOCK, lines(("A", "1", 0), ("A", "2", 1), ("C", "1", 0)), limits=limits, apply=False)

    assert (made.plan.stocked, made.plan.zeroed) == (2, 1)


def test_a_sku_that_lies_in_a_warehouse_of_another_name_is_not_gone(database):
    limits = Limits(max_removed=0.2, max_rejected=1)
    Import(database, "stock", STOCK, lines(*((sku, "", 9) for sku in "ABCDE")))
    moved = Import(database, "stock", STOCK, lines(*((sku, place, 5) for sku in "ABCDE" for place in ("RJ", "SP"))), limits=limits)
    cut = Import(database, "stock", STOCK, lines(*((sku, "RJ", 5) for sku in "ABCDE")), limits=limits, apply=False)

    assert (moved.plan.removed, moved.plan.moved, judge(moved.plan, limits)) == (5, 5, Apply())
    assert (cut.plan.removed, cut.plan.moved) == (5, 0)
    assert isinstance(judge(cut.plan, limits), Hold)


def test_prices_that_are_over_already_count_as_gone_where_they_held_before(database):
    past, later = NOW - timedelta(days=1), NOW + timedelta(days=1)

    def row(sku, until, cents=1000):
        return (sku, "", "", cents, 5000, until)

    Import(database, "prices", PRICES, lines(row("A", None), row("B", later), row("C", past), row("D", later), row("E", None)))
    ends = lines(row("A", past), row("B", NOW), row("C", past - timedelta(days=9)), row("D", None), row("E", None, 900), row("F", past))
    made = Import(database, "prices", PRICES, ends, apply=False)

    assert (made.plan.changed, made.plan.ended) == (5, 2)


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_products_that_are_switched_off_count_as_gone(database, mode):
    Import(database, "products", PRODUCT, lines(product("A"), product("B"), product("C", active=False), product("D", active=False)))
    rows = lines(product("A", active=False), product("B"), product("C"), product("D", "Coat", active=False), product("E", active=False))
    made = Import(database, "products", PRODUCT, rows, mode=mode, apply=False)

    assert (made.plan.changed, made.plan.removed, made.plan.ended) == (3, 0, 1)


def test_a_delta_that_adds_up_stock_with_and_without_a_warehouse_is_told(database):
    Import(database, "stock", STOCK, lines(("A", "RJ", 9), ("B", "", 9), ("C", "RJ", 9), ("D", "", 9), ("D", "RJ", 9), ("E", "RJ", 0)))
    doubled = lines(("A", "", 8), ("B", "RJ", 8), ("B", "SP", 8), ("E", "", 8))
    moved = lines(("A", "", 8), ("A", "RJ", 0), ("B", "RJ", 8), ("B", "", 0))
    further = lines(("C", "SP", 1), ("C", "MG", 1), ("D", "SP", 1), ("F", "", 1), ("F", "RJ", 1), ("A", "RJ", 7))
    made = [Import(database, "stock", STOCK, rows, mode="delta", apply=False) for rows in (doubled, moved, further)]
    full = Import(database, "stock", STOCK, doubled, apply=False)

    assert [(one.plan.doubled, one.plan.spread) for one in (*made, full)] == [(2, 0), (0, 0), (0, 2), (0, 0)]
    assert [type(judge(one.plan, ANYTHING)) for one in made] == [Hold, Apply, Apply]


def test_a_delta_that_names_a_sold_out_sku_in_another_way_adds_up_nothing(database):
    Import(database, "stock", STOCK, lines(("A", "", 0), ("B", "RJ", 0), ("C", "RJ", 0), ("C", "SP", 9), ("D", "RJ", -1), ("D", "SP", 0)))
    made = Import(database, "stock", STOCK, lines(("A", "SP", 5), ("B", "", 5), ("C", "", 5), ("D", "", 5)), mode="delta", apply=False)

    assert (made.plan.doubled, made.plan.spread) == (1, 0)


PAST = NOW - timedelta(days=30)
SHARE = Limits(max_removed=0.2, max_rejected=1)


@pytest.mark.parametrize(
    ("feed", "given", "live", "dead"),
    [
        ("products", PRODUCT, [product(sku) for sku in "ABC"], [product(f"D{n:02}", active=False) for n in range(30)]),
        (
            "prices",
            PRICES,
            [(sku, "", "", 1000, 1000, None) for sku in "ABC"],
            [(f"D{n:02}", "", "", 900, 900, PAST) for n in range(30)],
        ),
        ("stock", STOCK, [(sku, "", 9) for sku in "ABC"], [(f"D{n:02}", "", 0) for n in range(30)]),
    ],
    ids=["products", "prices", "stock"],
)
def test_rows_that_count_for_nothing_neither_hide_what_goes_nor_go_themselves(database, feed, given, live, dead):
    Import(database, feed, given, lines(*live, *dead))
    emptied = Import(database, feed, given, lines(*dead), limits=SHARE, apply=False)
    thinned = Import(database, feed, given, lines(*live, *dead[:29]), limits=SHARE, apply=False)
    tidied = Import(database, feed, given, lines(*live), limits=SHARE, apply=False)

    assert [(one.plan.removed, one.plan.gone) for one in (emptied, thinned, tidied)] == [(3, 3), (1, 0), (30, 0)]
    assert [type(judge(one.plan, SHARE)) for one in (emptied, thinned, tidied)] == [Hold, Apply, Apply]
    assert (emptied.plan.counting, emptied.plan.present) == (3, 33)


@pytest.mark.parametrize(
    ("feed", "given", "row"),
    [
        ("products", PRODUCT, lambda sku, counts: product(sku, active=counts)),
        ("prices", PRICES, lambda sku, counts: (sku, "", "", 1000, 1000, None if counts else PAST)),
        ("stock", STOCK, lambda sku, counts: (sku, "", 9 * counts)),
    ],
    ids=["products", "prices", "stock"],
)
def test_known_rows_that_count_again_by_the_same_file_are_part_of_what_counts(database, feed, given, row):
    dead, live = [f"D{n:02}" for n in range(30)], "ABC"
    Import(database, feed, given, lines(*(row(sku, True) for sku in live), *(row(sku, False) for sku in dead)))
    renewed = lines(*(row(sku, True) for sku in ("A", "B", *dead)))
    few = lines(*(row(sku, True) for sku in ("A", "B", dead[0])), *(row(sku, False) for sku in dead[1:]))
    brought = lines(*(row(f"N{n:02}", True) for n in range(30)), *(row(sku, False) for sku in dead))
    made = [Import(database, feed, given, rows, limits=SHARE, apply=False) for rows in (renewed, few, brought)]

    assert [(one.plan.gone, one.plan.counting) for one in made] == [(1, 33), (1, 4), (3, 3)]
    assert [type(judge(one.plan, SHARE)) for one in made] == [Apply, Hold, Hold]


def test_stock_that_was_0_and_lies_in_another_warehouse_is_not_taken_off_what_goes(database):
    Import(database, "stock", STOCK, lines(*((sku, "", 9) for sku in "ABCDE"), *((sku, "", 0) for sku in "FGHI")))
    made = Import(database, "stock", STOCK, lines(("A", "", 9), ("B", "RJ", 9), *((sku, "RJ", 0) for sku in "FGHI")), apply=False)

    assert (made.plan.removed, made.plan.moved, made.plan.gone) == (8, 1, 3)


def test_what_counts_is_counted_no_further_than_the_guard_asks(database):
    Import(database, "stock", STOCK, lines(*((f"S{n:02}", "", 9) for n in range(90))))
    none = Import(database, "stock", STOCK, lines(*((f"S{n:02}", "", 9) for n in range(90))), limits=SHARE, apply=False)
    few = Import(database, "stock", STOCK, lines(*((f"S{n:02}", "", 9) for n in range(88))), limits=SHARE, apply=False)

    assert [(one.plan.gone, one.plan.counting, judge(one.plan, SHARE)) for one in (none, few)] == [(0, 0, Apply()), (2, 11, Apply())]


def test_freight_is_full_per_file_and_its_lines_are_its_keys(database):
    row = ("01000000", "01999999", "", 0, 1000, 500, "0", "0", 0, 86400, "BRA", 0)
    Import(database, "freight", FREIGHT, lines(row, row), file="freight/a.csv")
    Import(database, "freight", FREIGHT, lines(row), file="freight/b.csv")
    made = Import(database, "freight", FREIGHT, lines(row), file="freight/a.csv")

    assert [one[:2] for one in known(database, "freight")] == [("freight/a.csv", 2), ("freight/b.csv", 2)]
    assert (made.plan.removed, made.plan.present, made.announced) == (1, 2, [])


def test_a_refused_freight_row_keeps_its_line_and_heals_within_its_file(database):
    row = ("01000000", "01999999", "", 0, 1000, 500, "0", "0", 0, 86400, "BRA", 0)
    Import(database, "freight", FREIGHT, lines(row, row), file="freight/a.csv")
    bad = Batch([(2, row)], [Refusal(3, "TimeCost", "x", "no duration", None)])
    made = Import(database, "freight", FREIGHT, bad, file="freight/a.csv")
    Import(database, "freight", FREIGHT, lines(row), file="freight/b.csv")

    assert made.plan.changes == 0
    assert open_rejections(database) == [("3", 3, "no duration")]

    Import(database, "freight", FREIGHT, lines(row, row), file="freight/a.csv")

    assert open_rejections(database) == []


FALLS = Limits(max_removed=1, max_rejected=1, max_price_change=0.8)


def price(sku, cents):
    return (sku, "", "", cents, 5000, None)


def import_prices(database, *rows, **options):
    return Import(database, "prices", PRICES, lines(*rows), limits=FALLS, **options)


def test_a_price_that_falls_by_ninety_percent_is_held_and_the_others_go_on(database):
    import_prices(database, price("A", 1000), price("B", 1000))
    made = import_prices(database, price("A", 100), price("B", 900), price("C", 0))

    assert known(database, "prices") == [price("A", 1000), price("B", 900)]
    assert (made.plan.held, made.plan.changed, made.plan.added) == (2, 1, 0)
    assert open_holds(database) == [("A//", 100), ("C//", 0)]


def test_a_first_price_of_a_channel_is_measured_by_the_nearest_price_that_was_asked_there(database):
    general, market = ("A", "", "", 1000, 1000, None), ("A", "m1", "", 100, 100, None)
    Import(database, "prices", PRICES, lines(general, market))
    narrow = [("A", "", "2", 199, 199, None), ("A", "m1", "2", 99, 99, None), ("A", "m2", "2", 199, 199, None), ("B", "m1", "", 1, 1, None)]
    made = Import(database, "prices", PRICES, lines(general, market, *narrow), limits=FALLS)

    assert open_holds(database) == [("A//2", 199), ("A/m2/2", 199)]
    assert (made.plan.added, made.plan.held) == (2, 2)


def test_a_price_left_out_for_one_that_is_far_lower_and_counts_for_more_is_held(database):
    def row(sku, market, channel, cents, until=None):
        return (sku, market, channel, cents, 5000, until)

    general = [row(sku, "", "", 100) for sku in "ABCDE"]
    over, cheap = row("B", "m1", "", 1000, NOW), row("C", "m1", "", 400)
    special = [row("A", "m1", "", 1000), over, cheap, row("D", "m1", "2", 1000), row("E", "", "2", 1000), row("F", "m1", "", 1000)]
    Import(database, "prices", PRICES, lines(*general, *special))
    nearer = [row("D", "m1", "", 300), row("E", "", "", 250)]
    left = [*[one for one in general if one[0] != "E"], *nearer]
    made = Import(database, "prices", PRICES, lines(*left), limits=FALLS)

    assert open_holds(database) == [("A/m1/", 100)]
    assert (made.plan.held, made.plan.removed) == (1, 5)
    assert known(database, "prices") == sorted([*left, row("A", "m1", "", 1000)])


def test_a_price_left_out_for_a_far_lower_one_is_held_also_where_another_sku_goes(database):
    special, general, other = ("A", "m1", "", 20000, 20000, None), ("A", "", "", 100, 100, None), ("B", "", "", 5000, 5000, None)
    Import(database, "prices", PRICES, lines(special, general, other))
    Import(database, "prices", PRICES, lines(general), limits=FALLS)

    assert open_holds(database) == [("A/m1/", 100)]
    assert known(database, "prices") == [general, special]


def test_prices_left_out_count_as_gone_in_the_file_that_first_leaves_them_out(database):
    general, special = [price(sku, 100) for sku in "ABCD"], [(sku, "m1", "", 1000, 5000, None) for sku in "ABC"]
    Import(database, "prices", PRICES, lines(*general, *special))
    made = Import(database, "prices", PRICES, lines(*general[:3], *special[:1]), limits=FALLS)
    again = Import(database, "prices", PRICES, lines(*general[:3], *special[:1]), limits=FALLS)
    other = [price(sku, 99) for sku in "ABC"]
    moved = Import(database, "prices", PRICES, lines(*other), limits=FALLS, apply=False)

    assert (made.plan.held, made.plan.removed, made.plan.left_out) == (2, 1, 2)
    assert (again.plan.held, again.plan.left_out) == (2, 0)  # a person was asked
    assert (moved.plan.held, moved.plan.left_out) == (3, 1)
    limits = Limits(max_removed=0.4, max_rejected=1)
    assert [isinstance(judge(one.plan, limits), Hold) for one in (made, again)] == [True, False]


def test_a_wider_price_that_is_over_takes_no_price_s_place(database):
    def row(sku, market, channel, cents, until=None):
        return (sku, market, channel, cents, 5000, until)

    past, later = NOW - timedelta(days=1), NOW + timedelta(days=1)
    wide = [row("A", "", "", 100, past), row("B", "m1", "", 900, past), row("B", "", "", 100), row("C", "", "", 900, later)]
    Import(database, "prices", PRICES, lines(*wide, *[row(sku, "m1", "2", 1000) for sku in "ABCD"], row("D", "", "", 100)))
    ends = [*wide[:3], row("C", "", "", 900, past), row("D", "", "", 90, past)]
    made = Import(database, "prices", PRICES, lines(*ends), limits=FALLS)

    assert open_holds(database) == [("B/m1/2", 100)]
    assert (made.plan.removed, made.plan.ended) == (3, 2)


def special(sku, market, channel, cents, until=None):
    return (sku, market, channel, cents, 5000, until)


def test_a_marketplace_s_price_left_out_is_held_where_a_channel_s_price_that_sells_then_is_far_lower(database):
    general = [price(sku, 1000) for sku in "ABCDEF"]
    channels = [special(sku, "", "1", 10) for sku in "ABCD"]
    own = [special("B", "m1", "1", 1000), special("C", "m1", "1", 1000)]
    ends = special("D", "", "1", 10, NOW)
    there = [*general, *channels, *own, special("E", "m2", "1", 10)]
    Import(database, "prices", PRICES, lines(*there, *[special(sku, "m1", "", 1000) for sku in "ABCDEF"]))
    left = [*general, *channels[:3], ends, own[0], special("E", "m2", "1", 10), special("F", "", "2", 900)]
    made = Import(database, "prices", PRICES, lines(*left), limits=FALLS)

    assert sorted(open_holds(database)) == [("A/m1/", 10), ("C/m1/1", 10)]
    assert (made.plan.held, made.plan.removed) == (2, 5)


def test_a_marketplace_s_price_left_out_is_compared_with_the_prices_of_the_channels_it_sells_in_alone(database):
    accounts, kept = ("m1", "m2", "m3"), [price("A", 900), special("A", "", "5", 10)]
    Import(database, "prices", PRICES, lines(*kept, *[special("A", account, "", 1000) for account in accounts]))
    asked = {"m1": ("1",), "m2": ("1", "5")}
    made = Import(database, "prices", PRICES, lines(*kept), limits=FALLS, asked=asked)

    assert sorted(open_holds(database)) == [("A/m2/", 10), ("A/m3/", 10)]
    assert (made.plan.held, made.plan.removed) == (2, 1)


def test_a_price_left_out_can_go_where_one_that_lasts_sells_in_its_place(database):
    there = [special("A", "", "", 10, NOW), special("B", "", "5", 10), special("C", "m2", "", 10), special("D", "", "", 10)]
    there += [special("F", "", "1", 10), special("G", "m1", "1", 10)]
    Import(database, "prices", PRICES, lines(*there, *[special(sku, "m1", "", 1000) for sku in "ABCDEFG"]))

    def sells_on(sku, market="m1", channel="", until=None):
        row = {"sku": sku, "marketplace": market, "sales_channel": channel, "valid_until": until}
        with database.read() as tx:
            return left_out.sells_on(tx, row, NOW, {"m1": ("1",)})

    assert [sells_on(sku) for sku in "ABCDEFG"] == [False, False, False, True, False, True, True]
    assert sells_on("A", until=NOW.isoformat())  # it sells nothing itself
    assert [sells_on("B", "other"), sells_on("B", "", "5"), sells_on("G", "m1", "1")] == [True, False, True]


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_a_special_price_that_a_file_ends_is_held_where_the_one_that_sells_then_is_far_lower(database, mode):
    general, past = [price(sku, 100) for sku in "ABCD"], NOW - timedelta(days=1)
    there = [*[special(sku, "m1", "", 1000) for sku in "ABC"], special("D", "m1", "", 1000, past)]
    Import(database, "prices", PRICES, lines(*general, *there))
    ends = [special("A", "m1", "", 1000, past), special("B", "m1", "", 1000, NOW + timedelta(days=1)), special("C", "m1", "", 400, past)]
    ends.append(special("D", "m1", "", 1000, past - timedelta(days=1)))
    made = Import(database, "prices", PRICES, lines(*general, *ends), limits=FALLS, mode=mode)
    again = Import(database, "prices", PRICES, lines(*general, *ends), limits=FALLS, mode=mode)

    assert sorted(open_holds(database)) == [("A/m1/", 100), ("C/m1/", 100)]
    assert (made.plan.held, made.plan.left_out, made.plan.ended, made.plan.changed) == (2, 2, 0, 2)
    assert (again.plan.held, again.plan.left_out, again.plan.changes) == (2, 0, 0)
    assert {row[3] for row in known(database, "prices") if row[:2] in [("A", "m1"), ("C", "m1")]} == {1000}


def test_the_same_held_value_is_not_a_second_hold_and_another_takes_its_place(database):
    import_prices(database, price("A", 1000))
    import_prices(database, price("A", 100))
    again = import_prices(database, price("A", 100))

    assert (again.plan.held, open_holds(database)) == (1, [("A//", 100)])

    import_prices(database, price("A", 90))

    assert open_holds(database) == [("A//", 90)]


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_an_acceptable_value_supersedes_the_hold(database, mode):
    import_prices(database, price("A", 1000), price("B", 1000))
    import_prices(database, price("A", 100), price("B", 100))
    import_prices(database, price("A", 1000), price("B", 100), mode=mode)

    assert open_holds(database) == [("B//", 100)]


def test_a_delta_about_other_prices_leaves_the_hold(database):
    import_prices(database, price("A", 1000))
    import_prices(database, price("A", 100))
    import_prices(database, price("B", 500), mode="delta")

    assert open_holds(database) == [("A//", 100)]


def test_a_value_that_was_approved_is_applied_and_one_discarded_stays_out_quietly(database):
    import_prices(database, price("A", 1000), price("B", 1000))
    import_prices(database, price("A", 100), price("B", 100))
    with database.write() as tx:
        for hold, state in zip(holds.waiting(tx), ("approved", "discarded"), strict=True):
            holds.decide(tx, hold["id"], state, "ana", NOW)
    made = import_prices(database, price("A", 100), price("B", 100))

    assert known(database, "prices") == [price("A", 100), price("B", 1000)]
    assert (made.plan.held, made.plan.notes, open_holds(database)) == (0, ("1 rows repeat a price that was discarded",), [])


def test_a_plan_made_against_an_older_snapshot_may_not_be_applied(database):
    made = Import(database, "stock", STOCK, lines(("A", "", 3)), apply=False)
    Import(database, "stock", STOCK, lines(("A", "", 4)))
    with database.write() as tx:
        may_apply = snapshots.advance(tx, "stock", made.planned.version)

    assert not may_apply


# ── any sequence of exports gives what a plain reading of them gives ────────────────────────────────────────────────────
skus = st.sampled_from("ABCDE")
good = st.tuples(skus, st.sampled_from(["", "1"]), st.integers(0, 3)).map(lambda row: ("good", row))
bad = st.tuples(skus, st.sampled_from(["", "1"])).map(lambda key: ("bad", key))
exports = st.lists(st.tuples(st.sampled_from(["full", "delta"]), st.lists(st.one_of(good, good, good, bad), max_size=8)), max_size=6)


def plain_reading(sequence):
    """What the snapshot must be: keys with bad or contradictory rows stay, full exports forget the others."""
    world = {}
    for mode, rows in sequence:
        said = {}
        for kind, row in rows:
            said.setdefault(tuple(row[:2]), set()).add(row[2] if kind == "good" else None)
        clear = {key: values for key, values in said.items() if len(values) == 1 and None not in values}
        kept = {key: value for key, value in world.items() if mode == "delta" or key in said}
        world = {**kept, **{key: next(iter(values)) for key, values in clear.items()}}
    return sorted((*key, value) for key, value in world.items())


CASES = cases(120)


@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(exports)
def test_any_sequence_of_exports_gives_what_a_plain_reading_gives(database, sequence):
    with database.write() as tx:
        tx.execute(delete(tables.stock))
    for mode, rows in sequence:
        numbered = list(enumerate(rows, 2))
        batch = Batch(
            [(line, row) for line, (kind, row) in numbered if kind == "good"],
            [Refusal(line, "quantity", "x", "bad", row) for line, (kind, row) in numbered if kind == "bad"],
        )
        Import(database, "stock", STOCK, batch, mode=mode)

    assert known(database, "stock") == plain_reading(sequence)


def test_values_arrive_as_they_were_given(database):
    odd = product("é\t'\"\\N;", "NULL")
    with database.write() as tx:
        tx.execute(insert(tables.products), [dict(zip(PRODUCT, product("other"), strict=True))])
    Import(database, "products", PRODUCT, lines(odd))

    assert known(database, "products") == [odd]


def test_others_write_while_a_file_is_read_and_planned(database):
    def batches():
        for line in range(2, 5):
            with database.write() as tx:
                tx.execute(insert(tables.services).values(sku=str(line), type="t", id="i", name="n", price_cents=1))
            yield Batch([(line, (f"S{line}", "", 1))])

    with database.connection() as connection, staging(connection, "stock", STOCK) as stage:
        load(connection, stage, batches())
        snapshots.plan(connection, stage, Plan("stock", "a.csv", "full"), ANYTHING, NOW, asked={})
        with database.write() as tx:
            tx.execute(delete(tables.services))

    assert known(database, "services") == []

"""The catalogue's corridor, from the ERP's folder to the snapshot, with real files and a real database."""

from datetime import timedelta

import pytest
from catalog_world import HEADS, MONDAY, Catalog, product, said
from sqlalchemy import delete, insert

from connector.domain.messages import Kind
from connector.errors import Conflict, UsageError
from connector.storage import listing_states
from connector.storage.tables import orders, outbox, reservations
from connector.usecases import imports, repair, retrying

TODAY = MONDAY.date().isoformat()


@pytest.fixture
def shop(tmp_path):
    catalog = Catalog(tmp_path / "shop")
    yield catalog
    catalog.app.db.close()


# ── files that are applied ──────────────────────────────────────────────────────────────────────────────────────────────
def test_an_export_is_applied_told_and_archived(shop):
    shop.drop("products/all.csv", product("A"), product("B"))
    report = shop.export("stock/all.csv", "A;3", "B;0")

    assert (report.exit_status, report.failures) == (0, [])
    assert said(report) == ["products/all.csv: 2 added, 0 changed, 0 removed", "stock/all.csv: 2 added, 0 changed, 0 removed"]
    assert shop.stock() == {"A": 3, "B": 0}
    assert shop.messages() == [("catalog", "A"), ("catalog", "B")]
    assert shop.lies(f"archive/products/{TODAY}") == ["all.csv"]
    assert shop.lies("inbox") == []


def test_a_change_is_counted_by_field_and_told_once(shop):
    shop.export("products/1.csv", product("A"))
    with shop.app.db.write() as tx:
        listing_states.told(tx, "shop", ["A"], shop.now)
    shop.export("prices/1.csv", "A;10,00;12,00", "B;10,00;10,00")
    report = shop.export("prices/2.csv", "A;9,00;11,00", "B;10,00;13,00")

    assert said(report) == ["prices/2.csv: 0 added, 2 changed (price 1, list_price 2), 0 removed"]
    assert shop.messages() == [("catalog", "A"), ("price", "A")]


def knows(shop, *skus):
    """Let the marketplace know these SKUs and have been told all of them."""
    with shop.app.db.write() as tx:
        listing_states.told(tx, "shop", skus, shop.now)
        tx.execute(delete(outbox))


def test_a_known_sku_that_left_and_comes_back_is_told_with_its_stock_and_price_and_a_new_one_is_probed(shop):
    some = [product(sku) for sku in "BCDEF"]
    shop.export("products/1.csv", product("A"), *some)
    knows(shop, *"ABCDEF")
    shop.export("products/2.csv", *some)
    assert shop.messages() == [("sold-out", "A")]

    knows(shop, "A")
    shop.export("stock/1.csv", "A;5")
    knows(shop, "A")
    shop.export("products/3.csv", product("A"), *some, product("N"))
    assert shop.messages() == [("catalog", "A"), ("catalog", "N"), ("inventory", "A"), ("price", "A")]


UNITS = f"{HEADS['products']};measurement_unit;unit_multiplier"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (product("A", active="0"), product("A"), ["inventory", "price"]),
        (product("A"), product("A", active="0"), ["sold-out"]),
        (product("A"), product("A").replace("Category", "Other"), ["catalog", "inventory"]),
        (product("A"), product("A", "Coat"), ["catalog"]),
        (f"{product('A')};un;1", f"{product('A')};un;2,5", ["catalog", "inventory", "price"]),
        (f"{product('A')};un;1", f"{product('A')};m2;1", ["catalog", "inventory", "price"]),
    ],
)
def test_of_a_known_sku_whatever_alters_what_its_offer_says_is_told_to_the_notificator(shop, before, after, told):
    head = UNITS if before.count(";") > HEADS["products"].count(";") else None
    shop.export("stock/1.csv", "A;5", "B;5")
    others = [before.replace("A", f"C{number}", 1) for number in range(8)]  # of two SKUs one switched off would be held
    shop.export("products/1.csv", before, before.replace("A", "B", 1), *others, head=head)
    knows(shop, "A")
    shop.export("products/2.csv", after, after.replace("A", "B", 1), *others, head=head)

    assert shop.messages() == [*sorted([("catalog", "B"), *((kind, "A") for kind in told)])]


def test_the_feeds_are_taken_products_first_and_each_feeds_files_by_their_time(shop):
    shop.drop("stock/a.csv", "A;2", at=MONDAY)
    shop.drop("stock/b.csv", "A;1", at=MONDAY - timedelta(hours=1))
    shop.drop("products/z.csv", product("A"))
    shop.run()

    assert shop.ledger() == [("products/z.csv", "applied"), ("stock/b.csv", "applied"), ("stock/a.csv", "applied")]
    assert shop.stock() == {"A": 2}


def test_an_older_full_export_is_superseded_and_changes_nothing(shop):
    shop.export("stock/new.csv", "A;1")
    report = shop.export("stock/old.csv", "A;9", at=MONDAY - timedelta(days=1))

    assert report.exit_status == 0
    assert "stock/old.csv: superseded" in report.lines[0]
    assert (shop.stock(), shop.ledger()[-1]) == ({"A": 1}, ("stock/old.csv", "superseded"))
    assert shop.lies("archive/stock") == [f"{TODAY}/new.csv", f"{TODAY}/old.csv"]


def test_a_full_export_dated_ahead_shuts_out_none_of_those_that_come_after_it(shop):
    said = shop.export("stock/1.csv", "A;5", at=shop.now + timedelta(days=2)).lines
    shop.export("stock/2.csv", "A;4", at=shop.now + timedelta(seconds=30))
    assert shop.stock() == {"A": 4}
    assert "its time, 2026-11-25 15:00 UTC, is still to come; it counts as of now" in said[0]

    shop.export("stock/3.csv", "A;3", at=MONDAY)
    assert shop.ledger()[-1] == ("stock/3.csv", "superseded")


def test_exports_go_in_while_this_machines_clock_is_behind_that_of_the_files_before(shop):
    shop.export("stock/1.csv", "A;5")
    shop.now -= timedelta(hours=5)
    shop.export("stock/2.csv", "A;4", at=MONDAY + timedelta(hours=1))

    assert shop.stock() == {"A": 4}


def test_an_older_content_that_comes_back_is_news(shop):
    shop.export("prices/1.csv", "A;10;10")
    shop.export("prices/2.csv", "A;9;10")
    shop.export("prices/1.csv", "A;10;10")

    assert shop.prices() == {"A": 1000}
    assert shop.lies("archive/prices") == [f"{TODAY}/1-2.csv", f"{TODAY}/1.csv", f"{TODAY}/2.csv"]


def test_the_last_file_sent_again_under_another_name_changes_nothing_and_renews_the_feed(shop):
    shop.export("stock/1.csv", "A;1")
    before = shop.known("stock", "sku", "quantity"), shop.messages()
    report = shop.export("stock/2.csv", "A;1")

    assert "nothing was changed" in report.lines[0]
    assert (shop.known("stock", "sku", "quantity"), shop.messages()) == before
    assert shop.ledger()[-1] == ("stock/2.csv", "applied")
    assert shop.lies("inbox") == []


def test_the_same_bytes_are_read_anew_where_the_feed_is_read_in_another_way(shop):
    shop.export("prices/1.csv", "A;1.234;1.234")
    layouts = shop.root / "config" / "layouts"
    layouts.mkdir()
    (layouts / "points.toml").write_text('decimal = "."\n')
    shop.configure(more='[feeds.prices]\nlayout = "points"\nmax_price_change = 1')
    report = shop.export("prices/2.csv", "A;1.234;1.234")

    assert "at most two decimals" in report.failures[1]


def test_a_delta_changes_only_what_it_names(shop):
    shop.configure(more='[feeds.stock]\nmode = "delta"')
    shop.export("stock/1.csv", "A;1", "B;2")
    shop.export("stock/2.csv", "B;3")

    assert shop.stock() == {"A": 1, "B": 3}


def test_freight_is_full_per_file_name(shop):
    shop.drop("freight/north.csv", "01000000;01999999;0;1000;10,00;2", "02000000;02999999;0;1000;11,00;2")
    shop.export("freight/south.csv", "90000000;90999999;0;1000;12,00;3")
    shop.configure(more="[feeds.freight]\nmax_removed = 1")
    shop.export("freight/north.csv", "01000000;01999999;0;1000;9,00;2")

    assert shop.known("freight", "file", "line", "cost_cents") == [("freight/north.csv", 2, 900), ("freight/south.csv", 2, 1200)]
    assert shop.messages() == []


def test_a_stock_file_newer_than_the_ack_ends_the_reservation_even_when_it_says_nothing_new(shop):
    shop.export("stock/1.csv", "A;5")
    hold_acknowledged(shop, "A")
    shop.export("stock/again.csv", "A;5", at=shop.now + timedelta(seconds=30))

    assert freed(shop) == ["A"]


def test_a_stock_file_whose_row_of_a_sku_is_bad_leaves_what_orders_hold_of_it(shop):
    shop.configure(more="[feeds.stock]\nmax_rejected = 1")
    shop.export("stock/1.csv", "A;5", "B;5")
    hold_acknowledged(shop, "A", "B")
    shop.export("stock/2.csv", "A;4 pieces", "B;4", at=shop.now + timedelta(seconds=30))
    assert freed(shop) == ["B"]

    shop.export("stock/3.csv", "A;4", "B;4")
    assert freed(shop) == ["A", "B"]


def test_a_stock_delta_whose_row_of_a_sku_is_bad_leaves_what_orders_hold_of_it_until_a_good_one_comes(shop):
    shop.configure(more='[feeds.stock]\nmode = "delta"\nmax_rejected = 1')
    shop.export("stock/1.csv", "A;5", "B;5", "C;5")
    hold_acknowledged(shop, "A", "B")
    shop.export("stock/2.csv", "A;4 pieces", "C;4", at=shop.now + timedelta(seconds=30))
    shop.export("stock/3.csv", "C;3", at=shop.now + timedelta(seconds=30))
    assert freed(shop) == ["B"]

    shop.export("stock/4.csv", "A;4", at=shop.now + timedelta(seconds=30))
    assert freed(shop) == ["A", "B"]


DELTA = '[feeds.stock]\nmode = "delta"\n'
IN_WAREHOUSES = "sku;quantity;warehouse"


@pytest.mark.parametrize("waiting", [("A;0", "B;0", "C;0"), ("A;0", "B;x", "C;y")])
def test_a_stock_delta_frees_no_piece_of_which_another_that_is_held_or_was_refused_may_tell(shop, waiting):
    shop.configure(more=DELTA)
    shop.export("stock/1.csv", "A;5", "B;5", "C;5", "D;5")
    hold_acknowledged(shop, "A", "D")
    shop.export("stock/2.csv", *waiting, at=shop.now + timedelta(seconds=30))
    shop.export("stock/3.csv", "D;4", at=shop.now + timedelta(seconds=30))
    shop.export("stock/4.csv", "D;4", at=shop.now + timedelta(seconds=30))
    assert freed(shop) == ["D"]

    if shop.held():
        repair.held_approve(shop.app, shop.held()[0]["id"])
    else:
        shop.configure(more=DELTA + "max_rejected = 1")
        retrying.retry(shop.app, None)

    assert (freed(shop), shop.stock()["A"]) == (["A", "D"], 0)


@pytest.mark.parametrize("waiting", [("A;3;n", "B;0;", "C;0;"), ("A;3;n", "B;x;", "C;y;")])
def test_a_stock_delta_of_one_warehouse_frees_no_piece_of_which_a_waiting_one_may_tell_of_another(shop, waiting):
    shop.configure(more=DELTA)
    shop.export("stock/1.csv", "A;5;n", "A;5;s", "B;5;", "C;5;", head=IN_WAREHOUSES)
    hold_acknowledged(shop, "A")
    shop.export("stock/2.csv", *waiting, at=shop.now + timedelta(seconds=30), head=IN_WAREHOUSES)
    shop.export("stock/3.csv", "A;5;s", at=shop.now + timedelta(seconds=30), head=IN_WAREHOUSES)
    assert (freed(shop), pieces(shop, "A")) == ([], 10)

    shop.export("stock/4.csv", "A;3;n", "A;5;s", at=shop.now + timedelta(seconds=30), head=IN_WAREHOUSES)
    assert (freed(shop), pieces(shop, "A")) == (["A"], 8)


def test_a_warehouse_that_has_nothing_left_keeps_no_piece_from_being_freed_by_a_delta_of_another(shop):
    shop.configure(more=DELTA)
    shop.export("stock/1.csv", "A;0;n", "A;5;s", "B;5;", "C;5;", head=IN_WAREHOUSES)
    hold_acknowledged(shop, "A", "B")
    shop.export("stock/2.csv", "A;3;s", "B;0;", "C;0;", at=shop.now + timedelta(seconds=30), head=IN_WAREHOUSES)
    shop.export("stock/3.csv", "A;3;s", at=shop.now + timedelta(seconds=30), head=IN_WAREHOUSES)

    assert (len(shop.held()), freed(shop)) == (1, ["A"])


def test_a_stock_delta_that_was_discarded_keeps_no_piece_from_being_freed_by_the_next(shop):
    shop.configure(more=DELTA)
    shop.export("stock/1.csv", "A;5", "B;5")
    hold_acknowledged(shop, "A")
    shop.export("stock/2.csv", "A;0", "B;0", at=shop.now + timedelta(seconds=30))
    repair.held_discard(shop.app, shop.held()[0]["id"])
    shop.export("stock/3.csv", "B;4", at=shop.now + timedelta(seconds=30))

    assert freed(shop) == ["A"]


def test_a_held_stock_delta_keeps_no_piece_of_an_order_that_was_acknowledged_after_it(shop):
    shop.configure(more=DELTA)
    shop.export("stock/1.csv", "A;5", "B;5")
    shop.export("stock/2.csv", "A;0", "B;0")
    hold_acknowledged(shop, "A")
    shop.export("stock/3.csv", "B;4", at=shop.now + timedelta(seconds=30))

    assert (len(shop.held()), freed(shop)) == (1, ["A"])


def test_a_clock_of_the_erp_that_is_ahead_turns_no_ack_and_stock_file_round(shop):
    ahead = timedelta(seconds=30)
    shop.export("stock/1.csv", "A;5")
    hold_acknowledged(shop, "A", at=shop.now + timedelta(seconds=10) + ahead)
    shop.export("stock/2.csv", "A;4", at=shop.now + ahead)
    assert freed(shop) == []

    shop.export("stock/3.csv", "A;3", at=shop.now + ahead)
    assert freed(shop) == ["A"]


def hold_acknowledged(shop, *skus, at=None):
    """Have an order that the ERP acknowledged, at this moment by its clock or the one given, hold two pieces of each."""
    with shop.app.db.write() as tx:
        tx.execute(insert(orders).values(**an_order(shop.now)))
        for sku in skus:
            held = {"order_id": "O-1", "sku": sku, "quantity": 2, "until": MONDAY + timedelta(days=9), "acked_at": at or shop.now}
            tx.execute(insert(reservations).values(**held))


def pieces(shop, sku):
    return sum(quantity for one, quantity in shop.known("stock", "sku", "quantity") if one == sku)


def freed(shop):
    return [sku for sku, reason in shop.known("reservations", "sku", "release_reason") if reason is not None]


def an_order(now):
    texts = ("account", "marketplace_order_id", "sales_channel", "content_hash", "services_endpoint", "document")
    empty = {"client": {}, "address": {}, "raw": b"{}", "answer": b"{}", "flags": [], "total_cents": 0}
    return {**dict.fromkeys(texts, "x"), **empty, "order_id": "O-1", "state": "placed", "placed_at": now}


# ── rows and files that are refused ─────────────────────────────────────────────────────────────────────────────────────
def bad_row_among(shop, name, *rows):
    return shop.export(name, *rows, *[f"X{number};1" for number in range(30)])


def test_a_bad_row_is_refused_by_name_and_its_key_stays_as_it_was(shop):
    bad_row_among(shop, "stock/1.csv", "A;5")
    report = bad_row_among(shop, "stock/2.csv", "A;many")

    assert report.exit_status == 1
    assert "stock/2.csv, line 2, quantity 'many'" in report.failures[0]
    assert shop.stock()["A"] == 5
    assert [(row["key"], row["line"], row["value"]) for row in shop.quarantine()] == [("A", 2, "many")]
    assert shop.lies("rejected/stock") == ["2.csv.errors.csv"]


def test_a_bad_row_stays_listed_once_until_a_good_one_comes(shop):
    bad_row_among(shop, "stock/1.csv", "A;many")
    bad_row_among(shop, "stock/2.csv", "A;many", "B;1")

    assert len(shop.quarantine()) == 1

    bad_row_among(shop, "stock/3.csv", "A;4", "B;1")

    assert shop.quarantine() == []


def test_an_unchanged_file_with_a_bad_row_is_named_again(shop):
    first = bad_row_among(shop, "stock/1.csv", "A;many")
    again = bad_row_among(shop, "stock/2.csv", "A;many")

    assert (first.exit_status, again.exit_status) == (1, 1)


def test_a_file_with_too_many_bad_rows_is_refused_whole(shop):
    shop.export("stock/1.csv", "A;5")
    report = shop.export("stock/2.csv", "A;6", "B;x")

    assert report.exit_status == 1
    assert (shop.stock(), shop.ledger()[-1]) == ({"A": 5}, ("stock/2.csv", "refused"))
    assert shop.lies("rejected/stock") == ["2.csv", "2.csv.errors.csv"]
    assert "3;quantity;x;" in (shop.root / "rejected/stock/2.csv.errors.csv").read_text("utf-8-sig")


def test_a_file_that_cannot_be_read_is_refused_and_the_others_go_on(shop):
    shop.drop("stock/a.csv", "A;1", head="sku;colour")
    report = shop.export("stock/b.csv", "A;2")

    assert report.exit_status == 1
    assert "quantity" in report.failures[0]
    assert (shop.stock(), shop.lies("inbox")) == ({"A": 2}, [])
    assert shop.lies("rejected/stock") == ["a.csv", "a.csv.errors.csv"]


def test_each_unreadable_file_is_listed_though_its_reason_is_the_same(shop):
    for name in ("stock/a.csv", "stock/b.csv"):
        shop.export(name, "A;1", head="sku;colour")

    assert [row["file"] for row in shop.quarantine()] == ["stock/a.csv", "stock/b.csv"]


def test_a_bad_row_that_comes_in_the_next_export_too_stays_listed_when_that_one_is_applied(shop):
    shop.export("stock/1.csv", "A;many")
    bad_row_among(shop, "stock/2.csv", "A;many")

    assert [(row["what"], row["file"]) for row in shop.quarantine()] == [("row", "stock/2.csv")]


def test_a_newer_good_export_settles_the_refused_ones_before_it(shop):
    shop.export("stock/1.csv", "A;x")
    shop.export("stock/2.csv", "A;1")

    assert shop.quarantine() == []


# ── what waits for a person ─────────────────────────────────────────────────────────────────────────────────────────────
def test_an_empty_export_never_empties_a_shop(shop):
    shop.configure(more="[feeds.stock]\nmax_removed = 1\nmax_zeroed = 1")
    shop.export("stock/1.csv", "A;5")
    report = shop.export("stock/2.csv")

    assert report.exit_status == 1
    assert (shop.stock(), shop.lies("held/stock")) == ({"A": 5}, ["2.csv"])


def test_a_held_file_is_applied_when_a_person_says_yes(shop):
    shop.export("stock/1.csv", "A;5", "B;5")
    shop.export("stock/2.csv", "A;4")
    hold = shop.held()[0]
    shown = repair.held_show(shop.app, hold["id"])
    repair.held_approve(shop.app, hold["id"], by="ana")

    assert "max_removed" in hold["reasons"][0]
    assert shown["plan"]["removed"] == 1
    assert (shop.stock(), shop.held(), shop.ledger()[-1]) == ({"A": 4}, [], ("stock/2.csv", "applied"))
    assert repair.held_show(shop.app, hold["id"])["decided_by"] == "ana"
    assert (shop.lies("held"), shop.lies(f"archive/stock/{TODAY}")) == ([], ["1.csv", "2.csv"])
    with pytest.raises(Conflict):
        repair.held_approve(shop.app, hold["id"])


def test_a_held_file_that_a_person_discards_lies_with_the_refused(shop):
    shop.export("stock/1.csv", "A;5", "B;5")
    shop.export("stock/2.csv", "A;4")
    repair.held_discard(shop.app, shop.held()[0]["id"], by="ana")

    assert (shop.stock(), shop.held()) == ({"A": 5, "B": 5}, [])
    assert (shop.lies("held"), shop.lies("rejected/stock")) == ([], ["2.csv"])


def test_an_export_held_again_and_again_waits_once(shop):
    shop.export("stock/1.csv", "A;5", "B;5")
    for number in (2, 3, 4):
        shop.export(f"stock/{number}.csv", f"A;{number}")

    assert [hold["file"] for hold in shop.held()] == ["stock/4.csv"]
    assert shop.lies("held/stock") == ["4.csv"]


def test_what_is_held_is_pointless_once_a_newer_export_was_applied(shop):
    shop.export("stock/1.csv", "A;5", "B;5")
    shop.export("stock/2.csv", "A;4")
    shop.export("stock/3.csv", "A;5", "B;4")

    assert (shop.held(), shop.lies("held")) == ([], [])


def test_what_is_held_is_pointless_once_the_export_applied_last_is_sent_again(shop):
    shop.export("stock/1.csv", "A;5", "B;5")
    shop.export("stock/2.csv", "A;0", "B;0")
    assert len(shop.held()) == 1
    shop.export("stock/3.csv", "A;5", "B;5")

    assert (shop.held(), shop.lies("held"), shop.stock()) == ([], [], {"A": 5, "B": 5})


def test_a_held_delta_waits_on_though_the_one_applied_last_is_sent_again(shop):
    shop.configure(more='[feeds.stock]\nmode = "delta"')
    shop.export("stock/1.csv", "A;5", "B;5")
    shop.export("stock/2.csv", "A;0", "B;0")
    shop.export("stock/3.csv", "A;5", "B;5")

    assert len(shop.held()) == 1


def test_the_file_applied_last_is_the_one_that_a_person_said_yes_to(shop):
    shop.export("stock/1.csv", "A;5", "B;5")
    shop.now += timedelta(hours=4)
    shop.drop("stock/3.csv", "A;4", at=MONDAY + timedelta(hours=2))
    shop.run()
    shop.export("stock/2.csv", "A;3", "B;3", at=MONDAY + timedelta(hours=1))
    shop.now += timedelta(minutes=1)
    repair.held_approve(shop.app, shop.held()[0]["id"])
    shop.export("stock/4.csv", "A;3", "B;3", at=MONDAY + timedelta(hours=3))

    assert shop.stock() == {"A": 3, "B": 3}


def test_a_price_that_falls_by_ninety_percent_waits_and_the_others_do_not(shop):
    shop.export("prices/1.csv", "A;100,00;100", "B;100,00;100")
    report = shop.export("prices/2.csv", "A;10,00;100", "B;90,00;100")

    assert report.exit_status == 1
    assert "A: held: the price falls by 90.0 %" in report.failures[0]
    assert shop.prices() == {"A": 10000, "B": 9000}


def test_a_held_price_is_applied_and_told_when_a_person_says_yes(shop):
    shop.export("products/1.csv", product("A"))
    with shop.app.db.write() as tx:
        listing_states.told(tx, "shop", ["A"], shop.now)
    shop.export("prices/1.csv", "A;100,00;100")
    before = shop.messages().count((Kind.PRICE, "A"))
    shop.export("prices/2.csv", "A;10,00;100")
    with shop.app.db.write() as tx:
        tx.exec_driver_sql("DELETE FROM outbox")
    repair.held_approve(shop.app, shop.held()[0]["id"], by="ana")

    assert before == 1
    assert (shop.prices(), shop.messages(), shop.held()) == ({"A": 1000}, [("price", "A")], [])


def test_a_discarded_price_stays_out_quietly_until_another_comes(shop):
    shop.export("prices/1.csv", "A;100,00;100")
    shop.export("prices/2.csv", "A;10,00;100")
    repair.held_discard(shop.app, shop.held()[0]["id"])
    quiet = shop.export("prices/3.csv", "A;10,00;101")
    shop.export("prices/4.csv", "A;95,00;100")

    assert (quiet.exit_status, shop.prices(), shop.held()) == (0, {"A": 9500}, [])


# ── passes that change nothing ──────────────────────────────────────────────────────────────────────────────────────────
def test_a_dry_run_says_what_would_happen_and_changes_nothing(shop):
    shop.export("stock/1.csv", "A;5", "B;5")
    before = shop.dump()
    shop.drop("stock/2.csv", "A;4", "B;5")
    report = shop.run(dry_run=True)

    assert said(report) == ["stock/2.csv: 0 added, 1 changed (quantity 1), 0 removed"]
    assert (shop.dump(), shop.lies("inbox"), shop.lies("var/work")) == (before, ["stock/2.csv"], [])


def test_a_dry_run_tells_a_superseded_file_from_one_that_would_be_applied(shop):
    shop.export("stock/new.csv", "A;1")
    shop.drop("stock/old.csv", "A;9", at=MONDAY - timedelta(days=1))
    report = shop.run(dry_run=True)

    assert "would be superseded" in report.lines[0]


def test_a_preview_tells_everything_and_changes_nothing(shop):
    shop.export("stock/1.csv", "A;5", "B;5", "C;1")
    before = shop.dump()
    path = shop.drop("stock/2.csv", "A;4", "B;x", "D;1")
    found = imports.preview(shop.app, path, "stock")

    assert (found["added"], found["changed"], found["removed"], found["refused"]) == (1, 1, 1, 1)
    assert (found["changed_by_field"], found["verdict"]) == ({"quantity": 1}, "refuse")
    assert [(row["line"], row["column"], row["value"]) for row in found["rejected"]] == [(3, "quantity", "x")]
    assert shop.dump() == before


def test_a_preview_of_what_is_not_there_is_a_wrong_call(shop):
    with pytest.raises(UsageError):
        imports.preview(shop.app, shop.root / "nothing.csv", "stock")


# ── settling ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_file_is_taken_when_two_looks_agree_and_named_until_then(tmp_path):
    shop = Catalog(tmp_path / "shop", settle=90)
    shop.drop("stock/1.csv", "A;5")
    first, second, third, _ = (shop.run(by_hand=True) for _ in range(4))

    assert "stock/1.csv still settles: it can be taken from 15:02:30 UTC" in first.lines[0]
    assert "still settles" in second.lines[0]
    assert said(third) == ["stock/1.csv: 1 added, 0 changed, 0 removed"]
    assert shop.known("looks", "name") == []


def test_a_file_that_grows_between_two_looks_rests_again(tmp_path):
    shop = Catalog(tmp_path / "shop", settle=50)
    shop.drop("stock/1.csv", "A;5")
    shop.run()
    shop.drop("stock/1.csv", "A;5", "B;6")
    shop.run()
    waited = shop.stock()
    shop.run()

    assert (waited, shop.stock()) == ({}, {"A": 5, "B": 6})


def test_a_source_that_is_not_there_is_a_failure_of_its_own(shop):
    shop.configure()
    (shop.root / "inbox").rename(shop.root / "away") if (shop.root / "inbox").exists() else None
    report = shop.run()

    assert report.exit_status == 3


def test_services_are_full_like_every_other_feed_and_a_bad_row_keeps_what_is_known(tmp_path):
    shop = Catalog(tmp_path / "shop", more="[feeds.services]\nmax_rejected = 0.5")
    shop.export("products/1.csv", product("A"))
    first = shop.export("services/1.csv", "A;Garantia;5;Um ano;100,00", "A;Presente;6;Caixa;2,50", "B;Garantia;5;Um ano;1,00")
    second = shop.export("services/2.csv", "A;Garantia;5;Um ano;90,00", "A;Presente;6;Caixa;2,50", "B;Garantia;5;Um ano;x")

    assert (first.exit_status, second.exit_status) == (0, 1)
    assert "services/2.csv, line 4, price 'x'" in second.failures[0]
    assert shop.known("services", "sku", "id", "price_cents") == [("A", "5", 9000), ("A", "6", 250), ("B", "5", 100)]

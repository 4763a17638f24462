"""The catalogue's rules as settings and the contract name them: guards, markers, trailers, two looks, the same plan in three ways."""

import subprocess
import sys
from datetime import timedelta

import pytest
from catalog_world import MONDAY, Catalog, product, said

from connector.errors import Conflict
from connector.usecases import imports, repair

TODAY = MONDAY.date().isoformat()


@pytest.fixture
def shop(tmp_path):
    catalog = Catalog(tmp_path / "shop")
    yield catalog
    catalog.app.db.close()


# ── guards ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_import_that_empties_more_than_half_of_what_is_in_stock_is_held(shop):
    shop.export("stock/1.csv", "A;5", "B;5", "C;5", "D;0")
    report = shop.export("stock/2.csv", "A;0", "B;0", "C;5", "D;0")

    assert report.exit_status == 1
    assert "2 of 3 (66.7 %) SKUs in stock would have none left; max_zeroed allows 50 %" in report.failures[0]
    assert shop.stock() == {"A": 5, "B": 5, "C": 5, "D": 0}
    assert (shop.lies("held/stock"), shop.lies("inbox")) == (["2.csv"], [])


def test_half_of_what_is_in_stock_may_go(shop):
    shop.export("stock/1.csv", "A;5", "B;5")
    report = shop.export("stock/2.csv", "A;0", "B;5")

    assert (report.exit_status, shop.stock()) == (0, {"A": 0, "B": 5})


WAREHOUSES = "sku;quantity;warehouse"


def test_a_delta_without_the_warehouse_that_a_sku_lies_in_is_held_and_a_yes_applies_it(shop):
    shop.configure(more='[feeds.stock]\nmode = "delta"')
    shop.export("stock/1.csv", "A;25;campinas", "B;5;campinas", head=WAREHOUSES)
    report = shop.export("stock/2.csv", "A;24")
    known = shop.known("stock", "sku", "warehouse", "quantity")
    repair.held_approve(shop.app, shop.held()[0]["id"], by="ana")

    why = "the stock of 1 SKUs would add up from rows with and without a warehouse"
    assert report.failures == [f"stock/2.csv is held: {why} (connector held list)"]
    assert known == [("A", "campinas", 25), ("B", "campinas", 5)]
    assert shop.known("stock", "sku", "warehouse", "quantity") == [("A", "", 24), *known]


def test_a_delta_that_names_a_warehouse_for_a_sku_that_was_sold_out_without_one_is_applied(shop):
    shop.configure(more='[feeds.stock]\nmode = "delta"')
    shop.export("stock/1.csv", "A;6", "B;3")
    shop.export("stock/2.csv", "A;0")
    report = shop.export("stock/3.csv", "A;5;SP", head=WAREHOUSES)

    assert report.failures == []
    assert shop.known("stock", "sku", "warehouse", "quantity") == [("A", "", 0), ("A", "SP", 5), ("B", "", 3)]


def test_a_delta_that_names_a_further_warehouse_of_a_sku_is_applied_and_says_so(shop):
    shop.configure(more='[feeds.stock]\nmode = "delta"')
    shop.export("stock/1.csv", "A;25;campinas", "B;5;campinas", head=WAREHOUSES)
    report = shop.export("stock/2.csv", "A;4;sumare", "B;6;campinas", "C;1;sumare", head=WAREHOUSES)

    assert report.failures == []
    assert "1 SKUs get a further warehouse" in report.lines[0]


def test_an_export_whose_prices_are_all_over_already_is_held(shop):
    shop.export("prices/1.csv", "A;5,00;5,00;", "B;6,00;6,00;", head="sku;price;list_price;valid_until")
    report = shop.export("prices/2.csv", "A;5,00;5,00;31/12/2025", "B;6,00;6,00;31/12/2025", head="sku;price;list_price;valid_until")

    assert "2 of 2 (100.0 %) rows would be removed or over already (valid_until); max_removed allows 20 %" in report.failures[0]
    assert shop.lies("held/prices") == ["2.csv"]


def test_an_export_that_switches_all_products_off_is_held(shop):
    shop.export("products/1.csv", *[product(sku) for sku in "ABC"])
    report = shop.export("products/2.csv", *[product(sku, active="0") for sku in "ABC"])

    assert "3 of 3 (100.0 %) rows would be removed or switched off; max_removed allows 20 %" in report.failures[0]
    assert shop.known("products", "sku", "active") == [("A", True), ("B", True), ("C", True)]


def test_an_export_that_loses_all_that_is_on_sale_is_held_however_much_lies_there_switched_off(shop):
    off = [product(f"D{number:02}", active="0") for number in range(30)]
    shop.export("products/1.csv", *[product(sku) for sku in "ABC"], *off)
    report = shop.export("products/2.csv", *off)

    assert "3 of 3 (100.0 %) rows that count would be removed; max_removed allows 20 %" in report.failures[0]
    assert ("A", True) in shop.known("products", "sku", "active")


def test_an_export_that_renews_the_prices_that_ended_is_applied_though_one_of_the_few_lasting_ones_goes(shop):
    head, week = "sku;price;valid_until", [f"S{number};10;2026-11-24" for number in range(100)]
    shop.export("prices/1.csv", *week, *[f"P{number};10;" for number in range(4)], head=head)
    shop.now += timedelta(days=2)
    renewed = [row.replace("11-24", "12-01") for row in week]
    report = shop.export("prices/2.csv", *renewed, *[f"P{number};10;" for number in range(3)], head=head)

    assert report.failures == []
    assert len(shop.prices()) == 103


def test_an_export_without_the_prices_that_were_over_is_applied(shop):
    head, lasting = "sku;marketplace;price;valid_until", ["A;;5,00;", "B;;6,00;"]
    shop.export("prices/1.csv", *lasting, "A;shop;4,00;31/12/2025", "B;shop;4,00;31/12/2025", head=head)
    report = shop.export("prices/2.csv", "A;;5,50;", "B;;6,00;", head=head)

    assert report.failures == []
    assert shop.known("prices", "sku", "price_cents") == [("A", 550), ("B", 600)]


def test_a_price_of_nothing_waits_even_where_there_was_none_before(shop):
    report = shop.export("prices/1.csv", "A;0;10", "B;9,00;10")

    assert report.exit_status == 1
    assert "prices/1.csv, A: held: the price is 0" in report.failures[0]
    assert shop.prices() == {"B": 900}
    assert [hold["key"] for hold in shop.held()] == ["A"]


def test_a_price_that_one_export_left_out_is_compared_with_when_it_comes_back(shop):
    others = [f"S{number};100,00;100,00" for number in range(10)]
    shop.export("prices/1.csv", "A;100,00;100,00", "B;100,00;100,00", *others)
    shop.export("prices/2.csv", *others)
    report = shop.export("prices/3.csv", "A;1,00;100,00", "B;99,00;100,00", *others)

    assert "the price falls by 99.0 %" in report.failures[0]
    assert (shop.prices().get("A"), shop.prices()["B"]) == (None, 9900)


def test_the_same_price_comes_again_and_waits_once_and_after_a_yes_it_is_taken_for_good(shop):
    shop.export("prices/1.csv", "A;100,00;100", "B;1;1")
    shop.export("prices/2.csv", "A;10,00;100", "B;2;2")
    again = shop.export("prices/3.csv", "A;10,00;100", "B;3;3")
    waiting = shop.held()
    repair.held_approve(shop.app, waiting[0]["id"], by="ana")
    later = shop.export("prices/4.csv", "A;10,00;100", "B;4;4")

    assert (again.exit_status, len(waiting), later.exit_status) == (1, 1, 0)
    assert (shop.prices(), shop.held()) == ({"A": 1000, "B": 400}, [])


def decided(shop, price, decide):
    """Have A cost 1000, let another price of it be held, and decide on that."""
    shop.export("prices/1.csv", "A;1000,00;", "B;1;1")
    shop.export("prices/2.csv", f"A;{price};", "B;1;1")
    decide(shop.app, shop.held()[0]["id"], by="ana")


@pytest.mark.parametrize("decide", [repair.held_approve, repair.held_discard])
def test_a_decision_ends_with_the_next_price_of_its_key_and_the_same_value_is_asked_about_again(shop, decide):
    decided(shop, "100,00", decide)
    shop.export("prices/3.csv", "A;900,00;", "B;1;1")
    shop.export("prices/4.csv", "A;1000,00;", "B;1;1")
    report = shop.export("prices/5.csv", "A;100,00;", "B;1;1")

    assert "prices/5.csv, A: held: the price falls by 90.0 %" in report.failures[0]
    assert (shop.prices(), [hold["key"] for hold in shop.held()]) == ({"A": 100_000, "B": 100}, ["A"])


SPECIAL = ["A;;10,00", "A;shop;1000,00", *[f"S{number};;1,00" for number in range(9)]]


def special(shop, name, *rows):
    return shop.export(name, *rows, head="sku;marketplace;price")


def test_a_special_price_that_an_export_leaves_out_is_held_where_the_general_one_is_a_hundredth(shop):
    special(shop, "prices/1.csv", *SPECIAL)
    report = special(shop, "prices/2.csv", SPECIAL[0], *SPECIAL[2:])
    again = special(shop, "prices/3.csv", SPECIAL[0], *SPECIAL[2:], "T;;1,00")
    waiting = shop.held()
    special(shop, "prices/4.csv", *SPECIAL)

    held = "A/shop: held: without this row the price falls by 99.0 %; max_price_change allows 80 % (connector held list)"
    assert (report.failures, again.failures) == ([f"prices/2.csv, {held}"], [f"prices/3.csv, {held}"])
    assert ([hold["key"] for hold in waiting], shop.held()) == (["A/shop"], [])
    assert ("A", "shop", 100_000) in shop.known("prices", "sku", "marketplace", "price_cents")


def test_a_special_price_may_go_though_a_channel_that_its_marketplace_does_not_sell_in_has_a_hundredth(shop):
    head, kept = "sku;marketplace;sales_channel;price", ["A;;;90,00", "A;;5;1,00", *[f"S{number};;;1,00" for number in range(9)]]
    shop.export("prices/1.csv", *kept, "A;shop;;95,00", head=head)
    report = shop.export("prices/2.csv", *kept, head=head)

    assert (report.failures, shop.held()) == ([], [])
    assert ("A", "shop") not in shop.known("prices", "sku", "marketplace")


@pytest.mark.parametrize("before", [["A;;1;95,00;"], ["A;;;95,00;", "A;shop;;1,00;01/01/2020"], ["A;;1;95,00;", "A;;;1,10;"]])
def test_a_special_price_that_comes_or_comes_again_is_held_where_what_sells_in_its_place_is_far_dearer(shop, before):
    head, others = "sku;marketplace;sales_channel;price;valid_until", [f"S{number};;;1,00;" for number in range(9)]
    shop.export("prices/1.csv", *before, *others, head=head)
    report = shop.export("prices/2.csv", *[row for row in before if "shop" not in row], "A;shop;;1,00;", *others, head=head)

    held = "A/shop: held: the price falls by 98.9 %; max_price_change allows 80 % (connector held list)"
    assert report.failures == [f"prices/2.csv, {held}"]


def test_an_export_that_leaves_out_most_special_prices_is_held_as_a_whole_and_a_yes_asks_of_each(shop):
    general, others = [f"{sku};;10,00" for sku in "ABC"], [f"{sku};shop;1000,00" for sku in "ABC"]
    special(shop, "prices/1.csv", *general, *others)
    report = special(shop, "prices/2.csv", *general)
    repair.held_approve(shop.app, shop.held()[0]["id"], by="ana")
    asked = [hold["key"] for hold in shop.held()]
    again = special(shop, "prices/3.csv", *general, "D;;1,00")

    sentence = "3 of 6 (50.0 %) rows would be removed; max_removed allows 20 %"
    assert report.failures == [f"prices/2.csv is held: {sentence} (connector held list)"]
    assert asked == ["A/shop", "B/shop", "C/shop"]
    assert again.lines[0].startswith("prices/3.csv: 1 added, 0 changed, 0 removed")
    assert len(again.failures) == len(asked)


def test_a_yes_to_a_price_left_out_takes_it_away_and_a_no_keeps_it(shop):
    without = [SPECIAL[0], *SPECIAL[2:]]
    special(shop, "prices/1.csv", *SPECIAL)
    special(shop, "prices/2.csv", *without)
    repair.held_discard(shop.app, shop.held()[0]["id"], by="ana")
    told = special(shop, "prices/3.csv", *without, "T;;1,00")
    kept = shop.known("prices", "sku", "marketplace", "price_cents")
    special(shop, "prices/4.csv", "A;;10,00", "A;shop;900,00", *SPECIAL[2:])
    special(shop, "prices/5.csv", *without)
    said = repair.held_approve(shop.app, shop.held()[0]["id"], by="ana")
    last = special(shop, "prices/6.csv", *without, "U;;1,00")

    assert (told.exit_status, told.lines[-1]) == (0, "prices/3.csv, A/shop: 10.00 was discarded by ana, kept at 1000.00")
    assert ("A", "shop", 100_000) in kept
    assert ("A", "shop") not in shop.known("prices", "sku", "marketplace")
    assert said["outcome"] == "the price of A is 10.00 now"
    assert (last.exit_status, ("A", "shop") in shop.known("former_prices", "sku", "marketplace")) == (0, True)


def test_a_yes_to_a_special_price_that_an_export_ends_takes_it_away_and_the_next_exports_are_applied(shop):
    def export(name, until, *more):
        rows = ["A;;10,00;", f"A;shop;1000,00;{until}", *[f"S{number};;1,00;" for number in range(9)]]
        return shop.export(name, *rows, *more, head="sku;marketplace;price;valid_until")

    export("prices/1.csv", "")
    report = export("prices/2.csv", "01/01/2020")
    kept = shop.known("prices", "sku", "marketplace", "valid_until")
    repair.held_approve(shop.app, shop.held()[0]["id"], by="ana")
    gone = shop.known("prices", "sku", "marketplace")
    later = [export(f"prices/{number}.csv", "01/01/2020", f"T;;{number},00;") for number in (3, 4)]

    held = "A/shop: held: without this row the price falls by 99.0 %; max_price_change allows 80 % (connector held list)"
    assert report.failures == [f"prices/2.csv, {held}"]
    assert ("A", "shop", None) in kept
    assert ("A", "shop") not in gone
    assert ([one.exit_status for one in later], shop.held()) == ([0, 0], [])


def test_a_yes_to_a_price_that_is_over_by_then_is_refused_and_the_known_one_goes_on_selling(shop):
    head, until = "sku;price;valid_until", MONDAY + timedelta(minutes=10)
    shop.export("prices/1.csv", "A;89,90;", head=head)
    shop.export("prices/2.csv", f"A;9,90;{until.isoformat()}", head=head)
    shop.now = until
    (hold,) = shop.held()
    with pytest.raises(Conflict, match="the held price of A is over since 2026-11-23T15:10:00") as refused:
        repair.held_approve(shop.app, hold["id"], by="ana")

    assert (shop.prices(), shop.held()) == ({"A": 8990}, [hold])
    assert refused.value.remedy == f"connector held discard {hold['id']}"


def test_a_no_to_a_price_that_is_over_by_then_keeps_out_that_one_and_the_next_one_as_low_is_asked_about(shop):
    head, until = "sku;price;valid_until", MONDAY + timedelta(minutes=10)
    over = f"A;9,90;{until.isoformat()}"
    shop.export("prices/1.csv", "A;89,90;", "B;1;", head=head)
    shop.export("prices/2.csv", over, "B;1;", head=head)
    shop.now = until
    repair.held_discard(shop.app, shop.held()[0]["id"], by="ana")
    again = shop.export("prices/3.csv", over, "B;2;", head=head)
    later = shop.export("prices/4.csv", f"A;9,90;{(until + timedelta(days=7)).isoformat()}", "B;2;", head=head)

    assert (again.exit_status, again.lines[-1]) == (0, "prices/3.csv, A: 9.90 was discarded by ana, kept at 89.90")
    assert "prices/4.csv, A: held: the price falls by 89.0 %" in later.failures[0]
    assert shop.prices()["A"] == 8990


def test_a_yes_to_a_lower_price_with_which_the_erp_ends_a_special_one_ends_it(shop):
    head, others = "sku;marketplace;price;valid_until", ["A;;89,90;", *[f"S{number};;1,00;" for number in range(9)]]
    shop.export("prices/1.csv", "A;shop;50,00;", *others, head=head)
    shop.export("prices/2.csv", "A;shop;0;01/01/2020", *others, head=head)
    said = repair.held_approve(shop.app, shop.held()[0]["id"], by="ana")
    later = shop.export("prices/3.csv", "A;shop;0;01/01/2020", *others, "T;;1,00;", head=head)

    assert said["outcome"] == "the price of A is over since 2020-01-02T03:00:00+00:00"
    assert (later.exit_status, shop.held()) == (0, [])


def left_out_for(shop, *wider):
    """Have a marketplace's price left out for lower ones that end ten minutes later; return the hold when they have ended."""
    head, until = "sku;marketplace;sales_channel;price;valid_until", MONDAY + timedelta(minutes=10)
    kept = [*[f"A;;{channel};10,00;{until.isoformat()}" for channel in wider], *[f"S{number};;;1,00;" for number in range(9)]]
    shop.export("prices/1.csv", *kept, "A;shop;;90,00;", head=head)
    shop.export("prices/2.csv", *kept, head=head)
    shop.now = until
    return shop.held()[0]["id"]


@pytest.mark.parametrize("channel", ["", "1"])
def test_a_yes_to_a_price_left_out_is_refused_where_those_in_its_place_are_over_by_then(shop, channel):
    number = left_out_for(shop, channel)
    with pytest.raises(Conflict, match="nothing that is not over sells A in the place of the price left out") as refused:
        repair.held_approve(shop.app, number, by="ana")

    assert (("A", "shop") in shop.known("prices", "sku", "marketplace"), len(shop.held())) == (True, 1)
    assert refused.value.remedy == f"connector held discard {number}"


def test_a_no_to_a_price_left_out_where_those_in_its_place_are_over_by_then_is_none_to_the_next_ones(shop):
    repair.held_discard(shop.app, left_out_for(shop, ""), by="ana")
    others = [f"S{number};;;1,00;" for number in range(9)]
    report = shop.export("prices/3.csv", "A;;;10,00;", *others, head="sku;marketplace;sales_channel;price;valid_until")

    assert "A/shop: held: without this row the price falls by 88.9 %" in report.failures[0]


def test_a_yes_to_a_price_left_out_is_taken_where_a_channel_of_its_marketplace_keeps_a_price(shop):
    head, until = "sku;marketplace;sales_channel;price;valid_until", MONDAY + timedelta(minutes=10)
    kept = [f"A;;;10,00;{until.isoformat()}", "A;;1;12,00;", *[f"S{number};;;1,00;" for number in range(9)]]
    shop.export("prices/1.csv", *kept, "A;shop;;90,00;", head=head)
    shop.export("prices/2.csv", *kept, head=head)
    shop.now = until
    repair.held_approve(shop.app, shop.held()[0]["id"], by="ana")

    assert ("A", "shop") not in shop.known("prices", "sku", "marketplace")


def test_a_yes_to_a_price_that_lasts_still_or_was_left_out_is_taken(shop):
    head, until = "sku;marketplace;price;valid_until", MONDAY + timedelta(minutes=10)
    others = [f"S{number};;1,00;" for number in range(9)]
    shop.export("prices/1.csv", f"A;shop;1000,00;{until.isoformat()}", "A;;10,00;", "B;;89,90;", *others, head=head)
    shop.export("prices/2.csv", "A;;10,00;", f"B;;9,90;{(until + timedelta(seconds=1)).isoformat()}", *others, head=head)
    shop.now = until
    said = [repair.held_approve(shop.app, hold["id"], by="ana")["outcome"] for hold in shop.held()]

    assert sorted(said) == ["the price of A is 10.00 now", "the price of B is 9.90 now"]
    assert ("A", "shop") not in shop.known("prices", "sku", "marketplace")


def test_a_decision_ends_with_another_one_that_a_person_approves(shop):
    shop.configure(more="[feeds.prices]\nmax_price_change = 0.4")
    decided(shop, "50,00", repair.held_discard)
    shop.export("prices/3.csv", "A;100,00;", "B;1;1")
    repair.held_approve(shop.app, shop.held()[0]["id"], by="ana")
    report = shop.export("prices/4.csv", "A;50,00;", "B;1;1")

    assert "A: held: the price falls by 50.0 %" in report.failures[0]


def test_a_discarded_price_that_comes_again_is_told_by_name_each_time_and_is_no_failure(shop):
    decided(shop, "100,00", repair.held_discard)
    shop.export("prices/3.csv", "A;100,00;", "B;1;1", "C;2;2")
    shop.drop("prices/4.csv", "A;100,00;", "B;1;1", "C;2;2")
    tried, again = shop.run(dry_run=True), shop.run()
    other = shop.export("prices/5.csv", "A;100,00;", "B;1;1", "C;3;3")
    told = "A: 100.00 was discarded by ana, kept at 1000.00"

    assert [report.exit_status for report in (tried, again, other)] == [0, 0, 0]
    assert [report.lines[-1] for report in (tried, again, other)] == [
        f"prices/4.csv, {told}",
        f"prices/4.csv, {told}",
        f"prices/5.csv, {told}",
    ]
    assert "1 rows repeat a price that was discarded" in other.lines[0]
    assert (shop.prices()["A"], shop.held()) == (100_000, [])


def test_a_file_refused_whole_names_no_row_as_held(shop):
    shop.export("prices/1.csv", "A;100,00;100", "B;1;1")
    report = shop.export("prices/2.csv", "A;1,00;100", "B;much;1")

    assert [failure.partition(":")[0] for failure in report.failures] == ["prices/2.csv was refused", "prices/2.csv, line 3, price 'much'"]
    assert shop.held() == []


def test_prices_for_a_marketplace_that_no_account_has_are_taken_and_told_once_a_file(shop):
    rows = ["A;;10,00", "B;shop;9,00", "A;Shop;25,00", "B;Shop;25,00", "A;shopp;35,00"]
    report = shop.export("prices/1.csv", *rows, head="sku;marketplace;price")
    again = shop.export("prices/2.csv", *rows, "C;shop;1,00", head="sku;marketplace;price")

    assert "3 prices are for marketplaces that no account has: Shop (2, is shop meant?), shopp (1)" in report.lines[0]
    assert (report.exit_status, len(report.lines), len(shop.known("prices", "sku", "marketplace"))) == (0, 1, 6)
    assert "no account has" not in again.lines[0]  # what stayed was told


def test_prices_for_sales_channels_that_no_setting_names_are_taken_and_told_once_a_file(shop):
    rows = ["A;;1;10,00", "B;shop;1;9,00", "A;shop;01;25,00", "B;shop;1.0;25,00", "A;;9;35,00", "A;other;7;5,00"]
    report = shop.export("prices/1.csv", *rows, head="sku;marketplace;sales_channel;price")
    again = shop.export("prices/2.csv", *rows, "C;shop;1;1,00", head="sku;marketplace;sales_channel;price")

    named = "9 (1), 01 of shop (1, is 1 meant?), 1.0 of shop (1, is 1 meant?)"
    assert f"3 prices are for sales channels that sales_channels does not name: {named}" in report.lines[0]
    assert (report.exit_status, len(report.lines), len(shop.known("prices", "sku", "marketplace"))) == (0, 1, 7)
    assert "sales channels" not in again.lines[0]  # what stayed was told


# ── which files are taken ───────────────────────────────────────────────────────────────────────────────────────────────
def test_a_file_whose_last_line_has_no_end_is_told_where_the_one_before_had_one(shop):
    first = shop.export("stock/1.csv", "A;5", "B;7")
    cut = shop.drop("stock/2.csv", "A;5", "B;1200")
    cut.write_text(cut.read_text().rstrip()[:-3])
    second = shop.run()
    without = shop.drop("stock/3.csv", "A;5", "B;9")
    without.write_text(without.read_text().rstrip())
    third = shop.run()

    told = "its last line has no end, unlike that of the file applied last: is it whole?"
    assert shop.stock() == {"A": 5, "B": 9}
    assert [told in " ".join(report.lines) for report in (first, second, third)] == [False, True, False]
    assert [report.exit_status for report in (first, second, third)] == [0, 0, 0]


@pytest.mark.parametrize(("more", "trailer"), [('done_marker = ".ok"', ()), ('[feeds.stock]\ntrailer = "TRL;{rows}"', ("TRL;2",))])
def test_a_last_line_without_an_end_is_not_told_where_a_marker_or_a_trailer_says_that_the_file_is_whole(shop, more, trailer):
    shop.export("stock/1.csv", "A;5", "B;7")
    shop.configure(more=more)
    file = shop.drop("stock/2.csv", "A;5", "B;9", *trailer)
    file.write_text(file.read_text().rstrip())
    if not trailer:
        (shop.root / "inbox/stock/2.csv.ok").touch()
    report = shop.run()

    assert shop.stock() == {"A": 5, "B": 9}
    assert "is it whole?" not in " ".join(report.lines)


def test_with_a_done_marker_a_file_waits_for_it_and_takes_it_along(shop):
    shop.configure(more='done_marker = ".ok"')
    shop.drop("stock/1.csv", "A;5")
    shop.run()
    waited = shop.stock()
    (shop.root / "inbox/stock/1.csv.ok").touch()
    shop.run()

    assert (waited, shop.stock()) == ({}, {"A": 5})
    assert shop.lies("inbox") == []


def test_a_file_whose_trailer_counts_other_rows_is_refused_whole(shop):
    shop.configure(more='[feeds.stock]\ntrailer = "TRL;{rows}"')
    shop.export("stock/1.csv", "A;5", "B;6", "TRL;2")
    report = shop.export("stock/2.csv", "A;1", "TRL;2")

    assert report.exit_status == 1
    assert "stock/2.csv was refused: its trailer counts 2 rows, but it holds 1" in report.failures[0]
    assert shop.stock() == {"A": 5, "B": 6}
    assert shop.lies("rejected/stock") == ["2.csv", "2.csv.errors.csv"]


LOOK = """
import sys
from datetime import datetime
from connector import app as building, settings
from connector.usecases.passes import Pass
from jobs import refresh_snapshot
now = datetime.fromisoformat(sys.argv[2])
report = refresh_snapshot.run(building.build(settings.load(sys.argv[1]), clock=lambda: now), Pass(by_hand=True))
print(report.lines[0])
"""


def look(shop, at):
    config = str(shop.root / "config" / "connector.toml")
    done = subprocess.run([sys.executable, "-c", LOOK, config, f"2026-11-23T{at}+00:00"], capture_output=True, text=True, check=True)
    return done.stdout


def test_two_looks_may_be_those_of_two_processes(tmp_path):
    shop = Catalog(tmp_path / "shop", settle=60)
    shop.drop("stock/1.csv", "A;5")

    assert "still settles: it can be taken from 15:01:00 UTC" in look(shop, "15:00:00")
    assert "still settles: it can be taken from 15:01:00 UTC" in look(shop, "15:00:59")
    assert "1 added" in look(shop, "15:01:00")
    assert shop.lies(f"archive/stock/{TODAY}") == ["1.csv"]


# ── run, dry run and preview make the same plan ─────────────────────────────────────────────────────────────────────────
EXPORTS = {
    "applied": ("A;101,00;110", "B;200,00;200", "D;1;1", "E;1;1", "F;1;1"),
    "partly refused": ("A;101,00;110", "B;x;200", "C;1;1", "D;2;2", "E;1;1", "F;1;1"),
    "a row held": ("A;1,00;110", "B;0;200", "C;1;1", "D;2;2", "E;1;1", "F;1;1"),
    "held": ("A;101,00;110",),
    "refused": ("A;x;110", "B;x;1", "C;x;1", "D;1;1", "E;1;1"),
    "sent again": ("A;100,00;110", "B;200,00;200", "C;1;1", "D;1;1", "E;1;1", "F;1;1"),
}


@pytest.fixture
def priced(shop):
    shop.configure(more="[feeds.prices]\nmax_rejected = 0.2\nmax_removed = 0.2")
    shop.export("prices/1.csv", *EXPORTS["sent again"])
    return shop


@pytest.mark.parametrize("what", EXPORTS)
def test_a_dry_run_says_what_the_run_then_does_and_changes_nothing(priced, what):
    priced.drop("prices/2.csv", *EXPORTS[what])
    before = priced.dump(), priced.lies(".")
    tried = priced.run(dry_run=True, by_hand=True)
    after = priced.dump(), priced.lies(".")
    done = priced.run(by_hand=True)

    assert after == before
    assert tried.exit_status == done.exit_status
    assert tried.counts == done.counts
    assert alike(tried) == alike(done)


def alike(report):
    lines = [*said(report), *report.failures]
    return [line.replace("would be ", "was ").replace(" is held", " was held").removesuffix(" (connector held list)") for line in lines]


@pytest.mark.parametrize("what", EXPORTS)
def test_a_preview_makes_the_plan_that_the_run_keeps(priced, what):
    path = priced.drop("prices/2.csv", *EXPORTS[what])
    before = priced.dump(), priced.lies(".")
    found = imports.preview(priced.app, path, "prices")
    after = priced.dump(), priced.lies(".")
    done = priced.run()

    verdicts = {"refused": "refuse", "held": "hold"}
    assert after == before
    assert found["verdict"] == verdicts.get(what, "apply")
    if found["verdict"] == "apply":
        counted = {name: done.counts[name] for name in ("added", "changed", "removed")}
        assert counted == {name: found[name] for name in counted}
    assert done.counts["held_rows"] == len(found["held_rows"])

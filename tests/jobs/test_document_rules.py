"""Rules of VTEX's post-purchase calls that are seen from a file to a call only (facts 7)."""

import json
from datetime import timedelta

import pytest
from documents_world import HEADS, opened
from orders_world import order as written

from connector.domain.orders import OrderState
from connector.sandbox.orders import SandboxOrder
from connector.usecases import letters, orders, why
from connector.usecases.passes import Pass
from connector.vtex.orders import read
from jobs import export_orders

LONG = HEADS["invoices"] + ";invoice_key;invoice_url"


@pytest.fixture
def world(tmp_path):
    with opened(tmp_path / "project") as one:
        yield one


def test_an_invoice_that_the_marketplace_never_takes_is_a_dead_letter_after_more_than_ten_attempts(world):
    order = world.ordered("m1")
    world.drop("invoices", f"{order};N1;2026-01-02;25,00;A;2;10,00")
    world.shop.fail_next(500, times=1000, pattern="invoice")
    for n in range(24):  # beside others, which are answered well
        if not letters.listing(world.app):
            world.now += timedelta(minutes=16)
            world.report("cancellations", f"{world.ordered(f'c{n}')};no stock")

    (letter,) = letters.listing(world.app)
    assert (letter["reference"], letter["attempts"]) == (f"{order}/N1", 12)
    assert world.papers(order) == [("invoice", "N1", "given-up")]


def paid(world, cents):
    """Place an order of 25.00 that the marketplace pays otherwise, as it says so, and let it authorize it."""
    document = written("m1", ("A", 2), marketplaceServicesEndpoint=world.shop.services_endpoint, marketplacePaymentValue=cents)
    (answer,) = orders.place(world.app, read([document], "shop", "1"))
    order_id = json.loads(answer)["orderId"]
    world.authorize(order_id)
    world.shop.orders["m1"] = SandboxOrder(sent=document, total_cents=cents or 2500, is_authorized=True)
    return order_id


@pytest.mark.parametrize(("cents", "value"), [(2700, "27,00"), (2300, "23,00"), (2501, "25,01"), (2501, "25,00"), (0, "25,00")])
def test_an_order_is_invoiced_for_what_the_marketplace_pays_and_its_lines_where_that_is_nothing(world, cents, value):
    order = paid(world, cents)
    report = world.report("invoices", f"{order};N1;2026-01-02;{value};A;2;10,00")

    assert report.failures == []
    assert world.shop.invoices["m1"]["N1"]["invoiceValue"] == (cents or 2500)


def test_an_invoice_of_more_than_the_marketplace_pays_says_what_that_is(world):
    order = paid(world, 2300)
    report = world.report("invoices", f"{order};N1;2026-01-02;24,50;A;2;10,00")

    assert "24.50 is more than is still to be invoiced: 23.00 (the marketplace pays 23.00, the lines come to 25.00)" in report.failures[0]


@pytest.mark.parametrize("cents", [2300, 2700])
@pytest.mark.parametrize("items", ["A;2;10,00", ";;"])
def test_an_invoice_of_what_was_ordered_is_reported_as_it_is_though_the_marketplace_pays_otherwise(world, cents, items):
    """The seller cannot change a tax document; whether VTEX counts it as the whole order is for a person to see."""
    world.shop.on_purpose.add("invoice-sum")
    order = paid(world, cents)
    report = world.report("invoices", f"{order};N1;2026-01-02;25,00;{items}")

    assert (report.failures, world.papers(order)) == ([], [("invoice", "N1", "reported")])
    assert world.shop.invoices["m1"]["N1"]["invoiceValue"] == 2500
    assert f"may not count as the whole order (the marketplace pays {cents // 100}.00, the lines come to 25.00)" in " ".join(report.lines)


@pytest.mark.parametrize("cents", [2300, 2700])
@pytest.mark.parametrize("value", ["24,99", "25,01"])
@pytest.mark.parametrize("items", ["A;2;10,00", ";;"])
def test_an_invoice_a_cent_beside_what_was_ordered_is_reported_as_that_though_the_marketplace_pays_otherwise(world, cents, value, items):
    world.shop.on_purpose.add("invoice-sum")
    order = paid(world, cents)
    report = world.report("invoices", f"{order};N1;2026-01-02;{value};{items}")

    assert (report.failures, world.shop.invoices["m1"]["N1"]["invoiceValue"]) == ([], 2500)
    assert f"reported as 25.00 instead of {value.replace(',', '.')}: it is what the lines come to" in " ".join(report.lines)


def test_an_invoices_key_and_web_address_are_told(world):
    order, key = world.ordered("m1"), "35261112ABC34501DE35550010000043211123456782"
    world.report("invoices", f"{order};4321;2026-01-02;25,00;A;2;10,00;;;;;{key};https://nfe.example/4321", head=LONG)

    told = world.shop.invoices["m1"]["4321"]
    assert (told["invoiceKey"], told["invoiceUrl"]) == (key, "https://nfe.example/4321")


def test_a_part_comes_back_and_the_order_stays_invoiced(world):
    order = world.ordered("m1", ("A", 3))
    world.report("invoices", f"{order};N1;2026-01-02;35,00;A;3;10,00")
    world.report("invoices", f"{order};D1;2026-01-05;10,00;A;1;10,00;Input")
    more = world.report("invoices", f"{order};D2;2026-01-06;30,00;A;3;10,00;Input")

    assert world.shop.invoices["m1"]["D1"]["type"] == "Input"
    assert world.order(order).state is OrderState.INVOICED
    assert "of what was invoiced, 2 can" in more.failures[0]


def test_no_more_pieces_come_back_than_were_sold_though_the_sale_was_refused_and_came_again_after_its_return(world):
    order = world.ordered("m1", ("A", 4))
    world.drop("invoices", f"{order};N1;2026-01-02;45,00;A;4;10,00")
    world.drop("invoices", f"{order};R1;2026-01-03;20,00;A;2;10,00;Input")
    world.shop.fail_next(400, pattern="invoice")
    world.run()
    world.report("invoices", f"{order};N2;2026-01-04;45,00;A;4;10,00")
    world.run()
    more = world.report("invoices", f"{order};R2;2026-01-05;25,00;A;4;5,00;Input")

    assert list(world.shop.invoices["m1"]) == ["N2", "R1"]
    assert "4 of SKU A come back; of what was invoiced, 2 can" in more.failures[0]


def test_what_is_left_when_all_pieces_came_back_comes_back_without_items(world):
    order = world.ordered("m1")
    world.report("invoices", f"{order};N1;2026-01-02;25,00;A;2;10,00")
    world.report("invoices", f"{order};D1;2026-01-05;20,00;A;2;10,00;Input")
    named = world.report("invoices", f"{order};D2;2026-01-06;5,00;A;1;;Input")
    wrong = world.report("invoices", f"{order};D2;2026-01-06;7,00;;;;Input")
    right = world.report("invoices", f"{order};D2;2026-01-06;5,00;;;;Input")
    more = world.report("invoices", f"{order};D3;2026-01-06;5,00;;;;Input")

    assert named.failures[0].endswith("of what was invoiced, 0 can; name no item for the 5.00 that are still to come back")
    assert wrong.failures[0].endswith("the row names no item, so it is for all that is open, and 5.00 are to come back")
    assert right.failures == []
    told = world.shop.invoices["m1"]["D2"]
    assert (told["invoiceValue"], told["items"]) == (500, [{"id": "A", "quantity": 2, "price": 0}])
    assert "nothing of the order is left to be returned" in more.failures[0]


def test_an_order_whose_pieces_all_came_back_can_be_cancelled_with_a_return_of_the_rest(world):
    order = world.ordered("m1")
    world.report("invoices", f"{order};N1;2026-01-02;25,00;A;2;10,00")
    world.report("invoices", f"{order};D1;2026-01-05;20,00;A;2;10,00;Input")
    report = world.report("cancellations", f"{order};desistência;D2;2026-01-06")
    world.run()

    assert report.failures == []
    assert world.shop.invoices["m1"]["D2"]["invoiceValue"] == 500
    assert world.shop.cancellations == {"m1": "desistência"}


def test_a_partly_invoiced_order_is_not_cancelled_without_its_return(world):
    order = world.ordered("m1", ("A", 2), ("B", 1))
    world.report("invoices", f"{order};N1;2026-01-02;10,00;A;1;10,00")
    report = world.report("cancellations", f"{order};desistência")

    assert "name the return invoice that takes everything back" in report.failures[0]
    assert world.shop.cancellations == {}


def test_one_sku_at_two_prices_is_one_line_at_its_mean_and_the_invoices_value_stands(world):
    order = world.ordered("m1", ("A", 2))
    world.report("invoices", f"{order};N1;2026-01-02;25,00;A;1;9,00", f"{order};N1;2026-01-02;25,00;A;1;11,00")

    told = world.shop.invoices["m1"]["N1"]
    assert (told["items"], told["invoiceValue"]) == ([{"id": "A", "quantity": 2, "price": 1000}], 2500)


def test_two_invoices_share_a_sku_and_never_exceed_what_was_ordered(world):
    order = world.ordered("m1", ("A", 2))
    world.report("invoices", f"{order};N1;2026-01-02;12,50;A;1;10,00", f"{order};N2;2026-01-02;12,50;A;1;10,00")
    third = world.report("invoices", f"{order};N3;2026-01-02;1,00;A;1;1,00")

    assert sorted(world.shop.invoices["m1"]) == ["N1", "N2"]
    assert "2 were ordered, and 0 of them are not invoiced yet" in third.failures[0]


def test_an_invoice_and_a_cancellation_of_one_order_are_never_under_way_together(world):
    order = world.ordered("m1")
    world.drop("invoices", f"{order};N1;2026-01-02;25,00;A;2;10,00")
    world.drop("cancellations", f"{order};desistência;D1;2026-01-03")
    world.shop.fail_next(500, pattern="invoice")
    world.run()
    assert world.shop.cancellations == {}, "neither invoice nor return is known there yet"
    for _ in range(4):
        world.now += timedelta(minutes=1)
        world.run()

    assert [call.body.get("type", "cancel") for call in world.shop.calls][-3:] == ["Output", "Input", "cancel"]
    assert world.shop.cancellations == {"m1": "desistência"}


def test_an_unknown_day_of_dispatch_is_the_invoices_own_where_the_seller_is(world):
    order = world.ordered("m1")
    world.report("invoices", f"{order};N1;2026-01-04 22:30;25,00;A;2;10,00")
    world.report("tracking", f"{order};N1;Correios;SR1")

    (tracking,) = [call.body for call in world.shop.seen("/invoice/N1$")]
    assert tracking["dispatchedDate"] == "2026-01-04"


def test_a_part_that_takes_the_value_of_the_rest_is_taken_and_said(world):
    order = world.ordered("m1", ("A", 1), ("B", 1))
    report = world.report("invoices", f"{order};N1;2026-01-02;30,00;A;1;10,00")
    doubt = "0.00 are left for 1 of SKU B, which came to 10.00 when ordered: is the invoice's value right?"

    assert any(doubt in line for line in report.lines), report.lines
    assert any(doubt in event.detail for event in world.order(order).history if event.what == "invoice taken")


DELIVERED = ";Correios;SR1;;2026-01-03;2026-01-04;Campinas;SP;entregue;1"


@pytest.mark.parametrize(("invoiced", "tracked"), [("123", "000000123"), ("000000123", "123"), ("0123", "00123")])
@pytest.mark.parametrize("first", ["invoices", "tracking"])
def test_tracking_and_delivery_find_their_invoice_whatever_zeros_lead_its_number(world, invoiced, tracked, first):
    order = world.ordered("m1")
    files = {"invoices": f"{order};{invoiced};2026-01-02;25,00;A;2;10,00", "tracking": f"{order};{tracked}{DELIVERED}"}
    for feed in sorted(files, reverse=first == "tracking"):
        world.report(feed, files[feed])
    world.run()
    again = world.report("tracking", files["tracking"])
    assert len(world.papers(order)) == 3
    assert {paper[1:] for paper in world.papers(order)} == {(invoiced, "reported")}
    assert [call.path.rpartition("/invoice")[2] for call in world.shop.calls] == ["", f"/{invoiced}", f"/{invoiced}/tracking"]
    assert not any("was taken" in line or "tracking SR1" in line for line in again.lines), again.lines


@pytest.mark.parametrize("first", ["invoices", "tracking"])
def test_tracking_of_a_number_that_was_refused_goes_to_the_one_that_differs_by_zeros_and_was_taken(world, first):
    order = world.ordered("m1")
    world.shop.fail_next(400, pattern="invoice")
    world.report("invoices", f"{order};000123;2026-01-02;25,00;A;2;10,00")
    files = {"invoices": f"{order};123;2026-01-02;25,00;A;2;10,00", "tracking": f"{order};000123{DELIVERED}"}
    for feed in sorted(files, reverse=first == "tracking"):
        world.report(feed, files[feed])
    world.run()

    assert {paper[1:] for paper in world.papers(order)} == {("000123", "given-up"), ("123", "reported")}
    assert len(world.papers(order)) == 4


def test_tracking_that_comes_again_after_its_invoice_of_other_zeros_was_refused_is_known_and_holds_up_no_other(world):
    order, other = world.ordered("m1"), world.ordered("m2")
    world.report("tracking", f"{order};123{DELIVERED}")
    world.shop.fail_next(400, pattern="m1/invoice")
    world.report("invoices", f"{order};000123;2026-01-02;25,00;A;2;10,00", f"{other};7;2026-01-02;25,00;A;2;10,00")
    report = world.report("tracking", f"{order};123{DELIVERED}", f"{other};7{DELIVERED}")

    assert (report.failures, world.left("inbox")) == ([], [])
    assert [paper[2] for paper in world.papers(other)] == ["reported"] * 3
    assert [paper[0] for paper in world.papers(order)] == ["tracking", "delivery", "invoice"]


def test_a_number_that_two_invoices_have_but_for_zeros_is_nobodys_and_an_exact_one_its_own(world):
    order = world.ordered("m1", ("A", 3))
    world.report("invoices", f"{order};1;2026-01-02;10,00;A;1;10,00", f"{order};01;2026-01-02;10,00;A;1;10,00")
    world.report("tracking", f"{order};001{DELIVERED}", f"{order};01{DELIVERED}")

    states = {(kind, number): state for kind, number, state in world.papers(order)}
    assert (states["tracking", "01"], states["tracking", "001"]) == ("reported", "waiting")


def test_what_waits_for_an_invoice_that_nobody_sent_is_something_to_do(world):
    order = world.ordered("m1")
    world.report("invoices", f"{order};123;2026-01-02;25,00;A;2;10,00")
    world.report("tracking", f"{order};124;Correios;SR1")
    world.report("acks", f"{order};accepted;1;")
    (world.root / "outbox").mkdir()
    export_orders.run(world.app, Pass(by_hand=True))

    told = why.why(world.app, order)
    assert told.todo == "Let the ERP send invoice 124, which tracking waits for, or that again with an invoice it sent: 123."


def test_a_delivery_at_night_is_told_in_utc_and_its_event_on_the_day_of_the_place(world):
    order = world.ordered("m1")
    world.report("invoices", f"{order};N1;2026-01-02;25,00;A;2;10,00;;Correios;SR1")
    world.report("tracking", f"{order};N1;Correios;SR1;;;2026-01-04 22:30;Campinas;SP;entregue;1")

    (delivery,) = [call.body for call in world.shop.seen("/tracking$")]
    assert delivery["deliveredDate"] == "2026-01-05 01:30"
    assert delivery["events"][0]["date"] == "2026-01-04"

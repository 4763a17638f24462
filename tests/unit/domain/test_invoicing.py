from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given as supposing
from hypothesis import strategies as st

from connector.domain.documents import (
    Cancellation,
    CarrierEvent,
    Delivery,
    Document,
    DocumentKind,
    DocumentState,
    GivenInvoice,
    GivenLine,
    Invoice,
    InvoiceItem,
    Objection,
    Tracking,
)
from connector.domain.invoicing import Fit, judge, return_of_all
from connector.domain.ledger import Ledger
from connector.domain.orders import OrderItem, OrderState, totals
from connector.domain.sequence import reason_to_wait

DAY = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)
ITEMS = (OrderItem("A", 2, 7390, "Normal", 1090), OrderItem("B", 1, 890, "Normal", 0))
TOTAL = 2 * 7390 + 890 + 1090


def sale(value, *lines, number="N1", kind="Output"):
    return GivenInvoice(number, kind, DAY, value, tuple(GivenLine(*line) for line in lines) or (GivenLine("", None, None),))


def invoice(value, *items, number="N1", kind="Output"):
    return Invoice(number, kind, DAY, value, tuple(InvoiceItem(*item) for item in items))


def ledger(*invoices, items=ITEMS):
    return Ledger(items, invoices)


# ── items ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_invoice_of_the_whole_order_fits_as_it_is():
    fit = judge(sale(TOTAL, ("A", 2, 7390), ("B", 1, 890)), ledger())
    assert fit == Fit(invoice(TOTAL, ("A", 2, 7390), ("B", 1, 890)))


def test_an_invoice_without_items_is_filled_with_all_that_is_open():
    fit = judge(sale(TOTAL - 7390, number="N2"), ledger(invoice(7390, ("A", 1, 7390))))
    assert fit == Fit(invoice(TOTAL - 7390, ("A", 1, 7390), ("B", 1, 890), number="N2"))


def test_an_invoice_without_items_is_refused_where_its_value_is_not_what_is_open():
    objection = judge(sale(5000), ledger())
    assert objection == Objection(
        "invoice_value",
        "50.00",
        "the row names no item, so it is for all that is open, and 167.60 are to be invoiced; name sku and quantity",
    )


def test_an_invoice_without_items_is_refused_where_nothing_is_open():
    objection = judge(sale(1, number="N2"), ledger(invoice(TOTAL, ("A", 2, 7390), ("B", 1, 890))))
    assert objection.reason == "the row names no item, and nothing of the order is left to be invoiced"


def test_a_missing_price_is_the_orders_own():
    assert judge(sale(7390, ("A", 1, None)), ledger()).invoice.items == (InvoiceItem("A", 1, 7390),)


def test_a_missing_price_is_the_mean_of_the_lines_of_one_sku():
    items = (OrderItem("A", 1, 1000, "Normal", 0), OrderItem("A", 2, 1100, "Normal", 0))
    assert judge(sale(3200, ("A", 3, None)), ledger(items=items)).invoice.items == (InvoiceItem("A", 3, 1067),)


@pytest.mark.parametrize(
    ("lines", "column", "words"),
    [
        ([("C", 1, 1)], "sku", "SKU C is not in the order, which has A, B"),
        ([("A", 3, 1)], "quantity", "3 of SKU A are invoiced; 2 were ordered, and 2 of them are not invoiced yet"),
        ([("A", 1, 1), ("A", 2, 1)], "quantity", "3 of SKU A are invoiced"),
        ([("A", None, 1)], "quantity", "SKU A needs a quantity of at least 1"),
        ([("A", 0, 1)], "quantity", "at least 1"),
        ([("A", 1, 1), ("", None, None)], "sku", "has to be its invoice's only row"),
    ],
)
def test_items_that_the_order_does_not_have_are_refused(lines, column, words):
    objection = judge(sale(100, *lines), ledger())
    assert objection.column == column
    assert words in objection.reason


def test_quantities_count_over_all_sales_of_the_order():
    objection = judge(sale(7390, ("A", 1, 7390), number="N3"), ledger(invoice(14780, ("A", 2, 7390))))
    assert objection.reason == "1 of SKU A are invoiced; 2 were ordered, and 0 of them are not invoiced yet"


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("off_by", [-2, -1, 1, 2])
def test_the_last_invoice_takes_the_few_cents_that_rounding_left(off_by):
    fit = judge(sale(TOTAL + off_by, ("A", 2, 7390), ("B", 1, 890)), ledger())
    assert fit.invoice.value_cents == TOTAL
    assert "so that the invoices add up to the order's total to the cent" in fit.note


def test_more_than_the_orders_total_is_refused():
    objection = judge(sale(TOTAL + 3, ("A", 2, 7390), ("B", 1, 890)), ledger())
    assert objection == Objection("invoice_value", "167.63", "167.63 is more than is still to be invoiced: 167.60")


def test_a_partial_invoice_of_more_than_is_open_is_refused_to_the_cent():
    assert isinstance(judge(sale(TOTAL + 1, ("A", 1, 7390)), ledger()), Objection)


def test_everything_invoiced_for_less_is_taken_and_said():
    fit = judge(sale(TOTAL - 500, ("A", 2, 7390), ("B", 1, 890)), ledger())
    assert fit.invoice.value_cents == TOTAL - 500
    assert fit.note.startswith("everything is invoiced now, but 5.00 less than the order's total")


@pytest.mark.parametrize("value", [0, -1])
def test_an_invoice_without_value_is_refused(value):
    assert judge(sale(value, ("A", 1, 1)), ledger()).column == "invoice_value"


@pytest.mark.parametrize("number", ["", "NF 1", "NF#1", "NF/1", "NF1 ", "Ç1", "..", "N" * 61, "1\n"])
def test_numbers_that_vtex_can_never_track_are_refused(number):
    assert judge(sale(TOTAL, number=number), ledger()).column == "invoice_number"


@supposing(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 99999), st.integers(0, 999)), min_size=1, max_size=5),
    st.data(),
)
def test_however_an_order_is_split_its_invoices_never_exceed_it(lines, data):
    items = tuple(OrderItem(f"S{n}", quantity, price, "Normal", freight) for n, (quantity, price, freight) in enumerate(lines))
    taken: list[Invoice] = []
    for number in range(8):
        drawn = data.draw(st.lists(st.sampled_from([(i.sku, q, None) for i in items for q in range(1, i.quantity + 1)]), max_size=3))
        value = data.draw(st.integers(1, totals(items).total + 5))
        fit = judge(sale(value, *drawn, number=f"N{number}"), Ledger(items, tuple(taken)))
        if isinstance(fit, Fit):
            taken.append(fit.invoice)
    so_far = Ledger(items, tuple(taken))
    assert so_far.sold_cents <= so_far.total_cents
    assert all(sum(i.quantity for n in taken for i in n.items if i.sku == item.sku) <= item.quantity for item in items)


def paid_otherwise(beyond, *invoices):
    return replace(ledger(*invoices), beyond_lines=beyond)


@pytest.mark.parametrize("beyond", [-1800, 1800])
@pytest.mark.parametrize("off_by", [-2, 2])
@pytest.mark.parametrize("lines", [(), (("A", 2, 7390), ("B", 1, 890))])
def test_cents_of_rounding_are_mended_where_the_marketplace_pays_otherwise_than_the_lines(beyond, off_by, lines):
    fit = judge(sale(TOTAL + off_by, *lines), paid_otherwise(beyond))

    assert fit.invoice.value_cents == TOTAL
    assert fit.note.startswith(f"reported as 167.60 instead of {(TOTAL + off_by) / 100:.2f}: it is what the lines come to")


def test_parts_of_what_the_lines_come_to_are_taken_where_the_marketplace_pays_less():
    first = judge(sale(TOTAL - 890, ("A", 2, 7390)), paid_otherwise(-1800))
    last = judge(sale(889, ("B", 1, 890), number="N2"), paid_otherwise(-1800, first.invoice))

    assert (first.invoice.value_cents, last.invoice.value_cents) == (TOTAL - 890, 890)
    assert "it is what the lines come to" in last.note


def test_parts_come_to_no_more_than_the_lines_where_the_marketplace_pays_less():
    more = judge(sale(TOTAL + 1, ("A", 2, 7390)), paid_otherwise(-1800))
    first = judge(sale(TOTAL - 890, ("A", 2, 7390)), paid_otherwise(-1800))
    less = judge(sale(500, ("B", 1, 890), number="N2"), paid_otherwise(-1800, first.invoice))
    unnamed = judge(sale(500, number="N2"), paid_otherwise(-1800, first.invoice))
    whole = judge(sale(TOTAL, ("A", 2, 7390)), paid_otherwise(-1800))
    nothing = judge(sale(1, ("B", 1, 890), number="N2"), paid_otherwise(-1800, whole.invoice))

    paid = "(the marketplace pays 149.60, the lines come to 167.60)"
    assert more.reason == f"167.61 is more than is still to be invoiced: 149.60 {paid}"
    assert less.note.startswith("everything is invoiced now, but 3.90 less than the order's total")
    assert f"and 8.90 are to be invoiced {paid}" in unnamed.reason
    assert nothing.reason == f"0.01 is more than is still to be invoiced: 0.00 {paid}"


# ── returns ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
SOLD = invoice(TOTAL, ("A", 2, 7390), ("B", 1, 890))


def test_a_return_before_any_sale_is_refused():
    assert judge(sale(100, ("A", 1, 100), kind="Input"), ledger()).column == "type"


def test_a_part_may_come_back():
    fit = judge(sale(7390, ("A", 1, 7390), number="R1", kind="Input"), ledger(SOLD))
    assert fit == Fit(invoice(7390, ("A", 1, 7390), number="R1", kind="Input"))


def test_no_more_comes_back_than_was_sold():
    returned = invoice(7390, ("A", 1, 7390), number="R1", kind="Input")
    too_many = judge(sale(7390, ("A", 2, 3695), number="R2", kind="Input"), ledger(SOLD, returned))
    too_much = judge(sale(TOTAL - 7389, ("A", 1, 7390), number="R2", kind="Input"), ledger(SOLD, returned))
    assert (too_many.reason, too_much.reason) == (
        "2 of SKU A come back; of what was invoiced, 1 can",
        "93.71 is more than is still to come back: 93.70",
    )


def test_pieces_sold_after_a_return_of_the_rest_can_come_back():
    part = invoice(7390 + 1090, ("A", 1, 7390))
    returns = (invoice(7390, ("A", 1, 7390), number="R1", kind="Input"), invoice(1090, ("A", 1, 0), number="R2", kind="Input"))
    later = invoice(7390, ("A", 1, 7390), number="N2")

    assert judge(sale(7390, ("A", 1, 7390), number="R3", kind="Input"), ledger(part, *returns, later)).invoice.value_cents == 7390
    assert isinstance(judge(sale(7390, ("A", 2, 3695), number="R3", kind="Input"), ledger(part, *returns, later)), Objection)


def test_pieces_that_came_back_before_the_sale_that_counts_was_taken_do_not_come_back_twice():
    so_far = ledger(invoice(7390, ("A", 1, 7390), number="R1", kind="Input"), replace(SOLD, number="N2"))
    named = judge(sale(7390, ("A", 2, 3695), number="R2", kind="Input"), so_far)
    whole = judge(return_of_all(so_far, "R2", DAY), so_far)

    assert named.reason == "2 of SKU A come back; of what was invoiced, 1 can"
    assert [(item.sku, item.quantity) for item in whole.invoice.items] == [("A", 1), ("B", 1)]


def test_pieces_that_came_back_at_no_price_do_not_come_back_twice():
    so_far = ledger(SOLD, invoice(7390, ("A", 1, 0), number="R1", kind="Input"))
    assert so_far.to_return == {"A": 1, "B": 1}


def test_the_return_before_a_cancellation_takes_all_that_did_not_come_back():
    so_far = ledger(SOLD, invoice(7390, ("A", 1, 7390), number="R1", kind="Input"))
    fit = judge(return_of_all(so_far, "R2", DAY), so_far)
    assert fit == Fit(invoice(TOTAL - 7390, ("A", 1, 7390), ("B", 1, 890), number="R2", kind="Input"))


# ── what waits for what ─────────────────────────────────────────────────────────────────────────────────────────────────
def document(content, number="N1", state=DocumentState.WAITING):
    kinds = {Invoice: DocumentKind.INVOICE, Tracking: DocumentKind.TRACKING, Delivery: DocumentKind.DELIVERY}
    return Document(1, "O", kinds.get(type(content), DocumentKind.CANCEL), number, "", content, state)


REPORTED = DocumentState.REPORTED
TRACKED = Tracking("N1", "Correios", "SR1", "")
ON_THE_WAY = Delivery("N1", False, None, (CarrierEvent(date(2026, 1, 3), "Campinas", "SP", "em trânsito"),))
RETURN = invoice(TOTAL, ("A", 2, 7390), number="R1", kind="Input")


@pytest.mark.parametrize(
    ("content", "state", "others", "reason"),
    [
        (SOLD, OrderState.PLACED, [], "waits for the order's authorization"),
        (SOLD, OrderState.AUTHORIZED, [], ""),
        (SOLD, OrderState.CANCEL_ASKED, [], ""),
        (RETURN, OrderState.INVOICED, [document(SOLD, state=DocumentState.PENDING)], "waits until invoice N1 is reported"),
        (RETURN, OrderState.INVOICED, [document(SOLD, state=REPORTED)], ""),
        (RETURN, OrderState.INVOICED, [document(SOLD, state=DocumentState.GIVEN_UP)], "waits until a sale (Output) is reported"),
        (TRACKED, OrderState.AUTHORIZED, [], "waits until invoice N1 is reported"),
        (TRACKED, OrderState.INVOICED, [document(SOLD, state=DocumentState.GIVEN_UP)], "waits until invoice N1 is reported"),
        (TRACKED, OrderState.INVOICED, [document(SOLD, state=REPORTED)], ""),
        (ON_THE_WAY, OrderState.INVOICED, [document(TRACKED, state=REPORTED)], "waits until invoice N1 is reported"),
        (
            ON_THE_WAY,
            OrderState.INVOICED,
            [document(SOLD, state=REPORTED)],
            "waits for the tracking number of invoice N1, without which VTEX takes no delivery",
        ),
        (ON_THE_WAY, OrderState.INVOICED, [document(SOLD, state=REPORTED), document(TRACKED, state=REPORTED)], ""),
        (Cancellation("x"), OrderState.AUTHORIZED, [], ""),
        (
            Cancellation("x"),
            OrderState.INVOICED,
            [document(SOLD, state=REPORTED), document(RETURN, "R1")],
            "waits until invoice R1 is reported",
        ),
        (Cancellation("x"), OrderState.INVOICED, [document(SOLD, state=REPORTED), document(RETURN, "R1", REPORTED)], ""),
        (
            Cancellation("x"),
            OrderState.INVOICED,
            [document(SOLD, state=REPORTED), document(RETURN, "R1", DocumentState.GIVEN_UP)],
            "waits until a return of all that was invoiced is reported",
        ),
        (Cancellation("x"), OrderState.INVOICED, [document(SOLD, state=DocumentState.GIVEN_UP), document(RETURN, "R1")], ""),
    ],
)
def test_a_document_waits_for_what_has_to_be_reported_before_it(content, state, others, reason):
    assert reason_to_wait(document(content), state, others) == reason


# ── keys and refunds ────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("key", ["", "35261112ABC34501DE35550010000043211123456782", "0f8fad5b-d9cb-469f-a165-70867728950e"])
def test_a_right_access_key_and_another_countrys_are_taken(key):
    assert judge(replace(sale(TOTAL), key=key), ledger()).invoice.key == key


def test_a_mistyped_access_key_is_refused():
    objection = judge(replace(sale(TOTAL), key="35261112ABC34501DE35550010000043211123456781"), ledger())

    assert objection.column == "invoice_key"
    assert "mistyped" in objection.reason


def test_a_return_before_the_whole_order_was_invoiced_is_taken_and_its_refund_doubted():
    part = invoice(7390, ("A", 1, 7390))
    fit = judge(sale(7390, ("A", 1, 7390), number="D1", kind="Input"), ledger(part))

    assert fit.note == "VTEX refunds a return only once the whole order was invoiced"
    whole = invoice(TOTAL, ("A", 2, 7390), ("B", 1, 890))
    assert judge(sale(7390, ("A", 1, 7390), number="D1", kind="Input"), ledger(whole)).note == ""

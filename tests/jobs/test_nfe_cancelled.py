"""NF-e that SEFAZ cancelled: an alarm that names order and invoice, whenever the event comes."""

import os
import zipfile
from pathlib import Path

import pytest
from documents_world import opened

from connector.usecases import letters, repair

GOLDEN = Path(__file__).parents[1] / "golden" / "invoices"
EVENT = (GOLDEN / "nfe-cancelled.xml").read_text(encoding="utf-8")
KEY = "35261112ABC34501DE35550010000043211123456782"
SAID = "NF-e 4321 was cancelled at SEFAZ on 2026-11-24T16:40:00-03:00 (Pedido em duplicidade & sem entrega)"


@pytest.fixture
def world(tmp_path):
    with opened(tmp_path / "project") as one:
        yield one


def nfe(order, sku="A"):
    text = (GOLDEN / "nfe.xml").read_text(encoding="utf-8").replace("ACME-77", order).replace("000123", sku)
    second = text[text.index('    <det nItem="2">') : text.index("    <total>")]
    return text.replace(second.rstrip() + "\n", "").replace("19.9000000000", "10.0000000000").replace("54.81", "25.00")


def drop(world, name, text):
    path = world.root / "inbox" / "invoices" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (world.now.timestamp(),) * 2)


def take(world, **files):
    for name, text in files.items():
        drop(world, f"{name}.xml", text)
    return world.run()


def test_the_cancellation_of_a_reported_invoice_is_an_alarm_with_order_invoice_and_remedy(world):
    order = world.ordered("m1", ("A", 2))
    take(world, a=nfe(order))
    assert world.papers(order) == [("invoice", "4321", "reported")]
    report = take(world, b=EVENT)

    what = "send its return (type Input), then a cancellation, or the invoice that takes its place"
    remedy = f"invoice 4321 of order {order} was reported: {what}"
    assert report.failures == [f"invoices/b.xml, line 1, invoice_key '{KEY}': {SAID}; {remedy}"]
    assert report.exit_status == 1
    assert [(one["column"], one["reason"]) for one in repair.quarantine_list(world.app)] == [("invoice_key", f"{SAID}; {remedy}")]
    assert "NF-e cancelled" in world.story(order)
    assert world.papers(order) == [("invoice", "4321", "reported")]
    assert list(world.shop.invoices["m1"]) == ["4321"]


def test_an_invoice_that_waits_is_not_reported_any_more(world):
    order = world.place("m1", ("A", 2))
    take(world, a=nfe(order))
    assert world.papers(order) == [("invoice", "4321", "waiting")]
    report = take(world, b=EVENT)
    world.authorize(order)
    world.run()

    assert f"invoice 4321 of order {order} was not reported yet, and will not be" in report.failures[0]
    assert world.papers(order) == [("invoice", "4321", "given-up")]
    assert world.shop.invoices.get("m1", {}) == {}


def test_an_order_whose_cancellation_waits_is_cancelled_when_its_only_sale_was_cancelled_unreported(world):
    order = world.ordered("m1", ("A", 2))
    letters.pause(world.app, "shop")
    take(world, a=nfe(order))
    world.report("cancellations", f"{order};desistência;R1;2026-11-25")
    take(world, b=EVENT)
    letters.resume(world.app, "shop")
    world.run()

    assert [(number, state) for _, number, state in world.papers(order)] == [("4321", "given-up"), ("R1", "given-up"), ("", "reported")]
    assert (world.shop.invoices, world.shop.cancellations) == ({}, {"m1": "desistência"})


def test_an_event_that_comes_before_its_invoice_stops_it(world):
    order = world.ordered("m1", ("A", 2))
    first = take(world, b=EVENT)
    second = take(world, a=nfe(order))

    assert "no order has this invoice: should it come, it is refused" in first.failures[0]
    assert "SEFAZ cancelled this NF-e; its event came before: it is not reported" in second.failures[0]
    assert world.papers(order) == []


def test_the_same_event_again_is_listed_once(world):
    world.ordered("m1", ("A", 2))
    take(world, a=EVENT)
    take(world, b=EVENT.replace("Pedido", "Pedido "))

    assert len(repair.quarantine_list(world.app)) == 1


def test_an_invoice_of_that_number_without_a_key_is_named_and_left(world):
    order = world.place("m1", ("A", 2))
    world.report("invoices", f"{order};4321;2026-11-24;25,00;A;2;10,00")
    report = take(world, b=EVENT)

    assert f"invoice 4321 of order {order} (which names no key: is it this one?) is waiting: look at it" in report.failures[0]
    assert world.papers(order) == [("invoice", "4321", "waiting")]


def test_invoice_and_event_in_one_archive_leave_nothing_to_report(world):
    order = world.ordered("m1", ("A", 2))
    path = world.root / "inbox" / "invoices" / "november.zip"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("nfe.xml", nfe(order))
        archive.writestr("event.xml", EVENT)
    os.utime(path, (world.now.timestamp(),) * 2)
    report = world.run()

    assert world.shop.invoices.get("m1", {}) == {}
    assert world.papers(order) == [("invoice", "4321", "given-up")]
    assert [message[-1] for message in world.messages()] == ["discarded"]
    assert len([line for line in report.failures if SAID in line]) == 1


def test_a_letter_of_correction_is_said_and_no_failure(world):
    report = take(world, c=(GOLDEN / "nfe-correction.xml").read_text(encoding="utf-8"))

    assert (report.failures, report.exit_status) == ([], 0)
    assert "event 110110 of NF-e 4321 changes nothing that a marketplace knows" in report.lines[0]

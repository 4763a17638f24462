import json
import os
import secrets
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from documents_world import HEADS, opened
from servers import wait_for
from sqlalchemy import select

from connector import app as building
from connector import settings as settings_module
from connector.delivery import documents as delivering
from connector.domain.messages import ERP, MAX_ATTEMPTS, Kind, Retry
from connector.domain.orders import OrderState
from connector.errors import Conflict, NotFound, Refused
from connector.sandbox import Sandbox, market
from connector.sandbox.books import SandboxOrder
from connector.sandbox.wire import Reply
from connector.storage import documents as document_store
from connector.storage import order_story, outbox, quarantine
from connector.storage.tables import documents as documents_table
from connector.storage.tables import files, reservations
from connector.storage.tables import orders as orders_table
from connector.usecases import alarms, documents, left, letters, orders, personal_days, repair, retrying, why
from connector.usecases.passes import Pass
from connector.vtex import replies
from jobs import export_orders

ROOT = Path(__file__).parents[2]
INVOICED = "{order};N1;2026-01-02;25,00;A;2;10,00"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def world(request, tmp_path):
    how = {"url": request.getfixturevalue("postgresql_url")} if request.param == "postgresql" else {}
    with opened(tmp_path / "project", **how) as one:
        yield one


@pytest.fixture
def sqlite_world(tmp_path):
    with opened(tmp_path / "project") as one:
        yield one


@pytest.fixture
def older_world(tmp_path):
    with opened(tmp_path / "project", protocol="2017") as one:
        yield one


def numbered(order, invoice):
    """Write an invoice's row under a number of its own: an order's random id may hold any two letters, `N1` too."""
    return INVOICED.format(order=order).replace(";N1;", f";{invoice};")


def bodies(sandbox: Sandbox, pattern: str, method: str = "*"):
    return [call.body for call in sandbox.seen(pattern, method)]


def values(world, number):
    """Return the values that the marketplace was told of an invoice's number."""
    return {body["invoiceValue"] for body in bodies(world.shop, "/invoice$") if body["invoiceNumber"] == number}


def waiting(world, order):
    """Return the number of the message to the marketplace about an order that waits."""
    with world.app.db.read() as tx:
        (number,) = [one["id"] for one in order_story.messages(tx, order) if one["state"] == "pending" and one["destination"] != "erp"]
    return number


def open_rows(world):
    with world.app.db.read() as tx:
        return quarantine.open_rows(tx)


def test_texts_that_no_index_could_hold_are_refused_by_their_length_and_the_others_are_taken(world):
    one, other = world.ordered("1"), world.ordered("2")
    too_long = secrets.token_hex(4000)
    report = world.report("acks", f"{too_long};accepted;77;", f"{one};accepted;{too_long};", f"{other};accepted;78;")

    assert not report.unreachable
    assert [(row["line"], row["column"], row["reason"]) for row in open_rows(world)] == [
        (2, "order_id", "it has 8000 letters, more than 255; shorten it, or look whether the row's columns have slipped"),
        (3, "erp_order_id", "it has 8000 letters, more than 255; shorten it, or look whether the row's columns have slipped"),
    ]
    assert [world.order(number).erp_order_id for number in (one, other)] == [None, "78"]
    assert world.left("acks") == []


def test_the_log_says_how_many_rows_a_file_of_documents_had_and_how_many_were_refused(world, caplog):
    caplog.set_level("INFO", "connector.usecases.intake")
    world.report("invoices", INVOICED.format(order=world.ordered("m1")), INVOICED.format(order="NOBODYS"))
    (settled,) = [record for record in caplog.records if record.getMessage() == "file settled"]
    assert (settled.feed, settled.state, settled.rows, settled.refused) == ("invoices", "applied", 2, 1)


EVERY_SECOND = """
[schedule]
refresh_snapshot = "every 1s"
notify_marketplaces = ""
export_orders = ""
report_documents = "every 1s"
housekeeping = ""
"""
PERSON = ("ANA", "Ana Prado", "FLORES", "19988887777")


def daemon_log(world, until):
    """Run the daemon until its log holds something, and return the log."""
    world.config.write_text(EVERY_SECOND + world.config.read_text())
    path = world.root / "daemon.log"
    words = [sys.executable, "-m", "connector", "--config", str(world.config), "daemon"]
    with path.open("wb") as log:
        process = subprocess.Popen(words, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        wait_for(lambda: until in path.read_text(), f"{until} in the log")
    finally:
        process.terminate()
        process.wait(30)
    return path.read_text()


def test_what_files_and_marketplaces_say_of_a_person_never_reaches_the_log(sqlite_world):
    world = sqlite_world
    rejected, invoiced = world.ordered("m1"), world.ordered("m2")
    acks = world.drop("acks", f"{rejected};rejected;;CLIENTE ANA PRADO LIMA, RUA DAS FLORES 12, FONE 19988887777, SEM CREDITO")
    invoices = world.drop(
        "invoices", INVOICED.format(order=invoiced), INVOICED.format(order="x").replace("2026-01-02", "Ana Prado"), head=HEADS["invoices"]
    )
    nameless = world.drop("products", "Ana Prado;RUA DAS FLORES 12", head="ANA;FLORES")
    for number in (invoiced, rejected):
        world.shop.fail_next(400, body={"error": {"code": "OMS7", "message": f"ANA PRADO of RUA DAS FLORES has no {number}"}})

    log = daemon_log(world, "given up: cancel")

    assert [word for word in PERSON if word in log] == []
    said = (
        f"invoices/{invoices.name}, line 3, issuance_date: it is no date such as",
        f"acks/{acks.name}: 1 taken",
        f"the ERP rejected 1 order within a day: {rejected}",
        "answered 400: …",
        f"products/{nameless.name} was refused: ",
    )
    assert [words for words in said if words not in log] == []
    with world.app.db.read() as tx:
        row = next(one for one in quarantine.open_rows(tx) if one["column"] == "issuance_date")
    assert row["value"] == "Ana Prado"  # people see it, and an erasure reaches it


# ── invoices and tracking ───────────────────────────────────────────────────────────────────────────────────────────────
def test_an_invoice_and_then_its_tracking_are_reported_once_each(world):
    order = world.ordered("m1")
    first = world.report("invoices", INVOICED.format(order=order))
    assert (first.failures, first.exit_status, first.counts["invoice"]) == ([], 0, 1)
    assert world.shop.invoices["m1"]["N1"] == {
        "type": "Output",
        "invoiceNumber": "N1",
        "courier": "",
        "trackingNumber": "",
        "trackingUrl": "",
        "items": [{"id": "A", "quantity": 2, "price": 1000}],
        "issuanceDate": "2026-01-02T03:00:00+00:00",
        "invoiceValue": 2500,
    }

    world.report("tracking", "m1;N1;Correios;SR1;https://t.example/SR1")
    (tracking,) = bodies(world.shop, "/orders/m1/invoice/N1$")
    assert tracking == {
        "courier": "Correios",
        "trackingNumber": "SR1",
        "trackingUrl": "https://t.example/SR1",
        "dispatchedDate": "2026-01-02",
    }
    assert world.order(order).state is OrderState.INVOICED
    assert world.story(order)[3:] == ["invoice taken", "invoiced", "invoice reported", "tracking taken", "tracking reported"]

    calls = len(world.shop.calls)
    assert world.run().exit_status == 0
    assert len(world.shop.calls) == calls
    assert (world.left("inbox"), world.left("archive")) == ([], ["invoices-1.csv", "tracking-2.csv"])


def test_the_marketplaces_receipt_is_kept_with_the_document_and_in_the_orders_story(world):
    order = world.ordered("m1")
    world.report("invoices", INVOICED.format(order=order))
    with world.app.db.read() as tx:
        kept = tx.execute(documents_table.select()).one()
    event = next(e for e in world.order(order).history if e.what == "invoice reported")
    assert kept.reported_at == world.now
    assert kept.receipt
    assert event.detail == f"invoice N1, receipt {kept.receipt}"


def escaped(status, body, headers=None):
    """Answer as VTEX may: with what UTF-8 cannot hold behind a backslash."""
    return Reply(status, b"" if body is None else json.dumps(body).encode(), headers or {})


def test_a_receipt_that_no_database_could_hold_is_kept_as_far_as_it_can_be_read(world, monkeypatch):
    monkeypatch.setattr(market, "json_reply", escaped)
    order = world.ordered("m1")
    world.shop.fail_next(200, pattern="/invoice$", body={"receipt": "R-7\0\ud800" + "x" * 900_000})
    world.report("invoices", INVOICED.format(order=order))
    world.run(by_hand=True)
    assert world.papers(order) == [("invoice", "N1", "reported")]
    assert len(bodies(world.shop, "/invoice$")) == 1


def test_one_answer_that_cannot_be_written_down_ends_as_a_dead_letter_and_the_others_are_told_once(world, monkeypatch):
    monkeypatch.setattr(market, "json_reply", escaped)
    monkeypatch.setattr(replies, "receipt", lambda reply: json.loads(reply.text)["receipt"])  # as it came: neither database takes this one
    good, bad = (world.ordered(number) for number in ("m1", "m2"))
    world.shop.fail_next(200, pattern="m2/invoice$", body={"receipt": "\0\ud800"}, times=100)
    report = world.report("invoices", INVOICED.format(order=good), numbered(bad, "N2"))
    assert "internal: " in report.failures[0]
    for _ in range(MAX_ATTEMPTS + 2):
        world.run(by_hand=True)
    assert world.papers(good) == [("invoice", "N1", "reported")]
    assert world.papers(bad) == [("invoice", "N2", "given-up")]
    assert [len(bodies(world.shop, f"{number}/invoice$")) for number in ("m1", "m2")] == [1, MAX_ATTEMPTS]
    (letter,) = letters.listing(world.app)
    assert letter["reason"].startswith(f"given up after {MAX_ATTEMPTS} attempts: internal: ")


def test_documents_sent_again_are_known_and_no_failure(world):
    order = world.ordered("m1")
    rows = {"invoices": INVOICED.format(order=order), "tracking": f"{order};N1;Correios;SR1;;;2026-01-03;Campinas;SP;em rota;0"}
    for feed, row in rows.items():
        world.report(feed, row)
    calls = len(world.shop.calls)
    for feed, row in rows.items():
        world.drop(feed, row)
    world.drop("invoices", INVOICED.format(order="m1"))
    again = world.run()
    assert (again.exit_status, again.counts["known"], again.counts["documents"]) == (0, 3, 0)
    assert len(world.shop.calls) == calls


def test_rows_of_one_invoice_are_one_invoice_and_partial_ones_add_up(world):
    order = world.ordered("m1", ("A", 3), ("B", 1))
    report = world.report(
        "invoices",
        f"{order};N1;2026-01-02;25,00;A;1;10,00",
        f"{order};N2;2026-01-03;25,01;A;2;10,00",
        f"{order};N1;2026-01-02;25,00;B;1;10,00",
    )
    sent = {body["invoiceNumber"]: body for body in bodies(world.shop, "/orders/m1/invoice$")}
    assert report.failures == []
    assert sent["N1"]["items"] == [{"id": "A", "quantity": 1, "price": 1000}, {"id": "B", "quantity": 1, "price": 1000}]
    assert (sent["N1"]["invoiceValue"], sent["N2"]["invoiceValue"]) == (2500, 2500), "the last one takes the cent"
    assert sum("to the cent" in line for line in report.lines) == 1


def test_an_invoice_without_items_is_reported_with_those_of_the_order(world):
    order = world.ordered("m1", ("A", 2), ("B", 1))
    world.report("invoices", f"{order};N1;2026-01-02;40,00", head="order_id;invoice_number;issuance_date;invoice_value")
    (body,) = bodies(world.shop, "/orders/m1/invoice$")
    assert body["items"] == [{"id": "A", "quantity": 2, "price": 1000}, {"id": "B", "quantity": 1, "price": 1000}]


def test_tracking_in_the_invoices_rows_goes_along_with_it(world):
    order = world.ordered("m1")
    world.report("invoices", INVOICED.format(order=order) + ";Output;Correios;SR1;https://t.example/SR1")
    world.report("tracking", f"{order};N1;Correios;SR1;https://t.example/SR1")
    assert len(world.shop.calls) == 1
    assert world.shop.invoices["m1"]["N1"]["trackingNumber"] == "SR1"
    assert world.papers(order) == [("invoice", "N1", "reported")]


def test_an_invoice_that_comes_again_with_a_tracking_number_brings_the_tracking(world):
    order = world.ordered("m1")
    world.report("invoices", INVOICED.format(order=order))
    again = world.report("invoices", INVOICED.format(order=order) + ";Output;Correios;SR1;")
    assert again.failures == []
    assert [c.path for c in world.shop.calls] == ["/services/pvt/orders/m1/invoice", "/services/pvt/orders/m1/invoice/N1"]


def test_tracking_before_its_invoice_waits_for_it(world):
    order = world.ordered("m1")
    report = world.report("tracking", f"{order};N1;Correios;SR1;;;2026-01-03;Campinas;SP;em rota;0")
    assert world.shop.calls == []
    assert report.lines[-1].endswith(
        f"tracking SR1 (Correios) and 1 carrier event of invoice N1 of order {order}; it waits until invoice N1 is reported"
    )
    assert world.reasons(order) == ["waits until invoice N1 is reported"] * 2

    report = world.report("invoices", INVOICED.format(order=order))
    assert [c.path.split("orders/")[1] for c in world.shop.calls] == ["m1/invoice", "m1/invoice/N1", "m1/invoice/N1/tracking"]
    assert any(line.endswith(f"invoice N1 of order {order} was taken") for line in report.lines)


def test_a_changed_tracking_is_reported_and_one_that_was_overtaken_is_not(world):
    order = world.ordered("m1")
    world.report("tracking", f"{order};N1;Correios;SR1")
    world.report("tracking", f"{order};N1;Correios;SR2")
    world.report("invoices", INVOICED.format(order=order))
    world.report("tracking", f"{order};N1;Jadlog;J3")
    sent = [body["trackingNumber"] for body in bodies(world.shop, "/invoice/N1$")]
    assert sent == ["SR2", "J3"]
    assert world.reasons(order)[:2] == ["a newer one was reported", None]


def test_a_message_about_a_tracking_that_was_told_says_nothing(world):
    order = world.ordered("m1")
    world.report("tracking", f"{order};N1;Correios;SR1")
    world.report("tracking", f"{order};N1;Correios;SR2")
    world.report("invoices", INVOICED.format(order=order))
    with world.app.db.write() as tx:
        outbox.put(tx, "shop", Kind.TRACKING, [f"{order}/N1"], world.now, order_id=order)
    assert world.run().exit_status == 0
    assert len(bodies(world.shop, "/invoice/N1$")) == 1
    assert world.papers(order) == [("tracking", "N1", "given-up"), ("tracking", "N1", "reported"), ("invoice", "N1", "reported")]


def test_the_2017_protocol_sends_the_invoice_again_with_its_tracking(older_world):
    world = older_world
    order = world.ordered("m1")
    world.report("invoices", INVOICED.format(order=order))
    world.report("tracking", f"{order};N1;Correios;SR1")
    first, second = world.shop.seen("/orders/m1/invoice$", "POST")
    assert {**first.body, "courier": "Correios", "trackingNumber": "SR1"} == second.body
    assert first.path == second.path == "/services/pub/orders/m1/invoice"


NFE = """<?xml version="1.0" encoding="UTF-8"?>
<nfeProc xmlns="http://www.portalfiscal.inf.br/nfe" versao="4.00"><NFe><infNFe Id="NFe{key}" versao="4.00">
<ide><nNF>123</nNF><dhEmi>2026-01-02T23:30:00-03:00</dhEmi><tpNF>1</tpNF><tpAmb>1</tpAmb><finNFe>1</finNFe></ide>
<det nItem="1"><prod><cProd>A</cProd><qCom>2.0000</qCom><vUnCom>10.0000000000</vUnCom></prod></det>
<total><ICMSTot><vNF>25.00</vNF></ICMSTot></total><transp><transporta><xNome>Correios</xNome></transporta></transp>
<compra><xPed>{order}</xPed></compra></infNFe></NFe>
<protNFe><infProt><tpAmb>1</tpAmb><chNFe>{key}</chNFe><cStat>100</cStat></infProt></protNFe></nfeProc>"""


def access_key(number: int) -> str:
    """Write a key as SEFAZ does: its last digit is the weighted sum of the others, modulo 11."""
    body = f"352601{'11222333000181'}55001{number:09d}1{'12345678'}"
    rest = sum(int(digit) * (2 + at % 8) for at, digit in enumerate(reversed(body))) % 11
    return body + str(0 if rest < 2 else 11 - rest)


def test_an_nfe_is_reported_with_its_access_key_and_the_instant_of_its_issue(world):
    order, key = world.ordered("m1"), access_key(123)
    folder = world.root / "inbox" / "invoices"
    folder.mkdir(parents=True)
    (folder / f"{key}.xml").write_text(NFE.format(key=key, order=order), encoding="utf-8")
    report = world.run()
    assert report.failures == []
    sent = world.shop.invoices["m1"]["123"]
    assert (sent["invoiceKey"], sent["courier"], sent["issuanceDate"]) == (key, "Correios", "2026-01-03T02:30:00+00:00")
    assert (sent["invoiceValue"], sent["items"]) == (2500, [{"id": "A", "quantity": 2, "price": 1000}])


# ── deliveries ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_each_of_the_carriers_events_is_told_once_and_delivery_stays(world):
    order = world.ordered("m1")
    world.report("invoices", INVOICED.format(order=order))
    on_the_way = f"{order};N1;Correios;SR1;;2026-01-02;2026-01-03;Campinas;SP;em rota;0"
    world.report("tracking", on_the_way)
    world.report("tracking", on_the_way, f"{order};N1;;;;;2026-01-05 14:30;Santos;SP;entregue;1")
    world.report("tracking", on_the_way, f"{order};N1;;;;;2026-01-04;Santos;SP;saiu para entrega;0")
    event = {"city": "Campinas", "state": "SP", "description": "em rota", "date": "2026-01-03"}
    told = bodies(world.shop, "/invoice/N1/tracking$")
    assert told[0] == {"isDelivered": False, "deliveredDate": None, "events": [event]}
    assert [[e["description"] for e in body["events"]] for body in told] == [["em rota"], ["entregue"], ["saiu para entrega"]]
    assert [body["isDelivered"] for body in told] == [False, True, True]
    assert len(bodies(world.shop, "/invoice/N1$")) == 1


def test_a_delivery_without_tracking_number_waits_for_one(world):
    order = world.ordered("m1")
    world.report("invoices", INVOICED.format(order=order))
    world.report("tracking", f"{order};N1;;;;;2026-01-03;Campinas;SP;em rota;0")
    assert world.reasons(order)[-1] == "waits for the tracking number of invoice N1, without which VTEX takes no delivery"
    world.report("tracking", f"{order};N1;Correios;SR1")
    assert [c.path.split("orders/")[1] for c in world.shop.calls] == ["m1/invoice", "m1/invoice/N1", "m1/invoice/N1/tracking"]


def test_an_event_without_its_day_is_refused(world):
    order = world.ordered("m1")
    report = world.report("tracking", f"{order};N1;Correios;SR1;;;;Campinas;SP;em rota;0")
    assert "event_date ''" in report.failures[0]
    assert "a carrier's event needs its day" in report.failures[0]
    assert world.papers(order) == []


def test_an_event_on_the_calendars_first_day_is_a_refused_row_and_no_unexpected_error(sqlite_world):
    order = sqlite_world.ordered("m1")
    report = sqlite_world.report("tracking", f"{order};N1;Correios;SR1;;;0001-01-01T00:00:00Z;Campinas;SP;em rota;0")
    assert "event_date '0001-01-01T00:00:00Z': there is no such day or time" in report.failures[0]
    assert sqlite_world.left("inbox") == []


# ── what waits for authorization ────────────────────────────────────────────────────────────────────────────────────────
def test_an_invoice_before_authorization_waits_and_goes_with_it(world):
    order = world.place("m1")
    report = world.report("invoices", INVOICED.format(order=order))
    assert (report.exit_status, world.shop.calls, world.order(order).state) == (0, [], OrderState.PLACED)
    assert world.reasons(order) == ["waits for the order's authorization"]
    assert report.lines[-1].endswith("was taken; it waits for the order's authorization")

    world.authorize(order)
    assert world.order(order).state is OrderState.INVOICED
    world.run()
    assert len(world.shop.invoices["m1"]) == 1


def test_an_invoice_that_waits_ends_with_its_order(world):
    order = world.place("m1")
    world.report("invoices", INVOICED.format(order=order))
    orders.cancel(world.app, "shop", order, {"reason": "gave up"})
    assert (world.papers(order), world.reasons(order)) == ([("invoice", "N1", "given-up")], ["the order is canceled"])
    assert world.run().exit_status == 0
    assert world.shop.calls == []


def test_all_tracking_that_waits_ends_with_its_order(world):
    order = world.ordered("m1")
    world.shop.fail_next(500, times=9, pattern="/invoice$")
    world.report("invoices", INVOICED.format(order=order))
    world.report("tracking", f"{order};N1;Correios;SR1")
    world.report("tracking", f"{order};N1;Correios;SR2")
    world.report("cancellations", f"{order};came back;R1;2026-01-09")
    world.shop.trouble.end()
    world.now += timedelta(hours=1)
    world.run()
    assert world.order(order).state is OrderState.CANCELED
    assert [paper for paper in world.papers(order) if paper[0] == "tracking"] == [("tracking", "N1", "given-up")] * 2


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_one_bad_row_refuses_its_whole_invoice_and_no_other(world):
    first, second = world.ordered("m1", ("A", 1), ("B", 1)), world.ordered("m2")
    report = world.report(
        "invoices",
        f"{first};N1;2026-01-02;30,00;A;1;10,00",
        f"{first};N1;2026-01-02;30,00;B;one;10,00",
        f"{second};N2;2026-01-02;25,00;A;2;10,00",
    )
    assert report.exit_status == 1
    assert [f.split(":")[0] for f in report.failures] == [
        "invoices/invoices-1.csv, line 2",
        "invoices/invoices-1.csv, line 3, quantity 'one'",
    ]
    assert world.shop.invoices.keys() == {"m2"}
    assert (world.left("archive"), world.left("rejected")) == (["invoices-1.csv"], ["invoices-1.csv.errors.csv"])

    world.report("invoices", f"{first};N1;2026-01-02;30,00;A;1;10,00", f"{first};N1;2026-01-02;30,00;B;1;10,00")
    assert world.shop.invoices.keys() == {"m1", "m2"}
    assert open_rows(world) == []


def test_a_row_whose_key_cannot_be_read_refuses_what_lies_beside_it(world):
    first, second = world.ordered("m1", ("A", 1), ("B", 1)), world.ordered("m2")
    world.report(
        "invoices",
        f"{first};N1;2026-01-02;15,00;A;1;10,00",
        ";;2026-01-02;15,00;B;1;10,00",
        f"{second};N2;2026-01-02;25,00;A;2;10,00",
    )
    assert world.shop.calls == []
    assert [row["line"] for row in open_rows(world)] == [2, 3, 4]


def test_an_ack_is_a_row_and_no_bad_one_beside_it_keeps_it_from_being_taken(world):
    order = world.ordered("m1")
    world.report("acks", f"{order};accepted;77;", ";accepted;;")

    assert world.order(order).erp_order_id == "77"
    assert [row["line"] for row in open_rows(world)] == [3]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{order};N 1;2026-01-02;25,00;A;2;10,00", "line 2, invoice_number 'N 1'"),
        ("{order};N/1;2026-01-02;25,00;A;2;10,00", "line 2, invoice_number 'N/1'"),
        ("{order};N1;2026-01-02;25,00;C;2;10,00", "line 2, sku 'C': SKU C is not in the order, which has A"),
        ("{order};N1;2026-01-02;25,00;A;3;10,00", "line 2, quantity '3': 3 of SKU A are invoiced; 2 were ordered"),
        ("{order};N1;2026-01-02;25,02;A;2;10,00", "line 2, invoice_value '25.02': 25.02 is more than is still to be invoiced: 25.00"),
        ("{order};N1;2026-01-02;25,00;A;2;10,00;Input", "line 2, type 'Input': a return (Input) comes after the sale (Output)"),
    ],
)
def test_an_invoice_that_does_not_fit_is_refused_by_line_column_value_and_reason(sqlite_world, row, words):
    order = sqlite_world.ordered("m1")
    report = sqlite_world.report("invoices", row.format(order=order))
    assert report.exit_status == 1
    assert words in report.failures[0]
    assert (sqlite_world.papers(order), sqlite_world.shop.calls) == ([], [])
    assert sqlite_world.order(order).state is OrderState.AUTHORIZED


def test_a_number_that_was_reported_never_gets_other_content(world):
    order = world.ordered("m1")
    world.report("invoices", f"{order};N1;2026-01-02;12,50;A;1;10,00")
    report = world.report("invoices", f"{order};N1;2026-01-02;12,00;A;1;10,00")
    assert f"invoice N1 of order {order} was reported on 2026-11-23 for 12.50" in report.failures[0]
    assert "this one has the same number and other content (12.00)" in report.failures[0]
    assert len(world.shop.calls) == 1


def test_an_invoice_that_was_not_sent_yet_is_replaced(world):
    order = world.place("m1")
    world.report("invoices", f"{order};N1;2026-01-02;12,50;A;1;10,00")
    world.report("invoices", INVOICED.format(order=order))
    world.authorize(order)
    world.run()
    assert [body["invoiceValue"] for body in bodies(world.shop, "/invoice$")] == [2500]


def test_an_invoice_whose_answer_was_lost_is_repeated_and_never_replaced(world):
    order = world.ordered("m1")
    world.shop.fail_next(500)
    world.report("invoices", f"{order};N1;2026-01-02;12,50;A;1;10,00")
    world.now -= timedelta(seconds=10)
    report = world.report("invoices", f"{order};N1;2026-01-02;12,00;A;1;10,00")
    assert "is being reported" in report.failures[0]
    world.run(by_hand=True)
    first, second = bodies(world.shop, "/invoice$")
    assert first == second


def test_an_invoice_that_waits_for_its_retry_is_laid_aside_by_a_person_and_its_correction_goes_out(world):
    order = world.ordered("m1")
    world.shop.fail_next(500, times=2)
    world.report("invoices", f"{order};N1;2026-01-02;12,50;A;1;10,00")
    refused = world.report("invoices", f"{order};N1;2026-01-02;12,00;A;1;10,00")
    number = waiting(world, order)
    told, spoken = ([one["text"] for one in why.described(why.why(world.app, order), language)["story"]] for language in ("en", "pt"))
    letters.discard(world.app, [number])
    again = world.report("invoices", f"{order};N1;2026-01-02;12,50;A;1;10,00")
    said = world.report("invoices", f"{order};N1;2026-01-02;12,00;A;1;10,00")

    assert f"wait until that is settled (connector why {order})" in refused.failures[0]
    assert f"Where shop will never take it and does not have it, it can be given up: connector dead-letters discard {number}." in told
    assert f"Se shop nunca a aceitar e não a tiver, pode-se desistir dela: connector dead-letters discard {number}." in spoken
    assert (again.exit_status, world.story(order)[-2:]) == (0, ["invoice taken", "invoice reported"])
    assert "it was given up before: laid aside by a person: answered 500" in " ".join(again.lines)
    assert "invoice given up" in world.story(order)
    assert (said.exit_status, world.papers(order)) == (0, [("invoice", "N1", "reported")])
    assert [body["invoiceValue"] for body in bodies(world.shop, "/invoice$")] == [1250, 1250, 1200]


def test_the_alarm_of_one_document_that_always_fails_ends_when_it_is_laid_aside(world):
    order = world.ordered("m1")
    world.shop.fail_next(500, times=5)
    world.report("invoices", INVOICED.format(order=order))
    for _ in range(4):
        world.now += timedelta(minutes=15)
        world.run()
    raised = [alarm.name for alarm in alarms.watch(world.app).raised]
    letters.discard(world.app, [waiting(world, order)])

    assert "blocked" in raised
    assert [alarm.name for alarm in alarms.watch(world.app).over] == ["blocked"]
    assert world.run().exit_status == 0


def test_an_invoice_first_tried_while_the_marketplace_fails_is_never_replaced_either(world):
    first, order = world.ordered("m1"), world.ordered("m2")
    world.shop.fail_next(500, times=3)
    world.report("invoices", INVOICED.format(order=first))
    world.app.db.close()
    world.app = building.build(settings_module.load(world.config), clock=lambda: world.now)  # which remembers that it failed
    world.report("invoices", f"{order};N2;2026-01-02;12,50;A;1;10,00")
    report = world.report("invoices", f"{order};N2;2026-01-02;12,00;A;1;10,00")
    world.run(by_hand=True)

    assert values(world, "N2") == {1250}
    assert "is being reported" in report.failures[0]


def test_an_invoice_that_only_tried_a_closed_way_is_never_replaced_either(world):
    orders_before = [world.ordered(f"m{number}") for number in range(5)]
    world.shop.fail_next(500, times=99)
    for number, order in enumerate(orders_before):
        world.report("invoices", f"{order};F{number};2026-01-02;25,00;A;2;10,00")
    last = world.ordered("m9")
    world.report("invoices", f"{last};N2;2026-01-02;12,50;A;1;10,00")
    untried = values(world, "N2")
    world.report("invoices", f"{last};N2;2026-01-02;12,25;A;1;10,00")  # which nothing forbids yet
    while not values(world, "N2"):
        world.run(by_hand=True)
    report = world.report("invoices", f"{last};N2;2026-01-02;12,00;A;1;10,00")
    world.shop.trouble.failures.clear()
    world.run(by_hand=True)

    assert (untried, values(world, "N2")) == (set(), {1225})
    assert "is being reported" in report.failures[0]
    assert world.papers(last) == [("invoice", "N2", "reported")]


def test_what_was_never_tried_or_is_in_hand_or_is_the_erps_is_not_laid_aside(world):
    order = world.ordered("m1")
    letters.pause(world.app, "shop")
    world.report("invoices", INVOICED.format(order=order))
    with pytest.raises(NotFound):
        letters.discard(world.app, [waiting(world, order)])
    with world.app.db.read() as tx:
        files = [one["id"] for one in order_story.messages(tx, order) if one["destination"] == "erp"]
    for number in files:
        with pytest.raises(NotFound):
            letters.discard(world.app, [number])
    with world.app.db.write() as tx:
        (mine,) = outbox.claim(tx, "shop", [Kind.INVOICE], world.now, 1)
    with pytest.raises(Conflict, match="is being sent just now"):
        letters.discard(world.app, [mine.id])

    assert (len(files), world.papers(order)) == (2, [("invoice", "N1", "pending")])


def test_a_dead_letter_that_was_sent_on_its_way_again_a_moment_ago_is_not_laid_aside_before_it_is_tried(world):
    order = world.ordered("m1")
    world.shop.fail_next(400)
    world.report("invoices", INVOICED.format(order=order))
    number = letters.listing(world.app)[0]["id"]
    letters.replay(world.app, [number])
    with pytest.raises(NotFound):
        letters.discard(world.app, [number])
    world.run()

    assert world.papers(order) == [("invoice", "N1", "reported")]


def test_an_invoice_that_the_marketplace_refused_is_given_up_and_its_correction_goes_out(world):
    order = world.ordered("m1")
    world.shop.fail_next(400, body={"error": {"code": "ORD039", "message": "order state does not accept invoice"}})
    report = world.report("invoices", INVOICED.format(order=order))
    assert "ORD039" in report.failures[0]
    assert world.papers(order) == [("invoice", "N1", "given-up")]
    assert world.story(order)[-1] == "invoice given up"

    world.report("invoices", f"{order};N1;2026-01-03;25,00;A;2;10,00")
    assert world.papers(order) == [("invoice", "N1", "reported")]
    assert letters.listing(world.app) == []


def test_an_invoice_given_up_goes_out_when_the_erp_sends_it_again_unchanged(world):
    order = world.ordered("m1")
    world.shop.fail_next(400)
    world.report("invoices", INVOICED.format(order=order))

    said = world.report("invoices", INVOICED.format(order=order))
    assert said.exit_status == 0
    assert (world.papers(order), letters.listing(world.app)) == ([("invoice", "N1", "reported")], [])


def test_an_invoice_laid_aside_by_a_person_is_not_sent_when_it_comes_again(world):
    order = world.ordered("m1")
    world.shop.fail_next(400)
    world.report("invoices", INVOICED.format(order=order))
    letters.discard(world.app, [letters.listing(world.app)[0]["id"]])

    assert "was given up before" in " ".join(world.report("invoices", INVOICED.format(order=order)).lines)
    assert world.papers(order) == [("invoice", "N1", "given-up")]


def test_an_invoice_all_alone_outlives_an_outage_that_is_answered(world):
    order = world.ordered("m1")
    world.shop.fail_next(503, times=14)
    world.report("invoices", INVOICED.format(order=order))
    for _ in range(13):
        world.now += timedelta(minutes=15)
        assert "answered 503" in world.run().failures[0]
    world.now += timedelta(minutes=15)
    world.run()

    assert (world.papers(order), letters.listing(world.app)) == ([("invoice", "N1", "reported")], [])


def test_a_dead_letter_that_a_person_replays_reports_the_document(world):
    order = world.ordered("m1")
    world.shop.fail_next(400)
    world.report("invoices", INVOICED.format(order=order))
    letters.replay(world.app)
    world.run()
    assert world.papers(order) == [("invoice", "N1", "reported")]


def test_a_cancelled_order_takes_no_documents(world):
    order = world.place("m1")
    orders.cancel(world.app, "shop", order, {})
    for feed, row in {"invoices": INVOICED, "tracking": "{order};N1;Correios;SR1"}.items():
        report = world.report(feed, row.format(order=order))
        assert f"order {order} is canceled: it takes no more documents" in report.failures[0]
    assert world.papers(order) == []


def test_an_id_of_two_marketplaces_is_refused_and_ours_is_taken(world):
    mine, theirs = world.ordered("m1"), world.ordered("m1", account="mall")
    report = world.report("invoices", INVOICED.format(order="m1"))
    assert "two marketplaces have an order m1" in report.failures[0]
    world.report("invoices", INVOICED.format(order=theirs))
    assert (world.shop.invoices, world.mall.invoices.keys()) == ({}, {"m1"})
    assert world.papers(mine) == []


def test_a_file_that_cannot_be_read_is_refused_whole(world):
    report = world.report("invoices", "1;2", head="order_id;invoice_value")
    assert report.exit_status == 1
    assert "invoice_number" in report.failures[0]
    assert world.left("var/work") == []
    assert world.left("rejected") == ["invoices-1.csv", "invoices-1.csv.errors.csv"]


# ── once more ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_document_of_an_order_that_comes_late_is_taken_by_a_retry(world):
    report = world.report("invoices", "m9;N1;2026-01-02;25,00;A;1;10,00", "m9;N1;2026-01-02;25,00;B;1;10,00")
    assert report.exit_status == 1
    assert "no order has the id m9" in report.failures[0]
    first, second = open_rows(world)
    with pytest.raises(Refused, match="no order has the id m9"):
        documents.take_again(world.app, first["id"])
    assert len(open_rows(world)) == 2

    world.ordered("m9", ("A", 1), ("B", 1))
    assert "invoice N1 of order" in documents.take_again(world.app, second["id"])
    assert open_rows(world) == []
    world.run()
    assert world.shop.invoices["m9"]["N1"]["items"] == [{"id": s, "quantity": 1, "price": 1000} for s in "AB"]
    with pytest.raises(Conflict, match="settled already"):
        documents.take_again(world.app, first["id"])


def test_a_tracking_file_that_reaches_back_to_orders_whose_personal_data_is_gone_is_taken_as_ever(world):
    old, new = world.ordered("m1"), world.ordered("m2")
    (world.root / "outbox").mkdir()
    assert export_orders.run(world.app, Pass(by_hand=True)).failures == []
    world.report("invoices", *(f"{order};N{order};2026-01-02;25,00;A;2;10,00" for order in (old, new)))
    seen = f"{old};N{old};Correios;SR1;;;2026-01-03;Campinas;SP;saiu com Joao"
    world.report("tracking", seen)
    world.now += timedelta(days=91)
    assert personal_days.overwrite_outlived(world.app) >= 1
    told = len(world.shop.calls)

    again = world.report("tracking", seen, f"{new};N{new};Correios;SR2")
    assert (again.failures, len(world.shop.calls) - told) == ([], 1)

    more = world.report("tracking", seen, seen.replace("saiu com", "entregue a").replace("01-03", "01-04"))
    assert "1 carrier event" in more.lines[0] or "1 carrier event" in more.lines[1]
    world.now += timedelta(days=91)
    assert personal_days.overwrite_outlived(world.app) >= 1
    with world.app.db.read() as tx:
        assert "Joao" not in str(tx.execute(select(documents_table.c.content)).all())


def test_tracking_keeps_its_days_over_a_retry(world):
    world.report("tracking", "m9;N1;Correios;SR1;;2026-01-03;2026-01-04 10:00;Campinas;SP;em rota;1")
    world.ordered("m9")
    world.report("invoices", INVOICED.format(order="m9"))
    documents.take_again(world.app, open_rows(world)[0]["id"])
    world.run()
    (tracking,) = bodies(world.shop, "/invoice/N1$")
    (delivery,) = bodies(world.shop, "/invoice/N1/tracking$")
    assert (tracking["dispatchedDate"], delivery["deliveredDate"], delivery["events"][0]["date"]) == (
        "2026-01-03",
        "2026-01-04 13:00",
        "2026-01-04",
    )


def test_a_row_that_could_not_be_read_is_not_taken_by_a_retry(world):
    order = world.ordered("m1")
    world.report("invoices", f"{order};N1;2026-01-02;25,00;A;two;10,00")
    with pytest.raises(Conflict, match=r"line 2 of invoices/invoices-1\.csv could not be read"):
        documents.take_again(world.app, open_rows(world)[0]["id"])
    with pytest.raises(NotFound):
        documents.take_again(world.app, 999)


def test_a_document_refused_again_is_listed_once(world):
    world.report("invoices", INVOICED.format(order="m9"))
    world.report("invoices", INVOICED.format(order="m9"))
    assert len(open_rows(world)) == 1


# ── cancellations ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_erp_cancels_an_order_that_is_not_invoiced(world):
    order = world.ordered("m1")
    report = world.report("cancellations", f"{order};sem estoque")
    assert report.failures == []
    assert (world.order(order).state, world.shop.cancellations) == (OrderState.CANCELED, {"m1": "sem estoque"})
    assert bodies(world.shop, "/cancel$") == [{"reason": "sem estoque"}]
    assert world.papers(order) == [("cancel", "", "reported")]
    again = world.report("cancellations", f"{order};sem estoque")
    assert (again.exit_status, again.counts["known"], len(world.shop.calls)) == (0, 1, 1)


def test_a_cancellation_that_the_marketplace_carried_out_already_is_done(world):
    order = world.ordered("m1")
    world.shop.orders["m1"] = SandboxOrder(cancel_reason="by its buyer")
    report = world.report("cancellations", f"{order};sem estoque")
    assert (report.failures, world.papers(order)) == ([], [("cancel", "", "reported")])


def test_a_cancellation_is_the_erps_yes_and_an_invoice_its_no(world):
    yes, no = world.ordered("m1"), world.ordered("m2")
    for order in (yes, no):
        orders.cancel(world.app, "shop", order, {"reason": "gave up"})
    world.drop("cancellations", f"{yes};ok")
    world.report("invoices", INVOICED.format(order=no))
    assert (world.order(yes).state, world.order(no).state) == (OrderState.CANCELED, OrderState.INVOICED)
    assert (world.shop.cancellations, world.shop.invoices.keys()) == ({"m1": "ok"}, {"m2"})


def test_an_invoiced_order_is_returned_in_full_before_it_is_cancelled(world):
    order = world.ordered("m1", ("A", 2), ("B", 1))
    world.report("invoices", f"{order};N1;2026-01-02;25,00;A;2;10,00")
    refused = world.report("cancellations", f"{order};desistência")
    assert "return_invoice_number" in refused.failures[0]
    assert world.order(order).state is OrderState.INVOICED

    world.report("cancellations", f"{order};desistência;D1;2026-01-05")
    assert [c.path.split("orders/")[1] for c in world.shop.calls] == ["m1/invoice", "m1/invoice", "m1/cancel"]
    back = world.shop.invoices["m1"]["D1"]
    assert (back["type"], back["invoiceValue"], back["items"]) == ("Input", 2500, [{"id": "A", "quantity": 2, "price": 1000}])
    assert (world.order(order).state, world.shop.cancellations) == (OrderState.CANCELED, {"m1": "desistência"})
    assert {state for _, _, state in world.papers(order)} == {"reported"}


def test_no_cancellation_goes_out_before_its_return_is_reported(world):
    order = world.ordered("m1")
    world.report("invoices", INVOICED.format(order=order))
    world.shop.fail_next(500, times=4, pattern="invoice")
    world.report("cancellations", f"{order};desistência;D1;2026-01-05")
    assert (bodies(world.shop, "/cancel$"), world.order(order).state) == ([], OrderState.INVOICED)
    assert world.reasons(order)[-1] == "waits until invoice D1 is reported"
    for _ in range(4):
        world.run(by_hand=True)
    assert world.shop.cancellations == {"m1": "desistência"}


def refused_return(world):
    """Have an order whose cancellation waits for a return that the marketplace refused."""
    order = world.ordered("m1")
    world.report("invoices", INVOICED.format(order=order))
    world.shop.fail_next(400, pattern="invoice")
    world.report("cancellations", f"{order};desistência;R1;2026-01-04")
    assert world.papers(order)[1:] == [("invoice", "R1", "given-up"), ("cancel", "", "waiting")]
    return order


def test_a_cancellation_whose_return_was_refused_waits_whatever_else_is_reported(world):
    order = refused_return(world)
    world.report("tracking", f"{order};N1;Correios;AA1")
    world.run()
    assert (bodies(world.shop, "/cancel$"), world.order(order).state) == ([], OrderState.INVOICED)
    assert "waits until a return of all that was invoiced is reported" in world.reasons(order)

    world.report("invoices", f"{order};R2;2026-01-05;25,00;A;2;;Input")
    assert (world.order(order).state, world.shop.cancellations) == (OrderState.CANCELED, {"m1": "desistência"})


@pytest.mark.parametrize("row", ["R2;2026-01-05", "R1;2026-01-05", "R1;2026-01-04"])
def test_a_cancellation_brings_another_return_or_the_same_once_more_where_the_first_was_refused(world, row):
    order = refused_return(world)
    report = world.report("cancellations", f"{order};ainda desiste;{row}")

    assert (report.failures, world.shop.cancellations) == ([], {"m1": "ainda desiste"})
    assert [c.body.get("invoiceNumber") for c in world.shop.calls] == ["N1", "R1", row[:2], None]


def test_a_refused_return_in_whose_place_another_is_under_way_is_not_told_when_it_is_replayed(world):
    order = refused_return(world)
    world.shop.fail_next(500, pattern="invoice")
    world.report("cancellations", f"{order};ainda desiste;R2;2026-01-05")
    letters.replay(world.app)
    failures = world.run(by_hand=True).failures
    world.run(by_hand=True)

    assert (list(world.shop.invoices["m1"]), world.shop.cancellations) == (["N1", "R2"], {"m1": "ainda desiste"})
    assert f"invoice {order}/R1: 25.00 do not fit any more, 0.00 in 0 pieces are still to come back" in failures[0]
    assert [letter["reference"] for letter in letters.listing(world.app)] == [f"{order}/R1"]
    assert letters.discard(world.app, [letters.listing(world.app)[0]["id"]]) == 1


@pytest.mark.parametrize("row", ["R2;2026-01-05", "R1;2026-01-05"])
def test_a_refused_return_that_is_sent_once_more_lets_no_other_into_its_place_until_that_is_settled(sqlite_world, row):
    world = sqlite_world
    order = refused_return(world)
    letters.replay(world.app)
    world.shop.fail_next(500, pattern="invoice")
    world.run(by_hand=True)
    refused = world.report("cancellations", f"{order};ainda desiste;{row}")
    world.run(by_hand=True)

    assert f"wait until that is settled (connector why {order})" in refused.failures[0]
    assert (list(world.shop.invoices["m1"]), world.shop.cancellations) == (["N1", "R1"], {"m1": "desistência"})
    assert len({json.dumps(body) for body in bodies(world.shop, "/invoice$")}) == 2, "the sale's and the return's, the same each time"


def test_a_sale_that_fits_beside_one_that_is_sent_once_more_is_taken(sqlite_world):
    world = sqlite_world
    order = world.ordered("m1", ("A", 1), ("B", 1))
    world.shop.fail_next(400, pattern="invoice")
    world.report("invoices", f"{order};N1;2026-01-02;15,00;A;1;10,00")
    letters.replay(world.app)
    world.shop.fail_next(500, pattern="invoice")
    world.run(by_hand=True)
    assert world.report("invoices", f"{order};N2;2026-01-02;15,00;B;1;10,00").failures == []
    world.run(by_hand=True)

    assert {number: invoice["invoiceValue"] for number, invoice in world.shop.invoices["m1"].items()} == {"N1": 1500, "N2": 1500}


def test_a_refused_sale_in_whose_place_another_was_reported_is_not_told_when_it_is_replayed(world):
    order = world.ordered("m1", ("A", 1), ("B", 1))
    world.shop.fail_next(400, pattern="invoice")
    world.report("invoices", f"{order};N1;2026-01-02;10,00;A;1;10,00")
    world.report("invoices", f"{order};N2;2026-01-02;10,00;A;1;10,00")
    letters.replay(world.app)
    failures = world.run().failures

    assert (list(world.shop.invoices["m1"]), world.papers(order)[0]) == (["N2"], ("invoice", "N1", "given-up"))
    assert f"invoice {order}/N1: 10.00 do not fit any more, 20.00 in 1 pieces are still to be invoiced" in failures[0]


def test_a_return_of_more_than_the_sales_that_the_marketplace_has_is_not_told(world):
    order = world.ordered("m1", ("A", 1), ("B", 1))
    world.report("invoices", f"{order};N1;2026-01-02;15,00;A;1;10,00")
    world.shop.fail_next(500, pattern="invoice")
    world.drop("invoices", f"{order};N2;2026-01-02;15,00;B;1;10,00")
    world.drop("cancellations", f"{order};desistência;R1;2026-01-04")
    world.run()
    letters.discard(world.app, [waiting(world, order)])
    failures = world.run().failures
    assert f"invoice {order}/R1: 30.00 do not fit any more, 15.00 in 1 pieces are still to come back" in failures[0]
    assert bodies(world.shop, "/cancel$") == []

    world.report("cancellations", f"{order};desistência;R1;2026-01-04")
    assert [(one["type"], one["invoiceValue"]) for one in world.shop.invoices["m1"].values()] == [("Output", 1500), ("Input", 1500)]
    assert (world.order(order).state, world.shop.cancellations) == (OrderState.CANCELED, {"m1": "desistência"})


def test_a_refused_return_that_a_person_laid_aside_is_not_sent_when_its_cancellation_comes_again(world):
    order = refused_return(world)
    letters.discard(world.app, [letters.listing(world.app)[0]["id"]])
    report = world.report("cancellations", f"{order};desistência;R1;2026-01-04")

    assert "return invoice R1" not in " ".join(report.lines)
    assert "was given up before" in " ".join(report.lines)
    assert (world.order(order).state, bodies(world.shop, "/cancel$")) == (OrderState.INVOICED, [])


def test_a_cancellation_names_no_other_return_while_the_first_is_on_its_way(world):
    order = world.ordered("m1")
    world.report("invoices", INVOICED.format(order=order))
    world.shop.fail_next(500, times=4, pattern="invoice")
    world.report("cancellations", f"{order};desistência;R1;2026-01-04")
    refused = world.report("cancellations", f"{order};desistência;R2;2026-01-05")

    assert f"order {order} is being cancelled with return invoice R1 already" in refused.failures[0]


def test_the_marketplace_cancels_an_invoiced_order_once_all_of_it_came_back_and_the_erp_is_told(world):
    order = world.ordered("m1")
    world.report("invoices", INVOICED.format(order=order))
    world.report("invoices", f"{order};R1;2026-01-03;20,00;A;2;10,00;Input")
    with pytest.raises(Conflict, match=r"after a return of all that was invoiced: 25\.00 were invoiced, 20\.00 came back"):
        orders.cancel(world.app, "shop", order, {"reason": "gave up"})
    world.drop("invoices", f"{order};R2;2026-01-04;5,00;;;;Input")
    world.shop.fail_next(500, pattern="invoice")
    world.run()
    with pytest.raises(Conflict, match="invoice R2 is not reported yet"):
        orders.cancel(world.app, "shop", order, {"reason": "gave up"})
    world.run(by_hand=True)

    confirmed = orders.cancel(world.app, "shop", order, {"reason": "gave up"})
    assert confirmed is not None
    assert orders.cancel(world.app, "shop", order, {"reason": "gave up"}) == confirmed
    assert (world.order(order).state, world.order(order).cancel_receipt) == (OrderState.CANCELED, confirmed["receipt"])
    with world.app.db.read() as tx:
        assert outbox.waiting(tx, ERP, (Kind.CANCELLATION_FILE,)) == {Kind.CANCELLATION_FILE: 1}
    world.run()
    assert world.shop.cancellations == {}, "it asked for it, and was answered"


def test_the_marketplace_cancels_no_order_of_which_an_invoice_lies_dead_or_a_piece_is_still_to_be_shipped(world):
    part, dead = world.ordered("m1", ("A", 2)), world.ordered("m2", ("A", 2))
    for order in (part, dead):
        world.report("invoices", f"{order};N{order};2026-01-02;10,00;A;1;10,00")
        world.report("invoices", f"{order};R{order};2026-01-03;10,00;A;1;10,00;Input")
    world.shop.fail_next(400, pattern="invoice")
    world.report("invoices", f"{dead};N2;2026-01-04;15,00;A;1;10,00")

    with pytest.raises(Conflict, match=f"{part} is invoiced; .* 1 of A was not invoiced yet: the ERP decides"):
        orders.cancel(world.app, "shop", part, None)
    with pytest.raises(Conflict, match="invoice N2 was given up"):
        orders.cancel(world.app, "shop", dead, None)
    world.report("cancellations", f"{part};desistência")
    assert orders.cancel(world.app, "shop", part, None) is not None


def test_a_return_waits_for_a_sale_that_the_marketplace_has(world):
    order = world.ordered("m1")
    world.drop("invoices", INVOICED.format(order=order))
    world.drop("invoices", f"{order};R1;2026-01-03;25,00;A;2;10,00;Input")
    world.shop.fail_next(400, pattern="invoice")
    world.run()
    world.report("tracking", f"{order};N1;Correios;AA1")
    world.run()
    assert len(world.shop.calls) == 1
    assert world.papers(order)[:2] == [("invoice", "N1", "given-up"), ("invoice", "R1", "waiting")]

    world.report("invoices", f"{order};N1;2026-01-03;25,00;A;2;10,00")
    world.run()
    assert [paper[2] for paper in world.papers(order)] == ["reported"] * 3


def test_an_order_whose_only_sale_was_refused_is_cancelled_without_its_return(world):
    order = world.ordered("m1")
    world.drop("invoices", INVOICED.format(order=order))
    world.drop("invoices", f"{order};R1;2026-01-03;25,00;A;2;10,00;Input")
    world.shop.fail_next(400, pattern="invoice")
    world.run()
    world.report("cancellations", f"{order};desistência")

    assert (world.order(order).state, world.shop.cancellations) == (OrderState.CANCELED, {"m1": "desistência"})
    assert world.papers(order)[:2] == [("invoice", "N1", "given-up"), ("invoice", "R1", "given-up")]


def sold_and_cancelled_at_once(world, **how):
    """Have an order whose sale, return and cancellation come in one pass."""
    order = world.ordered("m1", **how)
    world.drop("invoices", INVOICED.format(order=order))
    world.drop("cancellations", f"{order};desistência;R1;2026-01-04")
    world.run()
    return order


def test_a_cancellation_that_waits_is_carried_out_when_the_marketplace_refuses_its_only_sale(world):
    world.shop.fail_next(400, pattern="invoice")
    order = sold_and_cancelled_at_once(world)
    world.run()

    assert (world.order(order).state, world.shop.cancellations) == (OrderState.CANCELED, {"m1": "desistência"})
    assert [(number, state) for _, number, state in world.papers(order)] == [("N1", "given-up"), ("R1", "given-up"), ("", "reported")]


def test_a_cancellation_that_waits_is_carried_out_when_a_person_lays_its_only_sale_aside(world):
    world.shop.fail_next(500, times=2, pattern="invoice")
    order = sold_and_cancelled_at_once(world)
    assert world.order(order).state is OrderState.INVOICED
    letters.discard(world.app, [waiting(world, order)])
    world.run()

    assert (world.order(order).state, world.shop.cancellations) == (OrderState.CANCELED, {"m1": "desistência"})


def test_no_order_is_cancelled_while_its_only_sale_is_sent_once_more(world):
    order = world.ordered("m1")
    world.shop.fail_next(400, pattern="invoice")
    world.report("invoices", INVOICED.format(order=order))
    letters.replay(world.app)
    world.shop.fail_next(500, times=2, pattern="invoice")
    world.run()
    world.report("cancellations", f"{order};desistência")
    assert (world.order(order).state, bodies(world.shop, "/cancel$")) == (OrderState.INVOICED, [])
    assert world.reasons(order)[-1] == "waits until it is settled whether invoice N1 is reported"

    world.run(by_hand=True)
    world.report("cancellations", f"{order};desistência;R1;2026-01-04")
    assert (list(world.shop.invoices["m1"]), world.shop.cancellations) == (["N1", "R1"], {"m1": "desistência"})


def lies_dead_for_the_mall(world):
    """Have a sale that died with its marketplace, and a cancellation that waits for it; returns its order, and the whole settings."""
    world.mall.fail_next(503, times=1_000_000)
    order = sold_and_cancelled_at_once(world, account="mall")
    world.mall.trouble.end()
    whole = loses_its_second_section(world)
    for _ in range(2):
        world.run()
        world.now += timedelta(days=7)
    assert world.order(order).state is OrderState.INVOICED, "nobody knows yet whether it will be sent after all"
    return order, whole


def test_a_cancellation_that_waits_for_a_sale_that_died_goes_its_way_when_that_is_sent_again(world):
    order, whole = lies_dead_for_the_mall(world)
    goes_on_with(world, whole)
    letters.replay(world.app)
    world.run()

    assert (list(world.mall.invoices["m1"]), world.mall.cancellations) == (["N1", "R1"], {"m1": "desistência"})
    assert world.order(order).state is OrderState.CANCELED


def test_a_cancellation_that_waits_for_a_sale_that_died_is_carried_out_when_that_is_laid_aside(world):
    order, whole = lies_dead_for_the_mall(world)
    letters.discard(world.app, [letter["id"] for letter in letters.listing(world.app)])
    goes_on_with(world, whole)
    world.run()

    assert (world.order(order).state, world.mall.invoices, world.mall.cancellations) == (OrderState.CANCELED, {}, {"m1": "desistência"})


def test_a_cancellation_that_comes_again_waits_while_its_only_sale_lies_dead_for_the_marketplace_may_have_it(world):
    order, whole = lies_dead_for_the_mall(world)
    goes_on_with(world, whole)
    world.report("cancellations", f"{order};desistência;R1;2026-01-04")

    assert (world.order(order).state, world.mall.cancellations) == (OrderState.INVOICED, {})


def test_no_order_is_cancelled_where_its_only_sale_is_refused_after_an_answer_that_was_lost(world, monkeypatch):
    """The marketplace may have taken the first."""
    send = delivering.send

    def lost(app, line, kind, request, stop):
        send(app, line, kind, request, stop)
        return Retry("the answer was lost", is_its_own=True), True

    with monkeypatch.context() as patch:
        patch.setattr(delivering, "send", lost)
        order = sold_and_cancelled_at_once(world)
    world.shop.fail_next(400, pattern="invoice")
    world.run(by_hand=True)

    assert world.papers(order)[0] == ("invoice", "N1", "given-up")
    assert (list(world.shop.invoices["m1"]), world.order(order).state) == (["N1"], OrderState.INVOICED)


def test_a_return_that_the_erp_sent_before_needs_no_second_one(world):
    order = world.ordered("m1")
    world.report("invoices", INVOICED.format(order=order))
    world.report("invoices", f"{order};D1;2026-01-05;25,00;A;2;10,00;Input")
    world.report("cancellations", f"{order};desistência")
    assert world.shop.cancellations == {"m1": "desistência"}
    assert len(world.shop.invoices["m1"]) == 2


def test_a_cancellation_that_contradicts_itself_is_refused(world):
    order = world.ordered("m1")
    report = world.report("cancellations", f"{order};sem estoque", f"{order};desistência")
    assert "lines 2 and 3 say different things of the same order" in report.failures[0]
    assert world.order(order).state is OrderState.AUTHORIZED


# ── acks ────────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_ack_counts_from_the_time_of_its_file(world):
    order = world.ordered("m1")
    written_at = world.now
    report = world.report("acks", "m1;accepted;ERP-7")
    assert report.failures == []
    assert (world.order(order).erp_order_id, world.order(order).acked_at) == ("ERP-7", written_at)
    with world.app.db.read() as tx:
        assert tx.execute(reservations.select()).one().acked_at == written_at
    assert world.report("acks", "m1;accepted;ERP-7").counts["known"] == 1


def test_an_order_that_the_erp_rejects_is_cancelled_at_the_marketplace(world):
    order = world.ordered("m1")
    world.report("acks", f"{order};rejected;;CPF inválido")
    assert (world.order(order).state, world.shop.cancellations) == (OrderState.CANCELED, {"m1": "CPF inválido"})


def test_the_rejection_of_an_invoiced_order_is_refused(world):
    order = world.ordered("m1")
    world.report("invoices", INVOICED.format(order=order))
    report = world.report("acks", f"{order};rejected;;tarde")
    assert "status 'rejected'" in report.failures[0]
    assert world.order(order).state is OrderState.INVOICED


# ── marketplaces, failures, crashes ─────────────────────────────────────────────────────────────────────────────────────
def test_two_marketplaces_are_told_each_its_own(world):
    ours, theirs = world.ordered("m1"), world.ordered("m2", account="mall")
    world.report("invoices", INVOICED.format(order=ours), INVOICED.format(order=theirs))
    assert (world.shop.invoices.keys(), world.mall.invoices.keys()) == ({"m1"}, {"m2"})


def test_one_marketplace_that_is_down_does_not_hold_up_the_other(world):
    ours, theirs = world.ordered("m1"), world.ordered("m2", account="mall")
    world.shop.fail_next(503, times=99)
    report = world.report("invoices", INVOICED.format(order=ours), INVOICED.format(order=theirs))
    assert report.exit_status == 1
    assert world.mall.invoices.keys() == {"m2"}
    assert world.papers(ours) == [("invoice", "N1", "pending")]


def test_a_newest_tracking_that_was_given_up_while_an_older_one_waited_is_told_when_it_is_replayed(world):
    order = world.ordered("m1")
    world.report("invoices", INVOICED.format(order=order))
    world.shop.fail_next(503, pattern="invoice/N1")
    world.report("tracking", f"{order};N1;Correios;OLD")
    world.shop.fail_next(400, pattern="invoice/N1")
    world.now += timedelta(minutes=20)
    world.report("tracking", f"{order};N1;Correios;NEW")
    assert [letter["kind"] for letter in letters.listing(world.app)] == ["tracking"]

    letters.replay(world.app)
    world.run()
    assert bodies(world.shop, "invoice/N1")[-1]["trackingNumber"] == "NEW"
    assert world.papers(order)[1:] == [("tracking", "N1", "given-up"), ("tracking", "N1", "reported")]


def loses_its_second_section(world):
    text = world.config.read_text()
    goes_on_with(world, text[: text.rindex("[[marketplaces]]")])
    return text


def goes_on_with(world, settings):
    world.config.write_text(settings)
    world.app.db.close()
    world.app = building.build(settings_module.load(world.config), clock=lambda: world.now)


def test_what_an_order_has_to_tell_a_marketplace_that_left_the_settings_is_said_until_it_is_back(world):
    order = world.ordered("m1", account="mall")
    whole = loses_its_second_section(world)
    reports = [world.report("invoices", INVOICED.format(order=order)), world.run()]
    assert [report.exit_status for report in reports] == [1, 1]
    assert all(report.failures[-1].startswith("mall is not in the settings, and 1 message about an order waits") for report in reports)
    with world.app.db.read() as tx:
        assert ("blocked", "mall") in [(alarm.name, alarm.subject) for alarm in alarms.current(tx, world.app)]
    assert "mall is not in the settings" in why.why(world.app, order).todo
    (check,) = left.checks(world.app)
    assert (check.name, check.state) == ("marketplace mall", "fail")

    goes_on_with(world, whole)
    assert world.run().failures == []
    assert (world.papers(order), list(left.checks(world.app))) == ([("invoice", "N1", "reported")], [])


def test_what_waits_for_a_marketplace_that_left_becomes_a_dead_letter_after_a_week(world):
    order = world.ordered("m1", account="mall")
    loses_its_second_section(world)
    world.report("invoices", INVOICED.format(order=order))
    world.now += timedelta(days=7)
    world.run()

    (letter,) = letters.listing(world.app)
    assert (letter["destination"], letter["kind"]) == ("mall", "invoice")
    assert "put it back, then: connector dead-letters replay" in letter["reason"]
    assert world.run().failures == []


def waits_for_the_mall(world):
    """Let an invoice of the mall's wait; returns its order, and the settings whose second section is gone now."""
    order = world.ordered("m1", account="mall")
    world.mall.fail_next(503, times=1_000_000)
    world.report("invoices", INVOICED.format(order=order))
    world.mall.trouble.end()
    return order, loses_its_second_section(world)


def test_the_week_begins_when_the_marketplace_is_first_seen_to_be_gone_and_anew_when_it_was_back(world):
    _, whole = waits_for_the_mall(world)
    goes_on_with(world, whole)
    letters.pause(world.app, "mall")
    world.now += timedelta(days=8)
    for _ in range(2):
        loses_its_second_section(world)
        world.run()
        world.now += timedelta(days=6)
        assert (world.run().counts["dead"], letters.listing(world.app)) == (0, []), "it has been away for six days"
        goes_on_with(world, whole)
        world.run()
    loses_its_second_section(world)
    world.run()
    world.now += timedelta(days=7)
    assert world.run().counts["dead"] == 1


def test_what_is_put_for_a_marketplace_that_left_long_ago_has_a_week_of_its_own(world):
    waits_for_the_mall(world)
    order = world.ordered("m2")
    world.run()
    with world.app.db.write() as tx:
        tx.execute(orders_table.update().where(orders_table.c.order_id == order).values(account="mall"))
    world.now += timedelta(days=6)
    world.report("invoices", INVOICED.format(order=order))
    world.now += timedelta(days=6)
    world.run()

    assert [letter["reference"] == f"{order}/N1" for letter in letters.listing(world.app)] == [False]
    assert world.papers(order) == [("invoice", "N1", "pending")]


def test_what_a_marketplace_that_left_is_not_told_is_given_up_in_the_documents_and_the_order_and_replayed_as_any(world):
    order, whole = waits_for_the_mall(world)
    world.run()
    world.now += timedelta(days=7)
    world.run()
    assert world.papers(order) == [("invoice", "N1", "given-up")]
    (event,) = [event for event in world.order(order).history if event.what == "invoice given up"]
    assert event.detail == f"invoice N1: {left.GONE}"
    assert why.why(world.app, order).todo.startswith("Look at what was given up")

    goes_on_with(world, whole)
    letters.replay(world.app)
    assert world.run().failures == []
    assert (world.papers(order), world.mall.invoices.keys()) == ([("invoice", "N1", "reported")], {"m1"})


def test_what_was_in_hand_for_a_marketplace_that_left_when_its_process_died_is_said_and_given_up_too(world):
    order, _ = waits_for_the_mall(world)
    with world.app.db.write() as tx:
        assert outbox.claim(tx, "mall", [Kind.INVOICE], world.now + timedelta(hours=1), 1)
    assert world.run().failures == [], "whoever has it may be at work"
    world.now += timedelta(hours=2)
    assert world.run().failures[-1].startswith("mall is not in the settings, and 1 message about an order waits")
    world.now += timedelta(days=7)
    world.run()
    assert (world.papers(order), len(letters.listing(world.app))) == ([("invoice", "N1", "given-up")], 1)


@pytest.mark.parametrize("endpoint", ["", "https://evil.example/services/", "http://oms.vtexinternal.com.br/api/oms?an=shop"])
def test_an_order_that_names_a_foreign_address_is_reported_to_the_marketplaces_own(sqlite_world, endpoint):
    world = sqlite_world
    order = world.ordered("m1", endpoint=endpoint)
    world.report("invoices", INVOICED.format(order=order))
    world.report("tracking", f"{order};N1;Correios;SR1")
    assert [(c.method, c.path) for c in world.shop.calls] == [
        ("POST", "/api/oms/pvt/orders/m1/invoice"),
        ("PATCH", "/api/oms/pvt/orders/m1/invoice/N1"),
    ]


def test_a_dry_run_says_what_it_would_take_and_tell_and_changes_nothing(world):
    order, other = world.ordered("m1"), world.ordered("m2")
    world.shop.fail_next(500)
    world.report("invoices", INVOICED.format(order=other))
    world.drop("invoices", INVOICED.format(order=order), INVOICED.format(order="m9"))
    world.drop("cancellations", f"{order};x")
    calls, messages = len(world.shop.calls), world.messages()
    report = world.run(dry_run=True)
    assert any(f"invoice N1 of order {order} was taken" in line for line in report.lines)
    assert any("would tell invoice 1" in line for line in report.lines)
    assert "no order has the id m9" in report.failures[0]
    assert (len(world.shop.calls), world.messages()) == (calls, messages)
    assert (world.left("inbox"), world.left("var/work")) == (["cancellations-3.csv", "invoices-2.csv"], [])
    assert (world.papers(order), open_rows(world)) == ([], [])


def test_a_file_that_a_crash_left_in_the_source_is_moved_and_not_taken_again(world):
    order = world.ordered("m1")
    path = world.drop("invoices", INVOICED.format(order=order))
    content, times = path.read_bytes(), path.stat()
    world.run()
    with world.app.db.write() as tx:
        tx.execute(files.update().values(moved_at=None))
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    report = world.run()
    assert (report.lines, report.failures, world.left("inbox")) == ([], [], [])
    assert (len(world.shop.calls), world.count(files)) == (1, 1)


RUN = """
import sys
from threading import Event
from connector import app
from connector.usecases.passes import Pass
from jobs import report_documents
from pathlib import Path
report_documents.run(app.load(Path(sys.argv[1])), Pass(by_hand=True))
"""


def test_a_process_killed_between_sending_and_settling_repeats_the_same_invoice_and_nothing_else(sqlite_world):
    world = sqlite_world
    order = world.ordered("m1")
    world.drop("invoices", INVOICED.format(order=order) + ";Output;Correios;SR1;")
    world.shop.fail_next(200, delay_seconds=60, body={"receipt": "never read"})
    process = subprocess.Popen([sys.executable, "-c", RUN, str(world.config)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    deadline = time.monotonic() + 30
    while not world.shop.calls and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert world.papers(order) == [("invoice", "N1", "pending")]

    world.run()
    world.run()
    first, second = world.shop.calls
    assert (first.path, json.dumps(first.body)) == (second.path, json.dumps(second.body))
    assert world.papers(order) == [("invoice", "N1", "reported")]


# ── PROCEDA OCOREN: the carrier knows the invoice, not the order ────────────────────────────────────────────────────────
def ocoren(*events):
    """Write events (invoice number, code, day DDMMAAAA) as a carrier does."""
    head = ["000" + "TRANSPORTADORA SILVA".ljust(70) + "2411261030OCO241110300", "340OCORR241110300", "341" + "12345678000195" + "SILVA"]
    return "\r\n".join([*head, *(f"34212345678000195001{number:>08}{code}{day}1402" for number, code, day in events)]) + "\r\n"


def drop_ocoren(world, name, *events):
    folder = world.app.root / "inbox" / "tracking"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(ocoren(*events), encoding="cp1252")


def test_a_carriers_ocoren_is_told_of_the_order_that_has_the_invoice(world):
    order = world.ordered("m1", ("A", 2))
    world.report("invoices", numbered(order, "000123"))
    world.report("tracking", f"{order};000123;Silva;SR1;;;;;;;")
    drop_ocoren(world, "oco.txt", ("123", "00", "24112026"), ("123", "01", "25112026"))
    report = world.run()

    assert report.failures == []
    assert world.shop.orders["m1"].deliveries["000123"][-1]["isDelivered"] is True
    assert [e["description"] for e in world.shop.orders["m1"].deliveries["000123"][-1]["events"]] == [
        "Processo de transporte já iniciado",
        "Entrega realizada normalmente",
    ]


def test_a_carriers_ocoren_is_told_of_the_invoice_that_took_the_place_of_one_given_up(world):
    order = world.ordered("m1", ("A", 2))
    world.report("invoices", numbered(order, "000123"))
    with world.app.db.write() as tx:
        document_store.withdraw(tx, document_store.of_order(tx, order)[0], "mistaken", world.now)
    drop_ocoren(world, "before.txt", ("123", "00", "24112026"))
    before = world.run()
    world.report("invoices", numbered(order, "123"))
    drop_ocoren(world, "oco.txt", ("123", "01", "25112026"))
    report = world.run()

    assert (before.failures, report.failures) == ([], [])
    assert [line for line in report.lines if f"of invoice 123 of order {order}" in line]


def test_a_carriers_ocoren_is_told_of_no_order_where_two_have_the_invoice_and_one_was_given_up(world):
    one, two = world.ordered("m1"), world.ordered("m2")
    world.shop.fail_next(400, pattern="m1/invoice")
    world.report("invoices", numbered(one, "000123"))
    world.report("invoices", numbered(two, "123"))
    world.report("tracking", f"{two};123;Silva;SR2;;;;;;;")
    drop_ocoren(world, "oco.txt", ("123", "01", "25112026"))
    report = world.run()

    assert any("several orders have an invoice 123" in failure for failure in report.failures), report.failures
    assert not world.shop.orders["m2"].deliveries


def test_an_ocoren_of_an_invoice_that_nobody_knows_yet_is_listed_and_can_be_taken_again(world):
    drop_ocoren(world, "oco.txt", ("123", "01", "25112026"))
    report = world.run()
    (row,) = repair.quarantine_list(world.app)
    assert "no order has an invoice 123" in report.failures[0]
    order = world.ordered("m1", ("A", 2))
    world.report("invoices", numbered(order, "123"))
    said = retrying.retry(world.app, [row["id"]])

    assert said["refused"] == []
    assert f"delivery of invoice 123 of order {order}" in said["taken"][0]["outcome"]
    assert repair.quarantine_list(world.app) == []

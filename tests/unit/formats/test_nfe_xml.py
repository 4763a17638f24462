import time
import tracemalloc
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.errors import FileRefused
from connector.feeds import FEEDS, open_reading
from connector.formats.layout import Layout

SAMPLE = (Path(__file__).parents[2] / "golden/invoices/nfe.xml").read_text(encoding="utf-8")


@pytest.fixture
def read(tmp_path):
    def read(text, layout=None):
        path = tmp_path / "nfe.xml"
        path.write_text(text, encoding="utf-8")
        reading = open_reading(FEEDS["invoices"], path, layout or Layout(), timezone=ZoneInfo("UTC"))
        return [row for batch in reading.batches() for _, row in batch.rows]

    return read


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ("<cStat>100", "<cStat>101", "not authorised"),
        ("<cStat>100</cStat>", "", "cStat is missing"),
        ("<tpAmb>1</tpAmb><finNFe>", "<tpAmb>2</tpAmb><finNFe>", "for tests"),
        ("<finNFe>1", "<finNFe>2", "neither a sale nor a return"),
        ("<tpNF>1", "<tpNF>0", "neither a sale nor a return"),
        ("<nNF>4321", "<nNF>4322", "not that of the invoice"),
        ("11123456782", "11123456783", "no valid key"),
        ("<xPed>ACME-77</xPed>", "", "names no order"),
        ("<cProd>000123</cProd><qCom>2.0000", "<cProd>000123</cProd><qCom>2.5000", "no whole number"),
        ("nfeProc", "procInutNFe", "not nfeProc"),
        ("nfeProc", "procEventoNFe", "no valid key"),
        ('<?xml version="1.0" encoding="UTF-8"?>', '<!DOCTYPE x [<!ENTITY a "b">]>', "no XML that an NF-e can be"),
        ("</nfeProc>", "", "no XML that an NF-e can be"),
        ("<transp>", "<transp>" + "x" * (5 << 20), "larger than 5 MB"),
        ("<transp>", "<transp>" + "<a>" * 60 + "</a>" * 60, "nested deeper than 50"),
        ("<transp>", "<transp>" + "<a/>" * 200_000, "more than 200000 elements"),
    ],
)
def test_what_is_no_authorised_sale_or_return_is_refused(read, was, becomes, why):
    assert was in SAMPLE
    with pytest.raises(FileRefused, match=why):
        read(SAMPLE.replace(was, becomes))


def test_an_nfe_that_does_not_say_its_environment_is_not_called_a_test(read):
    assert read(SAMPLE.replace("<tpAmb>1</tpAmb>", "")) == read(SAMPLE)


def test_items_of_several_orders_are_refused(read):
    with pytest.raises(FileRefused, match="several orders"):
        read(SAMPLE.replace("ACME-77", "ACME-78", 1))


def test_a_return_is_an_input(read):
    rows = read(SAMPLE.replace("<finNFe>1", "<finNFe>4").replace("<tpNF>1", "<tpNF>0"))

    assert {row[7] for row in rows} == {"Input"}


def test_the_order_of_the_purchase_goes_before_that_of_the_items(read):
    rows = read(SAMPLE.replace("</infNFe>", "<compra><xPed>ACME-1</xPed></compra></infNFe>"))

    assert {row[0] for row in rows} == {"ACME-1"}


def test_the_order_is_found_in_the_additional_information_by_the_layout(read):
    text = SAMPLE.replace("<xPed>ACME-77</xPed>", "").replace("</infNFe>", "<infAdic><infCpl>Pedido: ACME-9.</infCpl></infAdic></infNFe>")
    rows = read(text, Layout(order_pattern="Pedido: ([A-Z0-9-]+)"))

    assert {row[0] for row in rows} == {"ACME-9"}


EVENT = (Path(__file__).parents[2] / "golden/invoices/nfe-cancelled.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ("<cStat>135", "<cStat>573", "event of NF-e 4321 is not registered: cStat is 573"),
        ("<cStat>135</cStat>", "", "cStat is missing"),
        ("<tpAmb>1</tpAmb><cStat>", "<tpAmb>2</tpAmb><cStat>", "for tests"),
        ("11123456782</chNFe>\n    <dhEvento>", "11123456783</chNFe>\n    <dhEvento>", "no valid key"),
    ],
)
def test_an_event_that_is_not_registered_is_refused(read, was, becomes, why):
    assert was in EVENT
    with pytest.raises(FileRefused, match=why):
        read(EVENT.replace(was, becomes))


BILLION = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "text",
    [
        f'<!DOCTYPE x [<!ENTITY e0 "ha">{BILLION}]><nfeProc>&e11;</nfeProc>',
        f'<!DOCTYPE x [<!ENTITY e "{"x" * 100_000}">]><nfeProc>{"&e;" * 100_000}</nfeProc>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><nfeProc>&e;</nfeProc>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><nfeProc/>',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><nfeProc/>',
        "<a>" * (5 << 20 >> 2),
        "<a " + " ".join(f'a{n}="1"' for n in range(100_000)) + "/>",
        "\x00\x01\x02" * 100_000,
        "\u00ff" * 1_000_000,
        "",
    ],
    ids=["billion", "quadratic", "file", "dtd", "parameter", "deep", "attributes", "nul", "letters", "empty"],
)
def test_hostile_xml_is_refused_in_bounded_time_and_memory(read, text):
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(FileRefused, match=r"no XML that an NF-e can be|not nfeProc"):
        read(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert time.process_time() - began < 5
    assert peak < 100 << 20

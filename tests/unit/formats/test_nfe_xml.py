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
        ("nfeProc", "procEventoNFe", "not nfeProc"),
        ('<?xml version="1.0" encoding="UTF-8"?>', '<!DOCTYPE x [<!ENTITY a "b">]>', "no XML that an NF-e can be"),
        ("</nfeProc>", "", "no XML that an NF-e can be"),
        ("<transp>", "<transp>" + "x" * (5 << 20), "larger than 5 MB"),
    ],
)
def test_what_is_no_authorised_sale_or_return_is_refused(read, was, becomes, why):
    assert was in SAMPLE
    with pytest.raises(FileRefused, match=why):
        read(SAMPLE.replace(was, becomes))


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

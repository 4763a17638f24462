"""The templates that are shipped: each renders every order, whatever customers wrote, into what its format allows."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_order_files import ORDER

from connector.domain.orders import OrderState
from connector.formats.order_files import cancellation_file, dispatch_file, order_file

SHIPPED = Path(__file__).parents[3] / "config" / "templates"
ODD = "Ação & <b>“Cia”</b> d'Água\r\n+55:?'\x0b"
ODD_ORDER = replace(
    ORDER,
    client={"firstName": ODD, "lastName": None, "document": "03244239851", "email": "a@b.example"},
    address={
        "receiverName": "Zoë " * 20,
        "street": ODD,
        "number": "311",
        "city": "São José",
        "state": "SP",
        "postalCode": "13476103",
        "country": "BRA",
    },
)
NOBODY = replace(ORDER, client={}, address={})
SEGMENT = re.compile(r"(?:\?.|[^?'])*'", re.DOTALL)


def rendered(order, name):
    return order_file(order, name, SHIPPED)[1].decode()


def segments(text):
    """Cut an interchange as EDIFACT says: at each ' that no ? releases; a line break after it is none of the data."""
    body = text.removeprefix("UNA:+.? '\n")
    found = SEGMENT.findall(body)
    assert "".join(found) + body[len("".join(found)) :] == body
    return [one.strip("\n")[:-1] for one in found]


def elements(segment):
    """Cut a segment at each + that no ? releases, and take the releases off."""
    return [re.sub(r"\?(.)", r"\1", part) for part in re.findall(r"((?:\?.|[^?+])*)(?:\+|$)", segment)]


# ── XML ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_xml_says_what_the_customer_wrote_to_the_letter():
    root = ET.fromstring(rendered(ODD_ORDER, "pedido.xml.j2"))

    assert root.find("cliente/nome").text == "Ação & <b>“Cia”</b> d'Água\n+55:?' "
    assert root.find("entrega/logradouro").text == "Ação & <b>“Cia”</b> d'Água +55:?'"
    assert root.find("entrega/municipio").text == "São José"
    assert root.find("cliente/razaoSocial").text is None
    assert [item.find("sku").text for item in root.iter("item")] == ["2000037", "00;12"]
    assert (root.find("totais").text, root.find("itens/item/preco").text) == ("162.20", "73.90")
    assert root.find("itens/item/servico").attrib == {"codigo": "1", "nome": "Embalagem"}


def test_xml_of_an_order_with_no_buyer_at_all_can_be_read():
    assert ET.fromstring(rendered(NOBODY, "pedido.xml.j2")).get("numero") == "261124-7K3M9QXB"


def test_dispatch_and_cancellation_come_as_xml_too():
    canceled = replace(ORDER, state=OrderState.CANCELED, cancel_request={"reason": "desistência <1>"})
    suffix, dispatch = dispatch_file(replace(ORDER, authorized_at=ORDER.placed_at), "pedido.xml.j2", SHIPPED)
    _, cancellation = cancellation_file(canceled, "pedido.xml.j2", SHIPPED)

    assert (suffix, ET.fromstring(dispatch).text) == (".xml", "2026-11-24T08:26:27Z")
    assert ET.fromstring(cancellation).find("motivo").text == canceled.cancel_reason
    assert ET.fromstring(cancellation).get("decisao") == "final"


# ── EDIFACT ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_edifact_releases_what_would_end_a_value_and_counts_its_segments():
    suffix, content = order_file(ODD_ORDER, "pedido.edi.j2", SHIPPED)
    found = segments(content.decode("ascii"))
    message = found[1:-1]

    assert suffix == ".edi"
    assert found[0].startswith("UNB+UNOA:2+SANDBOXINTEGRACAO+ERP+261124:0826+")
    assert message[-1] == f"UNT+{len(message)}+1"
    (deliver,) = [elements(one) for one in message if one.startswith("NAD+DP")]
    assert deliver[5] == "ACAO & <B>?CIA?</B> D'AGUA +55:?':311"
    assert deliver[4] == "ZOE " * 8 + "ZOE"
    assert [one for one in message if one.startswith("LIN")] == ["LIN+1++2000037:SA", "LIN+2++00;12:SA"]


# ── fixed width ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("order", [ORDER, ODD_ORDER, NOBODY])
def test_fixed_width_records_have_their_width_whatever_is_in_them(order):
    widths = {line[0]: len(line) for line in rendered(order, "pedido.txt.j2").splitlines()}

    assert widths == {"H": 80, "C": 75, "E": 92, "I": 37, "F": 57}


def test_dispatch_and_cancellation_come_in_fixed_width_too():
    assert dispatch_file(replace(ORDER, authorized_at=ORDER.placed_at), "pedido.txt.j2", SHIPPED)[1].startswith(
        b"A261124-7K3M9QXB959311095 "
    )
    assert cancellation_file(replace(ORDER, state=OrderState.CANCELED), "pedido.txt.j2", SHIPPED)[1].startswith(
        b"X261124-7K3M9QXB959311095 "
    )


# ── all ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
@settings(deadline=None, max_examples=60)
@given(st.text(max_size=80), st.none() | st.text(max_size=80))
def test_whatever_a_customer_writes_no_template_loses_its_form(name, street):
    order = replace(ORDER, client={"firstName": name, "lastName": street}, address={"street": street, "city": name})

    ET.fromstring(order_file(order, "pedido.xml.j2", SHIPPED)[1])
    assert len(segments(rendered(order, "pedido.edi.j2"))) == 20
    assert len(rendered(order, "pedido.txt.j2").split("\n")) == 8

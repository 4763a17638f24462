import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.domain.orders import Order, OrderItem, OrderService, OrderState
from connector.errors import SettingsError
from connector.formats.order_files import LATER_CLIENT_COLUMNS, LATER_COLUMNS, cancellation_file, dispatch_file, order_file

SHIPPED = Path(__file__).parents[3] / "config" / "templates"
WINDOW = {"start": "2026-11-25T08:00:00+00:00", "end": "2026-11-25T12:00:00+00:00", "price": 0}
ITEMS = (
    OrderItem(
        "2000037",
        2,
        7390,
        "Normal",
        1090,
        (OrderService("gift", "1", "Embalagem", 150),),
        estimate="5bd",
        delivery_window=WINDOW,
        channel="delivery",
    ),
    OrderItem("00;12", 1, 199, "Normal", 0, unit_multiplier=0.3, tags_cents=-10, estimate="5bd"),
)
ORDER = Order(
    order_id="261124-7K3M9QXB",
    account="sandboxintegracao",
    sales_channel="1",
    marketplace_order_id="959311095",
    state=OrderState.PLACED,
    placed_at=datetime(2026, 11, 24, 8, 26, 27, 123456, tzinfo=UTC),
    content_hash="",
    services_endpoint="",
    items=ITEMS,
    client={"firstName": "Jonas", "lastName": 'Alves "de"\r\nOliveira', "document": "03244239851", "corporateName": None},
    address={"street": "JOÃO DAMÁZIO GOMES", "number": "311", "city": "Americana", "state": "SP", "postalCode": "13476103"},
    raw={"marketplaceOrderId": "959311095"},
    flags=("look at this",),
)
NOWHERE = Path("no/such/folder")


def document(written):
    return json.loads(written[1])


def test_the_json_order_file_says_what_the_contract_lists():
    suffix, content = order_file(ORDER, "json", NOWHERE)
    told = json.loads(content)
    assert suffix == ".json"
    assert "JOÃO DAMÁZIO GOMES".encode() in content
    assert content.endswith(b"}\n")
    expected = {"orderId": "261124-7K3M9QXB", "marketplaceOrderId": "959311095", "marketplace": "sandboxintegracao", "salesChannel": "1"}
    assert expected.items() <= told.items()
    assert told["placedAt"] == "2026-11-24T08:26:27Z"
    assert told["status"] == "placed"
    assert told["authorizedAt"] is None
    service = {"type": "gift", "id": "1", "name": "Embalagem", "price": 150}
    assert told["items"][0].items() >= {"sku": "2000037", "quantity": 2, "price": 7390, "services": [service]}.items()
    shipped = {"sku": "2000037", "sla": "Normal", "price": 1090, "estimate": "5bd", "deliveryWindow": WINDOW}
    assert told["shipping"][0] == {**shipped, "channel": "delivery", "pickupPoint": ""}
    assert told["totals"] == {"items": 14840, "shipping": 1090, "services": 300, "discounts": -10, "total": 16220}
    assert told["address"]["street"] == "JOÃO DAMÁZIO GOMES"
    assert told["client"] == ORDER.client
    assert told["raw"] == ORDER.raw


def test_the_same_order_gives_the_same_bytes():
    for file_format in ("json", "csv", "pedido.txt.j2"):
        assert order_file(ORDER, file_format, SHIPPED) == order_file(replace(ORDER), file_format, SHIPPED)


def test_csv_has_one_row_per_item_and_leaves_values_as_they_are():
    suffix, content = order_file(ORDER, "csv", NOWHERE)
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline=""), delimiter=";"))
    assert suffix == ".csv"
    assert [row["sku"] for row in rows] == ["2000037", "00;12"]
    assert rows[0]["document"] == "03244239851"
    assert rows[0]["lastName"] == 'Alves "de"\r\nOliveira'
    assert rows[0]["corporateName"] == ""
    assert rows[0]["services"] == "Embalagem (150)"
    assert rows[0]["deliveryFrom"] == WINDOW["start"]
    assert rows[1]["unitMultiplier"] == "0.3"
    assert {row["total"] for row in rows} == {"16220"}
    assert rows[1]["lineTotal"] == "60"
    assert rows[1]["discount"] == "-10"
    assert content.count(b"\r\n") == 3 + 2, "three rows, and the break inside each quoted name"


SHIRT = {"name": "camisa", "content": {"número": "10"}}
CORPORATE = {"isCorporate": True, "tradeName": "Acme", "stateInscription": "110.042.490.114", "documentType": None}


def told_of_more(file_format):
    collected = replace(
        ITEMS[0], is_gift=True, channel="pickup-in-point", pickup_point="loja-1", attachments=(SHIRT,), measurement_unit="kg"
    )
    order = replace(ORDER, items=(collected,), client=CORPORATE, note="entregar à tarde", custom_data={"customApps": []})
    return order_file(order, file_format, NOWHERE)[1].decode()


def test_gifts_attachments_pickup_points_notes_and_custom_data_reach_the_erp():
    told = json.loads(told_of_more("json"))
    assert told["items"][0].items() >= {"isGift": True, "measurementUnit": "kg", "attachments": [SHIRT]}.items()
    assert told["shipping"][0].items() >= {"channel": "pickup-in-point", "pickupPoint": "loja-1"}.items()
    assert (told["note"], told["customData"]) == ("entregar à tarde", {"customApps": []})


def test_csv_tells_them_too_in_columns_on_the_right():
    (row,) = csv.DictReader(io.StringIO(told_of_more("csv"), newline=""), delimiter=";")
    assert list(row)[-12:] == [*LATER_COLUMNS, *LATER_CLIENT_COLUMNS]
    assert (row["isGift"], row["measurementUnit"], json.loads(row["attachments"])) == ("true", "kg", [SHIRT])
    assert (row["channel"], row["pickupPoint"], row["note"]) == ("pickup-in-point", "loja-1", "entregar à tarde")
    assert (row["isCorporate"], row["tradeName"], row["stateInscription"]) == ("true", "Acme", "110.042.490.114")
    assert json.loads(row["customData"]) == {"customApps": []}


def test_a_formula_stays_what_the_customer_wrote():
    order = replace(ORDER, client={"firstName": "=1+1"})
    rows = list(csv.DictReader(io.StringIO(order_file(order, "csv", NOWHERE)[1].decode(), newline=""), delimiter=";"))
    assert rows[0]["firstName"] == "=1+1"


def test_the_shipped_template_writes_fixed_width_records():
    suffix, content = order_file(ORDER, "pedido.txt.j2", SHIPPED)
    lines = content.decode().splitlines()
    assert suffix == ".txt"
    assert lines[0].startswith("H261124-7K3M9QXB959311095")
    assert lines[0].endswith("000000016220")
    assert [line[0] for line in lines] == ["H", "C", "E", "I", "I", "F", "F"]
    assert next(line for line in lines if line.startswith("I")) == "I" + "2000037".ljust(20) + "000002" + "0000007390"


def test_the_shipped_template_takes_an_order_with_no_buyer_at_all():
    assert order_file(replace(ORDER, client={}, address={}), "pedido.txt.j2", SHIPPED)[1].startswith(b"H261124")


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("{{ orderID }}", "line 1: 'orderID' is undefined"),
        ("one\n{% for %}", "line 2"),
        ("{{ orderId }}\n\n{{ items[9].sku }}", "line 3: list object has no element 9"),
        ("{{ 1 / 0 }}", "zero"),
        ("{{ orderId.__class__.__mro__ }}", "unsafe"),
        ("{{ items.append(1) }}", "unsafe"),
    ],
)
def test_a_template_that_cannot_be_rendered_is_named_with_its_line(tmp_path, template, found):
    (tmp_path / "broken.j2").write_text(template)
    with pytest.raises(SettingsError, match=r"broken\.j2: orders\.format: found") as caught:
        order_file(ORDER, "broken.j2", tmp_path)
    assert found in caught.value.message.replace(chr(92), "")
    assert "mend the template" in caught.value.remedy


def test_the_log_is_not_told_what_of_an_order_a_template_stumbled_over(tmp_path):
    (tmp_path / "broken.j2").write_text("\n{{ client.firstName | day }}")
    with pytest.raises(SettingsError) as caught:
        order_file(replace(ORDER, client={**ORDER.client, "firstName": "Ana Prado"}), "broken.j2", tmp_path)

    assert "Ana Prado" in str(caught.value)
    assert "Ana Prado" not in caught.value.logged
    assert "broken.j2: orders.format: line 2: " in caught.value.logged


def test_a_template_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"gone\.j2"):
        order_file(ORDER, "gone.j2", tmp_path)


def test_a_dispatch_file_says_when_and_how_it_was_paid():
    authorized = replace(ORDER, authorized_at=datetime(2026, 11, 25, tzinfo=UTC), payments={"payments": [{"value": 16220}]})
    assert document(dispatch_file(authorized, "json", NOWHERE)) == {
        "orderId": "261124-7K3M9QXB",
        "marketplaceOrderId": "959311095",
        "authorizedAt": "2026-11-25T00:00:00Z",
        "payments": {"payments": [{"value": 16220}]},
    }


@pytest.mark.parametrize(
    ("state", "decision"),
    [(OrderState.CANCELED, "final"), (OrderState.EXPIRED, "final"), (OrderState.CANCEL_ASKED, "asked"), (OrderState.INVOICED, "asked")],
)
def test_a_cancellation_file_says_who_decides(state, decision):
    request = {"id": "8583", "requested_at": "2024-03-04T15:45:02.1306363+00:00", "reason": "desistência"}
    told = document(cancellation_file(replace(ORDER, state=state, cancel_request=request), "json", NOWHERE))
    assert told["decision"] == decision
    assert told["reason"] == "desistência"
    assert told["requestId"] == "8583"
    assert told["requestedAt"] == "2024-03-04T15:45:02.1306363+00:00"
    assert list(told)[:2] == ["orderId", "marketplaceOrderId"]


def test_a_cancellation_that_names_nothing_says_when_it_was_taken():
    order = replace(ORDER, state=OrderState.CANCELED, canceled_at=datetime(2026, 11, 25, tzinfo=UTC))
    told = document(cancellation_file(order, "json", NOWHERE))
    assert told["requestedAt"] == "2026-11-25T00:00:00Z"
    assert told["requestId"] is None
    assert told["reason"] == ""


def test_dispatch_and_cancellation_follow_the_format_where_they_can(tmp_path):
    assert dispatch_file(ORDER, "csv", NOWHERE)[1].splitlines()[0] == b"orderId;marketplaceOrderId;authorizedAt;payments"
    assert dispatch_file(ORDER, "pedido.txt.j2", tmp_path)[0] == ".json"
    (tmp_path / "dispatch-pedido.txt.j2").write_text("D{{ orderId }}")
    assert dispatch_file(ORDER, "pedido.txt.j2", tmp_path) == (".txt", b"D261124-7K3M9QXB")

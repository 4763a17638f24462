"""Any order document whatever: never a failure of ours, and what is accepted can be written as JSON and CSV and read back."""

import copy
import csv
import io
import itertools
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cases import cases
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_web_odd_requests import is_sound, places
from web_world import set_up

from connector.domain.orders import Order, OrderState
from connector.errors import ConnectorError
from connector.formats.order_files import ORDER_COLUMNS, order_file
from connector.usecases import orders, upkeep
from connector.vtex.orders import answer, read

CASES = cases(150)
NUMBERS = itertools.count()
PLACED_AT = datetime(2026, 11, 24, tzinfo=UTC)
NOWHERE = Path("no/such/folder")
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["100", "200", "Normal", "8d", "7bd", "-0", "1e5", 'a;"b"\r\nc', "=1+1", "\ud800", "\0", "é" * 300]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-2, 12000)
    | st.floats()
    | st.sampled_from([0, 1, 0.5, 1e300])
    | TEXTS
)
NAMES = ["id", "price", "value", "items", "quantity", "isPercentual", "name", "content", "startDateUtc", "ID", "x"]
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=3)
)
WINDOW = {"startDateUtc": "2026-11-25T08:00:00+00:00", "endDateUtc": "2026-11-25T12:00:00+00:00", "price": 500, "tax": 0}
LINE = {
    "id": "100",
    "quantity": 1,
    "seller": "1",
    "price": 9990,
    "bundleItems": [{"type": "gift", "id": 1, "name": "Embalagem", "price": 150}],
    "itemAttachment": {"name": "camisa", "content": {"number": "10"}},
    "attachments": [{"name": "x", "content": {}}],
    "priceTags": [{"name": "p", "value": -10, "rawValue": -0.1, "isPercentual": False}],
    "measurementUnit": "kg",
    "unitMultiplier": 0.5,
    "isGift": False,
}
WHOLE = {
    "marketplaceOrderId": "m",
    "marketplaceOrderGroup": "g",
    "marketplaceServicesEndpoint": "http://oms.vtexinternal.com.br/api/oms?an=acme-market",
    "marketplacePaymentValue": 11000,
    "items": [LINE, {"id": "200", "quantity": 2, "price": 500}],
    "clientProfileData": {
        "email": "a@ct.example",
        "firstName": "Maria",
        "document": "52998224725",
        "isCorporate": False,
        "corporateName": None,
    },
    "shippingData": {
        "address": {"addressType": "pickup", "addressId": "loja-1", "street": "Rua", "geoCoordinates": [-47.2, -22.7], "complement": None},
        "logisticsInfo": [
            {"itemIndex": 0, "selectedSla": "Normal", "lockTTL": "8d", "shippingEstimate": "5bd", "price": 1090, "deliveryWindow": WINDOW},
            {"itemIndex": 1, "selectedSla": "Normal", "lockTTL": "7bd", "price": 0, "selectedDeliveryChannel": "pickup-in-point"},
        ],
    },
    "openTextField": {"value": "oi"},
    "marketingData": {"utmSource": "x"},
    "customData": {"customApps": [{"id": "a", "fields": {"b": "c"}}]},
    "paymentData": None,
}
PLACES = [path for path in places(WHOLE) if path != ("marketplaceOrderId",)]


@st.composite
def documents(draw):
    """An order of which up to three places hold something else, or nothing."""
    document = copy.deepcopy(WHOLE)
    for path in draw(st.lists(st.sampled_from(PLACES), min_size=0, max_size=3, unique=True)):
        inner = document
        try:
            for step in path[:-1]:
                inner = inner[step]
            if draw(st.booleans()):
                inner[path[-1]] = draw(JSON)
            else:
                del inner[path[-1]]
        except (LookupError, TypeError):
            continue  # what stood there is gone already
    return document


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return set_up(tmp_path_factory.mktemp("documents") / "project")


@pytest.fixture(scope="module")
def app(made):
    return made.app()


@pytest.fixture(scope="module")
def client(made):
    return made.client()


def read_or_refused(document):
    """Read an order, or None where it is refused; any other error is a failure."""
    try:
        return read(json.loads(json.dumps(document)), "shop", "1")[0]
    except ConnectorError:
        return None


def placed(new):
    return Order(
        *("261124-7K3M9QXB", new.account, new.sales_channel, new.marketplace_order_id, OrderState.PLACED, PLACED_AT),
        *(new.content_hash, new.services_endpoint, new.items, new.client, new.address, new.raw),
        note=new.note,
        custom_data=new.custom_data,
    )


def is_written_whole(order):
    """Tell whether an order's files can be read back, and add up."""
    told = json.loads(order_file(order, "json", NOWHERE)[1])
    totals = told["totals"]
    adds_up = totals["total"] == sum(totals[part] for part in ("items", "shipping", "services", "discounts"))
    return (
        told["raw"] == order.raw and adds_up and len(told["items"]) == len(told["shipping"]) == len(order.items) and has_every_column(order)
    )


def has_every_column(order):
    rows = list(csv.reader(io.StringIO(order_file(order, "csv", NOWHERE)[1].decode(), newline=""), delimiter=";"))
    return len(rows) == 1 + len(order.items) and {len(row) for row in rows} == {len(ORDER_COLUMNS)} and rows[0] == list(ORDER_COLUMNS)


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents())
def test_whatever_is_read_is_answered_and_written(document):
    new = read_or_refused(document)
    if new is None:
        return
    assert json.loads(json.dumps(answer(new, "261124-7K3M9QXB")))["orderId"] == "261124-7K3M9QXB"
    assert is_written_whole(placed(new))


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents(), st.booleans())
def test_an_order_document_is_taken_and_can_be_written_and_read_or_it_is_refused(app, client, document, alone):
    number = f"doc-{next(NUMBERS)}"
    document["marketplaceOrderId"] = number
    body = json.dumps(document if alone else [document]).encode()
    answer = client.simulate_post("/pvt/orders", body=body)

    assert is_sound(answer)
    if answer.status_code != 200:
        return
    answered = answer.json if alone else answer.json[0]
    with app.db.read() as tx:
        order = orders.find(tx, answered["orderId"])
    assert answered["marketplaceOrderId"] == number
    assert order.raw == json.loads(body if alone else body[1:-1])
    assert is_written_whole(order)
    cancelled = client.simulate_post(f"/pvt/orders/{answered['orderId']}/cancel")
    assert cancelled.status_code == 200, "and leaves its stock to the next one"
    upkeep.checkpoint(app, over_bytes=upkeep.LARGE_WAL_BYTES)

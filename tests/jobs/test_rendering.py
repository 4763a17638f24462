"""An order's file is shown in whatever format, and nothing is written or changed by that."""

import json

import pytest
from orders_world import Seller

from connector.errors import NotFound, SettingsError, UsageError
from connector.usecases.rendering import render


@pytest.fixture
def seller(tmp_path):
    made = Seller(tmp_path / "shop")
    made.sells("A")
    return made


def test_an_orders_file_is_shown_in_any_format_and_nothing_is_written(seller):
    order_id = seller.placed()
    before = (seller.messages(), seller.order(order_id).history)
    templates = seller.app.root / "config" / "templates"
    templates.mkdir()
    (templates / "mine.xml.j2").write_text("<o>{{ address.street }} {{ totals.items }}</o>")

    assert json.loads(render(seller.app, order_id))["orderId"] == order_id
    assert render(seller.app, order_id, "csv").startswith(b"orderId;")
    assert render(seller.app, order_id, "mine.xml.j2") == "<o>JOÃO DAMÁZIO GOMES 1000</o>".encode()
    assert json.loads(render(seller.app, order_id, "json", "cancellation"))["decision"] == "asked"
    assert (seller.messages(), seller.order(order_id).history) == before
    assert not (seller.app.root / "outbox").exists()


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (("no-order",), NotFound),
        (("1", "pdf"), UsageError),
        (("1", "../x/y.j2"), UsageError),
        (("1", "json", "bill"), UsageError),
        (("1", "gone.j2"), SettingsError),
    ],
)
def test_what_is_not_there_is_named(seller, given, error):
    seller.placed()

    with pytest.raises(error):
        render(seller.app, *given)

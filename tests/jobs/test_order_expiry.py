"""Orders that nobody pays for: after 30 days their stock is free, the ERP is told by a file, and VTEX gets its confirmation."""

import json
from datetime import timedelta

import pytest
from orders_world import Seller

from connector.domain.orders import OrderState
from connector.usecases import orders
from connector.usecases.passes import Pass
from jobs import export_orders, housekeeping


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def seller(request, tmp_path):
    made = Seller(tmp_path / "shop", url=request.getfixturevalue("postgresql_url") if request.param == "postgresql" else "")
    (made.app.root / "outbox").mkdir()
    made.sells("A")
    yield made
    made.app.db.close()


def run(seller):
    """Housekeep, then export; returns the cancellation files there are."""
    housekeeping.run(seller.app, Pass())
    export_orders.run(seller.app, Pass(by_hand=True))
    found = sorted((seller.app.root / "outbox" / "cancellations").glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in found}


def test_an_order_that_is_never_authorized_ends_after_thirty_days_and_not_before(seller):
    unpaid, paid = seller.placed("1", ("A", 4)), seller.placed("2", ("A", 1))
    orders.authorize(seller.app, "shop", paid, None)
    seller.now += timedelta(days=30)
    assert run(seller) == {}
    assert seller.order(unpaid).state is OrderState.PLACED

    seller.now += timedelta(seconds=1)
    told = run(seller)
    assert list(told) == [unpaid]
    assert (told[unpaid]["decision"], told[unpaid]["reason"]) == ("final", "not authorized within 30 days")
    assert told[unpaid]["requestedAt"] == f"{seller.now:%Y-%m-%dT%H:%M:%SZ}"
    assert (seller.order(unpaid).state, seller.order(paid).state) == (OrderState.EXPIRED, OrderState.AUTHORIZED)
    assert "expired" in [event.what for event in seller.order(unpaid).history]
    assert run(seller) == told, "once"


def test_its_stock_is_free_and_a_late_cancellation_is_confirmed(seller):
    document_ttl = {"shippingData": {"logisticsInfo": [{"itemIndex": 0, "selectedSla": "Normal", "lockTTL": "90d", "price": 500}]}}
    unpaid = seller.placed("1", ("A", 4), **document_ttl)
    seller.now += timedelta(days=29)
    run(seller)
    assert seller.left("A") == 6, "held as long as the order's own lock time says"
    seller.now += timedelta(days=2)
    run(seller)

    assert seller.left("A") == 10
    assert orders.cancel(seller.app, "shop", unpaid, None)["orderId"] == unpaid

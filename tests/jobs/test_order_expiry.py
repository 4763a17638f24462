"""Orders that nobody pays for: after 30 days their stock is free, the ERP is told by a file, and VTEX gets its confirmation."""

import json
from datetime import timedelta
from threading import Event

import pytest
from orders_world import Seller
from query_plans import plans_of

from connector.delivery import notices
from connector.domain.orders import OrderState
from connector.usecases import holding, orders
from connector.usecases.passes import Pass
from connector.usecases.report import Report
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


def test_a_reservation_that_ended_is_told_by_the_next_pass_that_tells_anything(seller):
    order_id = seller.placed("1", ("A", 10))
    seller.knows_no_more_messages()
    seller.now += timedelta(days=8) - timedelta(seconds=1)
    notices.announce_due(seller.app, Event(), Report("notify-marketplaces"))
    assert (seller.left("A"), seller.messages()) == (0, [])

    seller.now += timedelta(seconds=1)
    notices.announce_due(seller.app, Event(), Report("notify-marketplaces"))
    assert (seller.left("A"), seller.messages()) == (10, [("mall", "inventory", "A"), ("shop", "inventory", "A")])
    assert [e.detail for e in seller.order(order_id).history if e.what == "stock released"] == ["A: the time it was held for ended"]

    seller.knows_no_more_messages()
    notices.announce_due(seller.app, Event(), Report("notify-marketplaces"))
    assert seller.messages() == [], "once"


def test_where_no_reservation_ended_the_open_ones_index_says_so_and_nothing_is_written(tmp_path):
    seller = Seller(tmp_path / "shop")
    seller.sells("A")
    seller.placed("1", ("A", 1))

    ((statement, steps),) = plans_of(seller.app, lambda: holding.release_ended(seller.app))
    assert "reservations" in statement
    assert any("COVERING INDEX reservations_open" in step for step in steps), steps


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

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from orders_world import MONDAY, Seller, order
from sqlalchemy import delete, insert, select

from connector import settings as settings_module
from connector.domain.documents import Ack
from connector.domain.orders import OrderState
from connector.errors import Conflict, NotFound, OrderRefused, UsageError
from connector.formats.order_files import cancellation_document
from connector.storage import files
from connector.storage import orders as store
from connector.storage.files import Entry
from connector.storage.tables import orders as orders_table
from connector.storage.tables import rejections, reservations, stock
from connector.usecases import orders

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def seller(request, tmp_path):
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else ""
    one = Seller(tmp_path / "one", url=url)
    one.sells("A")
    one.sells("B")
    yield one
    one.app.db.close()


# ── placing ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_placed_order_is_saved_holds_stock_is_announced_and_exported(seller):
    (answered,) = seller.place(order("1", ("A", 3), ("B", 1), ("A", 1)))
    order_id = json.loads(answered)["orderId"]
    kept = seller.order(order_id)
    assert kept.state is OrderState.PLACED
    assert next((i.sku, i.quantity, i.price_cents, i.sla, i.freight_cents) for i in kept.items) == ("A", 3, 1000, "Normal", 500)
    assert kept.raw == order("1", ("A", 3), ("B", 1), ("A", 1))
    assert kept.address["street"] == "JOÃO DAMÁZIO GOMES"
    assert (seller.left("A"), seller.left("B")) == (6, 9)
    assert ("erp", "order-file", order_id) in seller.messages()
    assert {m for m in seller.messages() if m[1] == "inventory"} == {(a, "inventory", s) for a in ("shop", "mall") for s in "AB"}
    assert [e.what for e in kept.history] == ["placed", "order file"]


def test_the_same_order_again_gets_the_same_bytes_and_nothing_more_happens(seller):
    first = seller.place(order("1", ("A", 10)))
    told = seller.messages()
    seller.now += timedelta(days=400)
    assert seller.place(order("1", ("A", 10))) == first
    assert seller.count() == 1
    assert seller.messages() == told


def test_the_same_order_twice_in_one_request_counts_once(seller):
    answers = seller.place(order("1", ("A", 6)), order("2", ("A", 1)), order("1", ("A", 6)))
    assert answers[0] == answers[2] != answers[1]
    assert seller.count() == 2
    assert seller.left("A") == 3


@pytest.mark.parametrize("together", [True, False])
def test_an_id_that_comes_with_other_content_is_a_conflict(seller, together):
    first, other = order("1", ("A", 1)), order("1", ("A", 2))
    if not together:
        seller.place(first)
    with pytest.raises(Conflict, match="order 1 was sent before with other content") as caught:
        seller.place(*([first, other] if together else [other]))
    assert caught.value.code == "FMT009"
    assert seller.count() == (0 if together else 1)


def test_an_order_whose_document_is_a_long_text_is_placed_and_kept_as_it_came(seller):
    document = secrets.token_hex(4000)
    (answered,) = seller.place(order("1", ("A", 1), clientProfileData={"document": document}))
    kept = seller.order(json.loads(answered)["orderId"])
    assert kept.client == {"document": document}
    assert kept.raw["clientProfileData"] == {"document": document}


def test_two_marketplaces_may_use_the_same_id(seller):
    ours = json.loads(seller.place(order("1", ("A", 1)))[0])["orderId"]
    theirs = json.loads(seller.place(order("1", ("A", 1)), account="mall")[0])["orderId"]
    assert ours != theirs
    with pytest.raises(Conflict, match=f"{theirs} .mall. and {ours} .shop."):
        seller.order("1")
    with seller.app.db.read() as tx:
        assert orders.find(tx, "1", "mall").order_id == theirs


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (("X", 1), "ORD021"),
        (("A", 11), "FMT002"),
        (("A", 1, 949), "FMT006"),
        (("NOPRICE", 1), "FMT006"),
        (("OFF", 1), "ORD021"),
    ],
)
def test_one_order_that_cannot_be_accepted_refuses_the_whole_request(seller, bad, code):
    seller.sells("NOPRICE", price=None)
    seller.sells("OFF", active=False)
    with pytest.raises(OrderRefused, match=f"order 2: SKU {bad[0]} ") as caught:
        seller.place(order("1", ("B", 1)), order("2", bad))
    assert caught.value.code == code
    assert seller.count() == seller.count(reservations) == 0
    assert seller.messages() == []


def test_a_shipping_service_that_we_do_not_have_is_refused(seller):
    with pytest.raises(OrderRefused, match="'Drone'; offered are Normal") as caught:
        seller.place(order("1", ("A", 1), sla="Drone"))
    assert caught.value.code == "FMT010"


def test_what_open_orders_hold_cannot_be_sold_again(seller):
    seller.place(order("1", ("A", 8)))
    with pytest.raises(OrderRefused, match="3 ordered, 2 left"):
        seller.place(order("2", ("A", 3)))
    seller.place(order("3", ("A", 2)))
    assert seller.left("A") == 0


def test_a_gift_without_a_price_takes_its_stock(seller):
    seller.sells("G", quantity=1, price=None)
    gift = order("1", ("A", 1), ("G", 1, 0))
    gift["items"][1]["isGift"] = True
    seller.place(gift)
    with pytest.raises(OrderRefused, match="SKU G is out of stock: 1 ordered, 0 left"):
        seller.place({**gift, "marketplaceOrderId": "2"})


def test_what_a_person_should_look_at_is_flagged_and_told_in_the_history(seller):
    endpoint = "https://evil.test/"
    order_id = seller.placed("1", ("A", 1, 960), marketplaceServicesEndpoint=endpoint, marketplacePaymentValue=1)
    kept = seller.order(order_id)
    assert len(kept.flags) == 3
    assert "below today's 10.00" in kept.flags[0]
    assert "pays 0.01; the order's lines add up to 14.60" in kept.flags[1]
    assert "evil.test" in kept.flags[2]
    assert [e.detail for e in kept.history if e.what == "flagged"] == list(kept.flags)


def test_an_order_id_fits_everywhere(seller):
    ids = {seller.placed(str(n)) for n in range(5)}
    assert len(ids) == 5
    assert all(one.startswith("261123-") and len(one) == 15 for one in ids)


# ── authorization ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_authorization_is_answered_with_one_receipt_for_ever(seller):
    order_id = seller.placed()
    body = {"marketplaceOrderId": "1", "paymentData": {"payments": [{"value": 1500}]}}
    first = orders.authorize(seller.app, "shop", order_id, body)
    assert first == {"date": "2026-11-23 15:00:00", "marketplaceOrderId": "1", "orderId": order_id, "receipt": first["receipt"]}
    seller.now += timedelta(days=1)
    assert orders.authorize(seller.app, "shop", order_id, [body]) == first
    orders.cancel(seller.app, "shop", order_id, {})
    assert orders.authorize(seller.app, "shop", order_id, body) == first
    assert seller.files()[:2] == [("order-file", order_id), ("dispatch-file", order_id)]
    assert seller.order(order_id).payments == body["paymentData"]


def test_the_order_may_be_named_by_the_marketplaces_id_of_its_own_account_alone(seller):
    order_id = seller.placed("77-01")
    for path, body in (("77-01", None), ("unknown", {"marketplaceOrderId": "77-01"})):
        assert orders.authorize(seller.app, "shop", path, body)["orderId"] == order_id
    for account, path, body in (("mall", order_id, None), ("shop", "unknown", {"marketplaceOrderId": "x"}), ("shop", "a\0\ud800", None)):
        with pytest.raises(NotFound):
            orders.authorize(seller.app, account, path, body)


def test_a_cancelled_order_cannot_be_authorized(seller):
    order_id = seller.placed()
    orders.cancel(seller.app, "shop", order_id, None)
    with pytest.raises(Conflict, match=f"order {order_id} is canceled"):
        orders.authorize(seller.app, "shop", order_id, None)


LATE = timedelta(days=8, seconds=1)


def test_an_order_that_is_paid_after_its_time_holds_its_pieces_anew_and_marketplaces_are_told(seller):
    order_id = seller.placed("1", ("A", 4))
    seller.now += LATE
    orders.expire(seller.app)
    seller.knows_no_more_messages()
    first = orders.authorize(seller.app, "shop", order_id, None)
    assert seller.left("A") == 6
    assert {m for m in seller.messages() if m[1] == "inventory"} == {(account, "inventory", "A") for account in ("shop", "mall")}
    kept = seller.order(order_id)
    assert kept.flags == ()
    assert ("stock held anew", "A: authorized after its time had ended") in [(e.what, e.detail) for e in kept.history]

    seller.now += timedelta(days=1)
    assert orders.authorize(seller.app, "shop", order_id, None) == first
    assert seller.order(order_id).history == kept.history
    seller.now += timedelta(days=1)
    assert seller.left("A") == 10, "as long as the settings say, and no longer for being told again"
    assert orders.authorize(seller.app, "shop", order_id, None) == first
    assert seller.left("A") == 10


def test_an_order_that_is_paid_when_its_pieces_are_sold_is_flagged_and_the_next_ones_are_its_own(seller):
    late = seller.placed("1", ("A", 4), ("B", 1))
    seller.now += LATE
    seller.placed("2", ("A", 7))
    answered = orders.authorize(seller.app, "shop", late, None)
    kept = seller.order(late)
    assert answered["receipt"]
    assert kept.flags == ("SKU A: authorized after its reservation had ended, 4 ordered, 3 left",)
    assert [e.detail for e in kept.history if e.what == "flagged"] == list(kept.flags)
    assert (seller.left("A"), seller.left("B")) == (0, 9)
    with pytest.raises(OrderRefused, match="SKU A is out of stock"):
        seller.placed("3", ("A", 1))
    with seller.app.db.write() as tx:
        tx.execute(stock.update().where(stock.c.sku == "A").values(quantity=12))
    assert seller.left("A") == 1


def test_an_order_that_is_paid_when_its_pieces_are_sold_is_warned_of_in_the_log_once(seller, caplog):
    late = seller.placed("1", ("A", 4))
    seller.now += LATE
    seller.placed("2", ("A", 7))
    for _ in range(2):
        orders.authorize(seller.app, "shop", late, None)
    (line,) = [one for one in caplog.records if one.levelname == "WARNING"]

    flag = "SKU A: authorized after its reservation had ended, 4 ordered, 3 left"
    assert (line.getMessage(), line.reference) == (f"order {late}: {flag}", late)


def test_what_the_erp_has_acknowledged_is_not_held_anew_by_a_late_authorization(seller):
    order_id = seller.placed("1", ("A", 4))
    seller.now += LATE
    orders.expire(seller.app)
    orders.acknowledge(seller.app, Ack(order_id, is_accepted=True, erp_order_id="", message="", acked_at=seller.now))
    orders.authorize(seller.app, "shop", order_id, None)
    assert seller.left("A") == 10
    assert "stock held anew" not in [e.what for e in seller.order(order_id).history]


def test_with_export_on_dispatch_the_erp_sees_nothing_before_it_may_ship(tmp_path):
    seller = Seller(tmp_path / "late", export_on="dispatch")
    seller.sells("A")
    dispatched, dropped = seller.placed("1"), seller.placed("2")
    orders.cancel(seller.app, "shop", dropped, None)
    assert seller.files() == []
    orders.authorize(seller.app, "shop", dispatched, None)
    assert seller.files() == [("order-file", dispatched), ("dispatch-file", dispatched)]
    seller.app.db.close()


# ── cancellation ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_placed_order_is_cancelled_at_once(seller):
    order_id = seller.placed("1", ("A", 4))
    seller.knows_no_more_messages()
    body = {"marketplaceOrderId": "1", "cancellationRequestId": "85", "cancellationRequestDate": "2024-03-04T15:45:02.1306363+00:00"}
    first = orders.cancel(seller.app, "shop", order_id, {**body, "reason": "gave up"})
    assert first is not None
    assert first["orderId"] == order_id
    assert seller.left("A") == 10
    assert set(seller.messages()) == {("mall", "inventory", "A"), ("shop", "inventory", "A"), ("erp", "cancellation-file", order_id)}
    kept = seller.order(order_id)
    assert kept.cancel_request == {"id": "85", "requested_at": "2024-03-04T15:45:02.1306363+00:00", "reason": "gave up"}
    seller.now += timedelta(days=1)
    assert orders.cancel(seller.app, "shop", order_id, None) == first


def test_an_authorized_order_is_cancelled_only_when_the_erp_says_so(seller):
    order_id = seller.placed("1", ("A", 4))
    orders.authorize(seller.app, "shop", order_id, None)
    assert orders.cancel(seller.app, "shop", order_id, {"reason": "gave up"}) is None
    assert orders.cancel(seller.app, "shop", order_id, None) is None
    assert seller.left("A") == 6, "nothing is released while the ERP decides"
    assert seller.files().count(("cancellation-file", order_id)) == 1
    with seller.app.db.write() as tx:
        assert orders.cancel_by_seller(tx, seller.app, orders.find(tx, order_id), "not yet packed", seller.now)
    with seller.app.db.write() as tx:
        assert not orders.cancel_by_seller(tx, seller.app, orders.find(tx, order_id), "again", seller.now)
    kept = seller.order(order_id)
    assert kept.state is OrderState.CANCELED
    assert kept.cancel_reason == "not yet packed"
    assert seller.left("A") == 10
    assert seller.messages().count(("shop", "cancel", order_id)) == 1
    confirmed = orders.cancel(seller.app, "shop", order_id, None)
    assert confirmed is not None
    assert confirmed["receipt"] == kept.cancel_receipt


def test_a_cancellation_without_a_date_was_asked_for_when_it_came(seller):
    order_id = seller.placed()
    orders.authorize(seller.app, "shop", order_id, None)
    orders.cancel(seller.app, "shop", order_id, {"reason": "gave up"})
    with seller.app.db.read() as tx:
        document = cancellation_document(store.find(tx, order_id))
    assert (document["decision"], document["requestedAt"]) == ("asked", f"{seller.now:%Y-%m-%dT%H:%M:%SZ}")


def test_an_invoiced_order_cannot_be_cancelled_by_the_marketplace(seller):
    order_id = seller.placed()
    with seller.app.db.write() as tx:
        store.change(tx, order_id, state="invoiced")
    with pytest.raises(Conflict, match="invoiced"):
        orders.cancel(seller.app, "shop", order_id, None)
    with pytest.raises(Conflict, match="invoiced"):
        orders.acknowledge(seller.app, Ack(order_id, False, "", "no", seller.now))


def test_an_unknown_order_cannot_be_cancelled(seller):
    with pytest.raises(NotFound, match="no order has the id 5"):
        orders.cancel(seller.app, "shop", "5", {"marketplaceOrderId": None})


# ── the ERP's answer ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_stock_is_held_until_a_stock_file_newer_than_the_ack(seller):
    order_id = seller.placed("1", ("A", 4))
    ack = Ack("1", True, "ERP-9", "", seller.now)
    assert orders.acknowledge(seller.app, ack) == f"order {order_id} was accepted by the ERP as ERP-9"
    assert orders.acknowledge(seller.app, replace(ack, acked_at=seller.now + timedelta(hours=5))) == ""
    for file_time, left, released in (
        (seller.now, 6, []),
        (seller.now + timedelta(seconds=1), 10, ["A"]),
        (seller.now + timedelta(1), 10, []),
    ):
        with seller.app.db.write() as tx:
            assert store.release_acked(tx, file_time, seller.now) == released
        assert seller.left("A") == left
    kept = seller.order(order_id)
    assert (kept.erp_order_id, kept.acked_at, kept.state) == ("ERP-9", seller.now, OrderState.PLACED)
    assert kept.history[-1].detail == "A: the ERP's stock counts it"


@pytest.mark.parametrize(("hours", "is_refused", "left"), [(1, False, 10), (-1, False, 6), (1, True, 6)])
def test_an_ack_that_comes_after_the_stock_file_that_counts_its_order_frees_the_pieces(seller, hours, is_refused, left):
    order_id, written = seller.placed("1", ("A", 4)), seller.now
    seller.now += timedelta(hours=2)
    stock_file = Entry("stock", "stock/s.csv", 1, written + timedelta(hours=hours), "0" * 64, "applied")
    with seller.app.db.write() as tx:
        number = files.record(tx, stock_file, seller.now)
        if is_refused:
            row = {"file_id": number, "feed": "stock", "key": "A/", "line": 2, "column": "quantity", "value": "4 pieces"}
            tx.execute(rejections.insert().values(**row, reason="it is no number", refused_at=seller.now))
    orders.acknowledge(seller.app, Ack(order_id, is_accepted=True, erp_order_id="", message="", acked_at=written))

    assert seller.left("A") == left


def test_an_ack_that_comes_after_a_stock_delta_frees_nothing_of_which_another_that_is_held_may_tell(seller):
    seller.config.write_text(seller.config.read_text() + '[feeds.stock]\nmode = "delta"\n')
    seller.app = replace(seller.app, settings=settings_module.load(seller.config))
    order_id, written = seller.placed("1", ("A", 4)), seller.now
    with seller.app.db.write() as tx:
        for number, state in enumerate(("held", "applied"), 1):
            seller.now += timedelta(hours=1)
            files.record(tx, Entry("stock", f"stock/{number}.csv", 1, seller.now, f"{number:064}", state), seller.now)
    orders.acknowledge(seller.app, Ack(order_id, is_accepted=True, erp_order_id="", message="", acked_at=written))

    assert seller.left("A") == 6


def test_a_stock_file_dated_ahead_counts_no_order_that_is_acknowledged_after_it_was_taken(seller):
    order_id = seller.placed("1", ("A", 4))
    with seller.app.db.write() as tx:
        files.record(tx, Entry("stock", "stock/s.csv", 1, seller.now + timedelta(days=2), "0" * 64, "applied"), seller.now)
    seller.now += timedelta(hours=1)
    orders.acknowledge(seller.app, Ack(order_id, is_accepted=True, erp_order_id="", message="", acked_at=seller.now))

    assert seller.left("A") == 6


def test_a_stock_file_written_and_taken_by_a_clock_ahead_counts_no_order_that_is_acknowledged_after_it_was_set_right(seller):
    order_id, ahead = seller.placed("1", ("A", 4)), seller.now + timedelta(hours=3)
    with seller.app.db.write() as tx:
        files.record(tx, Entry("stock", "stock/s.csv", 1, ahead, "0" * 64, "applied"), ahead)
    seller.now += timedelta(hours=1)
    orders.acknowledge(seller.app, Ack(order_id, is_accepted=True, erp_order_id="", message="", acked_at=seller.now))

    assert seller.left("A") == 6


def test_thousands_of_acked_orders_are_released_at_once_each_with_its_own_story(seller):
    """Each was looked for among all: eight thousand took seconds of the processor, with SQLite's lock held."""
    numbers = [seller.placed(), *(f"O{n}" for n in range(8000))]
    with seller.app.db.write() as tx:
        one = dict(tx.execute(select(orders_table)).mappings().one())
        tx.execute(insert(orders_table), [{**one, "order_id": n, "marketplace_order_id": n} for n in numbers[1:]])
        held = {"quantity": 1, "until": seller.now + timedelta(days=1), "acked_at": seller.now}
        tx.execute(delete(reservations))
        tx.execute(insert(reservations), [{"order_id": n, "sku": sku, **held} for n in numbers for sku in "AB"])
    began = time.process_time()
    with seller.app.db.write() as tx:
        assert store.release_acked(tx, seller.now + timedelta(hours=1), seller.now) == ["A", "B"]
    assert time.process_time() - began < 2
    for number in (numbers[0], numbers[-1]):
        assert [e.detail for e in seller.order(number).history if e.what == "stock released"] == ["A, B: the ERP's stock counts it"]


def test_a_later_ack_may_name_the_erps_number_but_moves_no_time(seller):
    order_id = seller.placed()
    orders.acknowledge(seller.app, Ack(order_id, is_accepted=True, erp_order_id="", message="", acked_at=seller.now))
    later = Ack(order_id, is_accepted=True, erp_order_id="ERP-9", message="", acked_at=seller.now + timedelta(hours=1))
    assert orders.acknowledge(seller.app, later).endswith("as ERP-9")
    kept = seller.order(order_id)
    assert (kept.erp_order_id, kept.acked_at) == ("ERP-9", seller.now)


def test_an_order_without_an_ack_is_not_released_by_stock_files(seller):
    seller.placed("1", ("A", 4))
    with seller.app.db.write() as tx:
        assert store.release_acked(tx, seller.now + timedelta(days=1), seller.now) == []
    assert seller.left("A") == 6


def test_a_rejection_cancels_at_the_marketplace_with_the_erps_words(seller):
    order_id = seller.placed("1", ("A", 4))
    orders.authorize(seller.app, "shop", order_id, None)
    ack = Ack(order_id, False, "", "cliente bloqueado", seller.now)
    assert "rejected by the ERP (cliente bloqueado); it is cancelled at shop" in orders.acknowledge(seller.app, ack)
    assert orders.acknowledge(seller.app, ack) == ""
    kept = seller.order(order_id)
    assert (kept.state, kept.cancel_reason) == (OrderState.CANCELED, "cliente bloqueado")
    assert seller.messages().count(("shop", "cancel", order_id)) == 1
    assert seller.left("A") == 10


def test_an_ack_for_an_order_that_we_do_not_know_is_said(seller):
    with pytest.raises(NotFound, match="no order has the id 404"):
        orders.acknowledge(seller.app, Ack("404", True, "", "", seller.now))


# ── time ────────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_reservations_end_with_their_time_and_orders_after_thirty_days(seller):
    order_id = seller.placed("1", ("A", 4))
    seller.knows_no_more_messages()
    seller.now += timedelta(days=8)
    assert orders.expire(seller.app) == orders.Expired([], ["A"])
    assert seller.left("A") == 10
    assert set(seller.messages()) == {("shop", "inventory", "A"), ("mall", "inventory", "A")}
    assert orders.expire(seller.app) == orders.Expired([], [])
    seller.now = MONDAY + timedelta(days=30, seconds=1)
    assert orders.expire(seller.app).order_ids == [order_id]
    assert seller.order(order_id).state is OrderState.EXPIRED
    assert ("erp", "cancellation-file", order_id) in seller.messages()
    with pytest.raises(Conflict, match="expired"):
        orders.authorize(seller.app, "shop", order_id, None)
    first = orders.cancel(seller.app, "shop", order_id, None)
    assert first is not None
    assert orders.cancel(seller.app, "shop", order_id, None) == first
    assert seller.files().count(("cancellation-file", order_id)) == 1


def test_an_authorized_order_never_expires(seller):
    order_id = seller.placed()
    orders.authorize(seller.app, "shop", order_id, None)
    seller.now += timedelta(days=300)
    assert orders.expire(seller.app).order_ids == []
    assert seller.order(order_id).state is OrderState.AUTHORIZED


def test_without_a_lock_time_the_settings_say_how_long_stock_is_held(seller):
    document = order("1", ("A", 4))
    document["shippingData"]["logisticsInfo"][0]["lockTTL"] = None
    seller.place(document)
    seller.now += timedelta(days=2)
    assert orders.expire(seller.app).skus == ["A"]


# ── for people ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_orders_are_listed_and_shown_as_json_knows_values(seller):
    first, second = seller.placed("77-01"), seller.placed("88-01", ("B", 2))
    orders.authorize(seller.app, "shop", second, {"paymentData": {"x": 1}})
    orders.acknowledge(seller.app, Ack(second, True, "ERP-9", "", seller.now))
    listed = {row["order_id"] for row in orders.listing(seller.app)}
    assert listed == {first, second}
    assert [row["order_id"] for row in orders.listing(seller.app, state="authorized")] == [second]
    for search in ("77-0", first[7:], "32442"):
        assert [row["order_id"] for row in orders.listing(seller.app, search=search)] == ([] if search == "32442" else [first])
    assert len(orders.listing(seller.app, search="3244239851")) == 2
    assert orders.listing(seller.app, search="%") == []
    shown = json.loads(json.dumps(orders.show(seller.app, "88-01")))
    assert shown["totals"]["total"] == 2500
    assert shown["reservations"][0]["sku"] == "B"
    assert [m["kind"] for m in shown["messages"]] == ["order-file", "dispatch-file"]
    assert [e["what"] for e in shown["history"]] == ["placed", "order file", "authorized", "accepted by the ERP"]
    with pytest.raises(UsageError, match="states are placed, authorized"):
        orders.listing(seller.app, state="lost")


def test_an_order_file_can_be_asked_for_again(seller):
    order_id = seller.placed()
    seller.knows_no_more_messages()
    assert orders.export_again(seller.app, "1") == order_id
    assert seller.files() == [("order-file", order_id)]
    assert seller.order(order_id).history[-1].detail == "asked for again by a person"


# ── several processes ───────────────────────────────────────────────────────────────────────────────────────────────────
PLACE = """
import json, os, pathlib, signal, sys
from connector import app as building
from connector.errors import OrderRefused
from connector.usecases import orders
from connector.vtex.orders import read
config, gate, ending = sys.argv[1:]
app = building.load(pathlib.Path(config))
documents = json.load(sys.stdin)
print("ready", flush=True)
while not os.path.exists(gate):
    pass
try:
    answers = orders.place(app, read(documents, "shop", "1"))
except OrderRefused as refused:
    answers = [refused.code.encode()]
if ending == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
sys.stdout.buffer.write(answers[0])
"""


def placing(seller, document, gate, ending="answered"):
    command = [sys.executable, "-c", PLACE, str(seller.config), str(gate), ending]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT)
    process.stdin.write(json.dumps([document]).encode())
    process.stdin.close()
    return process


def placed_at_once(seller, gate, *documents):
    processes = [placing(seller, document, gate) for document in documents]
    for process in processes:
        assert process.stdout.readline() == b"ready\n"
    gate.touch()
    answers = [process.stdout.read() for process in processes]
    for process in processes:
        process.stdout.close()
        assert process.wait(60) == 0
    return answers


def test_two_processes_placing_the_same_order_at_once_take_one_and_answer_alike(seller, tmp_path):
    first, second = placed_at_once(seller, tmp_path / "gate", *[order("1", ("A", 7))] * 2)
    assert first == second
    assert json.loads(first)["marketplaceOrderId"] == "1"
    assert (seller.count(), seller.left("A")) == (1, 3)
    assert len(seller.files()) == 1


def test_two_processes_never_sell_the_same_piece_twice(seller, tmp_path):
    answers = placed_at_once(seller, tmp_path / "gate", order("1", ("A", 7)), order("2", ("A", 7)))
    assert answers.count(b"FMT002") == 1
    assert (seller.count(), seller.left("A")) == (1, 3)


def test_a_process_killed_between_commit_and_answer_leaves_one_order_and_its_answer(seller, tmp_path):
    document = order("1", ("A", 7))
    (tmp_path / "gate").touch()
    process = placing(seller, document, tmp_path / "gate", "killed")
    assert process.stdout.read() == b"ready\n"
    assert process.wait(60) == -signal.SIGKILL
    process.stdout.close()
    with seller.app.db.read() as tx:
        (stored,) = store.stored(tx, "shop", ["1"]).values()
    assert seller.place(document) == [stored.answer]
    assert (seller.count(), seller.left("A")) == (1, 3)


def test_an_ack_for_an_order_that_was_cancelled_meanwhile_says_not_to_ship_it(seller):
    order_id = seller.placed()
    orders.cancel(seller.app, "shop", order_id, {})
    said = orders.acknowledge(seller.app, Ack(order_id, True, "E1", "", MONDAY))

    assert said == f"order {order_id} was accepted by the ERP as E1; but it is canceled: do not ship it"

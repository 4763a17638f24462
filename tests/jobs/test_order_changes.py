"""Changes of orders from the marketplace's call to the ERP's file and the agreement, with real files and a marketplace that answers."""

import json
import os
from datetime import timedelta

import pytest
from documents_world import Papers, opened
from orders_world import order
from sqlalchemy import update

from connector.delivery import erp
from connector.domain.documents import Ack
from connector.domain.messages import Kind
from connector.domain.orders import OrderState
from connector.errors import Conflict, NotFound, OrderRefused, RequestInvalid
from connector.storage import order_changes, salvage
from connector.storage import orders as store
from connector.storage.tables import outbox, prices, products, stock
from connector.usecases import changing, letters, offers, orders, privacy
from connector.usecases.passes import Pass
from connector.vtex.orders import read
from jobs import export_orders

ONE_LESS = {"reason": "one is enough", "remove": {"items": [{"id": "A", "quantity": 1}]}}
MORE = {"add": {"items": [{"id": "A", "quantity": 1}]}}
ONE_B_MORE = {"add": {"items": [{"id": "B", "quantity": 1}], "shippingData": {"logisticsInfo": [{"itemIndex": 0, "price": 250}]}}}


class Changes(Papers):
    """What the marketplace and the ERP's folder have to do with changes."""

    def ask(self, order_id, change, request_id="c1", agreement="Acknowledgment"):
        body = {**change, "changeRequestId": request_id, "agreementType": agreement}
        return changing.change(self.app, "shop", order_id, body)

    def confirm(self, order_id, request_id="c1"):
        return changing.change(self.app, "shop", order_id, {"agreementType": "Confirmation"}, request_id)

    def changed(self, order_id, change, request_id="c1"):
        self.ask(order_id, change, request_id)
        return self.confirm(order_id, request_id)

    def export(self):
        return export_orders.run(self.app, Pass(by_hand=True))

    def told(self, name):
        return json.loads((self.root / "outbox" / name).read_text(encoding="utf-8"))

    def stock_left(self, sku):
        with self.app.db.read() as tx:
            return offers.on_offer(self.app, tx, "shop", "1", [sku])[sku].stock

    def agreed(self, number="m1"):
        return self.shop.orders[number].agreements if number in self.shop.orders else []


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def world(request, tmp_path):
    how = {"url": request.getfixturevalue("postgresql_url")} if request.param == "postgresql" else {}
    with opened(tmp_path / "project", Changes, **how) as one:
        (one.root / "outbox").mkdir()
        yield one


def test_a_change_is_acknowledged_then_applied_told_to_the_erp_and_confirmed(world):
    order_id = world.ordered("m1")
    world.export()
    answered = world.ask(order_id, ONE_LESS)
    world.run()
    assert (answered["orderId"], answered["changeRequestId"], answered["agreementType"]) == (order_id, "c1", "Acknowledgment")
    assert world.agreed() == [("c1", "Acknowledgment")]
    assert (world.order(order_id).items[0].quantity, world.left("outbox/changes")) == (2, [])

    assert world.confirm(order_id)["agreementType"] == "Confirmation"
    world.export()
    world.run()
    assert world.agreed() == [("c1", "Acknowledgment"), ("c1", "Confirmation")]
    assert world.order(order_id).items[0].quantity == 1
    assert world.left("outbox/changes") == [f"{order_id}-1.json"]
    told = world.told(f"changes/{order_id}-1.json")
    assert (told["orderId"], told["marketplaceOrderId"], told["change"], told["requestId"]) == (order_id, "m1", 1, "c1")
    assert told["reason"] == "one is enough"
    assert told["removed"] == [{"sku": "A", "quantity": 1}]
    assert [(item["sku"], item["quantity"]) for item in told["items"]] == [("A", 1)]
    assert told["totals"]["total"] == 1500
    assert told["raw"]["remove"] == ONE_LESS["remove"]
    story = world.story(order_id)
    wanted = ["change asked", "change-acknowledged reported", "changed", "change file written", "change-confirmed reported"]
    assert [what for what in story if what in wanted] == wanted


def test_calls_that_come_again_change_nothing_and_are_answered_alike(world):
    order_id = world.ordered("m1")
    first, again = (world.ask(order_id, ONE_LESS) for _ in range(2))
    applied, once_more = (world.confirm(order_id) for _ in range(2))
    late = world.ask(order_id, ONE_LESS)
    world.export()
    world.run()

    assert (first, applied) == (again, once_more)
    assert late == first
    assert world.order(order_id).items[0].quantity == 1
    assert world.left("outbox/changes") == [f"{order_id}-1.json"]
    assert world.agreed() == [("c1", "Acknowledgment"), ("c1", "Confirmation")]


def test_the_same_id_with_other_content_is_a_conflict(world):
    order_id = world.ordered("m1")
    world.ask(order_id, ONE_LESS)
    with pytest.raises(Conflict, match="other content") as caught:
        world.ask(order_id, {**ONE_LESS, "reason": "changed my mind"})
    assert caught.value.code == "FMT009"


def test_what_the_order_holds_follows_its_change(world):
    order_id = world.ordered("m1", ("A", 3))
    assert (world.stock_left("A"), world.stock_left("B")) == (997, 1000)
    world.changed(order_id, ONE_LESS)
    assert (world.stock_left("A"), world.stock_left("B")) == (998, 1000)
    world.changed(order_id, ONE_B_MORE, "c2")
    assert (world.stock_left("A"), world.stock_left("B")) == (998, 999)
    assert world.order(order_id).totals.total == 2000 + 500 + 1000 + 250
    orders.cancel(world.app, "shop", order_id, {})
    with world.app.db.write() as tx:
        orders.cancel_by_seller(tx, world.app, orders.find(tx, order_id), "so be it", world.now)
    assert (world.stock_left("A"), world.stock_left("B")) == (1000, 1000)


def test_what_the_erps_stock_counts_already_is_not_held_again_and_what_was_added_is(world):
    order_id = world.ordered("m1", ("A", 3))
    orders.acknowledge(world.app, Ack(order_id, True, "E1", "", world.now))
    with world.app.db.write() as tx:
        store.release_acked(tx, world.now.replace(hour=16), world.now)
    assert world.stock_left("A") == 1000
    world.changed(order_id, {"add": {"items": [{"id": "A", "quantity": 2}]}})
    assert world.stock_left("A") == 998
    with world.app.db.write() as tx:
        store.release_acked(tx, world.now.replace(hour=17), world.now)
    assert world.stock_left("A") == 998, "the ERP has not acknowledged the change"
    world.export()
    world.now += timedelta(seconds=1)
    assert orders.acknowledge(world.app, Ack(order_id, True, "E1", "", world.now))
    with world.app.db.write() as tx:
        store.release_acked(tx, world.now.replace(hour=18), world.now)
    assert world.stock_left("A") == 1000


def test_an_ack_that_was_written_before_a_change_acknowledges_no_piece_of_it(world):
    order_id = world.ordered("m1", ("A", 2))
    world.drop("acks", f"{order_id};accepted;E1")
    written_at = world.now
    world.now += timedelta(minutes=1)
    world.changed(order_id, {"add": {"items": [{"id": "A", "quantity": 5}]}})
    said = [line for line in world.run().lines if "accepted" in line]

    assert (world.order(order_id).erp_order_id, world.order(order_id).acked_at) == ("E1", None)
    assert said == [f"acks/acks-1.csv: order {order_id} was accepted by the ERP as E1, before change 1, which it has not acknowledged yet"]
    assert [e.detail for e in world.order(order_id).history if e.what == "accepted by the ERP"] == ["before change 1, as E1"]
    assert orders.acknowledge(world.app, Ack(order_id, True, "E1", "", written_at)) == "", "the same once more is no news"
    with world.app.db.write() as tx:
        store.release_acked(tx, world.now + timedelta(hours=1), world.now)
    assert world.stock_left("A") == 993, "the ERP's stock counts two of the seven"

    world.export()
    world.now += timedelta(seconds=1)
    assert orders.acknowledge(world.app, Ack(order_id, True, "E1", "", world.now))
    with world.app.db.write() as tx:
        store.release_acked(tx, world.now + timedelta(hours=1), world.now)
    assert world.stock_left("A") == 1000


@pytest.mark.parametrize("state", ["pending", "dead", "discarded"])
def test_an_ack_after_a_change_whose_file_is_not_written_yet_acknowledges_no_piece_of_it(world, state):
    order_id = world.ordered("m1", ("A", 2))
    world.export()
    world.now += timedelta(seconds=10)
    world.changed(order_id, add("A", 5))
    with world.app.db.write() as tx:
        tx.execute(update(outbox).where(outbox.c.kind == Kind.CHANGE_FILE.value).values(state=state, attempt=1, attempted_at=world.now))
    acked_by_a_slow_clock(world, order_id, timedelta(0))
    assert world.order(order_id).acked_at is None
    assert world.stock_left("A") == 993, "the ERP has read of two of the seven"

    letters.replay(world.app)
    if state == "discarded":  # nothing but the whole order tells the ERP now
        (world.root / "outbox" / "orders" / f"{order_id}.json").unlink()
        orders.export_again(world.app, order_id)
    world.export()
    acked_by_a_slow_clock(world, order_id, timedelta(0))
    assert world.order(order_id).acked_at is not None
    assert world.stock_left("A") == 1000


def changed_after_its_export(world):
    order_id = world.ordered("m1", ("A", 2))
    world.export()
    world.now += timedelta(seconds=10)
    world.changed(order_id, add("A", 5))
    world.now += timedelta(seconds=10)
    return order_id


@pytest.mark.parametrize("is_settled_before", [True, False])
def test_an_ack_of_a_change_counts_though_the_writer_of_its_file_died_before_it_settled_it(world, is_settled_before):
    order_id = changed_after_its_export(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(erp, "_settle", interrupted)
        with pytest.raises(KeyboardInterrupt):
            world.export()
    ack = Ack(order_id, True, "E1", "", world.now + timedelta(minutes=5))
    world.now += timedelta(hours=1)
    if is_settled_before:
        world.export()
    orders.acknowledge(world.app, ack)

    assert world.order(order_id).acked_at == ack.acked_at


def test_an_ack_of_an_order_file_that_was_written_anew_counts_though_the_change_s_own_file_was_never_written(world):
    order_id = changed_after_its_export(world)
    with world.app.db.write() as tx:
        tx.execute(update(outbox).where(outbox.c.kind == Kind.CHANGE_FILE.value).values(state="dead"))
    orders.export_again(world.app, order_id)
    (world.root / "outbox" / "orders" / f"{order_id}.json").unlink()
    world.export()
    world.now += timedelta(hours=1)
    orders.acknowledge(world.app, Ack(order_id, True, "E1", "", world.now))

    assert world.order(order_id).acked_at == world.now


def acked_by_a_slow_clock(world, order_id, behind):
    """Let the ERP accept an order some seconds after all that happened, and date its file by a clock that is `behind`."""
    world.now += timedelta(seconds=30)
    path = world.drop("acks", f"{order_id};accepted;E1")
    os.utime(path, ((world.now - behind).timestamp(),) * 2)
    world.run()
    with world.app.db.write() as tx:
        store.release_acked(tx, world.now + timedelta(hours=1), world.now)


def test_an_ack_is_of_the_change_where_no_file_was_written_before_it_however_far_the_erps_clock_is_behind(world):
    order_id = world.ordered("m1", ("A", 2))
    world.changed(order_id, add("A", 5))
    world.now += timedelta(seconds=10)
    world.export()
    acked_by_a_slow_clock(world, order_id, timedelta(minutes=1))

    assert world.order(order_id).acked_at is not None
    assert [e.detail for e in world.order(order_id).history if e.what == "accepted by the ERP"] == ["as E1"]
    assert world.stock_left("A") == 1000


@pytest.mark.parametrize("is_settled", [True, False])
def test_an_ack_may_be_older_than_a_change_where_the_erp_may_have_the_file_of_before(world, is_settled):
    """Also where the file appeared before the change, and its writer ended before it was settled."""
    order_id = world.ordered("m1", ("A", 2))
    if is_settled:
        world.export()
    else:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(erp, "_settle", interrupted)
            with pytest.raises(KeyboardInterrupt):
                world.export()
    assert world.left("outbox/orders") == [f"{order_id}.json"]
    world.now += timedelta(seconds=10)
    world.changed(order_id, add("A", 5))
    world.now += timedelta(seconds=10)
    world.export()
    acked_by_a_slow_clock(world, order_id, timedelta(minutes=1))

    assert [e.detail for e in world.order(order_id).history if e.what == "accepted by the ERP"] == ["before change 1, as E1"]
    assert world.stock_left("A") == 993


def test_an_ack_may_be_older_than_a_change_where_the_file_was_begun_at_the_moment_of_the_change(world):
    """On PostgreSQL it may have been read before the change was committed."""
    order_id = world.ordered("m1", ("A", 2))
    world.changed(order_id, add("A", 5))
    world.now += timedelta(seconds=0.5)
    world.export()
    acked_by_a_slow_clock(world, order_id, timedelta(minutes=1))

    assert world.order(order_id).acked_at is None


def test_an_ack_may_be_older_than_a_change_where_a_restored_database_does_not_know_of_the_file(world):
    order_id = world.ordered("m1", ("A", 2))
    with world.app.db.write() as tx:
        salvage.lay_aside(tx)
    world.changed(order_id, add("A", 5))
    world.now += timedelta(seconds=10)
    world.export()
    acked_by_a_slow_clock(world, order_id, timedelta(minutes=1))

    assert world.order(order_id).acked_at is None
    assert world.stock_left("A") == 993


def interrupted(*_):
    raise KeyboardInterrupt


def has_ended(world, *, is_seen=True):
    """Let what orders hold run out, whether housekeeping has seen it or not."""
    world.now += timedelta(days=9)
    if is_seen:
        orders.expire(world.app)


@pytest.mark.parametrize("is_seen", [True, False])
@pytest.mark.parametrize("is_paid", [True, False])
def test_a_change_after_the_reservation_ran_out_holds_the_earlier_pieces_too(world, is_seen, is_paid):
    order_id = world.ordered("m1", ("A", 4)) if is_paid else world.place("m1", ("A", 4))
    has_ended(world, is_seen=is_seen)
    assert world.stock_left("A") == 1000
    world.changed(order_id, MORE)
    assert world.stock_left("A") == 995
    if not is_paid:
        world.authorize(order_id)
    assert (world.stock_left("A"), world.order(order_id).flags) == (995, ())


def test_pieces_that_ran_out_are_held_by_a_change_only_as_far_as_the_order_still_has_them(world):
    order_id = world.place("m1", ("A", 4), ("B", 1))
    has_ended(world)
    world.changed(order_id, {"remove": {"items": [{"id": "A", "quantity": 3}]}}, "c1")
    world.changed(order_id, MORE, "c2")
    assert world.stock_left("A") == 998
    has_ended(world)
    world.changed(order_id, {"remove": {"items": [{"id": "A", "quantity": 2}]}}, "c3")
    world.changed(order_id, MORE, "c4")
    assert world.stock_left("A") == 999


def test_a_change_is_refused_only_where_its_own_pieces_are_not_there_and_what_ran_out_and_was_sold_since_is_flagged(world):
    order_id = world.place("m1", ("A", 4))
    has_ended(world)
    world.place("m2", ("A", 997))
    with pytest.raises(OrderRefused, match="SKU A is out of stock: 4 more are wanted, 3 left"):
        world.ask(order_id, {"add": {"items": [{"id": "A", "quantity": 4}]}})
    world.changed(order_id, MORE)
    said = "SKU A: changed after its reservation had ended, 4 ordered before, 2 left"

    assert (world.stock_left("A"), world.order(order_id).flags) == (0, (said,))
    world.authorize(order_id)
    assert (world.stock_left("A"), world.order(order_id).flags) == (0, (said,))


def test_a_change_after_the_reservation_ran_out_is_taken_where_the_erp_s_stock_counts_the_earlier_pieces_and_sends_no_acks(world):
    order_id = world.ordered("m1", ("A", 2))
    world.export()
    has_ended(world)
    with world.app.db.write() as tx:
        tx.execute(stock.update().where(stock.c.sku == "A").values(quantity=1))
    world.changed(order_id, MORE)

    assert (world.stock_left("A"), len(world.order(order_id).flags)) == (0, 1)


def test_pieces_that_the_erp_acknowledged_before_they_ran_out_are_not_held_by_a_change(world):
    order_id = world.ordered("m1", ("A", 4))
    orders.acknowledge(world.app, Ack(order_id, True, "E1", "", world.now))
    has_ended(world)
    world.changed(order_id, MORE)
    assert world.stock_left("A") == 999


def test_changes_of_an_order_are_numbered_and_written_one_after_the_other(world):
    order_id = world.ordered("m1", ("A", 3))
    world.changed(order_id, ONE_LESS, "c1")
    world.changed(order_id, ONE_LESS, "c2")
    world.export()

    assert world.left("outbox/changes") == [f"{order_id}-1.json", f"{order_id}-2.json"]
    assert [world.told(f"changes/{order_id}-{n}.json")["items"][0]["quantity"] for n in (1, 2)] == [2, 1]
    assert [event.detail for event in world.order(order_id).history if event.what == "change file written"] == [
        f"changes/{order_id}-{n}.json" for n in (1, 2)
    ]


def test_a_change_file_never_overtakes_its_orders(world):
    order_id = world.ordered("m1", ("A", 3))
    world.changed(order_id, ONE_LESS)
    world.export()
    written = [what for what in world.story(order_id) if what.endswith("written")]

    assert written.index("order file written") < written.index("change file written")


def test_an_invoice_is_held_against_what_the_order_is_since(world):
    order_id = world.ordered("m1", ("A", 2))
    world.changed(order_id, ONE_LESS)
    refused = world.report("invoices", f"{order_id};N1;2026-01-02;25,00;A;2;10,00")
    assert refused.failures
    world.report("invoices", f"{order_id};N1;2026-01-02;15,00;A;1;10,00")
    assert world.order(order_id).state is OrderState.INVOICED
    assert world.shop.orders["m1"].invoices["N1"]["invoiceValue"] == 1500


def lacking(world, _order_id):
    with world.app.db.write() as tx:
        tx.exec_driver_sql("UPDATE stock SET quantity = 2 WHERE sku = 'A'")


def canceled(world, order_id):
    with world.app.db.write() as tx:
        orders.cancel_by_seller(tx, world.app, orders.find(tx, order_id), "gone", world.now)


def asked_to_cancel(world, order_id):
    orders.cancel(world.app, "shop", order_id, {"reason": "gave up"})


def invoiced(world, order_id):
    world.report("invoices", f"{order_id};N1;2026-01-02;25,00;A;2;10,00")


@pytest.mark.parametrize(
    ("happens", "error", "said"),
    [
        (lacking, OrderRefused, "out of stock: 1 more are wanted, 0 left"),
        (canceled, Conflict, "is canceled"),
        (asked_to_cancel, Conflict, "is cancel-asked"),
        (invoiced, Conflict, "is invoiced"),
    ],
)
def test_what_forbids_a_change_forbids_its_confirmation_too_and_stands_in_the_story(world, happens, error, said):
    order_id = world.ordered("m1", ("A", 2))
    world.ask(order_id, MORE)
    happens(world, order_id)
    before = world.order(order_id)
    with pytest.raises(error, match=said):
        world.confirm(order_id)
    with pytest.raises(error, match=said):
        world.ask(order_id, MORE, "c2")

    after = world.order(order_id)
    assert (after.items, after.state) == (before.items, before.state)
    assert [e.detail.partition(":")[0] for e in after.history if e.what == "change refused"] == ["c1, Confirmation", "c2, Acknowledgment"]
    assert world.left("outbox/changes") == []


def test_an_order_with_an_invoice_that_waits_cannot_be_changed(world):
    order_id = world.place("m1", ("A", 2))
    world.report("invoices", f"{order_id};N1;2026-01-02;25,00;A;2;10,00")
    with pytest.raises(Conflict, match="has an invoice"):
        world.ask(order_id, ONE_LESS)


def test_an_order_with_a_sku_on_two_lines_is_refused_politely(world):
    order_id = world.ordered("m1", ("A", 1), ("A", 2))
    with pytest.raises(OrderRefused, match="SKU A stands on several lines of the order"):
        world.ask(order_id, ONE_LESS)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"add": {"items": [{"id": "X", "quantity": 1}]}}, OrderRefused, "SKU X is unknown"),
        ({"add": {"items": [{"id": "A", "quantity": 999}]}}, OrderRefused, "999 more are wanted, 998 left"),
        ({"remove": {"items": [{"id": "A", "quantity": 2}]}}, OrderRefused, "cancel it instead"),
        ({"reason": "nothing"}, RequestInvalid, "something to add"),
    ],
)
def test_a_change_that_cannot_be_is_refused_when_it_is_asked_for(world, change, error, said):
    order_id = world.ordered("m1", ("A", 2))
    with pytest.raises(error, match=said):
        world.ask(order_id, change)
    with world.app.db.read() as tx:
        assert order_changes.find(tx, order_id, "c1") is None


def test_a_service_that_is_not_ours_is_refused(world):
    order_id = world.ordered("m1", ("A", 2))
    by_rocket = {
        "add": {"items": [{"id": "B", "quantity": 1}], "shippingData": {"logisticsInfo": [{"itemIndex": 0, "selectedSla": "Rocket"}]}}
    }
    with pytest.raises(OrderRefused, match="Rocket") as caught:
        world.ask(order_id, by_rocket)
    assert caught.value.code == "FMT010"


def test_a_confirmation_of_what_was_never_asked_for_is_unknown(world):
    with pytest.raises(NotFound, match="has no change c9"):
        world.confirm(world.ordered("m1"), "c9")
    with pytest.raises(NotFound):
        world.ask("NOPE", ONE_LESS)


def test_an_order_that_the_erp_never_got_has_no_change_file_but_is_exported_as_it_is_since(world):
    order_id = world.place("m1", ("A", 2))
    with world.app.db.write() as tx:
        tx.exec_driver_sql("DELETE FROM order_events")
        tx.exec_driver_sql("DELETE FROM outbox")
    world.changed(order_id, ONE_LESS)
    world.authorize(order_id)
    world.export()

    assert world.left("outbox/changes") == []
    assert world.told(f"orders/{order_id}.json")["items"][0]["quantity"] == 1


def test_a_person_who_is_erased_is_erased_from_changes_too(world):
    order_id = world.ordered("m1", ("A", 2))
    client = {"clientProfileData": [{"firstName": "Joaquina"}]}
    world.changed(
        order_id, {"remove": ONE_LESS["remove"], "add": {"items": [{"id": "B", "quantity": 1, **client}]}, "reason": "for Joaquina"}
    )
    assert privacy.erase(world.app, "3244239851")["still_open"] == [order_id]
    world.export()
    assert privacy.erase(world.app, "3244239851")["erased"] == [order_id]
    with world.app.db.read() as tx:
        kept = order_changes.find(tx, order_id, "c1")
    assert "Joaquina" not in json.dumps([kept.raw, kept.result])
    assert kept.result["items"][0]["sku"] == "A"


@pytest.mark.parametrize(("pieces", "value"), [(3, 1500), (3.0, 1300)])
def test_a_change_moves_what_the_marketplace_pays_by_what_it_moves_the_lines(world, pieces, value):
    """Of a person's order that is erased, decimals are overwritten; then the lines count."""
    document = order("m1", ("A", pieces), marketplaceServicesEndpoint=world.shop.services_endpoint, marketplacePaymentValue=3700)
    order_id = json.loads(orders.place(world.app, read([document], "shop", "1"))[0])["orderId"]
    world.authorize(order_id)
    world.changed(order_id, ONE_LESS)
    world.report("invoices", f"{order_id};N1;2026-01-02;12,00;A;1;10,00")
    world.export()
    assert privacy.erase(world.app, "324.423.985-1")["erased"] == [order_id]
    report = world.report("invoices", f"{order_id};N2;2026-01-02;{value // 100},01;A;1;10,00")

    assert report.failures == []
    assert world.shop.invoices["m1"]["N2"]["invoiceValue"] == value


# ── what a change adds is measured as an order is ───────────────────────────────────────────────────────────────────────
def add(sku, quantity=1, **more):
    return {"add": {"items": [{"id": sku, "quantity": quantity, **more}]}}


def in_its_place(sku, quantity, *, of=None, **more):
    """Put a SKU in its own place, `of` so many pieces."""
    from_ = {"items": [{"id": sku, "quantity": of or quantity}]}
    return {"replace": [{"from": from_, "to": {"items": [{"id": sku, "quantity": quantity, **more}]}}]}


def sets(world, table, sku, **values):
    with world.app.db.write() as tx:
        tx.execute(table.update().where(table.c.sku == sku).values(**values))


def test_what_is_added_far_below_todays_price_is_refused_and_a_little_below_is_flagged(world):
    order_id = world.ordered("m1", ("A", 1))
    with pytest.raises(OrderRefused, match=r"SKU B came at 0\.01; today's price is 10\.00") as caught:
        world.ask(order_id, add("B", 5, price=1))
    assert caught.value.code == "FMT006"
    world.changed(order_id, add("B", price=960), "c2")

    assert world.order(order_id).flags == ("SKU B names no shipping service", "SKU B came at 9.60, below today's 10.00")
    assert [event.detail for event in world.order(order_id).history if event.what == "flagged"] == list(world.order(order_id).flags)


def test_more_pieces_at_the_price_agreed_upon_are_taken_though_todays_is_higher_and_flagged(world):
    order_id = world.ordered("m1", ("A", 1))
    sets(world, prices, "A", price_cents=2000)
    world.changed(order_id, add("A"))

    assert world.order(order_id).flags == ("SKU A came at 10.00, below today's 20.00",)


def test_a_change_that_was_acknowledged_is_applied_though_prices_rose_since_and_flagged(world):
    order_id = world.ordered("m1", ("A", 1))
    world.ask(order_id, add("B", price=1000))
    sets(world, prices, "B", price_cents=1100)
    world.confirm(order_id)

    assert [(item.sku, item.price_cents) for item in world.order(order_id).items] == [("A", 1000), ("B", 1000)]
    assert "SKU B came at 10.00, below today's 11.00" in world.order(order_id).flags
    with pytest.raises(OrderRefused, match=r"SKU A came at 9\.00; today's price is 10\.00"):
        world.ask(order_id, in_its_place("A", 1, price=900), "c2")


def test_a_change_that_was_acknowledged_is_not_applied_where_what_it_adds_is_not_for_sale_any_more(world):
    order_id = world.ordered("m1", ("A", 1))
    world.ask(order_id, add("A"))
    sets(world, products, "A", active=False)
    with pytest.raises(OrderRefused, match="SKU A is not for sale"):
        world.confirm(order_id)


def test_a_change_that_adds_no_piece_of_what_has_no_price_today_is_taken_and_a_lower_price_flagged(world):
    order_id = world.ordered("m1", ("A", 4))
    with world.app.db.write() as tx:
        tx.execute(prices.delete().where(prices.c.sku == "A"))
    world.changed(order_id, in_its_place("A", 3, of=4, price=1100), "c1")
    assert world.order(order_id).flags == ()
    world.changed(order_id, in_its_place("A", 2, of=3, price=900), "c2")

    assert [(item.quantity, item.price_cents) for item in world.order(order_id).items] == [(2, 900)]
    assert world.order(order_id).flags == ("SKU A came at 9.00, below the 11.00 of before; it has no price today",)
    with pytest.raises(OrderRefused, match="SKU A has no price today"):
        world.ask(order_id, in_its_place("A", 3, of=2, price=800), "c3")


def test_a_unit_multiplier_that_neither_order_nor_change_names_is_not_flagged_and_one_that_either_names_is(world):
    """The tests' orders name none."""
    sets(world, products, "A", unit_multiplier=0.5)
    order_id = world.ordered("m1", ("A", 2))
    world.changed(order_id, add("A"))
    assert world.order(order_id).flags == ()
    world.changed(order_id, add("A", unitMultiplier=1), "c2")
    assert world.order(order_id).flags == (flag := "SKU A came with the unit multiplier 1, offered is 0.5",)

    sets(world, products, "A", unit_multiplier=1.0)
    document = order("m2", ("A", 2))
    document["items"][0]["unitMultiplier"] = 1
    named = json.loads(orders.place(world.app, read([document], "shop", "1"))[0])["orderId"]
    sets(world, products, "A", unit_multiplier=0.5)
    world.changed(named, add("A"))
    assert world.order(named).flags == (flag,)


def test_no_pieces_are_added_of_what_is_not_for_sale_any_more(world):
    order_id = world.ordered("m1", ("A", 2))
    sets(world, products, "A", active=False)
    with pytest.raises(OrderRefused, match="SKU A is not for sale") as caught:
        world.ask(order_id, add("A"))
    assert caught.value.code == "ORD021"
    world.changed(order_id, ONE_LESS, "c2")
    assert world.order(order_id).items[0].quantity == 1


def test_a_discount_larger_than_a_price_may_differ_by_is_flagged(world):
    order_id = world.ordered("m1", ("A", 5))
    world.changed(order_id, {"manualDiscountValue": 4999})

    assert world.order(order_id).flags == ("SKU A: the marketplace takes 49.99 off 50.00",)

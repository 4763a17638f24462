"""Calls about one order that come at the same moment, on both databases: whoever is first decides, and nothing is said twice."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from documents_world import opened
from orders_world import order
from rival import rival, somebody_waits
from servers import wait_for
from sqlalchemy import select

from connector import app
from connector.domain.documents import Ack
from connector.domain.messages import Kind
from connector.domain.orders import OrderState
from connector.errors import Conflict, ConnectorError, ErpUnreachable
from connector.storage import listings, offers
from connector.storage import orders as store
from connector.storage import outbox as messages
from connector.storage.tables import outbox, reservations
from connector.usecases import changing, orders
from connector.usecases.passes import Pass
from connector.vtex.orders import read
from jobs import export_orders, refresh_snapshot

ROUNDS = 8
LESS = {"changeRequestId": "c1", "remove": {"items": [{"id": "A", "quantity": 1}]}}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def world(request, tmp_path):
    yield from on(request.param, request, tmp_path)


@pytest.fixture
def postgresql_world(request, tmp_path):
    yield from on("postgresql", request, tmp_path)


def on(database, request, tmp_path):
    how = {"url": request.getfixturevalue("postgresql_url")} if database == "postgresql" else {}
    with opened(tmp_path / "project", **how) as one:
        yield one


def at_once(*works):
    """Do things in threads that start together; returns what each returned, or the error of ours that stopped it."""
    gate = threading.Barrier(len(works))

    def through(work):
        gate.wait(20)
        try:
            return work()
        except ConnectorError as error:
            return error

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(through, works))


def authorize(world, order_id):
    return lambda: orders.authorize(world.app, "shop", order_id, {"marketplaceOrderId": "ignored"})


def cancel(world, order_id):
    return lambda: orders.cancel(world.app, "shop", order_id, {"reason": "gave up"})


def kinds(world, order_id):
    """Every message about an order, settled ones too."""
    with world.app.db.read() as tx:
        rows = tx.execute(select(outbox.c.kind).where((outbox.c.reference == order_id) | (outbox.c.order_id == order_id)))
        return sorted(row.kind for row in rows)


def stock_left(world, sku="A"):
    with world.app.db.read() as tx:
        return offers.load(tx, "shop", "1", [sku], world.now, kept_back=None)[sku].stock


@pytest.mark.parametrize("n", range(ROUNDS))
def test_authorization_and_cancellation_at_once_end_in_one_of_two_ways(world, n):
    order_id = world.place(f"m{n}")
    authorized, canceled = at_once(authorize(world, order_id), cancel(world, order_id))
    state = world.order(order_id).state

    if isinstance(authorized, Conflict):
        assert (state, canceled["orderId"]) == (OrderState.CANCELED, order_id)
        assert kinds(world, order_id) == ["cancellation-file", "order-file"]
        assert stock_left(world) == 1000
    else:
        assert (state, canceled, authorized["orderId"]) == (OrderState.CANCEL_ASKED, None, order_id)
        assert kinds(world, order_id) == ["cancellation-file", "dispatch-file", "order-file"]
        assert stock_left(world) == 998


@pytest.mark.parametrize("n", range(ROUNDS // 2))
def test_a_cancellation_and_an_invoice_at_once_leave_the_order_invoiced_and_the_marketplace_told_once(world, n):
    order_id = world.ordered(f"m{n}")
    world.drop("invoices", f"{order_id};N1;2026-01-02;25,00;A;2;10,00")
    canceled, _ = at_once(cancel(world, order_id), world.run)
    world.run()

    assert canceled is None or isinstance(canceled, Conflict)
    assert world.order(order_id).state is OrderState.INVOICED
    assert list(world.shop.invoices[f"m{n}"]) == ["N1"]
    assert world.shop.cancellations == {}


@pytest.mark.parametrize("n", range(ROUNDS // 2))
def test_the_erps_rejection_among_the_marketplaces_calls_cancels_once(world, n):
    order_id = world.place(f"m{n}")
    no = Ack(order_id, is_accepted=False, erp_order_id="", message="none left", acked_at=world.now)
    *_, told = at_once(authorize(world, order_id), cancel(world, order_id), lambda: orders.acknowledge(world.app, no))

    assert not isinstance(told, ConnectorError)
    assert world.order(order_id).state is OrderState.CANCELED
    assert kinds(world, order_id).count("cancel") == bool(told), "told where it was the rejection that cancelled"
    assert stock_left(world) == 1000


def export(world):
    (world.root / "outbox").mkdir(exist_ok=True)
    world.now += timedelta(seconds=5)
    return export_orders.run(world.app, Pass(by_hand=True))


def rejected(world, order_id):
    return orders.acknowledge(world.app, Ack(order_id, is_accepted=False, erp_order_id="", message="none left", acked_at=world.now))


def gets_no_dispatch(world, order_id):
    export(world)
    assert (world.left("outbox/dispatches"), world.left("outbox/.partial")) == ([], [".folder-id"])
    assert [event.detail for event in world.order(order_id).history if event.what == "dispatch file laid aside"] == [
        "the order has ended: it must not be shipped"
    ]
    with world.app.db.read() as tx:
        assert messages.waiting(tx, "erp", [Kind.DISPATCH_FILE]) == {}
    return export(world).lines == []


def test_an_order_that_the_erp_rejects_before_its_dispatch_is_written_gets_no_dispatch_file(world):
    order_id, other = world.place("m1"), world.place("m2")
    export(world)
    world.authorize(order_id)
    world.drop("acks", f"{order_id};rejected;;none left")
    world.run()

    assert export_orders.run(world.app, Pass(by_hand=True, dry_run=True)).lines == []
    assert gets_no_dispatch(world, order_id)
    assert world.shop.cancellations == {"m1": "none left"}
    world.authorize(other)
    export(world)
    assert world.left("outbox/dispatches") == [f"{other}.json"]


def test_an_order_that_is_cancelled_while_its_dispatch_is_rendered_gets_no_dispatch_file(world, monkeypatch):
    order_id = world.place("m1")
    export(world)
    world.authorize(order_id)
    write = world.app.target.write_partial

    def rejected_meanwhile(*given):
        rejected(world, order_id)
        return write(*given)

    monkeypatch.setattr(world.app.target, "write_partial", rejected_meanwhile)
    assert gets_no_dispatch(world, order_id)


def test_a_dispatch_that_was_about_to_appear_when_the_target_went_away_does_not_once_its_order_is_cancelled(world, monkeypatch):
    order_id = world.place("m1")
    export(world)
    world.authorize(order_id)

    def away(_):
        raise ErpUnreachable("gone")

    with monkeypatch.context() as patched:
        patched.setattr(world.app.target, "publish", away)
        export(world)
    rejected(world, order_id)
    assert gets_no_dispatch(world, order_id)


@pytest.mark.parametrize("n", range(ROUNDS // 2))
def test_a_change_and_a_cancellation_at_once_never_leave_stock_held_or_sold_twice(world, n):
    order_id = world.place(f"m{n}", ("A", 3))
    changing.change(world.app, "shop", order_id, LESS)
    confirm = {"agreementType": "Confirmation"}
    changed, canceled = at_once(lambda: changing.change(world.app, "shop", order_id, confirm, "c1"), cancel(world, order_id))
    kept = world.order(order_id)

    assert canceled["orderId"] == order_id
    assert kept.state is OrderState.CANCELED
    assert kept.items[0].quantity == (3 if isinstance(changed, Conflict) else 2)
    assert stock_left(world) == 1000


def test_orders_that_expire_while_the_marketplace_cancels_them_end_once_each(world):
    order_ids = [world.place(f"m{n}") for n in range(6)]
    world.now += timedelta(days=31)
    expired, *canceled = at_once(lambda: orders.expire(world.app), *(cancel(world, order_id) for order_id in order_ids))

    assert not [one for one in (expired, *canceled) if isinstance(one, ConnectorError)]
    states = {order_id: world.order(order_id).state for order_id in order_ids}
    assert set(states.values()) <= {OrderState.EXPIRED, OrderState.CANCELED}
    assert set(expired.order_ids) == {order_id for order_id, state in states.items() if state is OrderState.EXPIRED}
    assert [kinds(world, order_id).count("cancellation-file") for order_id in order_ids] == [1] * 6
    with world.app.db.read() as tx:
        assert not tx.execute(select(reservations.c.sku).where(reservations.c.released_at.is_(None))).all()


def test_a_stock_import_writes_into_an_orders_history_while_a_cancellation_has_it_in_hand(postgresql_world):
    """Else each could wait for the other: the cancellation for the reservation, the import for the order's row."""
    world = postgresql_world
    order_id = world.ordered("m1")
    orders.acknowledge(world.app, Ack(order_id, True, "E1", "", world.now))

    def import_stock():
        with world.app.db.write() as tx:
            tx.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
            return store.release_acked(tx, world.now + timedelta(hours=1), world.now)

    with world.app.db.write() as tx, ThreadPoolExecutor(1) as threads:
        orders.find(tx, order_id)
        assert threads.submit(import_stock).result(30) == ["A"]


@pytest.mark.parametrize("first", ["the ack", "the stock file"])
def test_an_ack_and_a_stock_file_at_once_free_what_the_stock_counts_whichever_is_first(postgresql_world, monkeypatch, first):
    """Each looked for the other before that one was committed: the pieces stayed held until the next stock file."""
    world = postgresql_world
    order_id = world.ordered("m1", ("A", 300))
    world.drop("acks", f"{order_id};accepted;E1;")
    world.now += timedelta(minutes=1)
    world.drop("stock", "A;700", "B;1000", head="sku;quantity")
    works = {"the ack": world.run, "the stock file": lambda: refresh_snapshot.run(world.app, Pass(by_hand=True))}
    counted, other_is_done = threading.Event(), threading.Event()
    place, name = (store, "release_acked") if first == "the stock file" else (orders, "_free_what_stock_counts")
    look = getattr(place, name)

    def looked_and_rests(*given, **how):
        found = look(*given, **how)
        if not counted.is_set():
            counted.set()
            with world.app.db.read() as tx:
                wait_for(lambda: other_is_done.is_set() or somebody_waits(tx), "the other one, which ends or waits", 20)
        return found

    monkeypatch.setattr(place, name, looked_and_rests)
    with ThreadPoolExecutor(1) as threads:
        rests = threads.submit(works.pop(first))
        assert counted.wait(20)
        ((_, other),) = works.items()
        assert other().failures == []
        other_is_done.set()
        assert rests.result(20).failures == []

    assert world.order(order_id).acked_at is not None
    assert stock_left(world) == 700


def imported(world):
    path = world.root / "inbox/stock/s.csv"
    path.parent.mkdir(parents=True)
    path.write_text("sku;quantity\nA;7\nB;7\n")
    return refresh_snapshot.run(world.app, Pass(by_hand=True)).failures == []


WORKS = {
    "placed": lambda world, _: world.place("2", ("A", 1), ("B", 1)),
    "cancelled": lambda world, order_id: cancel(world, order_id)(),
    "expired": lambda world, _: orders.expire(world.app).skus == ["A", "B"],
    "rejected by a file": lambda world, order_id: world.report("acks", f"{order_id};rejected;;").failures == [],
    "imported": lambda world, _: imported(world),
}


@pytest.mark.parametrize("work", WORKS)
def test_what_the_database_ends_for_another_transaction_is_done_again(postgresql_world, work):
    world = postgresql_world
    order_id = world.place("1", ("A", 1), ("B", 1))
    world.now += timedelta(days=9)
    with world.app.db.write() as tx:
        tx.execute(outbox.delete())

    def puts(sku):
        return lambda tx: messages.put(tx, "shop", Kind.CATALOG, [sku], world.now)

    with rival(world.app.db, puts("B"), puts("A")):
        assert WORKS[work](world, order_id)

    with world.app.db.read() as tx:
        rows = tx.execute(select(outbox.c.reference).where(outbox.c.destination == "shop", outbox.c.kind == "catalog"))
        assert sorted(rows.scalars()) == ["A", "B"]


def test_an_order_is_placed_once_by_many_threads(world):
    answers = at_once(*[lambda: world.place("m1")] * 6)

    assert len(set(answers)) == 1
    assert stock_left(world) == 998


@pytest.fixture
def stricter_world(request, postgresql_url, tmp_path):
    """On a server whose every transaction sees what was when it began, as some are set up."""
    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET default_transaction_isolation TO 'repeatable read'")
    yield from on("postgresql", request, tmp_path)


def test_the_last_pieces_are_sold_once_whatever_isolation_the_server_is_set_to(stricter_world):
    world, nodes = stricter_world, [app.build(stricter_world.app.settings, clock=stricter_world.app.clock) for _ in range(4)]
    with world.app.db.write() as tx:
        listings.announce(tx, world.app.marketplaces, ["A"], Kind.INVENTORY, world.now)  # so that orders have no message to put
    taken = at_once(*[lambda n=n, node=node: placed(node, f"m{n}") for n, node in enumerate(nodes)])
    for node in nodes:
        node.db.close()

    assert sum(isinstance(one, list) for one in taken) == 1
    assert stock_left(world) == 100


def placed(node, number):
    return orders.place(node, read([order(number, ("A", 900))], "shop", "1"))


def test_the_last_pieces_are_sold_once_to_many_buyers_at_once(world):
    taken = at_once(*[lambda n=n: world.place(f"m{n}", ("A", 300)) for n in range(8)])

    assert sum(isinstance(one, str) for one in taken) == 3
    assert all(one.code == "FMT002" for one in taken if not isinstance(one, str))
    assert stock_left(world) == 100

"""Orders, acks, cancellations and stock files in any order, against real SQLite and a model that fits on a page."""

import itertools
import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test
from orders_world import Seller, order

from connector.domain.documents import Ack
from connector.domain.orders import OrderState
from connector.errors import Conflict, OrderRefused
from connector.storage import orders as store
from connector.usecases import orders

NUMBERS = itertools.count()
STOCK = 6
ENDED = (OrderState.CANCELED, OrderState.EXPIRED)


class Known:
    """What the model knows of one order."""

    def __init__(self, document, answer, lines):
        self.document, self.answer, self.lines = document, answer, lines
        self.id = json.loads(answer)["orderId"]
        self.state, self.holds, self.acked_at, self.receipt, self.cancelled = OrderState.PLACED, True, None, None, None


class Orders(RuleBasedStateMachine):
    seller: Seller
    placed = Bundle("placed")

    def __init__(self):
        super().__init__()
        self.run, self.known = next(NUMBERS), []
        self.skus = [f"{self.run}-A", f"{self.run}-B"]
        for sku in self.skus:
            self.seller.sells(sku, quantity=STOCK)

    def left(self, sku):
        return STOCK - sum(quantity for one in self.known if one.holds for s, quantity in one.lines if s == sku)

    def move(self):
        self.seller.now += timedelta(seconds=1)

    @rule(target=placed, lines=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 3)), min_size=1, max_size=3))
    def place(self, lines):
        wanted = [(self.skus[n], quantity) for n, quantity in lines]
        document = order(f"m{next(NUMBERS)}", *wanted)
        fits = all(sum(q for s, q in wanted if s == sku) <= self.left(sku) for sku in self.skus)
        if not fits:
            with pytest.raises(OrderRefused, match="out of stock"):
                self.seller.place(document)
            return multiple()
        (answer,) = self.seller.place(document)
        self.known.append(Known(document, answer, wanted))
        return self.known[-1]

    @rule(one=placed)
    def place_again(self, one):
        assert self.seller.place(one.document) == [one.answer]

    @rule(one=placed)
    def place_with_other_content(self, one):
        with pytest.raises(Conflict, match="other content"):
            self.seller.place({**one.document, "openTextField": "changed"})

    @rule(one=placed)
    def authorize(self, one):
        self.move()
        if one.state in ENDED:
            with pytest.raises(Conflict, match="cannot be authorized"):
                orders.authorize(self.seller.app, "shop", one.id, None)
            return
        answered = orders.authorize(self.seller.app, "shop", one.id, None)
        assert one.receipt in (None, answered)
        one.receipt = answered
        one.state = OrderState.AUTHORIZED if one.state is OrderState.PLACED else one.state

    @rule(one=placed)
    def cancel(self, one):
        self.move()
        answered = orders.cancel(self.seller.app, "shop", one.id, {"reason": "gave up"})
        if one.state in (OrderState.AUTHORIZED, OrderState.CANCEL_ASKED):
            assert answered is None
            one.state = OrderState.CANCEL_ASKED
            return
        assert one.cancelled in (None, answered)
        one.cancelled, one.state, one.holds = answered, OrderState.CANCELED, False

    @rule(one=placed)
    def cancel_by_the_seller(self, one):
        self.move()
        with self.seller.app.db.write() as tx:
            assert orders.cancel_by_seller(tx, self.seller.app, orders.find(tx, one.id), "none left", self.seller.now) == (
                one.state not in ENDED
            )
        one.state, one.holds = OrderState.CANCELED, False

    @rule(one=placed)
    def accept(self, one):
        self.move()
        told = orders.acknowledge(self.seller.app, Ack(one.id, is_accepted=True, erp_order_id="E", message="", acked_at=self.seller.now))
        assert bool(told) == (one.acked_at is None)
        one.acked_at = one.acked_at or self.seller.now

    @rule(one=placed)
    def reject(self, one):
        self.move()
        told = orders.acknowledge(self.seller.app, Ack(one.id, is_accepted=False, erp_order_id="", message="no", acked_at=self.seller.now))
        assert bool(told) == (one.state not in ENDED)
        one.state, one.holds = OrderState.CANCELED, False

    @rule(age=st.integers(0, 3))
    def apply_a_stock_file(self, age):
        self.move()
        modified_at = self.seller.now - timedelta(seconds=age)
        with self.seller.app.db.write() as tx:
            released = store.release_acked(tx, modified_at, self.seller.now)
        counted = [one for one in self.known if one.holds and one.acked_at and one.acked_at < modified_at]
        assert set(released) >= {sku for one in counted for sku, _ in one.lines}
        for one in counted:
            one.holds = False

    @invariant()
    def stock_on_offer_is_what_the_model_says(self):
        for sku in self.skus:
            assert self.seller.left(sku) == max(self.left(sku), 0)

    @invariant()
    def states_are_what_the_model_says(self):
        for one in self.known:
            assert self.seller.order(one.id).state is one.state

    def teardown(self):
        files = self.seller.files()
        for one in self.known:
            assert files.count(("order-file", one.id)) == 1
            assert files.count(("dispatch-file", one.id)) == (one.receipt is not None)
            assert files.count(("cancellation-file", one.id)) <= 1


def test_any_sequence_of_calls_and_files_leaves_one_true_state(tmp_path):
    seller = Seller(tmp_path / "machine")
    checks = settings(max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(type("Against", (Orders,), {"seller": seller}), settings=checks)
    seller.app.db.close()

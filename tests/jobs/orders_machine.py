"""Everything that can happen to orders, in any sequence, against real SQLite, real files and a model that fits on a page."""

import itertools
import json
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule, run_state_machine_as_test
from orders_model import CHANGEABLE, ENDED, Modelled
from orders_world import MONDAY, Seller, order
from sqlalchemy import func, select

from connector.domain.documents import Ack, Cancellation, GivenInvoice, GivenLine, Objection
from connector.domain.orders import TRANSITIONS, OrderState
from connector.errors import Conflict, OrderRefused
from connector.storage import orders as store
from connector.storage.tables import files
from connector.storage.tables import orders as orders_table
from connector.usecases import changing, orders
from connector.usecases.invoicing import take_invoice
from connector.usecases.passes import Pass
from connector.usecases.returning import take_cancellation
from connector.usecases.taking import Taking
from jobs import export_orders

PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
"""Steps are few enough to read as they come: shrinking them against a real database takes longer than that."""
NUMBERS = itertools.count()
STOCK = 6
MARKETPLACE = "shop"


class Orders(RuleBasedStateMachine):
    seller: Seller
    file_id: int
    did: Counter
    placed = Bundle("placed")

    def __init__(self):
        super().__init__()
        run = next(NUMBERS)
        self.known, self.taken = [], []
        self.skus = [f"{run}-A", f"{run}-B"]
        for sku in self.skus:
            self.seller.sells(sku, quantity=STOCK)

    # ── the model ───────────────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def now(self):
        return self.seller.now

    def left(self, sku):
        return STOCK - sum(one.holding(sku, self.now) for one in self.known)

    def fits(self, wanted):
        return all(sum(quantity for s, quantity in wanted if s == sku) <= self.left(sku) for sku in self.skus)

    def move(self):
        self.seller.now += timedelta(seconds=1)

    def remember(self, document, answer, wanted):
        self.did["orders"] += 1
        self.known.append(Modelled(document, answer, json.loads(answer)["orderId"], self.now, wanted))
        return self.known[-1]

    # ── the marketplace ─────────────────────────────────────────────────────────────────────────────────────────────────
    LINES = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 3)), min_size=1, max_size=3)

    @initialize(target=placed)
    def place_the_first(self):
        """A run without an order would show little."""
        return self.place([[(0, 1)]], first=False)

    @rule(target=placed, several=st.lists(LINES, min_size=1, max_size=3), first=st.booleans())
    def place(self, several, first):
        """One request of new orders, with one that is known already at its head or not."""
        wanted = [[(self.skus[n], quantity) for n, quantity in lines] for lines in several]
        documents = [order(f"m{next(NUMBERS)}", *lines) for lines in wanted]
        again = self.known[:1] if first else []
        request = [one.document for one in again] + documents
        if not self.fits([line for lines in wanted for line in lines]):
            self.did["refused"] += 1
            with pytest.raises(OrderRefused, match="out of stock"):
                self.seller.place(*request)
            return multiple()
        answers = self.seller.place(*request)
        assert answers[: len(again)] == [one.answer for one in again]
        return multiple(*map(self.remember, documents, answers[len(again) :], wanted))

    @rule(one=placed)
    def place_again(self, one):
        assert self.seller.place(one.document) == [one.answer]

    @rule(one=placed)
    def place_with_other_content(self, one):
        with pytest.raises(Conflict, match="other content"):
            self.seller.place({**one.document, "openTextField": "changed"})

    @rule(one=placed, by_ours=st.booleans())
    def authorize(self, one, by_ours):
        self.move()
        named = one.id if by_ours else one.document["marketplaceOrderId"]
        if one.state in ENDED:
            with pytest.raises(Conflict, match="cannot be authorized"):
                orders.authorize(self.seller.app, MARKETPLACE, named, None)
            return
        answered = orders.authorize(self.seller.app, MARKETPLACE, named, None)
        assert one.receipt in (None, answered)
        one.receipt = answered
        one.authorize(self.now)

    @rule(one=placed)
    def cancel(self, one):
        self.move()
        if one.state is OrderState.INVOICED:
            with pytest.raises(Conflict, match="after a return"):
                orders.cancel(self.seller.app, MARKETPLACE, one.id, {"reason": "gave up"})
            return
        answered = orders.cancel(self.seller.app, MARKETPLACE, one.id, {"reason": "gave up"})
        if one.state in (OrderState.AUTHORIZED, OrderState.CANCEL_ASKED):
            assert answered is None
            one.state = OrderState.CANCEL_ASKED
            return
        assert one.canceled in (None, answered)
        one.canceled = answered
        if one.state is OrderState.PLACED:
            one.end(OrderState.CANCELED)

    @rule(one=placed, sku=st.integers(0, 1), adds=st.booleans())
    def change(self, one, sku, adds):
        self.move()
        named, request_id = self.skus[sku], f"c{next(NUMBERS)}"
        part = {"items": [{"id": named, "quantity": 1}]}
        body = {"add" if adds else "remove": part, "changeRequestId": request_id}
        left = self.left(named)
        is_possible = left > 0 if adds else self._would_leave_something(one, named)
        if not one.may_change or not is_possible:
            with pytest.raises((Conflict, OrderRefused)):
                changing.change(self.seller.app, MARKETPLACE, one.id, body)
            return
        changing.change(self.seller.app, MARKETPLACE, one.id, body)
        changing.change(self.seller.app, MARKETPLACE, one.id, {"agreementType": "Confirmation"}, request_id)
        if adds:
            one.more(named, self.now, left)
        else:
            one.less(named, self.now)

    def _would_leave_something(self, one, sku):
        return sku in one.lines and sum(line.quantity for line in one.lines.values()) > 1

    # ── the ERP ─────────────────────────────────────────────────────────────────────────────────────────────────────────
    def taking(self, tx):
        return Taking(tx, self.seller.app, self.file_id, self.now, self.now)

    @rule(one=placed)
    def invoice(self, one):
        self.move()
        value = self.seller.order(one.id).totals.total
        given = GivenInvoice("N1", "Output", MONDAY, value, (GivenLine("", None, None),))
        with self.seller.app.db.write() as tx:
            said = take_invoice(self.taking(tx), orders.find(tx, one.id), given)
        assert isinstance(said, Objection) == (one.state in ENDED and not one.has_invoice)
        if not isinstance(said, Objection):
            one.invoice()

    @rule(one=placed)
    def cancel_by_the_erp(self, one):
        self.move()
        with self.seller.app.db.write() as tx:
            said = take_cancellation(self.taking(tx), orders.find(tx, one.id), Cancellation("none left"))
        assert isinstance(said, Objection) == (one.state is OrderState.INVOICED)
        if one.state is not OrderState.INVOICED and one.state not in ENDED:
            one.end(OrderState.CANCELED)

    @rule(one=placed, age=st.integers(0, 3))
    def accept(self, one, age):
        self.move()
        at = self.now - timedelta(seconds=age)
        told = orders.acknowledge(self.seller.app, Ack(one.id, is_accepted=True, erp_order_id="E", message="", acked_at=at))
        assert bool(told) == one.acknowledge(at)

    @rule(one=placed)
    def reject(self, one):
        self.move()
        ack = Ack(one.id, is_accepted=False, erp_order_id="", message="no", acked_at=self.now)
        if one.state is OrderState.INVOICED:
            with pytest.raises(Conflict, match="cannot reject"):
                orders.acknowledge(self.seller.app, ack)
            return
        assert bool(orders.acknowledge(self.seller.app, ack)) == (one.state not in ENDED)
        if one.state not in ENDED:
            one.end(OrderState.CANCELED)

    @rule(age=st.integers(0, 3))
    def apply_a_stock_file(self, age):
        self.move()
        modified_at = self.now - timedelta(seconds=age)
        with self.seller.app.db.write() as tx:
            released = store.release_acked(tx, modified_at, self.now)
        assert set(released) >= {sku for one in self.known for sku in one.count_in_stock(modified_at)}

    @rule()
    def export(self):
        """Write files, which the ERP takes away at once."""
        self.seller.now += timedelta(seconds=5)
        assert export_orders.run(self.seller.app, Pass(by_hand=True)).exit_status == 0
        for one in self.known:
            one.export(self.now)
        target = self.seller.app.root / "outbox"
        for path in target.glob("*/*.json"):
            if path.parent.name != ".partial":
                self.taken.append((str(path.relative_to(target)), json.loads(path.read_text(encoding="utf-8"))))
                path.unlink()

    # ── time ────────────────────────────────────────────────────────────────────────────────────────────────────────────
    @rule(days=st.sampled_from([1, 3, 9, 31]))
    def wait(self, days):
        self.seller.now += timedelta(days=days)

    @rule()
    def expire(self):
        self.move()
        expired = orders.expire(self.seller.app).order_ids
        due = [one for one in self.known if one.state is OrderState.PLACED and self.now - one.placed_at > timedelta(days=30)]
        assert {one.id for one in due} <= set(expired)
        for one in self.known:
            one.forget_ended(self.now)
        for one in due:
            one.end(OrderState.EXPIRED)

    # ── what holds at any time ──────────────────────────────────────────────────────────────────────────────────────────
    @invariant()
    def stock_on_offer_is_what_the_model_says(self):
        self.did["states"] += 1
        for sku in self.skus:
            assert self.seller.left(sku) == max(self.left(sku), 0)

    @invariant()
    def orders_are_what_the_model_says(self):
        for one in self.known:
            kept = self.seller.order(one.id)
            assert (kept.state, kept.totals.total) == (one.state, one.total)
            with self.seller.app.db.read() as tx:
                same = select(func.count(), func.min(orders_table.c.total_cents))
                row = tx.execute(same.where(orders_table.c.marketplace_order_id == kept.marketplace_order_id)).one()
            assert tuple(row) == (1, one.total)

    def teardown(self):
        self.export()
        self.did.update(runs=1, files=len(self.taken))
        names = [name for name, _ in self.taken]
        assert len(names) == len(set(names)), "no file is written twice"
        for one in self.known:
            wanted = [f"orders/{one.id}.json", *([f"dispatches/{one.id}.json"] if one.is_dispatched else [])]
            wanted += [f"changes/{one.id}-{n + 1}.json" for n in range(one.changes)]
            story = [event.what for event in self.seller.order(one.id).history]
            was_asked = "cancellation asked" in story
            told_by_vtex = was_asked or one.state is OrderState.EXPIRED or bool(one.canceled and "by the marketplace" in self._why(one))
            wanted += [f"cancellations/{one.id}.json"] if told_by_vtex else []
            assert sorted(name for name in names if one.id in name) == sorted(wanted)
            assert follows(story), story

    def _why(self, one):
        return " ".join(event.detail for event in self.seller.order(one.id).history if event.what == "cancelled")


MOVES = {
    "placed": OrderState.PLACED,
    "authorized": OrderState.AUTHORIZED,
    "cancellation asked": OrderState.CANCEL_ASKED,
    "invoiced": OrderState.INVOICED,
    "cancelled": OrderState.CANCELED,
    "expired": OrderState.EXPIRED,
}


def follows(story):
    """Tell whether a history moves along the table of transitions alone, and changes only what may be changed."""
    states = [MOVES[what] for what in story if what in MOVES]
    so_far = None
    for what in story:
        so_far = MOVES.get(what, so_far)
        if what == "changed" and so_far not in CHANGEABLE:
            return False
    return states[0] is OrderState.PLACED and all(to in TRANSITIONS[state] for state, to in itertools.pairwise(states))


def tried(root, runs, steps, chance):
    """Try so many runs of so many steps in a seller's world of their own; returns what was done. Raises what broke, with its steps."""
    seller, did = Seller(root), Counter()
    (seller.app.root / "outbox").mkdir()
    with seller.app.db.write() as tx:
        row = {"feed": "invoices", "name": "x.csv", "size": 1, "sha256": "", "state": "applied"}
        at = dict.fromkeys(("modified_at", "taken_at"), seller.now)
        file_id = tx.execute(files.insert().values(**row, **at).returning(files.c.id)).scalar_one()
    world = {"seller": seller, "file_id": file_id, "did": did}
    checks = settings(
        max_examples=runs, stateful_step_count=steps, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck), database=None
    )
    try:
        run_state_machine_as_test(seed(chance)(type("Against", (Orders,), world)), settings=checks)
    finally:
        seller.app.db.close()
    return did

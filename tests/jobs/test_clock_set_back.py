"""A clock that was ahead and is set back: nothing waits until it gets there again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from orders_world import Seller
from sqlalchemy import select, update

from connector.domain.messages import Blocked, Kind
from connector.domain.standing import Circuit, Standing
from connector.storage import accounts, outbox
from connector.storage.tables import outbox as messages
from connector.usecases import backups, setting_back
from connector.usecases.passes import Pass
from jobs import export_orders

HOUR = timedelta(hours=1)


@pytest.fixture
def seller(tmp_path):
    one = Seller(tmp_path / "seller")
    (one.app.root / "outbox").mkdir()
    one.sells("A")
    one.knows_no_more_messages()
    yield one
    one.app.db.close()


def exported(seller):
    export_orders.run(seller.app, Pass())
    return len(list((seller.app.root / "outbox" / "orders").glob("*.json")))


def test_an_order_placed_while_the_clock_was_ahead_is_exported_when_it_is_set_back(seller):
    seller.now += 24 * HOUR
    seller.placed()
    seller.now -= 24 * HOUR
    before = exported(seller)

    assert setting_back.bring_back(seller.app, jumped=True) == 3  # the file, and what is left, for two marketplaces
    assert (before, exported(seller)) == (0, 1)


def test_what_waits_for_its_next_attempt_goes_on_waiting(seller):
    with seller.app.db.write() as tx:
        outbox.put(tx, "shop", Kind.CATALOG, ["A"], seller.now)
        tx.execute(update(messages).values(attempted_at=seller.now, attempt=3, due_at=seller.now + HOUR))

    assert setting_back.bring_back(seller.app, jumped=False) == 0
    with seller.app.db.read() as tx:
        assert tx.execute(select(messages.c.due_at)).scalar_one() == seller.now + HOUR


@pytest.mark.parametrize(("jumped", "person", "waits"), [(False, False, True), (True, True, True), (True, False, False)])
def test_a_marketplace_that_is_left_alone_is_tried_after_a_jump_unless_it_waits_for_a_person(seller, jumped, person, waits):
    circuit = Circuit(Blocked("busy", seller.now + HOUR, needs_a_person=person))
    with seller.app.db.write() as tx:
        accounts.know(tx, "shop")
        accounts.remember(tx, "shop", Standing(circuit))

    setting_back.bring_back(seller.app, jumped=jumped)

    with seller.app.db.read() as tx:
        assert (accounts.standing(tx, "shop").circuit.blocked.until > seller.now) == waits


def test_a_backup_from_the_future_keeps_none_from_being_made(seller):
    ahead = replace(seller.app, clock=lambda: seller.now + 24 * HOUR)
    backups.make(ahead)

    assert backups.is_due(seller.app)
    assert not backups.is_due(ahead)

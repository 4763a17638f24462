"""The relay's flow: batches without a pause, few commits, what dies midway, storms, and how far it says that it is."""

import re
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from notify_world import World, marketplace
from query_plans import plans_of
from sqlalchemy import event, func, select

from connector.delivery.courier import Result
from connector.delivery.crew import Crew
from connector.delivery.marketplace import CatalogCouriers
from connector.delivery.progress import Progress
from connector.delivery.settlement import Settlement
from connector.domain.messages import CATALOG_KINDS, Delivered, Kind, Message
from connector.errors import DatabaseUnreachable
from connector.storage import listing_states
from connector.storage.outbox import put
from connector.storage.tables import outbox
from connector.usecases import letters
from connector.usecases.passes import Pass
from connector.usecases.status import status
from jobs.running import run_job


@pytest.fixture
def shop():
    with marketplace() as sandbox:
        yield sandbox


@pytest.fixture
def world(tmp_path, shop):
    one = World(tmp_path, shop)
    yield one
    one.app.db.close()


def knows(world, shop, number):
    """Let a marketplace know SKUs whose prices changed."""
    skus = [f"S{n:05d}" for n in range(number)]
    shop.known |= set(skus)
    with world.app.db.write() as tx:
        listing_states.told(tx, "shop", skus, world.now)
        rows = {"destination": "shop", "kind": Kind.PRICE, "due_at": world.now, "put_at": world.now}
        tx.execute(outbox.insert(), [{**rows, "reference": sku} for sku in skus])
    return skus


def test_a_long_queue_is_told_once_each_with_few_commits(world, shop):
    skus, commits = knows(world, shop, 600), []
    event.listen(world.app.db.engine, "commit", commits.append)
    report = world.notify(by_hand=False)

    assert sorted(call.parts[-2] for call in shop.calls) == skus
    assert report.counts["price"] == 600
    assert world.untold() == 0
    assert len(commits) < 120, "claims and settlements share a commit, and many messages share those"


def test_no_two_messages_about_one_sku_are_ever_under_way_at_once(world, shop):
    skus = knows(world, shop, 40)
    for kind in (Kind.INVENTORY, Kind.CATALOG):
        world.changed(kind, *skus)
    world.notify(by_hand=False)
    said = {sku: [call.path.rpartition("/")[2] for call in shop.calls if sku in call.path] for sku in skus}

    assert said == {sku: ["inventory", "price", sku] for sku in skus}


def test_a_pass_that_is_stopped_gives_back_what_it_had_in_hand_at_no_cost(world, shop):
    knows(world, shop, 400)
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()
    world.notify(by_hand=False, stop=stop)

    with world.app.db.read() as tx:
        rows = tx.execute(select(outbox.c.state, outbox.c.attempt, func.count()).group_by(outbox.c.state, outbox.c.attempt)).all()
    assert {(row.state, row.attempt) for row in rows} <= {("pending", 0)}
    assert len({call.path for call in shop.calls}) == len(shop.calls)


def test_what_came_of_one_message_that_cannot_be_written_takes_no_other_with_it(world, shop, monkeypatch, caplog):
    skus = knows(world, shop, 60)
    price = CatalogCouriers.price

    def poisoned(couriers, message):
        result = price(couriers, message)
        return replace(result, on_delivered=_bursts) if message.reference == skus[7] else result

    monkeypatch.setattr(CatalogCouriers, "price", poisoned)
    report = world.notify(by_hand=False)

    assert sorted(call.parts[-2] for call in shop.calls) == skus
    assert (report.counts["price"], report.counts["failing"]) == (59, 1)
    assert report.failures[0].startswith(f"shop: price {skus[7]}: internal: RuntimeError; tried again from")
    assert world.messages() == [("price", skus[7])]
    assert [line.exc_info[0] for line in caplog.records if line.exc_info] == [RuntimeError]


def test_a_database_that_cannot_be_reached_while_outcomes_are_written_ends_the_pass_and_costs_no_message_more(world, shop, monkeypatch):
    knows(world, shop, 20)
    tried = []

    def gone(*_):
        tried.append(1)
        raise DatabaseUnreachable("it is gone")

    monkeypatch.setattr(Settlement, "settle", gone)
    with pytest.raises(DatabaseUnreachable):
        world.notify(by_hand=False)
    assert tried == [1]


def _bursts(_tx):
    raise RuntimeError


def test_what_waited_too_long_for_its_turn_is_not_sent(monkeypatch):
    monkeypatch.setattr("connector.delivery.crew.LATE_SECONDS", 0)
    sent = []
    with Crew(2, "t", lambda message: sent.append(message) or Result(Delivered())) as crew:
        crew.hand_out([Message(1, "shop", Kind.PRICE, "A", 1, "lease")])
        ((_, result),) = crew.collect(1, 5)

    assert sent == []
    assert "waited too long" in result.outcome.reason


def test_the_estimate_goes_by_what_was_settled_of_late(world, shop):
    knows(world, shop, 300)
    said, clock = [], [0.0]
    progress = Progress(world.app, "shop", CATALOG_KINDS, Pass(went_on=said.append), clock=lambda: clock[0])
    clock[0] = 1
    progress.settled(10)
    clock[0] = 3
    progress.settled(50)

    assert (said[0].done, said[0].left, said[0].left_for) == (10, 300, None)
    assert (said[1].done, said[1].left, said[1].per_minute) == (60, 250, 1200)
    assert said[1].left_for == timedelta(seconds=12.5)


@pytest.mark.parametrize(("brought", "seconds"), [(0, 21), (45, 51), (89, 2691), (90, None), (200, None)])
def test_the_estimate_counts_what_settled_messages_brought_along_for_the_others_too(world, shop, brought, seconds):
    skus = knows(world, shop, 300)
    said, clock = [], [0.0]
    progress = Progress(world.app, "shop", CATALOG_KINDS, Pass(went_on=said.append), clock=lambda: clock[0])
    clock[0] = 0.5
    progress.settled(0)
    with world.app.db.write() as tx:
        tx.execute(outbox.update().where(outbox.c.reference.in_(skus[:90])).values(state="delivered"))
        put(tx, "shop", Kind.INVENTORY, [f"N{number}" for number in range(brought)], world.now)
    clock[0] = 9
    progress.settled(90)

    assert (said[1].done, said[1].left) == (90, 210 + brought)
    assert said[1].left_for == (None if seconds is None else pytest.approx(timedelta(seconds=seconds), abs=timedelta(seconds=1e-3)))


@pytest.mark.parametrize(("status_code", "headers"), [(429, {"Retry-After": "20"}), (503, {"Retry-After": "20"}), (503, {})])
def test_a_storm_of_refusals_drains_by_itself_soon_after(world, shop, status_code, headers):
    """Half an hour of a marketplace that takes nothing; the daemon's passes every thirty seconds go on, and nobody helps."""
    shop.on_purpose = {"wait-after-429"}  # the sandbox goes by its own clock, and this world's is moved by hand
    knows(world, shop, 800)
    shop.fail_next(status_code, headers=headers, times=1_000_000)
    for _ in range(60):
        world.notify(by_hand=False)
        world.now += timedelta(seconds=30)
    in_the_storm = len(shop.calls)
    shop.trouble.end()
    passes = 0
    while world.untold() and passes < 60:
        world.notify(by_hand=False)
        world.now += timedelta(seconds=30)
        passes += 1

    assert world.untold() == 0
    assert in_the_storm < 200, "one call at a time looks whether it is over"
    assert passes <= 40, "of thirty seconds each"
    assert letters.listing(world.app) == []
    assert status(world.app).as_dict()["notifications"]["marketplaces"]["shop"]["rate_per_minute"] >= 300_000


@pytest.mark.parametrize("job", ["notify-marketplaces", "export-orders", "report-documents", "tell-alarms"])
def test_a_pass_that_finds_nothing_looks_through_no_messages_but_those_in_hand(world, shop, job):
    knows(world, shop, 1)
    world.notify()
    assert scans(world.app, lambda: run_job(world.app, job, Pass())) == []


def test_status_looks_through_no_messages_but_those_that_wait(world, shop):
    knows(world, shop, 1)
    assert scans(world.app, lambda: status(world.app)) == []


def scans(app, work):
    """Return the queries of some work that read the whole outbox."""
    plans = [(statement, " | ".join(steps)) for statement, steps in plans_of(app, work) if "outbox" in statement]
    assert plans
    return [(statement, plan) for statement, plan in plans if re.search(r"SCAN (outbox|other)(?! USING)", plan)]

"""What is remembered of a marketplace between passes and processes: its rate, its circuit, until when it is left alone."""

from datetime import timedelta

import pytest
from notify_world import World, marketplace
from sqlalchemy import select

from connector import app as building
from connector import settings as settings_module
from connector.storage import accounts
from connector.storage.tables import outbox
from connector.usecases import alarms, letters
from connector.usecases.status import status


@pytest.fixture
def shop():
    with marketplace() as sandbox:
        yield sandbox


@pytest.fixture
def world(tmp_path, shop):
    one = World(tmp_path, shop)
    yield one
    one.app.db.close()


def restarted(world):
    """Let another process go on with the same project."""
    world.app.db.close()
    world.app = building.build(settings_module.load(world.app.settings.config_path), clock=lambda: world.now)


def place(world):
    return status(world.app).as_dict()["notifications"]["marketplaces"]["shop"]


def attempts(world):
    with world.app.db.read() as tx:
        return list(tx.scalars(select(outbox.c.attempt).where(outbox.c.state == "pending").order_by(outbox.c.id)))


def sells_known(world, shop, number):
    skus = [f"S{n}" for n in range(number)]
    shop.known |= set(skus)
    world.sells(*skus)


def test_a_throttled_account_is_called_half_as_fast_also_by_the_next_process(world, shop):
    sells_known(world, shop, 20)
    assert place(world)["rate_per_minute"] == place(world)["ceiling_per_minute"] == 600_000
    shop.fail_next(429, headers={"Retry-After": "5"})
    world.notify()
    halved = place(world)["rate_per_minute"]
    assert halved == pytest.approx(300_000, rel=0.01)
    assert place(world)["refused_at"] == f"{world.now.isoformat(timespec='seconds')}"

    restarted(world)
    world.now += timedelta(seconds=6)
    world.notify(by_hand=False)
    assert world.untold() == 0
    assert place(world)["rate_per_minute"] == pytest.approx(halved, rel=0.001)


def test_a_throttled_call_costs_no_message_an_attempt(world, shop):
    sells_known(world, shop, 20)
    shop.fail_next(429, times=100)
    for _ in range(20):
        world.notify()

    assert attempts(world) == [0] * 20
    assert letters.listing(world.app) == []


def test_a_long_wait_is_kept_said_with_its_day_and_ended_early_by_a_person(world, shop):
    world.sells("A")
    shop.fail_next(429, headers={"Retry-After": "43200"})
    report = world.notify(by_hand=False)
    until = world.now + timedelta(hours=12)
    assert f"left alone until {until:%Y-%m-%d %H:%M:%S} UTC" in report.failures[-1]
    assert report.failures[-1].endswith("(connector resume shop tries earlier)")
    assert place(world)["blocked_until"] == until.isoformat(timespec="seconds")
    world.now += timedelta(hours=11, minutes=59)
    restarted(world)
    world.notify(by_hand=False)
    assert len(shop.calls) == 1

    letters.resume(world.app, "shop")
    world.notify(by_hand=False)
    assert place(world)["blocked_until"] is None
    assert world.untold() == 0


def test_an_outage_of_hours_costs_no_message_its_attempts_and_is_tried_ever_more_rarely(world, shop):
    sells_known(world, shop, 20)
    shop.fail_next(500, times=1_000_000)
    world.notify(by_hand=False)
    shop.calls.clear()
    for _ in range(6 * 60 * 2):
        world.now += timedelta(seconds=30)
        world.notify(by_hand=False)

    assert 20 <= len(shop.calls) <= 45, "six hours: one call each time, at intervals up to a quarter of an hour"
    assert max(attempts(world)) <= 2
    assert letters.listing(world.app) == []
    with world.app.db.read() as tx:
        assert accounts.standing(tx, "shop").circuit.openings > 10

    shop.trouble.end()
    world.now += timedelta(minutes=20)
    world.notify(by_hand=False)
    assert world.untold() == 0
    with world.app.db.read() as tx:
        assert accounts.standing(tx, "shop").circuit.openings == 0


def test_the_circuit_stays_open_for_the_next_process(world, shop):
    sells_known(world, shop, 20)
    shop.fail_next(500, times=1_000_000)
    world.notify(by_hand=False)
    shop.calls.clear()
    restarted(world)
    report = world.notify(by_hand=False)

    assert shop.calls == []
    assert "left alone until" in report.failures[0]
    assert "failed" in place(world)["blocked_reason"]


def test_one_message_that_always_fails_beside_others_becomes_a_dead_letter_and_never_opens_the_circuit(world, shop):
    shop.known |= {"A", "B"}
    world.sells("A", "B")
    shop.fail_next(500, pattern="/A$", times=1_000_000)
    for n in range(20):
        world.now += timedelta(minutes=16)
        world.notify(by_hand=False)
        world.stocks("B", n)

    (letter,) = letters.listing(world.app)
    assert (letter["reference"], letter["attempts"]) == ("A", 12)
    assert place(world)["blocked"] is False


@pytest.mark.parametrize("each", [lambda _: None, restarted], ids=["one process", "a process a pass"])
def test_a_message_that_waits_all_alone_outlives_an_outage_and_is_said_to_fail_all_the_while(world, shop, each):
    shop.known.add("A")
    world.sells("A")
    world.notify()
    world.stocks("A", 4)
    shop.calls.clear()
    shop.fail_next(503, times=1_000_000)
    for _ in range(14):
        each(world)
        world.now += timedelta(minutes=15)
        world.notify(by_hand=False)

    assert (len(shop.calls), attempts(world), letters.listing(world.app)) == (14, [1], [])
    with world.app.db.read() as tx:
        (alarm,) = alarms.current(tx, world.app)
    assert (alarm.name, alarm.subject) == ("blocked", "shop")
    assert "times in a row: answered 503" in alarm.sentence
    shop.trouble.end()
    world.now += timedelta(minutes=15)
    world.notify(by_hand=False)
    assert world.untold() == 0
    with world.app.db.read() as tx:
        assert alarms.current(tx, world.app) == []


def passes(world, number, *rewritten):
    """Let so many passes go by, 30 seconds each; before each, these SKUs change."""
    for _ in range(number):
        for sku in rewritten:
            world.rewrites(sku, product_name=f"{sku} {world.now}")
        world.now += timedelta(seconds=30)
        world.notify(by_hand=False)


def rewritten_alone(world, sku, times):
    """Let a SKU change, and be told while the others wait, and have these tried after that; so often."""
    for _ in range(times):
        world.rewrites(sku, product_name=f"{sku} {world.now}")
        world.notify(by_hand=False)
        world.now += timedelta(minutes=6)
        world.notify(by_hand=False)


NOWHERE = {"body": "<html>404 not found</html>", "times": 1_000_000}


def test_a_sku_whose_address_leads_nowhere_is_given_up_by_name_and_stops_no_other(world, shop):
    shop.known |= {"A/1", "B"}
    shop.fail_next(404, pattern="A(%2F|/)1$", **NOWHERE)
    world.sells("A/1")
    first = world.notify(by_hand=False)
    assert "wrong address or account" in first.failures[-1], "nothing says yet that the address is right"
    world.sells("B")
    for _ in range(2):  # the one refused for all goes behind the others
        world.now += timedelta(minutes=11)
        world.notify(by_hand=False)
    assert (attempts(world), letters.listing(world.app), place(world)["blocked"]) == ([1], [], False)
    passes(world, 3)
    assert attempts(world) == [1], "nobody else is answered, so it may be the address"
    rewritten_alone(world, "B", 4)

    (letter,) = letters.listing(world.app)
    assert (letter["kind"], letter["reference"]) == ("catalog", "A/1")
    assert "changenotification/acme/A%2F1 leads nowhere" in letter["reason"]
    assert (world.messages(), place(world)["blocked"]) == ([], False)
    world.rewrites("A/1", product_name="Else")
    world.stocks("B", 1)
    rewritten_alone(world, "B", 5)
    assert (world.messages(), place(world)["blocked"]) == ([], False)


def test_an_edge_that_answers_some_calls_with_a_404_buries_nobody(world, shop):
    sells_known(world, shop, 40)
    world.notify(by_hand=False)
    for n in range(40):
        shop.fail_next(404, pattern=f"/S{n}$", body="<html>404 not found</html>")
        world.rewrites(f"S{n}", product_name="Else")
        passes(world, 2)
        world.now += timedelta(minutes=4)

    assert (world.messages(), letters.listing(world.app), place(world)["blocked"]) == ([], [], False)


def test_an_address_that_leads_nowhere_any_more_stops_the_marketplace_before_many_are_given_up(world, shop):
    sells_known(world, shop, 20)
    world.notify(by_hand=False)
    shop.fail_next(404, **NOWHERE)
    for n in range(20):
        world.rewrites(f"S{n}", product_name="Else")
    world.now += timedelta(seconds=1)
    world.notify(by_hand=False)
    passes(world, 60)
    assert (place(world)["blocked"], letters.listing(world.app)) == (True, [])
    assert sum(attempts(world)) <= 3

    shop.trouble.end()
    world.now += timedelta(minutes=11)
    world.notify(by_hand=False)
    assert world.untold() == 0


def test_an_address_that_leads_nowhere_for_some_buries_few_of_them_and_keeps_no_other_from_being_told(world, shop):
    sells_known(world, shop, 40)
    world.notify(by_hand=False)
    shop.fail_next(404, pattern="[13579]$", **NOWHERE)
    for n in range(40):
        passes(world, 1, f"S{n}")
    assert {reference for _, reference in world.messages()} <= {f"S{n}" for n in range(1, 40, 2)}
    assert (place(world)["blocked"], len(letters.listing(world.app)) <= 9) == (False, True)

    buried = len(letters.listing(world.app))
    world.now += timedelta(minutes=20)
    passes(world, 10, "S0")
    assert buried < len(letters.listing(world.app)) <= buried + 3

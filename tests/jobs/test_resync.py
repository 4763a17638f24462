"""Everything told again: what is put, at what time, and what goes before it."""

from datetime import timedelta

import pytest
from notify_world import World, marketplace, said
from sqlalchemy import delete, select

from connector.domain.messages import Kind
from connector.errors import NotFound, UsageError
from connector.storage import tables as t
from connector.usecases.resync import resync


@pytest.fixture
def shop():
    with marketplace(known={"A", "B"}) as sandbox:
        yield sandbox


@pytest.fixture(params=["current", "2017"])
def world(request, tmp_path, shop):
    """Two SKUs that the marketplace knows, and one that waits for its yes."""
    one = World(tmp_path, shop, protocol=request.param)
    one.sells("A", "B", "new")
    one.notify()
    said(shop)
    yield one
    one.app.db.close()


def again(world, only=None):
    return resync(world.app, "shop", only, lambda *_: None)


def test_everything_is_told_again_in_one_pass_by_hand(world, shop):
    done = again(world)
    world.now += timedelta(seconds=1)
    world.notify()
    expected = {"POST A", "POST B", "POST new"}
    if world.app.marketplaces[0].protocol == "current":
        expected |= {f"POST {sku}/{what}" for sku in "AB" for what in ("price", "inventory")}

    assert sorted(said(shop)) == sorted(expected)
    assert (done["skus"], done["put"], done["waited_already"]) == (3, len(expected), 0)
    assert world.untold() == 0


@pytest.mark.parametrize(
    ("only", "today", "then"),
    [
        ("price", ["POST A/price", "POST B/price"], ["POST A", "POST B"]),
        ("inventory", ["POST A/inventory", "POST B/inventory"], ["POST A", "POST B"]),
        ("content", ["POST A", "POST B", "POST new"], ["POST A", "POST B", "POST new"]),
    ],
)
def test_one_thing_alone_is_told_again(world, shop, only, today, then):
    again(world, only)
    world.now += timedelta(seconds=1)
    world.notify()

    assert sorted(said(shop)) == (then if world.app.marketplaces[0].protocol == "2017" else today)


def test_a_second_resync_puts_nothing_that_waits(world):
    first = again(world)
    second = again(world)

    assert (second["put"], second["waited_already"]) == (0, first["put"])
    assert second["waiting"] == first["waiting"] == first["put"]


def test_a_sku_that_left_the_snapshot_is_told_where_it_is_known(world):
    with world.app.db.write() as tx:
        tx.execute(delete(t.products))

    assert again(world)["skus"] == 2


def test_messages_are_spread_over_the_rate_and_a_real_change_goes_first(tmp_path, shop):
    world = World(tmp_path, shop)
    skus = [f"S{n:03}" for n in range(200)]
    shop.known |= set(skus)
    world.sells(*skus)
    world.notify()
    said(shop)
    done = again(world, "price")
    calls_apart = timedelta(minutes=1 / done["calls_per_minute"])
    with world.app.db.read() as tx:
        due = list(tx.execute(select(t.outbox.c.due_at).order_by(t.outbox.c.id)).scalars())

    assert done["calls_per_minute"] == 600_000 * 0.8
    assert (due[0], len(due)) == (world.now + calls_apart, 200)
    assert due[-1] - world.now <= 200 * calls_apart
    world.changed(Kind.PRICE, skus[-1])
    world.notify(by_hand=False)
    assert said(shop) == [f"POST {skus[-1]}/price"]


def test_progress_is_told_and_ends_at_the_whole(world):
    told = []
    resync(world.app, "shop", None, lambda count, total: told.append((count, total)))

    assert told[-1] == (3, 3)


def test_what_cannot_be_resynced_is_named(world):
    with pytest.raises(NotFound, match="no marketplace mall"):
        resync(world.app, "mall", None, lambda *_: None)
    with pytest.raises(UsageError, match="--only prices"):
        again(world, "prices")

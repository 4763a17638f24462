"""Marketplaces that come into the settings, or come back: told everything once, and nobody else is."""

from datetime import timedelta
from threading import Event

import pytest
from notify_world import World, marketplace, said
from sqlalchemy import update

from connector.domain.messages import Kind
from connector.storage import tables as t
from connector.usecases import newcomers, resync
from connector.usecases.passes import Pass
from jobs import refresh_snapshot

EVERYTHING = [f"POST {sku}{what}" for sku in "AB" for what in ("", "/inventory", "/price")]


@pytest.fixture
def shop():
    with marketplace(known={"A", "B"}) as sandbox:
        yield sandbox


@pytest.fixture
def mall():
    with marketplace("mall", known={"A", "B"}) as sandbox:
        yield sandbox


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def world(request, tmp_path, shop):
    """A seller whose one marketplace was told of two SKUs."""
    one = World(tmp_path, shop, url=request.getfixturevalue("postgresql_url") if request.param == "postgresql" else "")
    refresh_snapshot.run(one.app, Pass())
    one.sells("A", "B")
    assert one.notify().counts["caught_up"] == 0, "the first of an installation have missed nothing"
    assert sorted(said(shop)) == EVERYTHING
    yield one
    one.app.db.close()


def told(world, sandbox):
    """Make passes until nothing is told any more; returns what the first one says, and all that was told in order of SKUs."""
    report = world.notify()
    for _ in range(3):
        world.now += timedelta(minutes=1)
        assert world.notify().counts["caught_up"] == 0
    return report, sorted(said(sandbox))


def test_a_marketplace_that_is_added_is_told_everything_once_and_the_pass_names_it(world, shop, mall):
    world.configure(shop, mall)
    report, calls = told(world, mall)

    assert calls == EVERYTHING
    assert "mall: new in the settings, or back, so everything is told to it once: 2 calls" in report.lines
    assert report.exit_status == 0
    assert said(shop) == []


@pytest.mark.parametrize("passes", [refresh_snapshot.run, None])
def test_a_marketplace_that_was_away_is_told_what_changed_meanwhile(world, shop, mall, passes):
    world.configure(shop, mall)
    told(world, mall)
    world.configure(shop)
    world.notify()
    with world.app.db.write() as tx:
        tx.execute(update(t.prices).values(price_cents=2000))
    world.changed(Kind.PRICE, "A", "B")
    world.notify()
    assert sorted(said(shop)) == ["POST A/price", "POST B/price"]

    world.configure(shop, mall)
    if passes:
        passes(world.app, Pass())
    report, calls = told(world, mall)
    assert calls == EVERYTHING
    assert report.counts["caught_up"] == len(EVERYTHING)
    assert said(shop) == []


def test_a_marketplace_of_an_empty_snapshot_has_missed_nothing(tmp_path, shop, mall):
    world = World(tmp_path, shop)
    world.notify()
    world.configure(shop, mall)
    world.notify()
    world.sells("A", "B")

    assert (told(world, mall)[1], sorted(said(shop))) == (EVERYTHING, EVERYTHING)
    world.app.db.close()


class StopsAfter(Event):
    """Is set when it was asked so often."""

    def __init__(self, times):
        super().__init__()
        self.left = times

    def is_set(self):
        self.left -= 1
        return self.left < 0


def test_what_breaks_off_goes_on_where_it_was_and_another_node_puts_nothing_twice(world, shop, mall, monkeypatch):
    monkeypatch.setattr(resync, "PART", 1)
    world.configure(shop, mall)
    newcomers.note(world.app)
    assert list(newcomers.tell_everything(world.app, StopsAfter(1))) == [("mall", 1)]
    report, calls = told(world, mall)
    assert (calls, report.counts["caught_up"]) == (EVERYTHING, 1)

    newcomers.note(world.app)
    assert list(newcomers.tell_everything(world.app, Event())) == []

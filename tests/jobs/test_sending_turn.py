"""Two processes never send to a marketplace at once: together they keep to its rate, and each settles behind its fence.

A project that is opened twice is two processes here: locks, leases, lines and rates are each one's own.
"""

import threading
import time
from collections import deque
from itertools import pairwise

import pytest
from notify_world import World
from servers import wait_for
from sqlalchemy import delete, insert, update

from connector import app as building
from connector import settings as settings_module
from connector.delivery import passes, sender
from connector.delivery.marketplace import CatalogCouriers
from connector.domain.messages import Kind
from connector.errors import TurnLost
from connector.sandbox.marketplace import Sandbox
from connector.storage import tables as t
from connector.usecases.report import Report
from connector.usecases.turns import turn
from jobs import Pass

PRICED, STOCKED = ([f"{letter}{number:02}" for number in range(40)] for letter in "PS")
PER_MINUTE = 1200
BURST, SPACING = 20, 60 / (PER_MINUTE - 19)


class Clocked(Sandbox):
    """Notes when which call came."""

    def take(self, call, line):
        self.came.append((time.monotonic(), call.path.rpartition("/")[2]))
        return super().take(call, line)


@pytest.fixture
def shop():
    with Clocked(account="shop", known=[*PRICED, *STOCKED]) as made:
        made.came = []
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request, tmp_path, shop):
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else ""
    made = World(tmp_path, shop, url=url)
    config = made.app.settings.config_path
    config.write_text(config.read_text().replace("requests_per_minute = 600000", f"requests_per_minute = {PER_MINUTE}"))
    made.app.db.close()
    made.app = opened(made)
    with made.app.db.write() as tx:
        tx.execute(insert(t.listings), [{"account": "shop", "sku": sku, "state": "known"} for sku in (*PRICED, *STOCKED)])
    made.sells(*PRICED, *STOCKED)
    with made.app.db.write() as tx:
        tx.execute(delete(t.outbox))
    made.changed(Kind.PRICE, *PRICED)
    made.changed(Kind.INVENTORY, *STOCKED)
    yield made
    made.app.db.close()


def opened(world):
    """Open the project as another process does."""
    return building.build(settings_module.load(world.app.settings.config_path))


def tell(app, kinds, report, how=None):
    """Send messages of these kinds, as a job of its own would."""
    [m] = app.marketplaces
    how = how or Pass(by_hand=True)
    couriers = CatalogCouriers(app, app.line(m), how.stop).table()
    passes.tell(app, m, {kind: couriers[kind] for kind in kinds}, how, report)


def test_two_processes_together_never_pass_the_rate_and_take_turns(world, shop, monkeypatch):
    monkeypatch.setattr(sender, "LONGEST_SECONDS", 0.0)
    other = opened(world)
    reports = [Report("one"), Report("other")]
    jobs = [
        threading.Thread(target=tell, args=(world.app, [Kind.PRICE], reports[0])),
        threading.Thread(target=tell, args=(other, [Kind.INVENTORY], reports[1])),
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
    other.db.close()

    assert [report.failures for report in reports] == [[], []]
    calls, instants = [kind for _, kind in shop.came], [at for at, _ in shop.came]
    assert sorted(calls) == ["inventory"] * len(STOCKED) + ["price"] * len(PRICED)
    assert max(instants) - min(instants) >= (len(calls) - BURST) * SPACING
    assert most_within(1.0, instants) <= BURST + 1 / SPACING + 2  # two: a call is sent a little before it comes
    assert sum(one != following for one, following in pairwise(calls)) >= 2  # each gave way


def most_within(seconds, instants):
    window, most = deque(), 0
    for at in sorted(instants):
        window.append(at)
        while window[0] <= at - seconds:
            window.popleft()
        most = max(most, len(window))
    return most


def test_jobs_of_one_process_send_together(world, shop):
    reports = [Report("one"), Report("other")]
    with turn_of(world.app):
        jobs = [threading.Thread(target=tell, args=(world.app, [kind], reports[n])) for n, kind in enumerate((Kind.PRICE, Kind.INVENTORY))]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join(60)

    assert [report.failures for report in reports] == [[], []]
    assert len(shop.calls) == len(PRICED) + len(STOCKED)


def turn_of(app):
    line = app.line(app.marketplaces[0])
    return sender.sender(line).turn(app, line, threading.Event())


def test_where_another_process_does_not_give_way_it_is_named_and_everything_waits(world, shop, monkeypatch):
    monkeypatch.setattr(sender, "WAIT_SECONDS", 0.3)
    other, report = opened(world), Report("one")
    with turn_of(other):
        tell(world.app, [Kind.PRICE], report)
    other.db.close()

    assert shop.calls == []
    assert report.failures[0].startswith("shop: sending-shop is running elsewhere: pid ")
    assert len(world.messages()) == len(PRICED) + len(STOCKED)
    tell(world.app, [Kind.PRICE], Report("again"))
    assert len(shop.calls) == len(PRICED)


def test_a_pass_that_is_stopped_while_it_waits_for_its_turn_ends_at_once_and_is_no_failure(world, shop):
    other, report, stop = opened(world), Report("one"), threading.Event()
    with turn_of(other):
        threading.Timer(0.3, stop.set).start()
        began = time.monotonic()
        tell(world.app, [Kind.PRICE], report, Pass(stop=stop))
        assert time.monotonic() - began < 10
    other.db.close()

    assert (shop.calls, report.failures) == ([], [])


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
def test_what_a_process_settles_whose_turn_to_send_went_to_another_is_refused_and_it_sends_no_more(world, shop):
    def taken_away():
        wait_for(lambda: shop.calls, "the first call")
        with world.app.db.write() as tx:
            tx.execute(update(t.leases).where(t.leases.c.name == "sending-shop").values(fence=t.leases.c.fence + 1, holder="another"))

    threading.Thread(target=taken_away).start()
    with pytest.raises(TurnLost, match="sending-shop is not this process's any more"):
        tell(world.app, [Kind.PRICE], Report("one"))
    assert 0 < len(shop.calls) < len(PRICED)
    assert len(world.messages()) >= len(STOCKED)  # and nothing of what it had in hand was settled


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_nothing_is_sent_where_taking_the_turn_fails_as_nobody_foresaw(world, shop):
    (world.app.root / "var" / "locks" / "sending-shop.lock").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        tell(world.app, [Kind.PRICE], Report("one"))

    assert shop.calls == []


def test_another_s_turn_is_free_again_after_an_error(world):
    with pytest.raises(ZeroDivisionError), turn_of(world.app):
        raise ZeroDivisionError
    with turn(world.app, "sending-shop", wait_seconds=0):
        pass

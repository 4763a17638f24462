"""Exports that were taken by a clock that was ahead: our own before it was set right, or that of another node."""

import os
from datetime import timedelta

import pytest
from catalog_world import Catalog
from sqlalchemy import select

from connector.storage import files
from connector.usecases import repair, replaying

DELTA = '[feeds.stock]\nmode = "delta"\n[feeds.prices]\nmode = "delta"\n'
HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request):
    os.environ.update(CATALOG_KEY="key", CATALOG_TOKEN="token")
    return request.getfixturevalue("postgresql_url") if request.param == "postgresql" else "sqlite:///var/connector.db"


@pytest.fixture
def full(tmp_path, url):
    catalog = Catalog(tmp_path / "full", url=url)
    yield catalog
    catalog.app.db.close()


@pytest.fixture(params=["", DELTA], ids=["full", "delta"])
def shop(request, tmp_path, url):
    catalog = Catalog(tmp_path / "shop", url=url, more=request.param)
    yield catalog
    catalog.app.db.close()


def taken_ahead(shop, ahead, name, *rows, written=None):
    """Let a file of now be taken by a clock that is ahead, or one that was `written` by that clock, too."""
    shop.drop(name, *rows, at=written)
    shop.now += ahead
    report = shop.run()
    shop.now -= ahead
    return report


def written_ahead(shop, ahead, name, *rows):
    return taken_ahead(shop, ahead, name, *rows, written=shop.now + ahead)


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), 24 * HOUR])
def test_an_export_is_news_where_only_one_before_the_last_was_the_same_though_a_clock_ahead_took_that(shop, ahead):
    taken_ahead(shop, ahead, "prices/a.csv", "A;10;10")
    taken_ahead(shop, ahead, "stock/a.csv", "A;1")
    shop.export("prices/b.csv", "A;9;10")
    shop.export("stock/b.csv", "A;20")
    shop.export("prices/c.csv", "A;10;10")
    shop.export("stock/c.csv", "A;1")

    assert (shop.prices(), shop.stock()) == ({"A": 1000}, {"A": 1})


def test_files_that_a_clock_ahead_took_stay_in_the_order_in_which_they_were_applied(shop):
    for number, name in enumerate("abc"):
        taken_ahead(shop, 24 * HOUR, f"stock/{name}.csv", f"A;{number}")
    shop.export("stock/d.csv", "A;9")

    t = files.t
    with shop.app.db.read() as tx:
        applied = tx.execute(select(t.c.name, t.c.settled_at).order_by(t.c.settled_at)).all()
    assert [row.name for row in applied] == [f"stock/{name}.csv" for name in "abcd"]
    assert applied[-1].settled_at == shop.now


@pytest.mark.parametrize("ahead", [3 * HOUR, 72 * HOUR])
def test_an_export_written_and_taken_by_a_clock_ahead_shuts_out_none_of_those_that_come_after_it(shop, ahead):
    written_ahead(shop, ahead, "prices/a.csv", "A;10;10")
    for cents in (990, 980):
        shop.export(f"prices/{cents}.csv", f"A;{cents / 100};10")
        assert shop.prices() == {"A": cents}

    replaying.replay(shop.app, "prices/a.csv", force=True)
    shop.export("prices/last.csv", "A;9,70;10")
    assert shop.prices() == {"A": 970}


def test_an_export_taken_by_a_clock_ahead_shuts_out_what_was_written_before_it(full):
    taken_ahead(full, timedelta(minutes=5), "prices/new.csv", "A;10;10")
    full.export("prices/late.csv", "A;9;10", at=full.now - HOUR)

    assert (full.prices(), full.ledger()[-1]) == ({"A": 1000}, ("prices/late.csv", "superseded"))


def test_a_late_export_is_superseded_also_by_a_node_whose_clock_is_seconds_behind(full):
    full.drop("prices/new.csv", "A;10;10", at=full.now + timedelta(minutes=1))
    full.run()
    full.now -= timedelta(seconds=90)
    full.export("prices/late.csv", "A;9;10", at=full.now - HOUR)

    assert (full.prices(), full.ledger()[-1]) == ({"A": 1000}, ("prices/late.csv", "superseded"))


@pytest.mark.parametrize("state", ["held", "refused"])
def test_an_export_left_waiting_by_a_clock_ahead_is_pointless_once_a_later_one_is_applied(full, state):
    full.export("prices/0.csv", "A;10;10", "B;10;10")
    written_ahead(full, 3 * HOUR, "prices/a.csv", "A;10;10", *(["B;x;10"] if state == "refused" else []))
    assert full.ledger()[-1] == ("prices/a.csv", state)
    full.export("prices/b.csv", "A;9;10", "B;9;10")

    assert full.ledger()[1:] == [("prices/a.csv", "superseded"), ("prices/b.csv", "applied")]


def test_of_two_exports_left_waiting_by_a_clock_ahead_a_yes_to_the_first_leaves_the_one_after_it(full):
    full.export("prices/0.csv", "A;10;10", "B;10;10")
    written_ahead(full, 3 * HOUR, "prices/a.csv", "A;10;10")
    full.export("prices/bad.csv", "A;x;10", "B;x;10")
    repair.held_approve(full.app, full.held()[0]["id"])

    assert full.ledger()[1:] == [("prices/a.csv", "applied"), ("prices/bad.csv", "refused")]

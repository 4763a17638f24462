"""Exports that were taken by a clock that was ahead: our own before it was set right, or that of another node."""

import os
from datetime import timedelta

import pytest
from catalog_world import Catalog
from sqlalchemy import select

from connector.storage import files

DELTA = '[feeds.stock]\nmode = "delta"\n[feeds.prices]\nmode = "delta"\n'
HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request):
    os.environ.update(CATALOG_KEY="key", CATALOG_TOKEN="token")
    return request.getfixturevalue("postgresql_url") if request.param == "postgresql" else "sqlite:///var/connector.db"


@pytest.fixture(params=["", DELTA], ids=["full", "delta"])
def shop(request, tmp_path, url):
    catalog = Catalog(tmp_path / "shop", url=url, more=request.param)
    yield catalog
    catalog.app.db.close()


def taken_ahead(shop, ahead, name, *rows):
    """Let a file of now be taken by a clock that is ahead."""
    shop.drop(name, *rows)
    shop.now += ahead
    shop.run()
    shop.now -= ahead


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

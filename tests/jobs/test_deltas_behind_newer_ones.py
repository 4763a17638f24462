"""Deltas that come in behind newer ones: late, approved, taken again or replayed. What the newer ones have named stays as they said."""

import os
from datetime import timedelta

import pytest
from catalog_world import Catalog

from connector.errors import Conflict
from connector.usecases import reconciling_files, repair, replaying, retrying

DELTA = '[feeds.stock]\nmode = "delta"\n[feeds.prices]\nmode = "delta"\n'
LENIENT = '[feeds.stock]\nmode = "delta"\nmax_rejected = 1\n[feeds.prices]\nmode = "delta"\nmax_rejected = 1\n'
HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def shop(request, tmp_path):
    os.environ.update(CATALOG_KEY="key", CATALOG_TOKEN="token")
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else "sqlite:///var/connector.db"
    catalog = Catalog(tmp_path / "shop", url=url, more=DELTA)
    catalog.url = url
    catalog.export("stock/0.csv", "A;5", "B;5", "C;5", "D;5")
    catalog.now += HOUR
    yield catalog
    catalog.app.db.close()


def set_anew(shop, more=""):
    shop.app.db.close()
    shop.configure(url=shop.url, more=more)


def held(shop):
    """Have a delta held that takes three of four SKUs, of which it leaves A three pieces, to none."""
    shop.export("stock/1.csv", "A;3", "B;0", "C;0", "D;0")
    assert len(shop.held()) == 1
    shop.now += HOUR


def approve(shop):
    return repair.held_approve(shop.app, shop.held()[0]["id"])["outcome"]


def test_a_held_delta_leaves_alone_what_a_newer_one_has_named_meanwhile(shop):
    held(shop)
    shop.export("stock/2.csv", "A;0")
    shop.export("stock/3.csv", "A;0", "D;9")

    assert "2 rows passed over: newer files, applied before, have named them" in approve(shop)
    assert shop.stock() == {"A": 0, "B": 0, "C": 0, "D": 9}


def test_a_held_delta_leaves_alone_what_was_said_again_after_it(shop):
    shop.export("stock/7.csv", "A;7")
    held(shop)
    shop.export("stock/8.csv", "A;7")
    approve(shop)

    assert shop.stock() == {"A": 7, "B": 0, "C": 0, "D": 0}


def test_what_was_passed_over_is_news_when_the_file_is_sent_again(shop):
    held(shop)
    shop.export("stock/2.csv", "A;0")
    approve(shop)
    shop.export("stock/3.csv", "A;3", "B;0", "C;0", "D;0")

    assert shop.stock()["A"] == 3


def test_a_delta_that_comes_late_says_only_what_no_newer_one_has_said(shop):
    shop.export("stock/2.csv", "A;0")
    report = shop.export("stock/1.csv", "A;3", "B;4", at=shop.now - HOUR / 2)

    assert "1 rows passed over" in report.lines[0]
    assert shop.stock() == {"A": 0, "B": 4, "C": 5, "D": 5}
    assert reconciling_files.compare(shop.app, "stock")[0]["differences"] == 0


def test_a_dry_run_passes_over_the_same_rows(shop):
    shop.export("stock/2.csv", "A;0")
    shop.drop("stock/1.csv", "A;3", "B;4", at=shop.now - HOUR / 2)

    assert "0 added, 1 changed (quantity 1), 0 removed (" in shop.run(dry_run=True).lines[0]


def test_what_a_newer_delta_had_refused_of_a_row_is_no_word_about_it_and_stays_open(shop):
    set_anew(shop, LENIENT)
    shop.export("stock/2.csv", "A;none", "B;1", "B;2", "C;1")
    shop.export("stock/1.csv", "A;3", "B;3", "C;3", at=shop.now - HOUR / 2)

    assert shop.stock() == {"A": 3, "B": 3, "C": 1, "D": 5}
    assert sorted(row["key"] for row in shop.quarantine()) == ["A", "B", "B"]


def test_a_refused_delta_that_is_taken_again_leaves_alone_what_newer_ones_have_named(shop):
    shop.export("prices/0.csv", "A;9,00;9", "B;9,00;9")
    shop.now += HOUR
    shop.export("stock/1.csv", "A;3", "B;4", "C;x")
    shop.export("prices/1.csv", "A;5,00;9", "B;8,00;9", "C;x;9")
    shop.now += HOUR
    shop.export("stock/2.csv", "A;0")
    shop.export("prices/2.csv", "A;12,00;9")
    set_anew(shop, LENIENT)
    retrying.retry(shop.app, None)

    assert (shop.stock(), shop.prices()) == ({"A": 0, "B": 4, "C": 5, "D": 5}, {"A": 1200, "B": 800})


def test_a_refused_delta_that_is_taken_again_is_as_old_as_when_it_came_though_its_erps_clock_is_ahead(shop):
    shop.export("stock/1.csv", "A;3", "C;x", at=shop.now + 5 * HOUR)
    shop.export("stock/2.csv", "A;0", at=shop.now + 5 * HOUR)
    set_anew(shop, LENIENT)
    shop.now += HOUR
    retrying.retry(shop.app, None)

    assert shop.stock()["A"] == 0


def test_a_price_that_waits_is_not_given_up_for_an_older_one(shop):
    shop.export("prices/0.csv", "A;100,00;100")
    shop.now += HOUR
    shop.export("prices/2.csv", "A;1,00;100")
    shop.export("prices/1.csv", "A;99,00;100", at=shop.now - HOUR / 2)

    assert (shop.prices(), [one["file"] for one in shop.held()]) == ({"A": 10000}, ["prices/2.csv"])


def test_a_replay_of_a_delta_passes_over_what_newer_ones_have_named_unless_it_is_forced(shop):
    shop.export("stock/1.csv", "A;3", "B;4")
    shop.now += HOUR
    shop.export("stock/2.csv", "A;0")
    replaying.replay(shop.app, "stock/1.csv")
    assert shop.stock()["A"] == 0

    replaying.replay(shop.app, "stock/1.csv", force=True)
    assert shop.stock()["A"] == 3


def test_a_forced_replay_that_is_held_is_applied_whole_when_a_person_says_yes(shop):
    shop.export("stock/1.csv", "A;0")
    shop.export("stock/2.csv", "B;0")
    shop.now += HOUR
    shop.export("stock/3.csv", "A;1", "B;1")
    set_anew(shop, DELTA.replace("[feeds.prices]", "max_zeroed = 0\n[feeds.prices]"))
    assert "is held" in replaying.replay(shop.app, "stock/1.csv", force=True).failures[0]
    approve(shop)

    assert shop.stock() == {"A": 0, "B": 1, "C": 5, "D": 5}


def test_a_delta_older_than_a_full_export_is_superseded_as_an_older_full_export_is(shop):
    shop.export("stock/1.csv", "A;1")
    shop.now += HOUR
    set_anew(shop)
    for number in (2, 3):
        shop.export(f"stock/{number}.csv", "A;0", "B;5", "C;5", "D;5")
    set_anew(shop, DELTA)
    report = shop.export("stock/late.csv", "A;3", at=shop.now - HOUR / 2)

    assert "stock/late.csv: superseded, it is older than stock/3.csv" in report.lines[0]
    with pytest.raises(Conflict, match=r"stock/1.csv is superseded: stock/3.csv"):
        replaying.replay(shop.app, "stock/1.csv")
    assert shop.stock()["A"] == 0


def test_a_delta_dated_ahead_shuts_out_none_that_come_after_it(shop):
    shop.export("stock/1.csv", "A;3", at=shop.now + 48 * HOUR)
    shop.export("stock/2.csv", "A;2")

    assert shop.stock()["A"] == 2


def test_deltas_go_in_while_this_machines_clock_is_behind_that_of_the_files_before(shop):
    shop.export("stock/1.csv", "A;3")
    shop.now -= 5 * HOUR
    shop.export("stock/2.csv", "A;2", at=shop.now + 6 * HOUR)

    assert shop.stock()["A"] == 2


def test_what_newer_deltas_named_that_lie_in_the_archive_no_more_is_said_to_be_unknown(shop):
    shop.export("stock/2.csv", "A;0")
    for path in (shop.root / "archive" / "stock").glob("*/2.csv"):
        path.unlink()
    report = shop.export("stock/1.csv", "B;4", at=shop.now - HOUR / 2)

    assert "what newer files named that can be read no more was not looked at: stock/2.csv" in report.lines[0]
    assert shop.stock()["B"] == 4

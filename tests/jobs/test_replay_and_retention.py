"""Archived files applied once more, files that outlive their days, and refused ones that a person laid aside."""

import os
from datetime import timedelta

import pytest
from catalog_world import Catalog
from sqlalchemy import select

from connector.errors import Conflict, NotFound
from connector.storage import counts
from connector.storage.tables import files
from connector.usecases import discarding, repair, replaying
from connector.usecases.passes import Pass
from jobs import housekeeping


@pytest.fixture
def world(tmp_path):
    os.environ.update(CATALOG_KEY="key", CATALOG_TOKEN="token")
    one = Catalog(tmp_path / "project")
    yield one
    one.app.db.close()


@pytest.fixture
def keeping(tmp_path):
    os.environ.update(CATALOG_KEY="key", CATALOG_TOKEN="token", CONNECTOR__ERP__ARCHIVE_DAYS="30", CONNECTOR__ERP__REJECTED_DAYS="10")
    one = Catalog(tmp_path / "project", more="[feeds.stock]\nmax_rejected = 1\n")
    yield one
    one.app.db.close()
    del os.environ["CONNECTOR__ERP__ARCHIVE_DAYS"], os.environ["CONNECTOR__ERP__REJECTED_DAYS"]


# ── replay ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_same_file_twice_gives_the_same_snapshot_and_one_line(world):
    world.export("prices/p.csv", "1;9,90;", "2;5,00;")
    before, fresh = world.prices(), freshness(world)
    world.now += timedelta(hours=1)
    report = replaying.replay(world.app, "prices/p.csv")

    assert "0 added, 0 changed, 0 removed" in report.lines[0]
    assert (world.prices(), freshness(world)) == (before, fresh)
    assert world.ledger() == [("prices/p.csv", "applied")]
    assert world.lies("archive") == ["prices/2026-11-23/p.csv"]


def freshness(world):
    with world.app.db.read() as tx:
        return counts.told_at(tx, "prices")


def test_an_older_full_export_comes_back_by_force_alone_and_the_next_newer_one_over_it(world):
    world.export("prices/a.csv", "1;9,90;")
    world.export("prices/b.csv", "1;8,90;")
    with pytest.raises(Conflict, match=r"prices/a.csv is superseded: prices/b.csv, applied since, is newer \(replay it with --force"):
        replaying.replay(world.app, "prices/a.csv")
    assert world.prices() == {"1": 890}
    replaying.replay(world.app, str(world.root / "archive/prices/2026-11-23/a.csv"), force=True)
    assert world.prices() == {"1": 990}
    world.export("prices/c.csv", "1;7,90;")

    assert world.prices() == {"1": 790}


def test_the_newest_export_brings_its_state_back_after_a_forced_replay(world):
    world.export("prices/a.csv", "1;9,90;")
    world.export("prices/b.csv", "1;8,90;")
    replaying.replay(world.app, "prices/a.csv", force=True)
    replaying.replay(world.app, "prices/b.csv")

    assert world.prices() == {"1": 890}


def test_guards_hold_a_replay_and_approval_applies_it(world):
    world.export("stock/a.csv", "1;0", "2;0")
    world.export("stock/b.csv", "1;5", "2;5")
    report = replaying.replay(world.app, "stock/a.csv", force=True)

    assert "is held" in report.failures[0]
    assert world.stock() == {"1": 5, "2": 5}
    assert world.lies("held") == ["stock/a.csv"]

    repair.held_approve(world.app, world.held()[0]["id"], by="me")

    assert world.stock() == {"1": 0, "2": 0}
    assert world.lies("held") == []


def test_a_mended_layout_reads_the_archived_file_anew(world):
    (world.root / "config/layouts").mkdir()
    layout = world.root / "config/layouts/acme.toml"
    layout.write_text('[units]\nprice = "units"\n')
    world.configure(more='[feeds.prices]\nlayout = "acme"\nmax_price_change = 1\n')
    world.export("prices/p.csv", "1;990;")
    assert world.prices() == {"1": 99000}
    layout.write_text('[units]\nprice = "cents"\n')
    replaying.replay(world.app, "prices/p.csv")

    assert world.prices() == {"1": 990}


def test_what_cannot_be_replayed_is_said(world):
    world.drop("prices/r.csv", "1;2", head="codigo;preco")
    world.export("prices/p.csv", "1;9,90;")
    (world.root / "archive/prices/2026-11-23/p.csv").write_text("sku;price\n1;1,00\n")

    with pytest.raises(NotFound, match="lies on another machine, or was replaced"):
        replaying.replay(world.app, "prices/p.csv")
    with pytest.raises(Conflict, match="not in the archive"):
        replaying.replay(world.app, "prices/r.csv")
    with pytest.raises(NotFound, match="no file that was ever taken"):
        replaying.replay(world.app, "prices/never.csv")


# ── retention ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def keep_house(world, **how):
    return housekeeping.run(world.app, Pass(**how))


def test_with_0_days_nothing_is_ever_removed(world, monkeypatch):
    monkeypatch.setenv("CONNECTOR__ERP__ARCHIVE_DAYS", "0")
    world.app.db.close()
    world.configure()
    world.export("stock/a.csv", "1;5")
    world.export("stock/a.csv", "1;6")
    world.now += timedelta(days=4000)

    assert keep_house(world).lines == []
    assert len(world.lies("archive")) == 2


def test_by_default_a_file_goes_after_a_hundred_and_eighty_days(world):
    world.export("stock/a.csv", "1;5")
    world.export("stock/a.csv", "1;6")
    world.now += timedelta(days=179)
    early = keep_house(world).counts["archive_removed"]
    world.now += timedelta(days=1, seconds=1)

    assert (early, keep_house(world).counts["archive_removed"]) == (0, 1)
    assert world.lies("archive") == ["stock/2026-11-23/a-2.csv"]


def test_what_is_needed_outlives_its_days(keeping):
    world = keeping
    world.export("stock/old.csv", "1;5", "2;5", "3;5")
    world.export("stock/old.csv", "1;6", "2;6", "3;6")
    world.export("stock/open.csv", "1;6", "2;6", "3;x")
    world.export("stock/held.csv", "1;0", "2;0", "3;0")
    world.drop("stock/refused.csv", "1", head="nada")
    world.run()
    world.now += timedelta(days=31)
    for path in (world.root / "rejected").rglob("*.errors.csv"):
        os.utime(path, ((world.now - timedelta(days=31)).timestamp(),) * 2)
    planned = keep_house(world, dry_run=True)
    report = keep_house(world)

    assert [line for line in planned.lines if "would remove archive/stock/2026-11-23/old.csv" in line]
    assert report.counts["archive_removed"] == 2
    assert world.lies("archive") == ["stock/2026-11-23/open.csv"]
    assert world.lies("held") == ["stock/held.csv"]
    assert world.lies("rejected") == ["stock/open.csv.errors.csv", "stock/refused.csv", "stock/refused.csv.errors.csv"]


def test_what_was_laid_aside_goes_after_its_days(keeping):
    world = keeping
    world.export("stock/a.csv", "1;5", "2;x")
    world.drop("stock/refused.csv", "1", head="nada")
    world.run()
    discarding.discard(world.app, [one["id"] for one in world.quarantine()])
    for path in (world.root / "rejected").rglob("*.errors.csv"):
        os.utime(path, (world.now.timestamp(),) * 2)
    world.now += timedelta(days=11)
    report = keep_house(world)

    assert (report.counts["rejected_removed"], report.counts["errors_removed"]) == (1, 1)
    assert world.lies("rejected") == []
    assert world.lies("archive") == ["stock/2026-11-23/a.csv"]


def test_of_files_with_names_of_their_own_the_feed_s_last_one_alone_is_kept(keeping):
    world, rate = keeping, "01000000;99999999;0;1000;{};1"
    for day in (1, 2, 3):
        world.export(f"prices/prices_{day}.csv", f"1;1{day},00;")
        world.export(f"freight/table_{day}.csv", rate.format(day))
    world.drop("freight/table_3.csv", rate.format(4))
    world.run()
    replaying.replay(world.app, "prices/prices_2.csv", force=True)
    world.now += timedelta(days=31)
    keep_house(world)
    left = [place.split("/")[2] for place in world.lies("archive")]

    assert left == ["table_1.csv", "table_2.csv", "table_3-2.csv", "prices_2.csv"]


def placed(world):
    with world.app.db.read() as tx:
        return list(tx.execute(select(files.c.place).where(files.c.place.is_not(None)).order_by(files.c.id)).scalars())


def test_each_machine_removes_its_own_files_and_frees_their_lines_alone(keeping, tmp_path):
    other = Catalog(tmp_path / "other", url=f"sqlite:///{keeping.root}/var/connector.db")
    other.export("stock/a.csv", "1;5")
    keeping.export("stock/a.csv", "1;6")
    keeping.export("stock/a.csv", "1;7")
    other.now = keeping.now = keeping.now + timedelta(days=31)
    removed = [keep_house(machine).counts["archive_removed"] for machine in (keeping, other)]

    assert removed == [1, 1]
    assert (keeping.lies("archive"), other.lies("archive")) == (["stock/2026-11-23/a-2.csv"], [])
    assert placed(keeping) == ["archive/stock/2026-11-23/a-2.csv"]
    other.app.db.close()


def test_a_file_that_nobody_has_any_more_leaves_its_line_after_twice_its_days(keeping):
    keeping.export("stock/a.csv", "1;5")
    keeping.export("stock/a.csv", "1;6")
    path = keeping.root / "archive/stock/2026-11-23/a.csv"
    path.write_text("by hand")
    left = []
    for days in (31, 30):
        keeping.now += timedelta(days=days)
        left.append((keep_house(keeping).counts["archive_removed"], placed(keeping)[:-1], path.exists()))

    assert left == [(0, ["archive/stock/2026-11-23/a.csv"], True), (1, [], False)]


# ── discard ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_refused_file_and_a_row_are_laid_aside_and_stay_where_they_lie(keeping):
    world = keeping
    world.export("stock/a.csv", "1;5", "2;x")
    world.drop("stock/refused.csv", "1", head="nada")
    world.run()
    numbers = [one["id"] for one in world.quarantine()]
    said = discarding.discard(world.app, numbers)

    assert said == [
        "line 3 of stock/a.csv is laid aside, until a file brings it again",
        "stock/refused.csv is laid aside; it lies in rejected/stock/refused.csv",
    ]
    assert world.quarantine() == []
    assert ("stock/refused.csv", "discarded") in world.ledger()
    assert "stock/refused.csv" in world.lies("rejected")
    with pytest.raises(Conflict, match="was settled already"):
        discarding.discard(world.app, numbers[:1])

    world.export("stock/b.csv", "1;6", "2;x")

    assert [one["line"] for one in world.quarantine()] == [3]

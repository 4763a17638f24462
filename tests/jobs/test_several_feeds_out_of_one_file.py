"""One file of the ERP's that serves several feeds: taken once, read once for each, in its place for each, whatever happens between."""

import os
import shutil
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from catalog_world import Catalog

from connector.errors import SettingsError
from connector.settings import load
from connector.storage import files, tables
from connector.usecases import repair, replaying, retrying

GOLDEN = Path(__file__).parents[1] / "golden"
MORE = """
[feeds.products]
layout = "products"
[feeds.prices]
layout = "prices"
out_of = "products"
[feeds.stock]
layout = "stock"
out_of = "products"
"""
SAMPLE = (GOLDEN / "products" / "all-in-one.txt").read_text(encoding="utf-8")


@pytest.fixture
def world(tmp_path):
    os.environ.update(CATALOG_KEY="key", CATALOG_TOKEN="token")
    one = Catalog(tmp_path / "project", more=MORE)
    (one.root / "config" / "layouts").mkdir()
    for feed in ("products", "prices", "stock"):
        shutil.copy(GOLDEN / feed / "all-in-one.layout.toml", one.root / "config" / "layouts" / f"{feed}.toml")
    yield one
    one.app.db.close()


def export(world, text=SAMPLE, name="all.txt"):
    path = world.root / "inbox" / "products" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (world.now.timestamp(),) * 2)
    return path


def test_one_file_is_applied_for_each_feed_and_archived_for_each(world):
    path = export(world)
    report = world.run()

    assert report.failures == []
    assert world.known("products", "sku") == [("000187",), ("000188",)]
    assert world.prices() == {"000187": 8990, "000188": 4990}
    assert world.stock() == {"000187": 12, "000188": 0}
    assert not path.exists()
    assert world.lies("archive") == [f"{feed}/2026-11-23/all.txt" for feed in ("prices", "products", "stock")]
    assert world.lies("var/work") == []


def test_one_feed_that_is_held_does_not_stop_the_others(world):
    export(world)
    world.run()
    export(world, SAMPLE.replace("200000187000008990", "200000187000009990").replace("300000187000012", "300000187000000"))
    world.run()

    assert world.prices()["000187"] == 9990
    assert world.stock()["000187"] == 12
    assert world.lies("held") == ["stock/all.txt"]
    assert [one["feed"] for one in world.held()] == ["stock"]

    repair.held_approve(world.app, world.held()[0]["id"], by="me")

    assert world.stock()["000187"] == 0


def test_one_feed_that_refuses_the_file_takes_it_again_by_itself(world):
    export(world, SAMPLE.replace("300000187000012\n", "3000\n").replace("300000188000000\n", "3000\n"))
    world.run()
    refused = [one for one in world.quarantine() if one["what"] == "file"]

    assert [(one["feed"], one["file"]) for one in refused] == [("stock", "products/all.txt")]
    assert world.lies("rejected") == ["stock/all.txt", "stock/all.txt.errors.csv"]
    assert len(world.prices()) == 2

    (world.root / "config" / "layouts" / "stock.toml").write_text(
        '[records]\ntype = [1, 1]\nrows = "9"\n[widths]\nsku=[4,6]\nquantity=[7,9]\n'
    )
    retrying.retry(world.app, [refused[0]["id"]])

    assert world.stock() == {"000": 6}


WIDE = """[columns]
"COD_PROD" = "sku"
"DESCRICAO" = "product_name"
"MARCA" = "brand"
"DEPTO" = "category"
"PESO" = "weight"
"PR_VENDA" = "price"
"QTD_EST" = "quantity"
[joins]
product_id = "{COD_PROD}"
"""
ROWS = "COD_PROD;DESCRICAO;MARCA;DEPTO;PESO;COR;PR_VENDA;QTD_EST\n1001;Lampada;Acme;Casa;0,2;azul;12,90;4\n1002;Vela;Acme;Casa;0,1;;{};9\n"


def one_layout(world, *, stock="wide"):
    """Have the three feeds read by one layout, or stock by another of the same words."""
    for name in ("wide", "other"):
        (world.root / "config" / "layouts" / f"{name}.toml").write_text(WIDE)
    more = MORE
    for feed, layout in (("products", "wide"), ("prices", "wide"), ("stock", stock)):
        more = more.replace(f'layout = "{feed}"', f'layout = "{layout}"')
    world.configure(more=more)
    return world


def test_a_refusal_names_the_feed_that_refused_the_file(world):
    one = one_layout(world)
    export(one, ROWS.format("dois"), "wide.csv")
    report = one.run()

    assert report.failures[0].startswith("products/wide.csv as prices was refused: 1 of 2 (50.0 %) rows are bad")
    assert report.failures[1] == "products/wide.csv as prices, line 3, price 'dois': it is no number"
    assert (one.known("products", "sku"), one.prices(), one.stock()) == ([("1001",), ("1002",)], {}, {"1001": 4, "1002": 9})


def test_only_columns_that_no_feed_takes_are_told_ignored_by_the_erps_names(world):
    one = one_layout(world)
    export(one, ROWS.format("2,00"), "wide.csv")
    ignored = [line.partition("none of that name: ")[2].rstrip(")") for line in one.run().lines]

    assert ignored == ["COR"] * 3


def test_what_a_feed_of_another_layout_takes_is_told_ignored(world):
    one = one_layout(world, stock="other")
    export(one, ROWS.format("2,00"), "wide.csv")
    lines = one.run().lines

    assert "products has none of that name: COR, QTD_EST" in lines[0]
    assert "stock has none of that name: DESCRICAO, MARCA, DEPTO, PESO, COR, PR_VENDA" in lines[2]


@pytest.mark.parametrize("settled", [1, 2, 3])
def test_a_crash_between_two_feeds_asks_only_those_that_had_not_settled_it(world, settled):
    """A process that dies after so many feeds leaves their lines unmoved and the file in the source: that is its whole trace."""
    path = export(world)
    kept = path.read_bytes()
    world.run()
    path.write_bytes(kept)
    os.utime(path, ((world.now - timedelta(minutes=1)).timestamp(),) * 2)
    with world.app.db.write() as tx:
        lines = tx.execute(tables.files.select().order_by(tables.files.c.id)).all()
        for line in lines:
            if line.id <= lines[settled - 1].id:
                tx.execute(tables.files.update().where(tables.files.c.id == line.id).values(moved_at=None, place=None))
            else:
                tx.execute(tables.files.delete().where(tables.files.c.id == line.id))
    for gone in ("stock",) if settled == 2 else ("prices", "stock") if settled == 1 else ():
        shutil.rmtree(world.root / "archive" / gone)
    report = world.run()

    assert len([line for line in report.lines if "all.txt" in line]) == 3 - settled
    assert not path.exists()
    assert [name for name, _ in world.ledger()] == ["products/all.txt"] * 3
    assert world.lies("archive") == [f"{feed}/2026-11-23/all.txt" for feed in ("prices", "products", "stock")]
    with world.app.db.read() as tx:
        assert all(files.one(tx, number).moved_at for number in range(1, 4))


def test_a_replay_by_name_is_for_every_feed_and_by_path_for_one(world):
    export(world)
    world.run()
    by_name = replaying.replay(world.app, "products/all.txt")
    by_path = replaying.replay(world.app, str(world.root / "archive/prices/2026-11-23/all.txt"))

    assert (len(by_name.lines), len(by_path.lines)) == (3, 1)
    assert "records 2 by layout prices" in by_path.lines[0]
    assert len(world.ledger()) == 3


def test_an_archive_gives_each_feed_the_files_of_its_own_pattern(world):
    world.configure(
        more=MORE.replace('layout = "products"', 'pattern = "products/prod*"')
        .replace('layout = "prices"', 'pattern = "prec*"')
        .replace('layout = "stock"', 'pattern = "est*"')
    )
    path = world.root / "inbox" / "products" / "products.zip"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("produtos.csv", "sku;product_id;product_name;brand;category;weight\n1;1;A;B;C;1\n")
        archive.writestr("precos.csv", "sku;price\n1;9,90\n")
        archive.writestr("estoque.csv", "sku;quantity\n1;4\n")
    os.utime(path, (world.now.timestamp(),) * 2)
    report = world.run()

    assert report.failures == []
    assert (world.prices(), world.stock()) == ({"1": 990}, {"1": 4})


def test_a_dry_run_says_it_of_each_feed_and_changes_nothing(world):
    path = export(world)
    report = world.run(dry_run=True)

    assert [line.partition(": 2 added")[0] for line in report.lines if ": 2 added" in line] == [
        "products/all.txt",
        "products/all.txt as prices",
        "products/all.txt as stock",
    ]
    assert path.exists()
    assert world.lies("var/work") == []
    assert world.ledger() == []


@pytest.mark.parametrize(
    ("feed", "other"), [("prices", "prices"), ("prices", "invoices"), ("freight", "products"), ("prices", "nothing"), ("prices", "stock")]
)
def test_a_feed_that_cannot_be_read_out_of_another_is_named(tmp_path, feed, other):
    config = tmp_path / "connector.toml"
    chained = '[feeds.stock]\nout_of = "products"\n' if other == "stock" else ""
    config.write_text(f'{chained}[feeds.{feed}]\nout_of = "{other}"\n')

    with pytest.raises(SettingsError, match=rf"feeds\.{feed}\.out_of: found '{other}'"):
        load(config)

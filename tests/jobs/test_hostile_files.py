"""Whole passes over damaged files: nothing unexpected, and nothing known that no file said."""

import os
import random
import re
import secrets
from datetime import timedelta

import pytest
from campaigns.file_bases import CATALOG, TEMPLATES, whole
from campaigns.file_spoiling import damaged
from catalog_world import HEADS, Catalog, product

from connector.usecases.passes import Pass
from jobs import refresh_snapshot, report_documents

ENDINGS = (".csv", ".csv", ".csv", ".txt", "", ".CSV", ".xml", ".xlsx", ".xls", ".zip")
BROKEN = "\n".join(f"[feeds.{feed}]\nmax_rejected = 1\nmax_removed = 1" for feed in CATALOG)
VALUES = {
    "prices": ("sku", "price_cents"),
    "stock": ("sku", "quantity"),
    "services": ("sku", "price_cents"),
    "products": ("sku", "weight_g"),
}


@pytest.fixture
def world(tmp_path):
    os.environ.update(CATALOG_KEY="key", CATALOG_TOKEN="token")
    one = Catalog(tmp_path / "project", more=BROKEN)
    yield one
    one.app.db.close()


def lines_of(data):
    """Every line that the bytes hold in either encoding, with its marks of numbers and its doubled quotation marks taken away."""
    texts = (data.decode(encoding, "replace") for encoding in ("utf-8", "cp1252"))
    return {re.sub("[.,]", "", line.replace('""', '"')) for text in texts for line in re.split("[\r\n]", text)}


def said(lines, sku, number):
    """Tell whether a line has both an SKU and the digits of a value."""
    digits = str(number).rstrip("0")
    return any(re.sub("[.,]", "", sku) in line and digits in line for line in lines)


@pytest.mark.parametrize("seed", range(8))
def test_damaged_files_end_in_a_report_and_bring_in_nothing_that_they_do_not_say(world, seed):
    dice, lines = random.Random(seed), {feed: set() for feed in TEMPLATES}
    for turn in range(60):
        feed = dice.choice(list(TEMPLATES))
        data = damaged(dice, whole(feed, dice.choice([0, 1, 3, 12])).encode(dice.choice(["utf-8", "cp1252"])))
        path = world.root / "inbox" / feed / f"f{turn}{dice.choice(ENDINGS)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        lines[feed] |= lines_of(data)
        world.now += timedelta(minutes=1)
        report = (refresh_snapshot if feed in CATALOG else report_documents).run(world.app, Pass(by_hand=True))

        assert report.exit_status in (0, 1)
        assert report.failures or report.lines
        assert not [line for line in (*report.failures, *report.lines) if "nexpected" in line or "Traceback" in line]
        assert not path.exists()
    assert {state for _, state in world.ledger()} >= {"applied", "refused"}
    for feed, columns in VALUES.items():
        assert [row for row in world.known(feed, *columns) if not said(lines[feed], *row)] == []


def test_the_oracle_sees_a_value_that_no_file_said(world):
    world.export("stock/s.csv", "00123;17")

    assert said(lines_of(b"sku;quantity\n00123;17\n"), "00123", 17)
    assert not said(lines_of(b"sku;quantity\n00123;17\n"), "123", 71)
    assert world.stock() == {"00123": 17}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def shop(request, tmp_path):
    os.environ.update(CATALOG_KEY="key", CATALOG_TOKEN="token")
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else "sqlite:///var/connector.db"
    one = Catalog(tmp_path / "project", more=BROKEN, url=url)
    yield one
    one.app.db.close()


def test_a_row_whose_columns_slipped_is_refused_and_no_feed_stands_still(shop):
    shop.export("products/1.csv", product("A"), product("B"))
    text = secrets.token_hex(4900)
    slipped = product("A").split(";")
    slipped[HEADS["products"].split(";").index("category")] = text
    shop.drop("products/2.csv", ";".join(slipped), product("B", "Coat"))
    shop.drop("prices/2.csv", "A;10,00;", f"{text};5,00;")
    shop.drop("stock/2.csv", "A;3", f"{text};5", f"{text};x")
    report = shop.run()

    too_long = "it has 9800 letters, more than 255; shorten it, or look whether the row's columns have slipped"
    found = {(row["feed"], row["line"], row["column"], row["reason"]) for row in shop.quarantine() if row["feed"] != "stock"}
    assert found == {("products", 2, "category", too_long), ("prices", 3, "sku", too_long)}
    assert not report.unreachable
    assert shop.known("products", "sku", "product_name") == [("A", "Shirt"), ("B", "Coat")]
    assert shop.known("prices", "sku", "price_cents") == [("A", 1000)]
    assert shop.stock() == {"A": 3}
    assert [shop.lies(f"inbox/{feed}") for feed in ("products", "prices", "stock")] == [[], [], []]


@pytest.mark.parametrize("letters", ["ABCDEFGHabcdefgh0123", "/%", range(0x400, 0x460), range(0x4E00, 0x9FFF), range(0x1F300, 0x1F5FF)])
def test_the_longest_texts_that_are_taken_fit_all_that_finds_rows(shop, letters):
    dice = random.Random(1)  # no text that could be packed
    alphabet = [one if isinstance(one, str) else chr(one) for one in letters]
    longest, second, third = ("".join(dice.choices(alphabet, k=255 if max(alphabet) < "\uffff" else 127)) for _ in range(3))
    prices, key = "sku;marketplace;sales_channel;price", f"{longest};{second};{third}"
    head = "sku;product_id;product_name;brand;category;weight;measurement_unit;ean"
    shop.drop("products/1.csv", f"{longest};1;a;b;{second};1;{third};{second}", head=head)
    shop.drop("prices/1.csv", f"{key};10,00", "B;;;1,00", head=prices)
    shop.drop("services/1.csv", f"{key};a;1,00", "B;x;y;a;1,00")
    assert shop.run().failures == []
    shop.drop("prices/2.csv", f"{key};x", "B;;;1,00", head=prices)
    shop.drop("services/2.csv", f"{key};a;x", "B;x;y;a;1,00")
    assert not shop.run().unreachable

    assert (longest, second, third) in shop.known("prices", "sku", "marketplace", "sales_channel")
    assert [row["feed"] for row in shop.quarantine()] == ["prices", "services"]

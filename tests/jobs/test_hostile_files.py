"""Whole passes over damaged files: nothing unexpected, and nothing known that no file said."""

import os
import random
import re
from datetime import timedelta

import pytest
from campaigns.file_bases import CATALOG, TEMPLATES, whole
from campaigns.file_spoiling import damaged
from catalog_world import Catalog

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

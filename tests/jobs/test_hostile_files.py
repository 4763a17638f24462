"""Whole passes over damaged files: nothing unexpected, and nothing known that no file said."""

import os
import random
import re
from datetime import timedelta

import pytest
from catalog_world import Catalog

from connector.usecases.passes import Pass
from jobs import refresh_snapshot, report_documents

CATALOG = {
    "products": (
        "sku;product_id;product_name;description;brand;category;weight;images;active;product_spec:Cor",
        '00{i};P{i};Camisa ção {i};"uma; duas";Marca;Casa/Mesa;1,5;A=https://x.example/{i}.jpg|https://y.example/;S;azul',
    ),
    "prices": ("sku;sales_channel;price;list_price;valid_until", "00{i};;1.2{i}9,90;1.999,90;31/12/2030"),
    "stock": ("sku;quantity;warehouse", "00{i};1{i};w1"),
    "services": ("sku;type;id;name;price", "00{i};Garantia;{i};Um ano;19,90"),
    "freight": ("ZipCodeStart;ZipCodeEnd;WeightStart;WeightEnd;AbsoluteMoneyCost;TimeCost", "0100000{i};19999999;0;30000;10,90;5.00:00:00"),
}
DOCUMENTS = {
    "invoices": ("order_id;invoice_number;issuance_date;invoice_value;sku;quantity;price", "O{i};{i};02/01/2026;10,00;00{i};1;10,00"),
    "tracking": ("order_id;invoice_number;courier;tracking_number;event_date;description;delivered", "O{i};{i};C;T{i};2026-01-02;rota;1"),
    "cancellations": ("order_id;reason;return_invoice_number;return_issuance_date", "O{i};sem estoque;;"),
    "acks": ("order_id;status;erp_order_id;message", "O{i};accepted;E{i};"),
}
FEEDS = CATALOG | DOCUMENTS
SPLINTERS = [
    *b'"\x00\r\n;,\t|\x1a\x81\xe7',
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3\xa7", "١".encode(), b"1e400", b"9" * 30, b"NaN", b"=cmd()"),
]
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


def whole(feed, rows):
    head, row = FEEDS[feed]
    return "\n".join([head, *(row.replace("{i}", str(i)) for i in range(rows)), ""])


def damaged(dice, data):
    """Break a file as transports, editors and exports do, one to six times."""
    for _ in range(dice.randint(1, 6)):
        data = dice.choice(WAYS)(dice, data, dice.randint(0, len(data)))
    return data


def splinter(dice, data, at):
    piece = dice.choice(SPLINTERS)
    return data[:at] + (bytes([piece]) if isinstance(piece, int) else piece) + data[at:]


WAYS = (
    splinter,
    splinter,
    lambda dice, data, at: data[:at] + dice.randbytes(1) + data[at + 1 :],
    lambda dice, data, at: data[:at] + data[at + dice.randint(1, 20) :],
    lambda dice, data, _: data.replace(b";", dice.choice([b",", b"\t", b"|", b" "])),
    lambda dice, data, _: data.replace(b"\n", dice.choice([b"\r\n", b"\r", b"\n\n", b";\n"])),
    lambda dice, data, at: data[:at] + data[: dice.randint(1, 80)] + data[at:],
    lambda _, data, at: data[:at],
    lambda dice, data, at: data[:at] + b"x" * dice.choice([10, 1000, 100_000]) + data[at:],
    lambda dice, data, _: data.decode("utf-8", "replace").encode(dice.choice(["cp1252", "utf-16", "utf-8-sig"]), "replace"),
    lambda dice, data, _: b"\n".join(dice.sample(lines := data.split(b"\n"), len(lines))),
    lambda _, data, __: data.replace(b",", b"."),
)


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
    dice, lines = random.Random(seed), {feed: set() for feed in FEEDS}
    for turn in range(60):
        feed = dice.choice(list(FEEDS))
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

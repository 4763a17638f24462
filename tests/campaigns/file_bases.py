"""Sound files to be spoiled: a plain one of each feed, and every sample of tests/golden with the layout that it is read with."""

from pathlib import Path
from typing import NamedTuple

from connector.feeds import FEEDS
from connector.formats.layout import Layout, load_layout

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
LAYOUTS = ROOT / "config" / "layouts"
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
TEMPLATES = CATALOG | DOCUMENTS
PACKED = (".xlsx", ".xls", ".zip", ".gz")


class Base(NamedTuple):
    """A file: its feed, ending, bytes, layout, and the kind of format that it is of."""

    feed: str
    ending: str
    data: bytes
    layout: Layout
    kind: str


def whole(feed, rows):
    """Write a plain file of a feed."""
    head, row = TEMPLATES[feed]
    return "\n".join([head, *(row.replace("{i}", str(i)) for i in range(rows)), ""])


def bases():
    """Return every sound file, by kind of format."""
    found = [plain(feed, rows, encoding) for feed in TEMPLATES for rows in (1, 3, 12) for encoding in ("utf-8", "cp1252")]
    found += [_sample(path) for path in sorted(GOLDEN.glob("*/*")) if not path.name.endswith((".expected.json", ".layout.toml"))]
    kinds = {}
    for base in found:
        kinds.setdefault(base.kind, []).append(base)
    return kinds


def plain(feed, rows, encoding="utf-8"):
    return Base(feed, ".csv", whole(feed, rows).encode(encoding), load_layout("default", LAYOUTS), "delimited")


def _sample(path):
    layout, data = _layout(path), path.read_bytes()
    return Base(path.parent.name, path.suffix, data, layout, _kind(path, data, layout))


def _layout(path):
    if path.with_name(f"{path.stem}.layout.toml").exists():
        return load_layout(f"{path.stem}.layout", path.parent)
    return load_layout(path.stem if path.stem.endswith("-style") else "default", LAYOUTS)


def _kind(path, data, layout):
    if path.suffix in PACKED:
        return "packed"
    if path.suffix == ".xml":
        return "nfe"
    if data.startswith(b"000") and path.parent.name == "tracking":
        return "ocoren"
    return "fixed" if layout.widths or layout.records else "delimited"


def feed_of(base):
    return FEEDS[base.feed]

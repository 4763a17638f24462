"""A legacy ERP as sellers have them: semicolons, cp1252, decimal commas, files in and out of folders."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRODUCTS = (
    *("sku", "product_id", "product_name", "sku_name", "description", "brand", "category", "ean", "ref_id"),
    *("height", "width", "length", "weight", "measurement_unit", "unit_multiplier", "images", "active"),
)
FREIGHT = (
    *("ZipCodeStart", "ZipCodeEnd", "PolygonName", "WeightStart", "WeightEnd", "AbsoluteMoneyCost"),
    *("PricePercent", "PriceByExtraWeight", "MaxVolume", "TimeCost", "Country", "MinimumValueInsurance"),
)
INVOICE = ("order_id", "invoice_number", "issuance_date", "invoice_value", "sku", "quantity", "price", "type")
TRACKING = ("order_id", "invoice_number", "courier", "tracking_number", "tracking_url")


@dataclass(frozen=True, slots=True)
class Article:
    sku: str
    name: str
    price_cents: int
    quantity: int


def comma(cents: int) -> str:
    """Write cents as this ERP does: 1990 is "19,90"."""
    return f"{cents // 100},{cents % 100:02d}"


class LegacyErp:
    """Exports what it sells into `inbox`, and takes orders out of `outbox`."""

    def __init__(self, inbox: Path, outbox: Path) -> None:
        self.inbox, self.outbox = inbox, outbox
        self._exports = 0

    def export(self, articles: Sequence[Article]) -> None:
        """Write the three full exports."""
        self._write("products", PRODUCTS, [self._product(article) for article in articles])
        self._write("prices", ("sku", "price", "list_price"), [(a.sku, comma(a.price_cents), comma(a.price_cents)) for a in articles])
        self._write("stock", ("sku", "quantity"), [(a.sku, a.quantity) for a in articles])

    def export_freight(self) -> None:
        """Write a freight table in VTEX's own spreadsheet columns."""
        row = ("00000000", "99999999", "", 0, 30000, "10,90", 0, 0, 1_000_000, "5.00:00:00", "BRA", 0)
        self._write("freight", FREIGHT, [row], name="normal.csv")

    def take(self, folder: str, order_id: str) -> dict[str, Any] | None:
        """Take one file out of the outbox, as an ERP does: it is gone then. None where it is not there."""
        path = self.outbox / folder / f"{order_id}.json"
        if not path.exists():
            return None
        document: dict[str, Any] = json.loads(path.read_bytes())
        path.unlink()
        return document

    def accept(self, order_id: str) -> None:
        """Acknowledge an order."""
        self._write("acks", ("order_id", "status", "erp_order_id"), [(order_id, "accepted", "PED-000187")])

    def invoice(self, order: dict[str, Any], number: str) -> None:
        """Invoice a whole order, freight included."""
        total = comma(order["totals"]["total"])
        head = (order["orderId"], number, "24/11/2026", total)
        self._write("invoices", INVOICE, [(*head, i["sku"], i["quantity"], comma(i["price"]), "Output") for i in order["items"]])

    def ship(self, order_id: str, number: str, tracking_number: str) -> None:
        """Hand an invoice's goods to the carrier."""
        url = f"https://rastreio.example/{tracking_number}"
        self._write("tracking", TRACKING, [(order_id, number, "Correios", tracking_number, url)])

    def _product(self, article: Article) -> tuple[object, ...]:
        images = f"Frente=https://img.example/{article.sku}.jpg"
        ids = (
            f"P-{article.sku}",
            article.name,
            f"{article.name} única",
            "Fabricado em Jundiaí; não vai ao forno",
            "Casa Boa",
            "Casa/Cozinha",
        )
        return (article.sku, *ids, f"789100000{article.sku[-4:]}", f"REF-{article.sku}", "10", "20", "30", "1,5", "un", "1", images, "S")

    def _write(self, feed: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, name: str = "") -> None:
        """Write beside the name and rename, as well-behaved exporters do."""
        self._exports += 1
        text = io.StringIO()
        csv.writer(text, delimiter=";", lineterminator="\r\n").writerows([columns, *rows])
        path = self.inbox / feed / (name or f"{feed}-{self._exports:03d}.csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(text.getvalue().encode("cp1252"))
        part.rename(path)

"""Products, one at a time, for suggestions and for people."""

from __future__ import annotations

import json

from sqlalchemy import Connection, select

from connector.domain.catalog import Image, Product
from connector.storage.tables import products


def find(tx: Connection, sku: str) -> Product | None:
    """Return one SKU's content, or None where the snapshot does not hold it."""
    row = tx.execute(select(products).where(products.c.sku == sku)).mappings().first()
    if row is None:
        return None
    texts = {**row, "product_specs": json.loads(row["product_specs"]), "sku_specs": json.loads(row["sku_specs"])}
    return Product(**{**texts, "images": tuple(Image(name, url) for name, url in json.loads(row["images"]))})

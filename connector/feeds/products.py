"""What is for sale, one row an SKU."""

from __future__ import annotations

from connector.feeds import columns as c
from connector.feeds.feed import Feed, Values


def _adjust(values: Values) -> dict[str, int]:
    """Name an SKU without a name of its own as its product."""
    values["sku_name"] = [own or product for own, product in zip(values["sku_name"], values["product_name"], strict=True)]
    return {}


PRODUCTS = Feed(
    "products",
    key=("sku",),
    columns=(
        c.key_text("sku", required=True),
        c.text("product_id", required=True),
        c.text("product_name", required=True),
        c.text("sku_name"),
        c.free_text("description"),
        c.text("brand", required=True),
        c.key_text("category", required=True),
        c.key_text("ean"),
        c.text("ref_id"),
        c.length("height", "height_cm"),
        c.length("width", "width_cm"),
        c.length("length", "length_cm"),
        c.weight_kg("weight", "weight_g", required=True),
        c.key_text("measurement_unit", empty="un"),
        c.multiplier("unit_multiplier"),
        c.images("images"),
        c.flag("active", empty=True),
    ),
    groups=(("product_spec:", "product_specs"), ("sku_spec:", "sku_specs")),
    adjust=_adjust,
)

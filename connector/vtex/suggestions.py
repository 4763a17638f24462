"""A suggestion: one SKU offered to a marketplace that does not know it, in the 2017 dialect or today's (facts §2.2)."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from connector.domain.catalog import Image, Product
from connector.settings import MarketplaceSettings

_INT32 = 2**31 - 1
_SYMBOLS = {
    "BRL": "R$",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "ARS": "$",
    "CLP": "$",
    "COP": "$",
    "MXN": "$",
    "PEN": "S/",
    "UYU": "$U",
    "RON": "lei",
    "PLN": "zł",
}
# What sells and for how much comes from the simulation; a suggestion that waits for a reviewer is not put again for it (facts §2.3).
_FLEETING = ("AvailableQuantity", "Pricing")


def suggestion_body(
    m: MarketplaceSettings, product: Product, price_cents: int, quantity: int, *, ean_in_list: bool = False
) -> dict[str, Any]:
    """Render a suggestion: lengths in cm, weight in grams (in kg in the 2017 dialect), price in cents.

    The EAN is a string as both documents have it, or a list of one, which alone some marketplaces keep (KI 897301): where the settings
    say so, or `ean_in_list`. Images that are not https are left out: VTEX does not show them (facts §8, 16).

    A superset of both dialects' required fields. SalePrice is in cents: the unit is documented nowhere, but it is "an integer
    without decimal places", every other amount of this protocol is in cents, and in whole units 19.90 could not be said.
    It informs the reviewer only; what is charged comes from the simulation.
    """
    return {
        "ProductId": product.product_id,
        "ProductName": product.product_name,
        "NameComplete": _complete_name(product),
        "ProductDescription": product.description or product.product_name,
        "BrandName": product.brand,
        "SkuName": product.sku_name or product.product_name,
        "SellerId": m.seller_id,
        "Height": _number(product.height_cm),
        "Width": _number(product.width_cm),
        "Length": _number(product.length_cm),
        **_weight(m, product.weight_g),
        "Updated": None,  # required and defined nowhere: null, as in the 2017 guide
        "RefId": product.ref_id,
        **_numeric_id(product.sku),
        "CategoryFullPath": product.category,
        "Images": [_image(image, position) for position, image in enumerate(shown_images(product), 1)],
        "ProductSpecifications": _specifications(m, product.product_specs),
        "SkuSpecifications": _specifications(m, product.sku_specs),
        "EAN": _in_list(product.ean) if ean_in_list or m.ean_form == "array" else product.ean,
        "MeasurementUnit": product.measurement_unit or "un",
        "UnitMultiplier": _number(product.unit_multiplier or 1),
        "AvailableQuantity": max(0, min(quantity, _INT32)),
        "Pricing": {"Currency": m.currency, "SalePrice": price_cents, "CurrencySymbol": _SYMBOLS.get(m.currency, m.currency)},
    }


def suggestion_hash(body: dict[str, Any]) -> str:
    """Return the fingerprint of what a reviewer judges, 64 hex digits: the same while nothing but price and quantity changes."""
    judged = {name: value for name, value in body.items() if name not in _FLEETING}
    return hashlib.sha256(json.dumps(judged, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def shown_images(product: Product) -> tuple[Image, ...]:
    """Return the images that VTEX shows, in their order."""
    return tuple(image for image in product.images if image.url.lower().startswith("https://"))


def _in_list(ean: str) -> list[str]:
    return [ean] if ean else []


def _complete_name(product: Product) -> str:
    if not product.sku_name or product.sku_name == product.product_name:
        return product.product_name
    return f"{product.product_name} {product.sku_name}"


def _number(value: float) -> int | float:
    """Write whole numbers as such: the published schema types lengths as integers."""
    return int(value) if float(value).is_integer() else float(value)


def _weight(m: MarketplaceSettings, grams: int) -> dict[str, int | float]:
    return {"WeightKg": _number(grams / 1000)} if m.protocol == "2017" else {"Weight": grams}


def _numeric_id(sku: str) -> dict[str, int]:
    """Give the SKU as VTEX's int32 field too, only where the number says exactly the same ("007" and "A1" cannot)."""
    is_plain = re.fullmatch("0|[1-9][0-9]{0,9}", sku) is not None
    return {"SellerStockKeepingUnitId": int(sku)} if is_plain and int(sku) <= _INT32 else {}


def _image(image: Image, position: int) -> dict[str, str]:
    """Name every image: a plain address in the export has none, and VTEX requires one."""
    return {"imageName": image.name or f"Image {position}", "imageUrl": image.url}


def _specifications(m: MarketplaceSettings, specs: dict[str, str]) -> list[dict[str, Any]]:
    if m.protocol == "2017":
        return [{"fieldName": name, "fieldValue": value} for name, value in specs.items()]
    return [{"fieldName": name, "fieldValues": [value]} for name, value in specs.items()]

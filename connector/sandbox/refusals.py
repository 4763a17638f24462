"""What VTEX refuses in the bodies that a seller sends: its codes, by name (facts §2.2, §7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Body = dict[str, Any]
Answer = tuple[int, Any]

_CODES = {"ProductName": 3, "SkuName": 4, "Height": 5, "Length": 7, "Width": 8}
_TEXTS = ("ProductName", "SkuName", "BrandName", "CategoryFullPath", "ProductDescription")


def suggestion_problem(body: object) -> Answer | None:
    """Return the answer with which VTEX refuses a suggestion, or None where it takes it; both dialects are taken."""
    if not isinstance(body, dict):
        return 400, {"Message": "The request is invalid: a JSON object is expected."}
    for code, message in _suggestion_problems(body):
        return 400, {"errorResponse": {"Code": code, "Message": message}}
    return None


def _suggestion_problems(body: Body) -> Iterator[tuple[int, str]]:
    for name in _TEXTS:
        if not _is_text(body.get(name)):
            yield _CODES.get(name, 0), f"{name} is required"
    for name in ("Height", "Length", "Width"):
        if not _is_number(body.get(name)):
            yield _CODES[name], f"{name} is required"
    if not (_is_number(body.get("Weight")) or _is_number(body.get("WeightKg"))):
        yield 6, "Weight is required"
    if not (_is_text(body.get("EAN")) or _is_text(body.get("RefId"))):
        yield 10, "EanOrRefIdAreRequired"
    yield from _image_problems(body.get("Images"))
    yield from _specification_problems(body)
    yield from _price_problems(body)


def _image_problems(images: object) -> Iterator[tuple[int, str]]:
    if not isinstance(images, list) or not images:
        yield 9, "SkuImagesAreRequired"
        return
    for image in images:
        if not _is_text(image.get("imageName")) or not str(image.get("imageUrl", "")).startswith("https://"):
            yield 11, f"SkuImageUrlIsInvalid: {image}"


def _specification_problems(body: Body) -> Iterator[tuple[int, str]]:
    for name in ("ProductSpecifications", "SkuSpecifications"):
        for field in body.get(name) or []:
            if not _is_text(field.get("fieldName")) or not (field.get("fieldValues") or field.get("fieldValue")):
                yield 12, f"ProductOrSkuHasInvalidSpecificationLength: {field}"


def _price_problems(body: Body) -> Iterator[tuple[int, str]]:
    pricing = body.get("Pricing") or {}
    if not re.fullmatch("[A-Z]{3}", str(pricing.get("Currency"))) or not _is_whole(pricing.get("SalePrice")):
        yield 0, "Pricing is required, with Currency and an integer SalePrice"
    if not _is_whole(body.get("AvailableQuantity")):
        yield 0, "AvailableQuantity is required"


def invoice_problem(body: object) -> str | None:
    """Say what VTEX refuses in an invoice, or None."""
    if not isinstance(body, dict) or body.get("type") not in ("Output", "Input"):
        return "type must be Output or Input"
    if not re.fullmatch(r"[A-Za-z0-9._-]+", str(body.get("invoiceNumber") or "")):
        return "invoiceNumber must be letters, digits and hyphens"
    if not _is_whole(body.get("invoiceValue")) or body["invoiceValue"] <= 0:
        return "invoiceValue must be an integer greater than 0"
    if not re.match(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", str(body.get("issuanceDate"))):
        return "issuanceDate must hold date and time"
    return _items_problem(body.get("items"))


def _items_problem(items: object) -> str | None:
    if not isinstance(items, list) or not items:
        return "items must be a list"
    if not all(_is_text(item.get("id")) and _is_whole(item.get("quantity")) and _is_whole(item.get("price")) for item in items):
        return "each item needs id, quantity and price, the latter two integers"
    return "one SKU on two lines" if len({item["id"] for item in items}) < len(items) else None


def tracking_problem(body: object) -> str | None:
    """Say what VTEX refuses in a tracking, or None."""
    needed = ("courier", "trackingNumber", "trackingUrl", "dispatchedDate")
    if not isinstance(body, dict) or not set(needed) <= body.keys():
        return f"{', '.join(needed)} are required"
    return None if _is_text(body["trackingNumber"]) else "trackingNumber is empty"


def delivery_problem(body: object) -> str | None:
    """Say what VTEX refuses in a delivery, or None."""
    if not isinstance(body, dict) or not isinstance(body.get("isDelivered"), bool):
        return "isDelivered is required"
    fine = all(re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(event.get("date"))) for event in body.get("events") or [])
    return None if fine else "each event needs a date, yyyy-mm-dd"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

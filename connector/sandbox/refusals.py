"""What VTEX refuses in the bodies that a seller sends: its codes, by name (its reference of suggestions and orders)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connector.sandbox.calls import Answer, Body, is_number, is_text, is_whole

_CODES = {"ProductName": 3, "SkuName": 4, "Height": 5, "Length": 7, "Width": 8}
_TEXTS = ("ProductName", "SkuName", "BrandName", "CategoryFullPath", "ProductDescription")


def suggestion_problem(body: object) -> Answer | None:
    """Return the answer with which VTEX refuses a suggestion, or None where it takes it; both dialects are taken."""
    if not isinstance(body, dict):
        return 400, {"Message": "The request is invalid: a JSON object is expected."}
    for code, message in _suggestion_problems(body):
        return refusal(code, message)
    return None


def refusal(code: int, message: str) -> Answer:
    """Return how suggestions are refused."""
    return 400, {"errorResponse": {"Code": code, "Message": message}}


def error(code: str, message: str) -> Body:
    """Return the body with which the other services refuse."""
    return {"error": {"code": code, "message": message, "exception": None}}


def is_trackable(number: str) -> bool:
    """Tell whether tracking can ever find an invoice of this number (KI 953285, 1302085): it is part of an address."""
    return re.fullmatch(r"[A-Za-z0-9._-]+", number) is not None


def _suggestion_problems(body: Body) -> Iterator[tuple[int, str]]:
    for name in _TEXTS:
        if not is_text(body.get(name)):
            yield _CODES.get(name, 0), f"{name} is required"
    for name in ("Height", "Length", "Width"):
        if not is_number(body.get(name)):
            yield _CODES[name], f"{name} is required"
    if not (is_number(body.get("Weight")) or is_number(body.get("WeightKg"))):
        yield 6, "Weight is required"
    if not (is_text(body.get("EAN")) or is_text(body.get("RefId"))):
        yield 10, "EanOrRefIdAreRequired"
    yield from _image_problems(body.get("Images"))
    yield from _specification_problems(body)
    yield from _price_problems(body)


def _image_problems(images: object) -> Iterator[tuple[int, str]]:
    if not isinstance(images, list) or not images:
        yield 9, "SkuImagesAreRequired"
        return
    for image in images:
        if not isinstance(image, dict) or not is_text(image.get("imageName")) or not str(image.get("imageUrl", "")).startswith("https://"):
            yield 11, f"SkuImageUrlIsInvalid: {image}"


def _specification_problems(body: Body) -> Iterator[tuple[int, str]]:
    for name in ("ProductSpecifications", "SkuSpecifications"):
        fields = body.get(name) or []
        for field in fields if isinstance(fields, list) else [fields]:
            if (
                not isinstance(field, dict)
                or not is_text(field.get("fieldName"))
                or not (field.get("fieldValues") or field.get("fieldValue"))
            ):
                yield 12, f"ProductOrSkuHasInvalidSpecificationLength: {field}"


def _price_problems(body: Body) -> Iterator[tuple[int, str]]:
    pricing = body.get("Pricing")
    pricing = pricing if isinstance(pricing, dict) else {}
    if not re.fullmatch("[A-Z]{3}", str(pricing.get("Currency"))) or not is_whole(pricing.get("SalePrice")):
        yield 0, "Pricing is required, with Currency and an integer SalePrice"
    if not is_whole(body.get("AvailableQuantity")):
        yield 0, "AvailableQuantity is required"


def cents(value: object) -> int:
    """Read an amount of cents: an integer, or its digits as a text (the two published descriptions differ); 0 for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def invoice_problem(body: object) -> str | None:
    """Say what VTEX refuses in an invoice, or None."""
    if not isinstance(body, dict) or body.get("type") not in ("Output", "Input"):
        return "type must be Output or Input"
    if not is_text(body.get("invoiceNumber")):
        return "invoiceNumber is required"
    if cents(body.get("invoiceValue")) <= 0:
        return "invoiceValue must be an integer greater than 0"
    if not re.match(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", str(body.get("issuanceDate"))):
        return "issuanceDate must hold date and time"
    return _items_problem(body.get("items"))


def _items_problem(items: object) -> str | None:
    if not isinstance(items, list) or not items:
        return "items must be a list"
    if not all(
        isinstance(item, dict) and is_text(item.get("id")) and is_whole(item.get("quantity")) and is_whole(item.get("price"))
        for item in items
    ):
        return "each item needs id, quantity and price, the latter two integers"
    return "one SKU on two lines" if len({item["id"] for item in items}) < len(items) else None


def tracking_problem(body: object) -> str | None:
    """Say what VTEX refuses in a tracking, or None."""
    needed = ("courier", "trackingNumber", "trackingUrl", "dispatchedDate")
    if not isinstance(body, dict) or not set(needed) <= body.keys():
        return f"{', '.join(needed)} are required"
    return None if is_text(body["trackingNumber"]) else "trackingNumber is empty"


def delivery_problem(body: object) -> str | None:
    """Say what VTEX refuses in a delivery, or None."""
    if not isinstance(body, dict) or not isinstance(body.get("isDelivered"), bool):
        return "isDelivered is required"
    events = body.get("events") or []
    fine = isinstance(events, list) and all(isinstance(e, dict) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(e.get("date"))) for e in events)
    return None if fine else "each event needs a date, yyyy-mm-dd"

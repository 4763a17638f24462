"""What VTEX would refuse in a suggestion, said before it is sent; and what it would take and then not do well with (facts §2.2, §2.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stdnum import ean

from connector.domain.catalog import Product
from connector.vtex.suggestions import shown_images

LONGEST_NAME = 150
"""VTEX refuses longer product names."""
LONG_NAME = 100
"""From here on VTEX's matcher loses its way (KI 1100159)."""
_MARKS = ".-+#/&"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one field, and what to do about it. `refuses`: VTEX would not take it, so it is not sent."""

    field: str
    what: str
    remedy: str
    refuses: bool

    def __str__(self) -> str:
        return f"{self.field}: {self.what}"


def examine(product: Product) -> tuple[Finding, ...]:
    """Return all that is to be said of a product as a suggestion, refusals first."""
    found = (*_names(product), *_places(product), *_identifiers(product), *_measures(product), *_images(product))
    return tuple(sorted(found, key=lambda finding: not finding.refuses))


def refusals(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.refuses)


def in_words(findings: Iterable[Finding]) -> tuple[str, str]:
    """Return what is wrong, and the remedies, each as one line."""
    found = tuple(findings)
    return "; ".join(map(str, found)), "; ".join(dict.fromkeys(finding.remedy for finding in found))


def _refuse(field: str, what: str, remedy: str) -> Finding:
    return Finding(field, what, remedy, refuses=True)


def _doubt(field: str, what: str, remedy: str) -> Finding:
    return Finding(field, what, remedy, refuses=False)


def _names(product: Product) -> Iterator[Finding]:
    """Codes 3 and 4; long names and some marks keep VTEX from finding the same product in its catalogue (KI 736164, 1100159)."""
    name = product.product_name.strip()
    if not name:
        yield _refuse("product_name", "it is empty (code 3)", "give the product a name in the ERP")
    if len(name) > LONGEST_NAME:
        yield _refuse("product_name", f"it has {len(name)} characters, VTEX takes {LONGEST_NAME}", "shorten the name in the ERP")
    elif len(name) > LONG_NAME:
        yield _doubt("product_name", f"it has {len(name)} characters; long names match badly", f"keep names under {LONG_NAME} characters")
    for field, text in (("product_name", name), ("sku_name", product.sku_name)):
        marks = [mark for mark in _MARKS if mark in text]
        if marks:
            yield _doubt(field, f"{text!r} holds {' '.join(marks)}, which match badly", "leave such marks out of names")


def _places(product: Product) -> Iterator[Finding]:
    if not product.brand.strip():
        yield _refuse("brand", "it is empty (code 2)", "give the product a brand that the marketplace has")
    parts = [part.strip() for part in product.category.split("/")]
    if not any(parts):
        yield _refuse("category", "it is empty (code 1)", "write the category as Department/Category")
    elif not all(parts):
        yield _doubt("category", f"{product.category!r} has an empty part", "write the category as Department/Category")


def _identifiers(product: Product) -> Iterator[Finding]:
    """Code 10. A doubtful EAN withholds nothing: shops sell with codes of their own."""
    code = product.ean.strip()
    if not (code or product.ref_id.strip()):
        yield _refuse("ean, ref_id", "both are empty; VTEX demands one of them (code 10)", "give the SKU an EAN or a reference id")
    elif code and not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", code):
        yield _doubt("ean", f"{code!r} is no EAN of 8, 12, 13 or 14 digits", "correct it in the ERP, or leave it empty and fill ref_id")
    elif code and not ean.is_valid(code):
        yield _doubt("ean", f"the check digit of {code} is wrong", "compare it with the label")


def _measures(product: Product) -> Iterator[Finding]:
    """Codes 5 to 8. What an export does not say is 0 here, and a parcel of 0 cm would be sold with wrong freight."""
    measures = (
        ("height", product.height_cm, 5, "in cm"),
        ("weight", product.weight_g, 6, "in kg"),
        ("length", product.length_cm, 7, "in cm"),
        ("width", product.width_cm, 8, "in cm"),
    )
    for field, value, code, unit in measures:
        if value <= 0:
            yield _refuse(field, f"it is 0 or missing (code {code})", f"export the {field} {unit}, or name its column in the layout")


def _images(product: Product) -> Iterator[Finding]:
    """Codes 9 and 11: VTEX shows images over https alone."""
    left_out = [image.url for image in product.images if image not in shown_images(product)]
    if not product.images:
        yield _refuse("images", "there is none (code 9)", "export at least one image's https address")
    elif len(left_out) == len(product.images):
        yield _refuse("images", f"none is over https: {left_out[0][:120]} (code 11)", "publish the images under https addresses")
    elif left_out:
        what = f"{len(left_out)} of {len(product.images)} are not over https and are left out, such as {left_out[0][:120]}"
        yield _doubt("images", what, "publish the images under https addresses")

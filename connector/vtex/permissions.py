"""Which right each call needs, as VTEX's License Manager calls it (facts 0.3): what a 403 asks for."""

from __future__ import annotations

from connector.domain.messages import Kind

_SELLER_SKUS = '"Seller SKUs" (Catalog)'
_VIEW_SELLER = '"View Seller" (Seller Register, enforced since March 2026)'
_SUGGEST = '"Send marketplace suggestion" (Channels; no role has it by itself)'
_INVOICE = '"Notify invoice" (OMS)'
_CANCEL = '"Order Cancellation" (Checkout), or "Cancel order" (OMS)'

RIGHTS: dict[Kind, str] = {
    Kind.CATALOG: _SELLER_SKUS,
    Kind.PRICE: _VIEW_SELLER,
    Kind.INVENTORY: _VIEW_SELLER,
    Kind.SOLD_OUT: _VIEW_SELLER,
    Kind.SUGGESTION: _SUGGEST,
    Kind.STATUS: _SUGGEST,
    Kind.INVOICE: _INVOICE,
    Kind.TRACKING: _INVOICE,
    Kind.DELIVERY: _INVOICE,
    Kind.CANCEL: _CANCEL,
}


def right_for(kind: Kind) -> str:
    """Name the right that a call of this kind needs, "" where none is known."""
    return RIGHTS.get(kind, "")


def all_rights() -> list[str]:
    """Name every right that a seller's key needs, each once, as its role should have them."""
    return list(dict.fromkeys(RIGHTS.values()))

"""The SKUs that the marketplace sells for the seller, and what it was told when it asked for price and stock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.sandbox.calls import Answer, Call
from connector.sandbox.routes import sku_of

PAGE = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """What the seller last answered about a SKU. `reason` is empty where it can be sold, else VTEX's word for why not."""

    at: datetime
    price_cents: int | None = None
    list_price_cents: int | None = None
    stock: int | None = None
    reason: str = ""


class Catalog:
    """Known SKUs by their seller's code, their last answer, and the codes that were asked for in vain."""

    def __init__(self, seller_id: str, known: Iterable[str], now: Callable[[], datetime]) -> None:
        self.seller_id = seller_id
        self.known: set[str] = set(known)
        self.listed: dict[str, Listed] = {}
        self.asked_in_vain: dict[str, datetime] = {}
        self._now = now

    def forget(self, sku: str) -> None:
        self.known.discard(sku)
        self.listed.pop(sku, None)

    def catalog_changed(self, call: Call) -> Answer:
        """Take a notification; its 404 names SKU and seller, and is the only answer that says "suggest it"."""
        seller, sku = sku_of(call)
        if seller == self.seller_id and sku in self.known:
            return 200, None
        if seller == self.seller_id:
            self.asked_in_vain[sku] = self._now()
        return 404, f"Seller StockKeepingUnit {sku} not found for this seller id {seller}"

    def offer_changed(self, call: Call) -> Answer:
        """Take a price or stock notification; whether the SKU is known is not said here."""
        return (202, None) if call.parts[2] == self.seller_id else (404, {"Message": f"Seller {call.parts[2]} not found."})

    def binding(self, call: Call) -> Answer:
        seller, sku = sku_of(call)
        if seller != self.seller_id or sku not in self.known:
            return 404, f"Seller StockKeepingUnit {sku} not found for this seller id {seller}"
        return 200, self._binding(sku)

    def bindings(self, call: Call) -> Answer:
        known = sorted(self.known) if call.parts[-1] == self.seller_id else []
        size = min(_number(call.query.get("size"), PAGE), PAGE)
        first = max(_number(call.query.get("page"), 1) - 1, 0) * size
        return 200, {"items": [self._binding(sku) for sku in known[first : first + size]], "total": len(known)}

    def _binding(self, sku: str) -> dict[str, Any]:
        number = sorted(self.known).index(sku) + 1
        at = self.listed[sku].at.isoformat() if sku in self.listed else None
        return {
            "IsPersisted": True,
            "IsRemoved": False,
            "SkuSellerId": number,
            "UpdateDate": at,
            "RequestedUpdateDate": None,
            "SellerStockKeepingUnitId": sku,
            "SellerId": self.seller_id,
            "StockKeepingUnitId": number,
            "IsActive": True,
        }


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < PAGE else otherwise

"""What SKUs sell at, for every marketplace and sales channel or for one."""

from __future__ import annotations

from connector.feeds import columns as c
from connector.feeds.feed import Feed, Values


def _adjust(values: Values) -> dict[str, int]:
    """Raise list prices to the price, which they are never below at VTEX (facts 4): empty ones silently, lower ones with a note."""
    pairs = list(zip(values["list_price_cents"], values["price_cents"], strict=True))
    lower = sum(1 for list_price, price in pairs if list_price is not None and list_price < price)
    values["list_price_cents"] = [price if list_price is None else max(list_price, price) for list_price, price in pairs]
    return {"list prices below the price were raised to it": lower} if lower else {}


PRICES = Feed(
    "prices",
    key=("sku", "marketplace", "sales_channel"),
    columns=(
        c.key_text("sku", required=True),
        c.key_text("marketplace"),
        c.key_text("sales_channel"),
        c.money("price", "price_cents", required=True),
        c.money("list_price", "list_price_cents"),
        c.until("valid_until"),
    ),
    adjust=_adjust,
)

"""What is sold with an SKU: gift wrapping, a longer guarantee."""

from __future__ import annotations

from connector.feeds import columns as c
from connector.feeds.feed import Feed

SERVICES = Feed(
    "services",
    key=("sku", "type", "id"),
    columns=(
        c.text("sku", required=True),
        c.text("type", required=True),
        c.text("id", required=True),
        c.text("name", required=True),
        c.money("price", "price_cents", required=True),
    ),
)

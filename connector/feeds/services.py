"""What is sold with an SKU: gift wrapping, a longer guarantee."""

from __future__ import annotations

from connector.feeds import columns as c
from connector.feeds.feed import Feed

SERVICES = Feed(
    "services",
    key=("sku", "type", "id"),
    columns=(
        c.key_text("sku", required=True),
        c.key_text("type", required=True),
        c.key_text("id", required=True),
        c.text("name", required=True),
        c.money("price", "price_cents", required=True),
    ),
)

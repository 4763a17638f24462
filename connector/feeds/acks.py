"""The ERP's answers to order files."""

from __future__ import annotations

from connector.feeds import columns as c
from connector.feeds.feed import Feed

ACKS = Feed(
    "acks",
    key=("order_id",),
    columns=(
        c.key_text("order_id", required=True),
        c.choice("status", "status", ("accepted", "rejected"), required=True),
        c.key_text("erp_order_id"),
        c.free_text("message"),
    ),
)

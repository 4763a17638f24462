"""The ERP's answers to order files."""

from __future__ import annotations

from connector.feeds import columns as c
from connector.feeds.feed import Feed

ACKS = Feed(
    "acks",
    key=("order_id",),
    columns=(
        c.text("order_id", required=True),
        c.choice("status", "status", ("accepted", "rejected"), required=True),
        c.text("erp_order_id"),
        c.free_text("message"),
    ),
)

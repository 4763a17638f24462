"""What the warehouses hold. A negative quantity is read as it stands: the ERP has sold more than it had."""

from __future__ import annotations

from connector.feeds import columns as c
from connector.feeds.feed import Feed

STOCK = Feed(
    "stock",
    key=("sku", "warehouse"),
    columns=(c.key_text("sku", required=True), c.key_text("warehouse"), c.quantity("quantity", required=True)),
)

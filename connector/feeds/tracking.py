"""Where parcels are: dispatch, the carrier's events, delivery. Also PROCEDA OCOREN."""

from __future__ import annotations

from connector.feeds import columns as c
from connector.feeds.feed import Feed

TRACKING = Feed(
    "tracking",
    key=("order_id", "invoice_number"),
    columns=(
        c.key_text("order_id", required=True),
        c.invoice_number("invoice_number", required=True),
        c.text("courier"),
        c.text("tracking_number"),
        c.text("tracking_url"),
        c.instant("dispatched_date", "dispatched_at"),
        c.instant("event_date", "event_at"),
        c.text("city"),
        c.text("state"),
        c.free_text("description"),
        c.flag("delivered", empty=False),
    ),
    reads_ocoren=True,
)

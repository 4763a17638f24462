"""Invoices of orders, one row an item; rows of one invoice share order and number. Also NF-e."""

from __future__ import annotations

from connector.feeds import columns as c
from connector.feeds.feed import Feed

INVOICES = Feed(
    "invoices",
    key=("order_id", "invoice_number"),
    columns=(
        c.key_text("order_id", required=True),
        c.invoice_number("invoice_number", required=True),
        c.instant("issuance_date", "issued_at", required=True),
        c.money("invoice_value", "value_cents", required=True),
        c.text("sku"),
        c.count("quantity"),
        c.money("price", "price_cents"),
        c.choice("type", "type", ("Output", "Input"), empty="Output"),
        c.text("invoice_key"),
        c.text("invoice_url"),
        c.text("courier"),
        c.text("tracking_number"),
        c.text("tracking_url"),
    ),
    reads_xml=True,
)

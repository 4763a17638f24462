"""Sending again what was given up about one order: invoices, tracking, files."""

from __future__ import annotations

from connector.app import App
from connector.errors import Conflict
from connector.storage import dead_letters, orders, repeated
from connector.storage.views import letters


@repeated.when_deadlocked
def resend(app: App, reference: str) -> int:
    """Send every dead letter about an order on its way again; returns how many. Raises NotFound; Conflict where there is none."""
    with app.db.write() as tx:
        order = orders.find(tx, reference)
        ids = letters.about_order(tx, order.order_id)
        if not ids:
            raise Conflict("nothing about this order was given up", remedy="what waits goes out by itself")
        return dead_letters.replay(tx, ids, app.now)

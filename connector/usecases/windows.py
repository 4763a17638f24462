"""Which delivery windows an order may name. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from connector.app import App
from connector.domain.catalog import Offer
from connector.domain.orders import NewOrder
from connector.domain.ways_offered import windows_kept
from connector.domain.windows import Window
from connector.vtex.delivery_ways import destination

GRACE = timedelta(hours=1)
"""A buyer takes a while between the cart and the order, and a cut-off may fall in between."""


def orderable(app: App, tx: Connection, order: NewOrder, offers: Mapping[str, Offer], now: datetime) -> dict[str, tuple[Window, ...]]:
    """Return the windows that an order's cart is offered now, or was a while ago, by scheduled service; none that is over.

    Where no rate reaches the order's address, or it has none, all coming windows count: there is nothing to measure them by.
    """
    coming = app.ways.windows(now)
    named = coming.keys() & {item.sla for item in order.items}
    to = destination(order.address, app.settings.shipping.country) if named else None
    if to is None:
        return coming
    loads = [(offers[item.sku], item.quantity) for item in order.items if item.sku in offers]
    slas, split = app.rates.current(tx), app.settings.shipping.split
    moments = [(instant, {way.sla.id: way for way in app.ways.at(slas, instant).ways}) for instant in (now - GRACE, now)]
    for sla in named:
        kept = [windows_kept(loads, ways[sla], to, split, instant) for instant, ways in moments]
        measured = [windows for windows in kept if windows is not None]
        if measured:
            coming[sla] = tuple(window for window in coming[sla] if any(window in windows for windows in measured))
    return coming

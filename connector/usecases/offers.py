"""Offers: what a cart's lines sell at, and how they get there. Reads only."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from connector.app import App
from connector.domain import simulation
from connector.domain.catalog import Offer
from connector.domain.simulation import Cart, Simulation
from connector.storage import offers
from connector.usecases import stock_terms


def simulate(app: App, cart: Cart, account: str, sales_channel: str) -> Simulation:
    """Answer a cart from the snapshot as it is now."""
    skus, now = {line.sku for line in cart.lines}, app.now
    found, rates = offers.look(app.db, account, sales_channel, skus, now, kept_back=stock_terms.kept_back_now(app))
    slas = app.rates.held(rates)
    if slas is None:
        with app.db.read() as tx:
            slas = app.rates.current(tx)
    shipping, unavailable = app.settings.shipping, app.settings.simulation.unavailable_policy
    ways, home = app.ways.at(slas, now), shipping.country
    return simulation.simulate(cart, found, ways, split=shipping.split, home=home, now=now, unavailable=unavailable)


def on_offer(app: App, tx: Connection, account: str, sales_channel: str, skus: Collection[str]) -> dict[str, Offer]:
    """Return what SKUs sell at now, less what is kept back: the door for orders and suggestions, beside `simulate`'s."""
    return offers.load(tx, account, sales_channel, skus, app.now, kept_back=stock_terms.kept_back(tx, app))

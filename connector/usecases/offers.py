"""Offers: what a cart's lines sell at, and how they get there. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from connector.app import App
from connector.domain import simulation
from connector.domain.catalog import Offer
from connector.domain.freight import Destination, postal_key
from connector.domain.simulation import Cart, Simulation
from connector.domain.ways_offered import Load, SlaOffer, ways_offered
from connector.storage import offers
from connector.usecases import stock_terms


def simulate(app: App, cart: Cart, account: str, sales_channel: str) -> Simulation:
    """Answer a cart from the snapshot as it is now, in one reading transaction."""
    skus, now = {line.sku for line in cart.lines}, app.now
    with app.db.read() as tx:
        found = on_offer(app, tx, account, sales_channel, skus)
        slas = app.rates.current(tx)
    shipping, unavailable = app.settings.shipping, app.settings.simulation.unavailable_policy
    ways, home = app.ways.at(slas, now), shipping.country
    return simulation.simulate(cart, found, ways, split=shipping.split, home=home, now=now, unavailable=unavailable)


def on_offer(app: App, tx: Connection, account: str, sales_channel: str, skus: Collection[str]) -> dict[str, Offer]:
    """Return what SKUs sell at now, less what is kept back: the one door for simulations, orders and suggestions alike."""
    return offers.load(tx, account, sales_channel, skus, app.now, withheld=stock_terms.withheld(tx, app))


def slas_offered(
    app: App, tx: Connection, loads: Sequence[Load], *, country: str | None, postal_code: str | None
) -> list[tuple[SlaOffer, ...]]:
    """Say for each load (an offer and a quantity) which ways of delivery it has and what each costs, as a simulation would.

    An order is checked by this. `country` None or "" means the seller's own; without a postal code only rates for the whole country
    count (an order's address may be a pickup point or coordinates).
    """
    shipping = app.settings.shipping
    destination = Destination((country or "").strip().upper() or shipping.country, postal_key(postal_code or ""))
    now = app.now
    return ways_offered(loads, app.ways.at(app.rates.current(tx), now), destination, shipping.split, now)

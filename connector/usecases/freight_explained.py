"""Why each way of delivery is offered for a SKU at a postal code, or why it is not. Reads only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from math import isfinite
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain.catalog import Offer
from connector.domain.freight import Destination, Parcel, postal_key
from connector.domain.keeping_back import Freshness
from connector.domain.ways import Way
from connector.domain.ways_offered import parcel
from connector.errors import NotFound, UsageError
from connector.storage import freight, products
from connector.usecases import stock_terms
from connector.usecases.offers import on_offer
from connector.usecases.ways_explained import answer, no, pickup_points, service, unmatched


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `marketplace` and `country` "": the only one configured, and the seller's own; `coordinates` as in "-23.55,-46.63"."""

    sku: str
    postal_code: str
    quantity: int = 1
    marketplace: str = ""
    sales_channel: str = "1"
    country: str = ""
    coordinates: str = ""


def explain(app: App, asked: Question) -> dict[str, Any]:
    """Answer with the goods, and each configured way of delivery: offered or not, row, reason, price in parts (cents), estimate.

    A cart of this one line is what is priced, as a simulation would. Raises NotFound for a SKU that the snapshot does not hold, and
    UsageError for a marketplace or a postal code that is none.
    """
    account, to, now = _account(app, asked.marketplace), _destination(app, asked), app.now
    with app.db.read() as tx:
        offer = on_offer(app, tx, account, asked.sales_channel, {asked.sku}).get(asked.sku)
        trouble = _trouble(app, tx, offer, asked, account)
        known = freight.files(tx)
        ways = app.ways.at(app.rates.current(tx), now)
    sent = min(asked.quantity, offer.stock) if offer and not trouble else 0
    packed = parcel(offer, sent) if offer and sent else None
    services = zip(app.settings.shipping.slas, ways.ways, strict=True)
    return {
        **asdict(asked),
        "marketplace": account,
        "country": to.country,
        "sent": sent,
        "reason": trouble,
        "parcel": packed._asdict() if packed else None,
        "services": [
            {**service(configured, way, known), **_answer(trouble or unmatched(configured, known), way, to, packed, now)}
            for configured, way in services
        ],
        "pickup_points": pickup_points(ways, to, trouble),
    }


def _answer(trouble: str, way: Way, to: Destination, packed: Parcel | None, now: datetime) -> dict[str, Any]:
    return no(trouble) if trouble or packed is None else answer(way, to, packed, now)


def _account(app: App, named: str) -> str:
    """Return the marketplace whose prices count, in any case of its letters; without a name the only one there is."""
    accounts = [marketplace.account for marketplace in app.marketplaces]
    known = [account for account in accounts if account.casefold() == named.casefold()] if named else accounts
    if len(known) != 1:
        found = f"no marketplace is called {named!r}" if named else f"{len(accounts)} marketplaces are configured"
        raise UsageError(f"{found}: name one of them", remedy=f"--marketplace {' or '.join(accounts) or '(none is configured)'}")
    return known[0]


def _destination(app: App, asked: Question) -> Destination:
    code, pair = postal_key(asked.postal_code), _pair(asked.coordinates)
    if not asked.postal_code.strip() and not pair:
        raise UsageError("Freight needs a place", remedy="--postal-code 01310-100, or --coordinates=-23.55,-46.63 for pickup points")
    if not code and not pair:
        raise UsageError(f"{asked.postal_code!r} holds no digit and no letter: it is no postal code", remedy="for example 01310-100")
    return Destination(asked.country.strip().upper() or app.settings.shipping.country, code, pair)


def _pair(text: str) -> tuple[float, ...]:
    try:
        pair = tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        pair = (0.0,)
    if len(pair) not in (0, 2) or not all(isfinite(part) for part in pair):
        raise UsageError(f"{text!r} is no pair of coordinates", remedy="for example -23.55,-46.63")
    return pair


def _trouble(app: App, tx: Connection, offer: Offer | None, asked: Question, account: str) -> str:
    """Say why nothing of the SKU is sent anywhere, "" where something is. Raises NotFound for an unknown SKU."""
    if offer is None:
        product = products.find(tx, asked.sku)
        if product is None:
            raise NotFound(f"the snapshot holds no SKU {asked.sku}", remedy="see that a products file with it was imported")
        if not product.active:
            return "the SKU is not active"
    if offer is None or offer.price_cents <= 0:
        return f"the SKU has no price now in marketplace {account}, sales channel {asked.sales_channel}"
    return "" if offer.stock else _out_of_stock(app, tx)


def _out_of_stock(app: App, tx: Connection) -> str:
    """Say why there is nothing to sell: a stock file too old to be believed is no empty shelf."""
    if stock_terms.freshness(tx, app) is Freshness.UNAVAILABLE:
        return "the last stock file is older than unavailable_after: nothing is offered until the ERP sends one"
    kept = " but what is kept back ([stock] safety, stale_buffer)" if stock_terms.kept_back(tx, app) else ""
    return f"nothing of the SKU is left in stock{kept}"

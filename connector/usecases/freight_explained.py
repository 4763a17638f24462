"""Why each way of delivery is offered for a SKU at a postal code, or why it is not. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain import freight_explained
from connector.domain.catalog import Offer
from connector.domain.freight import Destination, NoQuote, Parcel, Quote, Rate, estimate, postal_key
from connector.domain.freight_explained import Explained
from connector.domain.simulation import Sla, parcel
from connector.errors import NotFound, UsageError
from connector.settings import SlaSettings
from connector.storage import freight, offers, products


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `marketplace` and `country` "": the only one configured, and the seller's own."""

    sku: str
    postal_code: str
    quantity: int = 1
    marketplace: str = ""
    sales_channel: str = "1"
    country: str = ""


def explain(app: App, asked: Question) -> dict[str, Any]:
    """Answer with the goods, and each configured way of delivery: offered or not, row, reason, price in parts (cents), estimate.

    A cart of this one line is what is priced, as a simulation would. Raises NotFound for a SKU that the snapshot does not hold, and
    UsageError for a marketplace or a postal code that is none.
    """
    account, to = _account(app, asked.marketplace), _destination(app, asked)
    with app.db.read() as tx:
        offer = offers.load(tx, account, asked.sales_channel, {asked.sku}, app.now).get(asked.sku)
        trouble = _trouble(tx, offer, asked, account)
        known = freight.files(tx)
        slas = app.rates.current(tx)
    sent = min(asked.quantity, offer.stock) if offer and not trouble else 0
    packed = parcel(offer, sent) if offer and sent else None
    ways = zip(app.settings.shipping.slas, slas, strict=True)
    return {
        **asdict(asked),
        "marketplace": account,
        "country": to.country,
        "sent": sent,
        "reason": trouble,
        "parcel": asdict(packed) if packed else None,
        "services": [
            {**_told(configured, sla, known), **(_answer(configured, sla, known, to, packed) if packed else _no(trouble))}
            for configured, sla in ways
        ],
    }


def _account(app: App, named: str) -> str:
    """Return the marketplace whose prices count, in any case of its letters; without a name the only one there is."""
    accounts = [marketplace.account for marketplace in app.marketplaces]
    known = [account for account in accounts if account.casefold() == named.casefold()] if named else accounts
    if len(known) != 1:
        found = f"no marketplace is called {named!r}" if named else f"{len(accounts)} marketplaces are configured"
        raise UsageError(f"{found}: name one of them", remedy=f"--marketplace {' or '.join(accounts) or '(none is configured)'}")
    return known[0]


def _destination(app: App, asked: Question) -> Destination:
    code = postal_key(asked.postal_code)
    if not code:
        raise UsageError(f"{asked.postal_code!r} holds no digit and no letter: it is no postal code", remedy="for example 01310-100")
    return Destination(asked.country.strip().upper() or app.settings.shipping.country, code)


def _trouble(tx: Connection, offer: Offer | None, asked: Question, account: str) -> str:
    """Say why nothing of the SKU is sent anywhere, "" where something is. Raises NotFound for an unknown SKU."""
    if offer is None:
        product = products.find(tx, asked.sku)
        if product is None:
            raise NotFound(f"the snapshot holds no SKU {asked.sku}", remedy="see that a products file with it was imported")
        if not product.active:
            return "the SKU is not active"
    if offer is None or offer.price_cents <= 0:
        return f"the SKU has no price now in marketplace {account}, sales channel {asked.sales_channel}"
    return "" if offer.stock else "nothing of the SKU is left in stock"


def _told(configured: SlaSettings, sla: Sla, known: list[str]) -> dict[str, Any]:
    return {"id": sla.id, "name": sla.name, "table": configured.table, "files": freight.matching(configured.table, known)}


def _answer(configured: SlaSettings, sla: Sla, known: list[str], to: Destination, packed: Parcel) -> dict[str, Any]:
    if not freight.matching(configured.table, known):
        there = f"; applied are {', '.join(known)}" if known else "; no freight file was applied yet"
        return _no(f"no file that was applied matches {configured.table}{there}")
    explained = freight_explained.explain(sla.table, to, packed)
    if isinstance(explained.found, NoQuote):
        return _no(explained.found.reason, explained.nearest)
    return _yes(sla, explained.found, explained)


def _no(reason: str, nearest: Sequence[Rate] = ()) -> dict[str, Any]:
    nothing = {"price_cents": None, "parts": None, "estimate": None, "row": None}
    return {"offered": False, "reason": reason, **nothing, "nearest": [_row(rate) for rate in nearest]}


def _yes(sla: Sla, found: Quote, explained: Explained) -> dict[str, Any]:
    return {
        "offered": True,
        "reason": "the only row that takes it" if explained.takers == 1 else f"the cheapest of {explained.takers} rows that take it",
        "price_cents": found.price_cents,
        "parts": asdict(explained.parts) if explained.parts else None,
        "estimate": estimate(found.rate.time_cost_seconds, sla.estimate_unit),
        "row": _row(found.rate),
        "nearest": [],
    }


def _row(rate: Rate) -> dict[str, Any]:
    """Write a row as its file has it; what are decimals there stay text to the letter."""
    return {**asdict(rate), "percent": str(rate.percent), "extra_per_gram": str(rate.extra_per_gram)}

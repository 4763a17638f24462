"""Couriers of the catalogue: what is told to a marketplace about SKUs, rendered from the state of the moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event

from sqlalchemy import Connection

from connector.app import App
from connector.delivery.courier import Courier, Effect, Result
from connector.domain.messages import Blocked, Delivered, Kind, Message, Outcome
from connector.settings import MarketplaceSettings
from connector.storage import listings, outbox, products
from connector.usecases.offers import on_offer
from connector.vtex import calls, replies, suggestions
from connector.vtex.line import Line

STOPPED = Result(Blocked("stopped before it was sent", until=datetime.min.replace(tzinfo=UTC)))
"""Nothing was sent: that costs no attempt, and says nothing of the marketplace."""


@dataclass(frozen=True, slots=True)
class CatalogCouriers:
    """The four catalogue kinds of one marketplace."""

    app: App
    line: Line
    stop: Event

    @property
    def m(self) -> MarketplaceSettings:
        return self.line.marketplace

    def table(self) -> dict[Kind, Courier]:
        """Return a courier for each kind, the most urgent first: sold out, then price, then content."""
        return {Kind.INVENTORY: self.inventory, Kind.PRICE: self.price, Kind.CATALOG: self.catalog, Kind.SUGGESTION: self.suggestion}

    def catalog(self, message: Message) -> Result:
        """Ask whether the marketplace knows the SKU by telling that it changed."""
        outcome, answered = self.send(Kind.CATALOG, calls.catalog_changed(self.m, message.reference))
        if isinstance(outcome, Delivered) and outcome.follow_up:
            return Result(outcome, on_delivered=lambda tx: listings.unknown(tx, self.m.account, message.reference, None, self.app.now))
        return Result(outcome, on_delivered=self._known(message.reference), answered=answered)

    def _known(self, sku: str) -> Effect:
        """Follow the first 2xx of a SKU with its price and stock: nothing was said of them before."""

        def record(tx: Connection) -> None:
            is_new = listings.states(tx, self.m.account, [sku]).get(sku) != "known"
            listings.told(tx, self.m.account, [sku], self.app.now)
            if is_new and self.m.protocol != "2017":
                for kind in (Kind.INVENTORY, Kind.PRICE):
                    outbox.put(tx, self.m.account, kind, [sku], self.app.now)

        return record

    def price(self, message: Message) -> Result:
        """Tell that a known SKU's price changed."""
        return Result(*self._plain(Kind.PRICE, calls.price_changed(self.m, message.reference)))

    def inventory(self, message: Message) -> Result:
        """Tell that what a known SKU has to sell changed."""
        return Result(*self._plain(Kind.INVENTORY, calls.inventory_changed(self.m, message.reference)))

    def _plain(self, kind: Kind, request: calls.Request) -> tuple[Outcome, None, None, bool]:
        outcome, answered = self.send(kind, request)
        return outcome, None, None, answered

    def suggestion(self, message: Message) -> Result:
        """Suggest the SKU as it is now; not one that cannot be sold, nor one that waits there unchanged."""
        sku, account = message.reference, self.m.account
        with self.app.db.read() as tx:
            product = products.find(tx, sku)
            offer = on_offer(self.app, tx, account, self.m.sales_channels[0], [sku]).get(sku)
            listing = listings.one(tx, account, sku)
        if product is None or offer is None:
            note = "not suggested: it is inactive, or has no price"
            return Result(Delivered(note=note), on_delivered=lambda tx: listings.unknown(tx, account, sku, note, self.app.now))
        request = calls.suggestion(self.m, product, offer.price_cents, offer.stock)
        fingerprint = suggestions.suggestion_hash(request.body or {})
        if listings.waits_unchanged(listing, fingerprint, self.app.now):
            return Result(Delivered(note="waits there unchanged"))
        outcome, answered = self.send(Kind.SUGGESTION, request)
        return Result(outcome, on_delivered=lambda tx: listings.suggested(tx, account, sku, fingerprint, self.app.now), answered=answered)

    def send(self, kind: Kind, request: calls.Request) -> tuple[Outcome, bool]:
        """Send a request in its turn and say what its answer means, and whether there was one."""
        return send(self.app, self.line, kind, request, self.stop)


def send(app: App, line: Line, kind: Kind, request: calls.Request, stop: Event) -> tuple[Outcome, bool]:
    """Send a request in its turn and say what its answer means, and whether there was one."""
    reply = line.send(request, stop)
    if reply is None:
        return STOPPED.outcome, True
    return replies.outcome(kind, reply, app.now), reply.status is not None

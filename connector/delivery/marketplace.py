"""Couriers of the catalogue: what is told to a marketplace about SKUs, rendered from the state of the moment."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event

from sqlalchemy import Connection

from connector.app import App
from connector.delivery.courier import Courier, Effect, Result
from connector.delivery.sending import send
from connector.delivery.suggesting import SuggestionCouriers
from connector.domain.listings import ListingState
from connector.domain.messages import Delivered, Kind, Message, Outcome
from connector.settings import MarketplaceSettings
from connector.storage import listing_states, outbox
from connector.vtex import calls
from connector.vtex.line import Line


@dataclass(frozen=True, slots=True)
class CatalogCouriers:
    """The catalogue kinds of one marketplace."""

    app: App
    line: Line
    stop: Event

    @property
    def m(self) -> MarketplaceSettings:
        return self.line.marketplace

    def table(self) -> dict[Kind, Courier]:
        """Return a courier for each kind, the most urgent first: sold out, then stock and price, content, suggestions, their status."""
        suggesting = SuggestionCouriers(self.app, self.line, self.stop)
        return {
            Kind.SOLD_OUT: self.inventory,
            Kind.INVENTORY: self.inventory,
            Kind.PRICE: self.price,
            Kind.CATALOG: self.catalog,
            Kind.SUGGESTION: suggesting.suggestion,
            Kind.STATUS: suggesting.status,
        }

    def catalog(self, message: Message) -> Result:
        """Ask whether the marketplace knows the SKU by telling that it changed."""
        sku = message.reference
        outcome, answered = self._send(Kind.CATALOG, calls.catalog_changed(self.m, sku))
        if isinstance(outcome, Delivered) and outcome.follow_up:
            return Result(outcome, on_delivered=lambda tx: listing_states.unknown(tx, self.m.account, sku, self.app.now))
        return Result(outcome, on_delivered=self._known(sku), answered=answered)

    def _known(self, sku: str) -> Effect:
        """Follow the first 2xx of a SKU with its stock and then its price: nothing was said of them before."""

        def record(tx: Connection) -> None:
            listing = listing_states.find(tx, self.m.account, sku)
            listing_states.told(tx, self.m.account, [sku], self.app.now)
            if (listing is None or listing.state is not ListingState.KNOWN) and self.m.protocol != "2017":
                for kind in (Kind.INVENTORY, Kind.PRICE):
                    outbox.put(tx, self.m.account, kind, [sku], self.app.now)

        return record

    def price(self, message: Message) -> Result:
        """Tell that a known SKU's price changed."""
        return self._tell(message, calls.price_changed(self.m, message.reference))

    def inventory(self, message: Message) -> Result:
        """Tell that what a known SKU has to sell changed."""
        return self._tell(message, calls.inventory_changed(self.m, message.reference))

    def _tell(self, message: Message, request: calls.Request) -> Result:
        outcome, answered = self._send(message.kind, request)

        def told(tx: Connection) -> None:
            listing_states.touched(tx, self.m.account, message.reference, self.app.now)

        return Result(outcome, on_delivered=told, answered=answered)

    def _send(self, kind: Kind, request: calls.Request) -> tuple[Outcome, bool]:
        return send(self.app, self.line, kind, request, self.stop)

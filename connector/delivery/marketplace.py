"""Couriers of the catalogue: what is told to a marketplace about SKUs, rendered from the state of the moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from sqlalchemy import Connection

from connector.app import App
from connector.delivery.courier import Courier, Noted, Result
from connector.delivery.sending import send
from connector.delivery.suggesting import SuggestionCouriers
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
        outcome, answered = self._send(Kind.CATALOG, calls.catalog_changed(self.m, message.reference))
        is_unknown = isinstance(outcome, Delivered) and bool(outcome.follow_up)
        return Result(outcome, answered=answered, noted=Noted.UNKNOWN if is_unknown else Noted.KNOWN)

    def price(self, message: Message) -> Result:
        """Tell that a known SKU's price changed."""
        return self._tell(message, calls.price_changed(self.m, message.reference))

    def inventory(self, message: Message) -> Result:
        """Tell that what a known SKU has to sell changed."""
        return self._tell(message, calls.inventory_changed(self.m, message.reference))

    def _tell(self, message: Message, request: calls.Request) -> Result:
        outcome, answered = self._send(message.kind, request)
        return Result(outcome, answered=answered, noted=Noted.TOUCHED)

    def _send(self, kind: Kind, request: calls.Request) -> tuple[Outcome, bool]:
        return send(self.app, self.line, kind, request, self.stop)


def note(tx: Connection, m: MarketplaceSettings, noted: Noted, skus: Sequence[str], now: datetime) -> None:
    """Write what answers said of listings. The first 2xx of a SKU is followed by its stock and price: nothing was said of them before."""
    match noted:
        case Noted.KNOWN:
            news = listing_states.known(tx, m.account, skus, now)
            for kind in (Kind.INVENTORY, Kind.PRICE) if m.protocol != "2017" else ():
                outbox.put(tx, m.account, kind, news, now)
        case Noted.UNKNOWN:
            listing_states.unknown(tx, m.account, skus, now)
        case Noted.TOUCHED:
            listing_states.touched(tx, m.account, skus, now)

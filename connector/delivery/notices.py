"""Change notifications and suggestions to one marketplace."""

from __future__ import annotations

from connector.app import App
from connector.delivery import passes
from connector.delivery.marketplace import CatalogCouriers
from connector.domain.messages import CATALOG_KINDS
from connector.settings import MarketplaceSettings
from connector.storage import accounts, listings
from connector.usecases.passes import Pass
from connector.usecases.report import Report


def announce_due(app: App) -> None:
    """Put what time alone changed: prices whose validity ended, suggestions to be asked about once more."""
    with app.db.write() as tx:
        for m in app.marketplaces:
            accounts.know(tx, m.account)
            listings.look_again(tx, m, app.now)
        listings.announce_expired_prices(tx, app.marketplaces, app.now)


def tell(app: App, m: MarketplaceSettings, how: Pass, report: Report) -> None:
    """Deliver the catalogue's messages to one marketplace."""
    couriers = CatalogCouriers(app, app.line(m), how.stop).table()
    passes.tell(app, m, couriers, how, report)


def preview(app: App, m: MarketplaceSettings, report: Report) -> None:
    """Say what would be told; nothing is sent."""
    passes.preview(app, m, CATALOG_KINDS, report)

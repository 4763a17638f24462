"""Change notifications and suggestions."""

from __future__ import annotations

from threading import Event

from connector.app import App
from connector.delivery import passes
from connector.delivery.marketplace import CatalogCouriers
from connector.domain.messages import CATALOG_KINDS
from connector.settings import MarketplaceSettings
from connector.storage import accounts, listing_states, repeated
from connector.usecases import holding, newcomers, stock_terms, upkeep
from connector.usecases.passes import Pass
from connector.usecases.report import Report

JOB = "notify-marketplaces"
LOOKED_AT_ONCE = 2000


def announce_due(app: App, stop: Event, report: Report) -> None:
    """Put what time or settings alone changed: prices and reservations that ended, suggestions to ask about once more, stock kept back.

    A marketplace that is new or back is to be told everything.
    """
    newcomers.note(app)
    _know(app)
    upkeep.announce_expired_prices(app)
    holding.release_ended(app)
    stock_terms.announce_changes(app, stop)
    for m in app.marketplaces:
        while _look_again(app, m) == LOOKED_AT_ONCE:
            pass
    for account, put in newcomers.tell_everything(app, stop):
        report.did(f"{account}: new in the settings, or back, so everything is told to it once: {put} calls", caught_up=put)


def _know(app: App) -> None:
    with app.db.write() as tx:
        for m in app.marketplaces:
            accounts.know(tx, m.account)


@repeated.when_deadlocked
def _look_again(app: App, m: MarketplaceSettings) -> int:
    """A part at a time: orders are placed meanwhile."""
    with app.db.write() as tx:
        return listing_states.look_again(tx, m.account, app.now, LOOKED_AT_ONCE)


def tell(app: App, how: Pass) -> Report:
    """Deliver the catalogue's messages to every marketplace at once."""

    def one(m: MarketplaceSettings, report: Report) -> None:
        passes.tell(app, m, CatalogCouriers(app, app.line(m), how.stop).table(), how, report)

    return passes.everywhere(app, JOB, one)


def preview(app: App) -> Report:
    """Say what would be told; nothing is sent."""
    report = Report(JOB, dry_run=True)
    for m in app.marketplaces:
        passes.preview(app, m, CATALOG_KINDS, report)
    return report

"""Rates that no postal code can reach: taken where their row names no country, and told, since a buyer is offered nothing by them."""

from __future__ import annotations

from sqlalchemy import Connection

from connector.app import App
from connector.feeds.freight import FIRST_CEP, WRITE_WHOLE
from connector.storage import freight
from connector.storage.database import reading
from connector.storage.staging import Stage


def notes(app: App, connection: Connection, stage: Stage) -> tuple[str, ...]:
    """Tell how many of the staged rates end below Brazil's first postal code, where that is the seller's country."""
    if stage.feed != "freight" or app.settings.shipping.country != "BRA":
        return ()
    with reading(connection):
        rows = freight.below(connection, stage.staged, FIRST_CEP)
    return (f"{rows} rates end below {FIRST_CEP}, the first CEP, and reach nobody: {WRITE_WHOLE}",) if rows else ()

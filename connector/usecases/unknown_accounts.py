"""Prices for marketplaces that no account has: taken, since an account may come, and told, since until then the general price sells."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from connector.app import App
from connector.storage import plans
from connector.storage.database import reading
from connector.storage.staging import Stage

NAMED = 5
"""Names that a note tells; the others are counted."""
LONGEST = 40


def notes(app: App, connection: Connection, stage: Stage) -> tuple[str, ...]:
    """Tell whose prices among the staged rows nobody is asked, with the account that is meant where only the case differs."""
    if stage.feed != "prices":
        return ()
    accounts = [one.account for one in app.marketplaces]
    with reading(connection):
        found = plans.by_marketplace(connection, stage, accounts)
    if not found:
        return ()
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    named = ", ".join(_named(name, rows, accounts) for name, rows in found[:NAMED])
    return (f"{sum(rows for _, rows in found)} prices are for marketplaces that no account has: {named}{more}",)


def _named(name: str, rows: int, accounts: Iterable[str]) -> str:
    meant = next((account for account in accounts if account.casefold() == name.casefold()), None)
    return f"{name[:LONGEST]} ({rows}{f', is {meant} meant?' if meant else ''})"

"""What orders have to tell marketplaces that left the settings: said by name, and dead letters after a week."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Connection

from connector.app import App
from connector.errors import ConnectorError
from connector.storage import left
from connector.storage.findings import Finding
from connector.usecases.checking import FAIL, Check
from connector.usecases.report import Report

PATIENCE = timedelta(days=7)
"""So long a section may be away by mistake; whoever took it out for good lays the dead letters aside."""
REMEDY = "put its [[marketplaces]] section back; what waits for a week becomes dead letters (connector dead-letters discard)"
GONE = "the settings have no [[marketplaces]] section of it any more; put it back, then: connector dead-letters replay; or discard it"


def behind(tx: Connection, app: App) -> list[Finding]:
    """Find, by account, what orders have to tell a marketplace that is not in the settings."""
    return left.behind(tx, [m.account for m in app.marketplaces])


def in_words(found: Finding) -> str:
    what = "1 message about an order waits" if found.count == 1 else f"{found.count} messages about orders wait"
    return f"{found.subject} is not in the settings, and {what} for it"


def settle(app: App, report: Report) -> None:
    """Say what waits for marketplaces that left, and give up what has waited for a week."""
    with app.db.read() as tx:
        found = behind(tx, app)
    for one in found:
        report.failed(f"{in_words(one)}: {REMEDY}", left=one.count)
        if app.now - one.since >= PATIENCE:
            _give_up(app, one.subject, report)


def _give_up(app: App, account: str, report: Report) -> None:
    with app.db.write() as tx:
        number = left.give_up(tx, account, GONE, app.now - PATIENCE, app.now)
    report.failed(f"{account}: {number} given up: {GONE}", dead=number)


def checks(app: App) -> Iterator[Check]:
    """Check that whatever waits has a marketplace."""
    try:
        with app.db.read() as tx:
            found = behind(tx, app)
    except ConnectorError:  # the database's own line says it
        return
    for one in found:
        yield Check(f"marketplace {one.subject}", FAIL, in_words(one), REMEDY)

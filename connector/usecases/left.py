"""What orders have to tell marketplaces that left the settings: said by name, and dead letters after a week."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from connector.app import App
from connector.errors import ConnectorError
from connector.storage import documents, left, order_story, repeated, watermarks
from connector.storage.findings import Finding
from connector.usecases.checking import FAIL, Check
from connector.usecases.report import Report

PATIENCE = timedelta(days=7)
"""So long a section may be away by mistake; whoever took it out for good lays the dead letters aside."""
AT_ONCE = 200
"""So many are given up in one transaction: orders wait for it."""
SINCE = "left-since"
"""Since when each marketplace that something waits for was seen to be gone, in JSON by account; forgotten once its section is back."""
REMEDY = "put its [[marketplaces]] section back; what waits a week without it becomes dead letters (connector dead-letters discard)"
GONE = "the settings have no [[marketplaces]] section of it any more; put it back, then: connector dead-letters replay; or discard it"


def behind(tx: Connection, app: App) -> list[Finding]:
    """Find, by account, what orders have to tell a marketplace that is not in the settings, and since when it waits and that is so."""
    found = left.behind(tx, _accounts(app))
    seen = _seen(watermarks.value(tx, SINCE)) if found else {}
    return [replace(one, since=max(one.since, seen.get(one.subject, app.now))) for one in found]


def in_words(found: Finding) -> str:
    what = "1 message about an order waits" if found.count == 1 else f"{found.count} messages about orders wait"
    return f"{found.subject} is not in the settings, and {what} for it"


def settle(app: App, report: Report) -> None:
    """Say what waits for marketplaces that left, and give up what has waited for a week since."""
    _note(app)
    with app.db.read() as tx:
        found = behind(tx, app)
    for one in found:
        report.failed(f"{in_words(one)}: {REMEDY}", left=one.count)
        if app.now - one.since >= PATIENCE:
            number = _give_up(app, one.subject)
            report.failed(f"{one.subject}: {number} given up: {GONE}", dead=number)


def _note(app: App) -> None:
    """Take back what a process that ended had in hand for them, and remember since when each is seen to be gone."""
    with app.db.read() as tx:
        lapsed, seen = left.lapsed(tx, _accounts(app), app.now), _seen(watermarks.value(tx, SINCE))
        is_news = _seen_now(tx, app, seen) != seen
    if lapsed or is_news:
        _write(app, lapsed)


@repeated.when_deadlocked
def _write(app: App, lapsed: list[str]) -> None:
    with app.db.write() as tx:
        seen = _seen(watermarks.hold(tx, SINCE))
        for account in lapsed:
            left.take_back(tx, account, app.now)
        now_seen = {account: at.isoformat() for account, at in _seen_now(tx, app, seen).items()}
        watermarks.put(tx, SINCE, json.dumps(now_seen, sort_keys=True))


def _seen_now(tx: Connection, app: App, seen: dict[str, datetime]) -> dict[str, datetime]:
    """Return since when each is gone, as of now: what was seen before stands, and what is back is forgotten."""
    accounts = _accounts(app)
    new = {one.subject: app.now for one in left.behind(tx, accounts)}
    return new | {account: at for account, at in seen.items() if account not in accounts}


def _seen(said: str | None) -> dict[str, datetime]:
    return {account: datetime.fromisoformat(at) for account, at in json.loads(said or "{}").items()}


def _accounts(app: App) -> list[str]:
    return [m.account for m in app.marketplaces]


def _give_up(app: App, account: str) -> int:
    """Give up what waits for a week, so many at a time; returns how many."""
    number = 0
    while given_up := _give_some_up(app, account):
        number += given_up
    return number


@repeated.when_deadlocked
def _give_some_up(app: App, account: str) -> int:
    with app.db.write() as tx:
        messages = left.give_up(tx, account, GONE, app.now - PATIENCE, app.now, limit=AT_ONCE)
        for message in messages:
            order_id, number = documents.referred(message.reference)
            documents.give_up(tx, order_id, number, message.kind, GONE)
            order_story.given_up(tx, order_id, message.kind, number, GONE, now=app.now)
    return len(messages)


def checks(app: App) -> Iterator[Check]:
    """Check that whatever waits has a marketplace."""
    try:
        with app.db.read() as tx:
            found = behind(tx, app)
    except ConnectorError:  # the database's own line says it
        return
    for one in found:
        yield Check(f"marketplace {one.subject}", FAIL, in_words(one), REMEDY)

"""What is kept back of the stock now, by settings and by the age of the stock file; and telling the marketplaces when that changes."""

from __future__ import annotations

import json
from datetime import timedelta
from threading import Event

from sqlalchemy import Connection

from connector.app import App
from connector.domain.keeping_back import NOTHING, Freshness, KeptBack, fingerprint
from connector.storage import counts, listings, repeated, watermarks

TOLD, UNDER_WAY = "stock-terms", "stock-terms-under-way"
CHUNK = 5000
"""SKUs a transaction: orders are placed in between."""


def age(tx: Connection, app: App) -> timedelta | None:
    """Return how old the stock file applied last is."""
    at = counts.told_at(tx, "stock")
    return None if at is None else app.now - at


def freshness(tx: Connection, app: App) -> Freshness:
    return app.stock_terms.freshness(age(tx, app)) if app.stock_terms.know_age else Freshness.FRESH


def kept_back(tx: Connection, app: App) -> KeptBack | None:
    """Return what is kept back now; None where nothing ever is."""
    return _kept_back(app, freshness(tx, app))


def _kept_back(app: App, fresh: Freshness) -> KeptBack | None:
    found = app.stock_terms.kept_back(fresh)
    return None if found == NOTHING else found


def kept_back_now(app: App) -> KeptBack | None:
    """Return the same outside any transaction: the database is asked only where the stock's age matters."""
    if not app.stock_terms.know_age:
        return _kept_back(app, Freshness.FRESH)
    with app.db.read() as tx:
        return kept_back(tx, app)


def announce_changes(app: App, stop: Event, chunk: int = CHUNK) -> None:
    """Tell the marketplaces of every SKU in stock when what is kept back changed: by a setting, by age, by a file after a long wait.

    Chunk by chunk, each with how far it came; what breaks off goes on at the next pass, and what was told is not told again.
    """
    with app.db.read() as tx:
        if not _changed(tx, app):
            return
    while not stop.is_set() and _announce_chunk(app, chunk):
        pass


def _changed(tx: Connection, app: App) -> bool:
    return _fingerprint_now(tx, app) != (watermarks.value(tx, TOLD) or "") or bool(watermarks.value(tx, UNDER_WAY))


def _fingerprint_now(tx: Connection, app: App) -> str:
    return fingerprint(app.stock_terms.kept_back(freshness(tx, app)))


@repeated.when_deadlocked
def _announce_chunk(app: App, chunk: int) -> bool:
    """Put one chunk's messages; say whether there is more."""
    with app.db.write() as tx:
        if not _changed(tx, app):
            return False
        is_now = _fingerprint_now(tx, app)
        last = listings.announce_stocked(tx, app.marketplaces, _after(tx, is_now), chunk, app.now)
        watermarks.put(tx, UNDER_WAY, json.dumps([is_now, last]) if last else "")
        if not last:
            watermarks.put(tx, TOLD, is_now)
        return bool(last)


def _after(tx: Connection, is_now: str) -> str:
    """Say which SKU was told last; "" where what is kept back changed again meanwhile: all are told anew."""
    under_way, sku = json.loads(watermarks.value(tx, UNDER_WAY) or '["", ""]')
    return sku if under_way == is_now else ""

"""What all workers that serve the console know together: which sessions were ended, and how many passwords were wrong of late."""

from __future__ import annotations

import json
from datetime import datetime

from connector.app import App
from connector.storage import watermarks

ENDED, FAILED = "console-sessions-ended", "console-logins-failed"
TRIES, TRIES_IN_TOTAL = 5, 20
"""Wrong passwords within a minute: from one address, and from all. More in total, so that one address alone locks nobody out."""
WINDOW_SECONDS = 60.0


def end_session(app: App, mark: str, until: datetime) -> None:
    """Keep the mark of a session that was ended, for as long as its cookie would hold."""
    with app.db.write() as tx:
        ended: dict[str, float] = json.loads(watermarks.hold(tx, ENDED) or "{}")
        kept = {one: end for one, end in ended.items() if end > app.now.timestamp()}
        watermarks.put(tx, ENDED, json.dumps(kept | {mark: until.timestamp()}))


def has_ended(app: App, mark: str) -> bool:
    """Say whether a session was ended. Raises Unreachable where that cannot be known."""
    with app.db.read() as tx:
        return mark in json.loads(watermarks.value(tx, ENDED) or "{}")


def take_try(app: App, address: str) -> bool:
    """Count a password that is about to be looked at as wrong, until `was_right`; False where this address has none left."""
    with app.db.write() as tx:
        failed = _failed(watermarks.hold(tx, FAILED), app.now.timestamp())
        are_left = [who for _, who in failed].count(address) < TRIES and len(failed) < TRIES_IN_TOTAL
        if are_left:
            watermarks.put(tx, FAILED, json.dumps([*failed, (app.now.timestamp(), address)]))
    return are_left


def was_right(app: App, address: str) -> None:
    """Take back the last try of an address: its password was right."""
    with app.db.write() as tx:
        failed = _failed(watermarks.hold(tx, FAILED), app.now.timestamp())
        mine = [at for at, (_, who) in enumerate(failed) if who == address]
        watermarks.put(tx, FAILED, json.dumps([one for at, one in enumerate(failed) if at not in mine[-1:]]))


def _failed(kept: str, now: float) -> list[tuple[float, str]]:
    """Return the tries of the last minute; what a clock that was ahead counted is forgotten."""
    return [(at, who) for at, who in json.loads(kept or "[]") if now - WINDOW_SECONDS < at <= now]

"""May traffic come? What /readyz and /metrics say; quick, and without a look at the ERP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

import connector
from connector.app import App
from connector.domain.alarms import Alarm
from connector.errors import DatabaseDamaged, DatabaseForbidden, DatabaseUnreachable, SchemaBehind
from connector.storage import counts, health, runs
from connector.usecases import alarms, backups, disk

NEEDED = ("products", "prices", "stock")
UNUSABLE = (DatabaseUnreachable, DatabaseForbidden, DatabaseDamaged, SchemaBehind)
STALE_AFTER = timedelta(days=3)
"""Longer than a weekend without exports: a store that does not answer sells nothing, so this speaks only when the ERP is surely mute."""


def reasons(app: App) -> list[str]:
    """Say in sentences why traffic should not come; [] where it may."""
    try:
        app.db.demand_writes()
        with app.db.read() as tx:
            ages = _ages(tx, app)
    except UNUSABLE as error:
        damaged = "the database is damaged; stop the daemon and the API, then run: connector restore"
        return [damaged if isinstance(error, DatabaseDamaged) else "the database is unreachable, takes no writes, or lacks its schema"]
    return [sentence for feed, age in ages.items() if (sentence := _judged(feed, age))]


def _ages(tx: Connection, app: App) -> dict[str, timedelta | None]:
    known = {feed: counts.told_at(tx, feed) for feed in NEEDED}
    return {feed: None if at is None else app.now - at for feed, at in known.items()}


def _judged(feed: str, age: timedelta | None) -> str:
    if age is None:
        return f"no snapshot of {feed} yet: no file was applied"
    if age > STALE_AFTER:
        return f"the snapshot of {feed} is stale: {age.days} days old, allowed are {STALE_AFTER.days}"
    return ""


def numbers(app: App) -> dict[str, Any]:
    """Return what can be counted, nested by subject, ages in seconds. Raises DatabaseUnreachable."""
    with app.db.read() as tx:
        ages, found, ended = _ages(tx, app), alarms.current(tx, app), runs.last_ended(tx)
        places = counts.marketplaces_now(tx, app.now)
        return {
            "build_info": {connector.__version__: 1},
            "snapshot_rows": counts.snapshot(tx),
            "feed_age_seconds": {feed: age.total_seconds() for feed, age in ages.items() if age is not None},
            "notifications_pending": counts.untold(tx),
            "marketplace_paused": {m.account: int(places.get(m.account, {}).get("paused", False)) for m in app.marketplaces},
            "marketplace_blocked": {m.account: int(places.get(m.account, {}).get("blocked", False)) for m in app.marketplaces},
            "orders": counts.orders_now(tx)["by_state"],
            "messages_waiting": counts.waiting_messages(tx),
            "dead_letters": counts.dead_letters(tx),
            "held": counts.held(tx),
            "quarantine": counts.quarantine(tx),
            "disk_free_bytes": {str(place.folder): place.free for place in disk.places(app)},
            "wal_bytes": health.wal_bytes(app.db),
            "backup_age_seconds": _backup_age(app),
            "alarms": {name: _subjects(found, name) for name in {alarm.name for alarm in found}},
            "job_last_end_timestamp_seconds": {job: at.timestamp() for job, (at, _) in ended.items()},
            "job_last_exit_status": {job: status for job, (_, status) in ended.items()},
        }


def _backup_age(app: App) -> dict[str, float]:
    made = backups.so_far(app)
    return {"database": (app.now - made[0].at).total_seconds()} if made else {}


def _subjects(found: list[Alarm], name: str) -> dict[str, int]:
    return {alarm.subject: alarm.count for alarm in found if alarm.name == name}

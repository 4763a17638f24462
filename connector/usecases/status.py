"""What the connector knows about itself, as one value: for the command line, the console, /readyz and /metrics."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connector.app import App
from connector.domain.messages import ERP
from connector.erp import intake
from connector.errors import ConnectorError, ErpPlaceUnusable
from connector.settings import FeedsSettings, MarketplaceSettings
from connector.storage import counts, health, listing_states, runs
from connector.usecases import alarms, backups, disk, turns

SNAPSHOT_FEEDS = ("products", "prices", "stock", "services", "freight")
MOST_NAMED = 20
"""Of what can be many, so many are named; all are counted."""


@dataclass(frozen=True, slots=True)
class Status:
    """Counts, ages in seconds, instants aware UTC."""

    at: datetime
    snapshot: dict[str, Any]
    jobs: dict[str, dict[str, Any]]
    notifications: dict[str, Any]
    orders: dict[str, Any]
    files: dict[str, Any]
    held: dict[str, dict[str, int]]
    quarantine: dict[str, dict[str, int]]
    dead_letters: dict[str, dict[str, int]]
    documents: dict[str, dict[str, int]]
    alarms: list[dict[str, Any]]
    leaders: dict[str, str]
    database: dict[str, Any]
    disk: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Return it as a JSON document: instants in ISO 8601."""
        document: dict[str, Any] = _plain(asdict(self))
        return document

    @property
    def troubles(self) -> list[str]:
        """Return what a person should look at, in sentences."""
        return [
            *[f"{place['folder']} is short of room: imports and orders stand still" for place in self.disk if place["short"]],
            *([f"the ERP's files cannot be listed: {self.files['unreachable']}"] if self.files["unreachable"] else []),
            *[f"{account} is blocked: {m['blocked_reason']}" for account, m in self.notifications["marketplaces"].items() if m["blocked"]],
            *[
                f"{job} ended with status {run['exit_status']}{_first(run['failures'])}"
                for job, run in self.jobs.items()
                if run["exit_status"]
            ],
        ]


def status(app: App) -> Status:
    """Look at everything once. Quick also with a million SKUs; an ERP that cannot be reached is named, not raised."""
    with app.db.read() as tx:
        messages = counts.waiting_messages(tx)
        return Status(
            at=app.now,
            snapshot=_snapshot(tx, app.now),
            jobs=_jobs(tx),
            notifications=_notifications(tx, app, messages),
            orders={**counts.orders_now(tx), "not_exported": messages.get(ERP, {})},
            files=_files(app),
            held=counts.held(tx),
            quarantine=counts.quarantine(tx),
            dead_letters=counts.dead_letters(tx),
            documents={"waiting": counts.documents_waiting(tx)},
            leaders=turns.leaders(app),
            alarms=[asdict(alarm) for alarm in alarms.current(tx, app)],
            database=_database(app),
            disk=[
                {"folder": str(p.folder), "free_bytes": p.free, "must_stay_free": p.least, "short": p.is_short} for p in disk.places(app)
            ],
        )


def _database(app: App) -> dict[str, Any]:
    made = backups.so_far(app)
    last = {"at": made[0].at, "path": str(made[0].path), "bytes": made[0].size} if made else None
    return {"wal_bytes": health.wal_bytes(app.db), "backups": len(made), "last_backup": last}


def _snapshot(tx: Connection, now: datetime) -> dict[str, Any]:
    fresh = {feed: counts.told_at(tx, feed) for feed in SNAPSHOT_FEEDS}
    return {
        **counts.snapshot(tx),
        "feeds": {
            feed: {"age_seconds": _age(now, at), "fresh_at": at, "last_file": counts.last_applied(tx, feed)} for feed, at in fresh.items()
        },
    }


def _age(now: datetime, at: datetime | None) -> float | None:
    return None if at is None else round((now - at).total_seconds(), 1)


def _jobs(tx: Connection) -> dict[str, dict[str, Any]]:
    return {name: _run(row) for name, row in sorted(runs.last(tx).items())}


def _run(row: dict[str, Any]) -> dict[str, Any]:
    report = row["report"] or {}
    return {
        "started_at": row["started_at"],
        "ended_at": row["ended_at"],
        "exit_status": row["exit_status"],
        "run_id": row["run_id"],
        "holder": row["holder"],
        "done": report.get("done", [])[:MOST_NAMED],
        "failures": report.get("failures", [])[:MOST_NAMED],
        "counts": report.get("counts", {}),
    }


def _notifications(tx: Connection, app: App, messages: dict[str, dict[str, int]]) -> dict[str, Any]:
    known = counts.marketplaces_now(tx, app.now)
    places = {m.account: _place(m, known.get(m.account, {})) for m in app.marketplaces}
    waiting, listings = counts.untold(tx), listing_states.by_state(tx)
    return {
        "pending": sum(waiting.values()),
        "messages": messages,
        "marketplaces": {
            account: {"pending": waiting.get(account, 0), "listings": listings.get(account, {}), **place}
            for account, place in places.items()
        },
    }


def _place(m: MarketplaceSettings, known: dict[str, Any]) -> dict[str, Any]:
    """Say how a marketplace stands, and at which of the calls a minute that the settings allow; one never spoken to stands well."""
    well = {"paused": False, "blocked": False, "blocked_until": None, "blocked_reason": None, "needs_a_person": False, "delivered": 0}
    place = {**well, "rate_per_minute": None, "refused_at": None, **known}
    ceiling = m.requests_per_minute
    rate = ceiling if place["rate_per_minute"] is None else min(place["rate_per_minute"], ceiling)
    return {**place, "rate_per_minute": rate, "ceiling_per_minute": ceiling}


def _first(failures: list[str]) -> str:
    """Tell the first failure, and how many there are besides."""
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return f": {failures[0]}{more}" if failures else ""


def _files(app: App) -> dict[str, Any]:
    """Name what lies in the source and would be taken."""
    waiting: dict[str, list[str]] = {}
    unusable: list[str] = []
    try:
        for feed in FeedsSettings.model_fields:
            if found := _lying(app, feed, unusable):
                waiting[feed] = found
    except ConnectorError as error:
        return {"waiting": None, "names": {}, "unreachable": str(error)}
    return {
        "waiting": sum(map(len, waiting.values())),
        "names": {feed: names[:MOST_NAMED] for feed, names in waiting.items()},
        "unreachable": "; ".join(unusable),
    }


def _lying(app: App, feed: str, unusable: list[str]) -> list[str]:
    """Name the files that lie there for a feed; a folder of its own that cannot be used is added to those."""
    settings = app.settings.feeds.of(feed)
    try:
        found = [] if settings.out_of else intake.candidates(app.source, settings, app.settings.erp.done_marker)
    except ErpPlaceUnusable as error:
        unusable.append(str(error))
        return []
    return [file.name for file in found]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value

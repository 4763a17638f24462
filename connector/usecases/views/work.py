"""Jobs, marketplaces, dead letters and acts as the console shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.app import App
from connector.domain.messages import DOCUMENT_KINDS, TELLING_KINDS
from connector.errors import SettingsError
from connector.settings import MarketplaceSettings
from connector.storage import accounts, acts, counts
from connector.storage.acts import Act
from connector.storage.views import flow, letters, runs
from connector.usecases import job_switches
from connector.usecases.job_switches import Switch

RUNS = 30
BACKUP = "backup"
"""As its runs are recorded."""
PAGE = 50


@dataclass(frozen=True, slots=True)
class Job:
    """A job: its switch, its last runs (the newest first), when it runs next as far as its schedule tells.

    The backup, which the daemon makes by itself, is shown among them; people ask for one by `connector backup`.
    """

    switch: Switch
    runs: list[dict[str, Any]]
    next_at: datetime | None
    is_asked_for: bool = True

    @property
    def seconds(self) -> tuple[float, ...]:
        """How long the last runs took, the oldest first."""
        ended = [run for run in reversed(self.runs) if run["ended_at"]]
        return tuple((run["ended_at"] - run["started_at"]).total_seconds() for run in ended)


def jobs(app: App) -> tuple[list[Job], str]:
    """Tell of every job, and which process the daemon is ("" = none on this machine)."""
    zone = ZoneInfo(app.settings.schedule.timezone)
    with app.db.read() as tx:
        found = [(switch, runs.of_job(tx, switch.job, RUNS)) for switch in [*job_switches.switches(tx), *_backup(app)]]
    listed = [
        Job(switch, last, switch.next_after(last[0]["started_at"] if last else None, app.now, zone), switch.job in job_switches.NAMES)
        for switch, last in found
    ]
    return listed, job_switches.daemon_of(app)


def _backup(app: App) -> list[Switch]:
    """Return the backup as a job, where the daemon makes one."""
    every = app.settings.backup.every
    return [Switch(BACKUP, f"every {every}", "")] if app.db.is_sqlite and every else []


def marketplaces(app: App) -> list[dict[str, Any]]:
    """Tell how each marketplace stands: its rate, its circuit, its credentials, what waits and what was given up."""
    with app.db.read() as tx:
        known, dead = counts.marketplaces_now(tx, app.now), counts.dead_letters(tx)
        return [
            {
                "account": m.account,
                "settings": m,
                "known": known.get(m.account, {}),
                "standing": accounts.standing(tx, m.account),
                "waiting": flow.waiting(tx, m.account, TELLING_KINDS),
                "papers": flow.waiting(tx, m.account, DOCUMENT_KINDS),
                "dead": sum(dead.get(m.account, {}).values()),
                "missing": _missing(app, m),
            }
            for m in app.marketplaces
        ]


def _missing(app: App, m: MarketplaceSettings) -> str:
    """Say which credential is not where the settings say; "" where both are there."""
    try:
        for secret in (m.app_key, m.app_token):
            app.settings.reveal(secret)
    except SettingsError as error:
        return str(error).removeprefix(f"{app.settings.config_path}: ")
    return ""


def dead_letters(app: App, after: int) -> tuple[list[dict[str, Any]], int | None]:
    """List dead letters one by one, the oldest first; returns them and where to go on."""
    with app.db.read() as tx:
        found = letters.page(tx, after, PAGE + 1)
    return found[:PAGE], found[PAGE - 1]["id"] if len(found) > PAGE else None


def done(app: App, before: int | None) -> tuple[list[Act], int | None]:
    """List what people did, the newest first; returns it and where to go on."""
    with app.db.read() as tx:
        found = acts.page(tx, before, PAGE + 1)
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def act(app: App, number: int) -> Act | None:
    """Return one act."""
    with app.db.read() as tx:
        return acts.find(tx, number)

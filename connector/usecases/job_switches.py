"""Switches of the jobs: paused or not, and the schedule that the daemon runs by. The console and the daemon are two processes: this lies
in the database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from connector.app import App
from connector.domain.schedule import Every, parse
from connector.errors import NotFound
from connector.storage import watermarks
from connector.usecases.turns import living_holder

SCHEDULES = "schedules"
NAMES = ("refresh-snapshot", "notify-marketplaces", "export-orders", "report-documents", "housekeeping", "tell-alarms")
"""As `jobs` names them, in its order."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A job as the daemon sees it: its schedule as the settings write it ("" = never), and who paused it ("" = nobody)."""

    job: str
    schedule: str
    paused_by: str

    def next_after(self, last: datetime | None, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Say when it runs next, as far as the schedule tells; None where it does not."""
        schedule = parse(self.schedule)
        if schedule is None or self.paused_by:
            return None
        if isinstance(schedule, Every):
            return max(now, last + timedelta(seconds=schedule.seconds)) if last else now
        return schedule.next_after(now, zone)


def announce(app: App, schedules: Mapping[str, str]) -> None:
    """Write down by which schedules the daemon runs."""
    with app.db.write() as tx:
        watermarks.put(tx, SCHEDULES, json.dumps(dict(schedules), sort_keys=True))


def switches(tx: Connection) -> list[Switch]:
    """Return every job's switch."""
    schedules = json.loads(watermarks.value(tx, SCHEDULES) or "{}")
    return [Switch(job, schedules.get(job, ""), paused_by(tx, job)) for job in NAMES]


def paused_by(tx: Connection, job: str) -> str:
    """Say who paused a job; "" where nobody did."""
    return watermarks.value(tx, _paused(job)) or ""


def is_paused(app: App, job: str) -> bool:
    with app.db.read() as tx:
        return bool(paused_by(tx, job))


def pause(app: App, job: str, who: str) -> str:
    """Let the daemon leave a job out until it is resumed; by hand it runs all the same. Raises NotFound."""
    _put(app, job, who)
    return f"{job} is paused"


def resume(app: App, job: str, _who: str = "") -> str:
    """Let the daemon run a job again. Raises NotFound."""
    _put(app, job, "")
    return f"{job} runs again by its schedule"


def _put(app: App, job: str, who: str) -> None:
    known(job)
    with app.db.write() as tx:
        watermarks.put(tx, _paused(job), who)


def known(job: str) -> str:
    """Return a job's name. Raises NotFound for what is none."""
    if job not in NAMES:
        raise NotFound("there is no such job", remedy=f"there is {', '.join(NAMES)}")
    return job


def _paused(job: str) -> str:
    return f"paused:{job}"


def daemon_of(app: App) -> str:
    """Name the daemon's process; "" where none runs on this machine."""
    return living_holder(app, "daemon")

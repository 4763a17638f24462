"""The scheduled recipes: the whole list on one screen. Each is a plain function that knows no schedule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from connector.app import App
from connector.usecases.passes import Pass
from connector.usecases.report import Report

__all__ = ["DEFAULT_SCHEDULES", "JOBS", "Job", "Pass"]


@dataclass(frozen=True, slots=True)
class Job:
    """`module` holds `run(app, how) -> Report`; imported when first needed, so that `connector --help` stays quick.

    `schedule` holds where the settings name none.
    """

    module: str
    schedule: str

    @property
    def run(self) -> Callable[[App, Pass], Report]:
        return import_module(self.module).run  # type: ignore[no-any-return]  # a module's attribute


JOBS: dict[str, Job] = {
    "refresh-snapshot": Job("jobs.refresh_snapshot", "every 2m"),
    "notify-marketplaces": Job("jobs.notify_marketplaces", "every 30s"),
    "export-orders": Job("jobs.export_orders", "every 30s"),
    "report-documents": Job("jobs.report_documents", "every 1m"),
    "housekeeping": Job("jobs.housekeeping", "15 3 * * *"),
    "tell-alarms": Job("jobs.tell_alarms", "every 1m"),
}
"""In the order in which `run all` takes them."""

DEFAULT_SCHEDULES = {name: job.schedule for name, job in JOBS.items()}

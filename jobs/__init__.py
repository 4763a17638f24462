"""The scheduled recipes: the whole list on one screen. Each is a plain function that knows no schedule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from connector.app import App
from connector.usecases.passes import Pass
from connector.usecases.report import Report

__all__ = ["JOBS", "Job", "Pass"]


@dataclass(frozen=True, slots=True)
class Job:
    """`module` holds `run(app, how) -> Report`; imported when first needed, so that `connector --help` stays quick."""

    module: str

    @property
    def run(self) -> Callable[[App, Pass], Report]:
        return import_module(self.module).run  # type: ignore[no-any-return]  # a module's attribute


JOBS: dict[str, Job] = {
    "refresh-snapshot": Job("jobs.refresh_snapshot"),
    "notify-marketplaces": Job("jobs.notify_marketplaces"),
    "export-orders": Job("jobs.export_orders"),
    "report-documents": Job("jobs.report_documents"),
    "housekeeping": Job("jobs.housekeeping"),
}
"""In the order in which `run all` takes them."""

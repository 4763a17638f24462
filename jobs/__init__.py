"""The scheduled recipes: the whole list on one screen. Each is a plain function that knows no schedule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from threading import Event

from connector.app import App
from connector.usecases.report import Report


@dataclass(frozen=True, slots=True)
class Pass:
    """How one pass of a job is made: `by_hand` ignores waits (one probe to a blocked marketplace); a set `stop` ends it early and safely."""

    dry_run: bool = False
    by_hand: bool = False
    stop: Event = field(default_factory=Event)


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

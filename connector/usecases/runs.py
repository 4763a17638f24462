"""The record of a job's passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from connector.app import App
from connector.errors import ConnectorError
from connector.storage import fences, hourly, runs
from connector.usecases.report import Report
from connector.usecases.turns import holder_name


@contextmanager
def recorded(app: App, job: str, run_id: str) -> Iterator[Callable[[Report], None]]:
    """Note a pass's begin, and its end: when the block hands over its report, or is stopped by an error that a person can read.

    A pass that dies leaves no end.
    """
    with app.db.write() as tx:
        number = runs.start(tx, job, run_id, holder_name(), app.now)

    def ended(report: Report) -> None:
        with app.db.write() as tx:
            runs.end(tx, number, app.now, report.exit_status, report.as_dict())
            hourly.add(tx, job, {**report.counts, "failures": len(report.failures)}, app.now)

    try:
        yield ended
    except ConnectorError as error:
        stopped = Report(job)
        stopped.failed(str(error))
        with fences.unfenced(), app.db.write() as tx:  # also where the turn was lost: that is what is noted
            runs.end(tx, number, app.now, error.exit_status, stopped.as_dict())
        raise

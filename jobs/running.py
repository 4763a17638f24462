"""One pass of one job, by hand or on schedule: its turn, its record, its report."""

from __future__ import annotations

import logging
import uuid
from contextlib import suppress

from connector.app import App
from connector.errors import ConnectorError, Misuse, Unreachable
from connector.log import bound
from connector.usecases import alarms, runs, upkeep
from connector.usecases.report import NOT_LOGGED, Report, for_the_log
from connector.usecases.turns import WAIT_SECONDS, turn
from jobs import JOBS, Pass

log = logging.getLogger("connector.jobs")


def run_job(app: App, name: str, how: Pass, *, wait_seconds: float = WAIT_SECONDS) -> Report:
    """Make one pass of a job and return its report.

    Raises Busy where the job runs elsewhere, Misuse for settings that cannot be used, and what the database raises when it is not there.
    A dry run leaves no record.
    """
    run_id = uuid.uuid4().hex[:12]
    with turn(app, name, wait_seconds=wait_seconds, stop=how.stop), bound(job=name, run=run_id):
        if how.dry_run:
            return _attempt(app, name, how, run_id)
        with runs.recorded(app, name, run_id) as record:
            report = _attempt(app, name, how, run_id)
            record(report)
    upkeep.checkpoint(app, over_bytes=upkeep.LARGE_WAL_BYTES, wait_seconds=0)
    if not how.by_hand:  # by hand the command says it
        _tell(report)
    _watch(app)
    return report


def _watch(app: App) -> None:
    """Look at the alarms; the pass is made already, whatever keeps them from being seen."""
    try:
        with suppress(Unreachable):
            alarms.watch(app)
    except Misuse:
        raise
    except Exception:
        log.exception("the alarms could not be looked at")


def _attempt(app: App, name: str, how: Pass, run_id: str) -> Report:
    """Whatever stops the pass becomes a failure in its report, save what only a person can mend."""
    try:
        return JOBS[name].run(app, how)
    except Misuse:
        raise
    except ConnectorError as error:
        return _stopped(name, how, str(error), unreachable=isinstance(error, Unreachable))
    except Exception:  # a bug stops this pass, not the daemon and not the other jobs
        log.exception("the pass met an unexpected error")
        return _stopped(name, how, f"{name} met an unexpected error; the log names it under run {run_id}", unreachable=False)


def _stopped(name: str, how: Pass, sentence: str, *, unreachable: bool) -> Report:
    report = Report(name, dry_run=how.dry_run)
    report.failed(sentence, unreachable=unreachable)
    return report


def _tell(report: Report) -> None:
    """Leave in the log what the pass did, without what files and marketplaces say: nothing could be erased from there."""
    for failure in report.logged_failures:
        log.warning(for_the_log(failure))
    done = [for_the_log(line) for line in report.logged_lines if line != NOT_LOGGED]
    if done:
        log.info("; ".join(done), extra=report.counts)

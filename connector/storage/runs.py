"""The runs of the jobs: who ran what, when, and how it ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from connector.storage.tables import job_runs


def start(tx: Connection, job: str, run_id: str, holder: str, now: datetime) -> int:
    """Note that a run began; return its number. A run without an end died, or is still under way."""
    values = {"job": job, "run_id": run_id, "holder": holder, "started_at": now}
    return int(tx.execute(insert(job_runs).values(values).returning(job_runs.c.id)).scalar_one())


def end(tx: Connection, number: int, now: datetime, exit_status: int, report: dict[str, Any]) -> None:
    """Note how a run ended."""
    tx.execute(update(job_runs).where(job_runs.c.id == number).values(ended_at=now, exit_status=exit_status, report=report))


def last(tx: Connection, *, ended: bool = False) -> dict[str, dict[str, Any]]:
    """Return the last run of each job, or the last that `ended`: from name to name along the index, however many runs there are."""
    found: dict[str, dict[str, Any]] = {}
    job = tx.execute(select(func.min(job_runs.c.job))).scalar()
    while job is not None:
        of_job = (job_runs.c.job == job, *([job_runs.c.ended_at.is_not(None)] if ended else []))
        newest = tx.execute(select(job_runs).where(*of_job).order_by(job_runs.c.id.desc()).limit(1)).mappings().first()
        if newest is not None:
            found[job] = dict(newest)
        job = tx.execute(select(func.min(job_runs.c.job)).where(job_runs.c.job > job)).scalar()
    return found


def first_start(tx: Connection) -> datetime | None:
    """Say when the oldest run that is still known began; None where nothing has run yet."""
    return tx.execute(select(job_runs.c.started_at).order_by(job_runs.c.id).limit(1)).scalar()


def last_success(tx: Connection, job: str, now: datetime) -> datetime | None:
    """Say when a job's last run that did all of its work ended; none that a clock which was ahead has dated."""
    done = (job_runs.c.job == job, job_runs.c.exit_status == 0, job_runs.c.ended_at <= now)
    return tx.execute(select(job_runs.c.ended_at).where(*done).order_by(job_runs.c.id.desc()).limit(1)).scalar()


def recent(tx: Connection, limit: int = 100) -> list[dict[str, Any]]:
    """Return the newest runs of all jobs, newest first."""
    return [dict(row) for row in tx.execute(select(job_runs).order_by(job_runs.c.id.desc()).limit(limit)).mappings()]


def forget(tx: Connection, before: datetime) -> int:
    """Remove the runs that began before an instant, save each job's last; return how many."""
    newest = select(func.max(job_runs.c.id)).group_by(job_runs.c.job)
    return tx.execute(delete(job_runs).where(job_runs.c.started_at < before, job_runs.c.id.not_in(newest))).rowcount


def last_ended(tx: Connection) -> dict[str, tuple[datetime, int]]:
    """Return when each job's last pass that ended did so, and its exit status."""
    newest = select(func.max(job_runs.c.id)).where(job_runs.c.ended_at.is_not(None)).group_by(job_runs.c.job)
    rows = tx.execute(select(job_runs.c.job, job_runs.c.ended_at, job_runs.c.exit_status).where(job_runs.c.id.in_(newest)))
    return {row.job: (row.ended_at, row.exit_status) for row in rows}

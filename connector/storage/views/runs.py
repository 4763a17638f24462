"""The runs of the jobs: the last ones of each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from connector.storage.tables import job_runs


def of_job(tx: Connection, job: str, limit: int) -> list[dict[str, Any]]:
    """Return a job's last runs, the newest first."""
    query = select(job_runs).where(job_runs.c.job == job).order_by(job_runs.c.id.desc()).limit(limit)
    return [dict(row) for row in tx.execute(query).mappings()]

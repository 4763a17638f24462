"""Bring the snapshot up to date with the ERP's exports."""

from __future__ import annotations

from connector.app import App
from connector.usecases import refreshing
from connector.usecases.passes import Pass
from connector.usecases.report import Report


def run(app: App, how: Pass) -> Report:
    """For each ready file of the catalogue's feeds: plan, apply in one transaction, archive; or hold, or refuse."""
    report = Report("refresh-snapshot", how.dry_run)
    refreshing.refresh(app, how, report)
    return report

"""Write orders, dispatches and cancellations as files for the ERP."""

from __future__ import annotations

from connector.app import App
from connector.delivery import erp, pickups
from connector.usecases.passes import Pass
from connector.usecases.report import Report


def run(app: App, how: Pass) -> Report:
    """1. Deliver the messages whose destination is the ERP.  2. Look whether it takes its files."""
    report = Report("export-orders", how.dry_run)
    if how.dry_run:
        erp.preview(app, report)
    else:
        erp.export(app, how, report)
        pickups.look(app)
    return report

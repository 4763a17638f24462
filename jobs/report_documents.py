"""Take the ERP's documents, and report them: invoices, tracking, deliveries, cancellations."""

from __future__ import annotations

from connector.app import App
from connector.delivery import documents as delivery
from connector.usecases import documents
from connector.usecases.passes import Pass
from connector.usecases.report import Report


def run(app: App, how: Pass) -> Report:
    """1. Take the files of invoices, tracking, cancellations and acks.  2. Report to each marketplace, all at once."""
    report = Report("report-documents", how.dry_run)
    documents.take(app, report, how)
    report.add(delivery.preview(app) if how.dry_run else delivery.tell(app, how))
    return report

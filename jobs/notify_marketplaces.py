"""Tell the marketplaces what changed: sold out first, then stock and price, content, suggestions, and what became of those."""

from __future__ import annotations

from connector.app import App
from connector.delivery import notices
from connector.usecases.passes import Pass
from connector.usecases.report import Report


def run(app: App, how: Pass) -> Report:
    """1. Announce what time or settings alone changed; to new marketplaces, everything.  2. Deliver to each marketplace, all at once."""
    if how.dry_run:
        return notices.preview(app)
    report = Report("notify-marketplaces")
    notices.announce_due(app, how.stop, report)
    report.add(notices.tell(app, how))
    return report

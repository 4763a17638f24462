"""Tell the marketplaces what changed: sold out first, then price, then content, then suggestions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from connector.app import App
from connector.delivery import notices
from connector.usecases.passes import Pass
from connector.usecases.report import Report


def run(app: App, how: Pass) -> Report:
    """1. Announce what time alone changed.  2. Deliver to each marketplace, all at once."""
    report = Report("notify-marketplaces", how.dry_run)
    if how.dry_run:
        for m in app.marketplaces:
            notices.preview(app, m, report)
        return report
    notices.announce_due(app)
    with ThreadPoolExecutor(max(1, len(app.marketplaces)), thread_name_prefix="marketplace") as threads:
        list(threads.map(lambda m: notices.tell(app, m, how, report), app.marketplaces))
    return report

"""Tell people of alarms: by webhook, by e-mail."""

from __future__ import annotations

from connector.app import App
from connector.delivery import alarm_post
from connector.delivery.alarm_post import test
from connector.usecases import alarms
from connector.usecases.passes import Pass
from connector.usecases.report import Report

__all__ = ["run", "test"]


def run(app: App, how: Pass) -> Report:
    """1. Look which alarms are on.  2. Tell each channel what it was not told, what lasts long, and what is over."""
    report = Report("tell-alarms", how.dry_run)
    if how.dry_run:
        alarm_post.preview(app, report)
    else:
        alarms.watch(app)
        alarm_post.tell(app, report)
    return report

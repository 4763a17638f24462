"""What commands print into the journal: nothing of what others wrote, for nothing can be erased from there."""

from __future__ import annotations

import os
from contextlib import suppress

from connector import settings
from connector.errors import ConnectorError
from connector.log import redact
from connector.usecases.report import NOT_LOGGED, Report, for_the_log

OUTPUT, ERRORS = 1, 2


def is_read() -> bool:
    """Say whether standard output or standard error goes into the journal."""
    stream = settings.journal_stream()
    return bool(stream) and stream in (_stream(OUTPUT), _stream(ERRORS))


def _stream(descriptor: int) -> str:
    with suppress(OSError):
        found = os.fstat(descriptor)
        return f"{found.st_dev}:{found.st_ino}"
    return ""


def lines(report: Report) -> tuple[list[str], list[str]]:
    """Return what a pass did and what failed: for people whole, for the journal as the log says it."""
    if not is_read():
        return report.lines, report.failures
    done = [for_the_log(line) for line in report.logged_lines if line != NOT_LOGGED]
    return list(map(redact, done)), [redact(for_the_log(line)) for line in report.logged_failures]


def sentence(error: ConnectorError) -> str:
    """Say an error: for people whole, for the journal as the log says it."""
    return redact(error.logged or str(error)) if is_read() else str(error)

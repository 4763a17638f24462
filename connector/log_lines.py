"""How a log line is written: coloured for a terminal, key=value otherwise.

A field is logged where `FIELDS` names it, or where it is a number: whatever else a line is given is left out, and its name noted.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

FIELDS = frozenset(
    (
        *("timestamp", "level", "event", "exception", "exc_info", "stack_info", "stack", "_record", "_from_structlog"),
        *("job", "jobs", "run", "act", "about", "who", "project", "target", "daemon"),
        *("feed", "file", "file_id", "state", "outcome", "destination", "kind", "reference", "account", "an", "alarm", "subject", "since"),
        *("action", "request", "method", "route", "status", "code", "place", "peer", "error", "unreachable", "channel"),
    )
)
"""The fields whose texts may be logged: none of them ever holds what a person or a body says."""
LARGEST_NUMBER = 10**9
"""Longer ones are telephones and documents."""


def writer(around: Callable[[], dict[str, object]], *, terminal: bool) -> logging.Formatter:
    """Return what turns a record of the standard library's, ours or a library's, into a line; `around` tells what else it bears."""
    shared: list[Processor] = [
        lambda _logger, _name, event: {**around(), **event},
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        known_fields,
    ]
    last = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(terminal=terminal)]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last)


def known_fields(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Keep the fields that may be logged, and note the names of those left out."""
    dropped = sorted(name for name, value in event.items() if name not in FIELDS and not _is_count(value))
    kept = {name: value for name, value in event.items() if name not in dropped}
    return kept | ({"dropped": ",".join(dropped)} if dropped else {})


def _is_count(value: object) -> bool:
    return isinstance(value, bool | int | float) and abs(value) < LARGEST_NUMBER


def _rendering(*, terminal: bool) -> list[Processor]:
    if terminal:
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    order = ["timestamp", "level", "event"]
    return [structlog.processors.format_exc_info, _one_line, structlog.processors.LogfmtRenderer(key_order=order, drop_missing=True)]


def _one_line(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Join the lines of a traceback: a log is read line by line."""
    return {re.sub(r"[^\w.-]", "_", key): value.replace("\n", " | ") if isinstance(value, str) else value for key, value in event.items()}

"""Logs: one line an event, to standard error, without secrets and without personal data.

A field is logged where `FIELDS` names it, or where it is a number: whatever else a line is given is left out, and its name noted. Nothing
may log bodies or headers in the first place; the patterns here are the second net.
"""

from __future__ import annotations

import logging
import re
import sys
from contextvars import ContextVar

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
NOISY = {
    "paramiko": logging.WARNING,
    "urllib3": logging.WARNING,
    "apscheduler": logging.ERROR,  # that a pass is still running when the next is due is no news: one runs at a time
    "alembic": logging.WARNING,
}
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"(?i)(x-vtex-api-app(?:key|token)|authorization|cookie|password|app_?token|app_?key|secret)(['\"]?\s*[:=]\s*)(?!env:|file:|credential:)('[^']*'|\"[^\"]*\"|[^\s,;}]+)"
        ),
        r"\1\2***",
    ),
    (re.compile(r"vtexapp(?:key|token)-[A-Za-z0-9_-]+"), "***"),
    (re.compile(r"(?<![\w-])[A-Za-z0-9_-]{100,}(?![\w-])"), "***"),  # VTEX's tokens have 128 letters and more
    (re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"), "***"),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "***@***"),
    (re.compile(r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])"), "***CPF***"),
    (re.compile(r"(?<![\w.-])[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-\d{2}(?![\w-])"), "***CNPJ***"),
    (re.compile(r"(?:\+55\s?)?\(\d{2}\)\s?9?\d{4}[-\s]?\d{4}(?!\d)|\+55\s?\d{2}\s?9?\d{4}[-\s]?\d{4}(?!\d)"), "***phone***"),
    (re.compile(r"(?<![\w./-])\d{5}-\d{3}(?![\w-]|\.\d)"), "***CEP***"),
)
BARE_CPF = re.compile(r"(?<![\w.,-])\d{11}(?![\w,-]|\.\d)")


REQUEST: ContextVar[str] = ContextVar("request", default="")
"""The number of the request that is answered: every line logged meanwhile bears it."""


def redact(text: str) -> str:
    """Take secrets, e-mail addresses, CPF, CNPJ, postal codes and telephone numbers out of a line."""
    for pattern, instead in PATTERNS:
        text = pattern.sub(instead, text)
    return BARE_CPF.sub(lambda match: "***CPF***" if _is_cpf(match[0]) else match[0], text)


def _is_cpf(digits: str) -> bool:
    """Eleven digits alone may be a SKU or an order: only those with a CPF's check digits are taken for one."""
    return len(set(digits)) > 1 and all(_check_digit(digits[:n]) == int(digits[n]) for n in (9, 10))


def _check_digit(digits: str) -> int:
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(len(digits) + 1, 1, -1), strict=True))
    return total * 10 % 11 % 10


class Formatter(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def configure(level: int = logging.INFO) -> None:
    """Send our own and the libraries' log lines to standard error: coloured for a terminal, key=value otherwise."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _request,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        known_fields,
    ]
    handler = logging.StreamHandler(sys.stderr)
    last = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(terminal=sys.stderr.isatty())]
    handler.setFormatter(Formatter(foreign_pre_chain=shared, processors=last))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name, least in NOISY.items():
        logging.getLogger(name).setLevel(least)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def known_fields(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Keep the fields that may be logged, and note the names of those left out."""
    dropped = sorted(name for name, value in event.items() if name not in FIELDS and not _is_count(value))
    kept = {name: value for name, value in event.items() if name not in dropped}
    return kept | ({"dropped": ",".join(dropped)} if dropped else {})


def _is_count(value: object) -> bool:
    return isinstance(value, bool | int | float) and abs(value) < LARGEST_NUMBER


def _request(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Name the request that a line belongs to."""
    number = REQUEST.get()
    return {"request": number, **event} if number else event


def _rendering(*, terminal: bool) -> list[Processor]:
    if terminal:
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    order = ["timestamp", "level", "event"]
    return [structlog.processors.format_exc_info, _one_line, structlog.processors.LogfmtRenderer(key_order=order, drop_missing=True)]


def _one_line(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Join the lines of a traceback: a log is read line by line."""
    return {re.sub(r"[^\w.-]", "_", key): value.replace("\n", " | ") if isinstance(value, str) else value for key, value in event.items()}

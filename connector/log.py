"""Logs: one line an event, to standard error, without secrets and without personal data.

Which fields may be logged says `log_lines`. Nothing may log bodies or headers in the first place; the patterns here are the second net.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from types import MappingProxyType

NOISY = {
    "paramiko": logging.WARNING,
    "urllib3": logging.WARNING,
    "apscheduler": logging.ERROR,  # that a pass is still running when the next is due is no news: one runs at a time
    "alembic": logging.WARNING,
}
PATTERNS: tuple[tuple[str, str], ...] = (
    (
        r"(?i)(x-vtex-api-app(?:key|token)|authorization|cookie|password|app_?token|app_?key|secret)(['\"]?\s*[:=]\s*)(?!env:|file:|credential:)('[^']*'|\"[^\"]*\"|[^\s,;}]+)",
        r"\1\2***",
    ),
    (r"vtexapp(?:key|token)-[A-Za-z0-9_-]+", "***"),
    (r"(?<![\w-])[A-Za-z0-9_-]{100,}(?![\w-])", "***"),  # VTEX's tokens have 128 letters and more
    (r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)", "***"),
    (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "***@***"),
    (r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])", "***CPF***"),
    (r"(?<![\w.-])[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-\d{2}(?![\w-])", "***CNPJ***"),
    (r"(?:\+55\s?)?\(\d{2}\)\s?9?\d{4}[-\s]?\d{4}(?!\d)|\+55\s?\d{2}\s?9?\d{4}[-\s]?\d{4}(?!\d)", "***phone***"),
    (r"(?<![\w./-])\d{5}-\d{3}(?![\w-]|\.\d)", "***CEP***"),
)
"""What is taken out of a line, and what stands there instead; compiled with the first line, which most commands never write."""
BARE_CPF = r"(?<![\w.,-])\d{11}(?![\w,-]|\.\d)"


REQUEST: ContextVar[str] = ContextVar("request", default="")
"""The number of the request that is answered: every line logged meanwhile bears it."""
BOUND: ContextVar[Mapping[str, object]] = ContextVar("bound", default=MappingProxyType({}))
"""Fields that every line logged meanwhile bears."""


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Have every line that is logged meanwhile bear these fields."""
    before = BOUND.set({**BOUND.get(), **fields})
    try:
        yield
    finally:
        BOUND.reset(before)


def redact(text: str) -> str:
    """Take secrets, e-mail addresses, CPF, CNPJ, postal codes and telephone numbers out of a line."""
    for pattern, instead in PATTERNS:
        text = re.sub(pattern, instead, text)
    return re.sub(BARE_CPF, lambda match: "***CPF***" if _is_cpf(match[0]) else match[0], text)


def _is_cpf(digits: str) -> bool:
    """Eleven digits alone may be a SKU or an order: only those with a CPF's check digits are taken for one."""
    return len(set(digits)) > 1 and all(_check_digit(digits[:n]) == int(digits[n]) for n in (9, 10))


def _check_digit(digits: str) -> int:
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(len(digits) + 1, 1, -1), strict=True))
    return total * 10 % 11 % 10


class Lines(logging.Formatter):
    """Lines without secrets. What writes them is loaded with the first one: most commands by hand log nothing, and would wait for it."""

    @cached_property
    def _writer(self) -> logging.Formatter:
        from connector import log_lines

        return log_lines.writer(_around, terminal=sys.stderr.isatty())

    def format(self, record: logging.LogRecord) -> str:
        return redact(self._writer.format(record))


def _around() -> dict[str, object]:
    """Name the request that a line belongs to, and what was bound around it."""
    number = REQUEST.get()
    return {**({"request": number} if number else {}), **BOUND.get()}


def configure(level: int = logging.INFO) -> None:
    """Send our own and the libraries' log lines to standard error: coloured for a terminal, key=value otherwise."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name, least in NOISY.items():
        logging.getLogger(name).setLevel(least)

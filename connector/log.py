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
    (r"(?i)\b(VTEX\s+key=)([^\s,]+)([\s,]+token=)([^\s,;}]+)", r"\1***\3***"),
    (r"(?i)\b((?:path[_ ]?)?token\\?['\"]?\s*[:=]\s*)\\?(['\"])[^'\"]*\2", r"\1***"),  # \" is how a quotation mark stands within an event
    (r"(DETAIL:)[^\n|]*", r"\1 ***"),  # PostgreSQL quotes the row that it refused
    (r"vtexapp(?:key|token)-[A-Za-z0-9_-]+", "***"),
    (r"(?<![\w-])[A-Za-z0-9_-]{100,}(?![\w-])", "***"),  # VTEX's tokens have 128 letters and more
    (r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)", "***"),
    (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "***@***"),
    (r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])", "***CPF***"),
    (r"(?<![\w.-])[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-\d{2}(?![\w-])", "***CNPJ***"),
    (r"(?:\+55\s?)?\(\d{2}\)\s?9?\d{4}[-\s]?\d{4}(?!\d)|\+55\s?\d{2}\s?9?\d{4}[-\s]?\d{4}(?!\d)", "***phone***"),
    (r"(?<![\w.,/-])[1-9]{2}\s(?:9\d|[2-5])\d{3}-\d{4}(?![\w-])", "***phone***"),
    (r"(?<![\w./-])\d{5}-\d{3}(?![\w-]|\.\d)", "***CEP***"),
)
"""What is taken out of a line, and what stands there instead; compiled with the first line, which most commands never write."""
BARE_DOCUMENT = r"(?<![\w.,-])(?:\d{11}|\d{14})(?![\w,-]|\.\d)"
_CPF, _CNPJ = 11, 14
_MOMENT = re.compile(r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")


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
    return re.sub(BARE_DOCUMENT, lambda match: _document(match[0]), text)


def _document(digits: str) -> str:
    """Digits alone may be a SKU, an order or an EAN, and telephones look like them: only those with check digits are taken out."""
    if len(set(digits)) == 1 or _MOMENT.match(digits):
        return digits
    if len(digits) == _CPF:
        return "***CPF***" if _holds(digits, longest=_CPF) else digits
    return "***CNPJ***" if _holds(digits, longest=9) else digits


def _holds(digits: str, *, longest: int) -> bool:
    """Say whether the last two are check digits by weights from 2 up, which begin anew after the longest."""
    return all(_check_digit(digits[:n], longest) == int(digits[n]) for n in (len(digits) - 2, len(digits) - 1))


def _check_digit(digits: str, longest: int) -> int:
    total = sum(int(digit) * (2 + at % (longest - 1)) for at, digit in enumerate(reversed(digits)))
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

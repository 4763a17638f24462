"""What settings are made of: sections, where a secret lies, shares, names, loopback addresses."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

SPAN = re.compile(r"[1-9][0-9]{0,3}[dhm]")
BUFFER = re.compile(r"[1-9][0-9]{0,6}|(100|[1-9][0-9]?)%")
DAY = r"(mon|tue|wed|thu|fri|sat|sun)"
HOUR = r"([01][0-9]|2[0-3]):[0-5][0-9]"
HOURS = re.compile(rf"(?:{DAY}(?:-{DAY})? +)?(?P<opens>{HOUR})-(?P<closes>{HOUR})")


class Secret(str):
    """Where a secret lies (`env:NAME`, `file:PATH` or systemd's `credential:NAME`), never the secret itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Secret({self!s})"

    @classmethod
    def read(cls, value: object) -> Secret | None:
        if value is None or value == "":
            return None
        if isinstance(value, str) and value.partition(":")[0] in ("env", "file", "credential") and value.partition(":")[2]:
            return cls(value)
        raise ValueError("env:NAME, file:PATH or credential:NAME; the secret itself is never written here")


def _fits(text: str, pattern: re.Pattern[str], allowed: str) -> str:
    if text and not pattern.fullmatch(text):
        raise ValueError(f'{allowed}, or "" for never')
    return text


def _hours(text: str) -> str:
    match = HOURS.fullmatch(text)
    if text and (match is None or match["opens"] >= match["closes"]):
        raise ValueError('hours of a day such as "08:00-20:00" or "mon-sat 08:00-20:00", or "" for always')
    return text


OptionalSecret = Annotated[Secret | None, BeforeValidator(Secret.read)]
Share = Annotated[float, Field(ge=0, le=1)]
SpanText = Annotated[str, AfterValidator(lambda text: _fits(text, SPAN, "a time such as 30m, 2h or 1d"))]
BufferText = Annotated[str, AfterValidator(lambda text: _fits(text, BUFFER, 'units such as "3", or a share such as "20%"'))]
HoursText = Annotated[str, AfterValidator(_hours)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class Section(BaseModel):
    """A section of the settings: unknown keys are errors, and nothing changes once it is read.

    A section that is another's default is made by `model_construct`: to check it would prepare each class by itself at every start, and
    then all of them once more.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, arbitrary_types_allowed=True, validate_default=True, defer_build=True
    )


def minutes(span: str) -> int:
    """Return how many minutes a span such as 30m, 2h or 1d has."""
    return int(span[:-1]) * {"d": 24 * 60, "h": 60, "m": 1}[span[-1]]


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    if host in ("localhost", ""):
        return host == "localhost"
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_safe(address: str) -> bool:
    """Say whether credentials may travel there: https, or http on loopback."""
    try:
        parts = urlsplit(address)
    except ValueError:  # an unfinished IPv6 address
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def laid_over(file: Any, environment: Any) -> Any:
    """Return what the file says with what the environment says over it, key by key; a list's entries are named by their index."""
    if isinstance(file, dict) and isinstance(environment, dict):
        return file | {key: laid_over(file.get(key), value) for key, value in environment.items()}
    if isinstance(file, list) and isinstance(environment, dict) and environment.keys() <= {str(n) for n in range(len(file))}:
        return [laid_over(one, environment.get(str(n), one)) for n, one in enumerate(file)]
    return _parsed(environment) if isinstance(environment, str) and environment.startswith(("[", "{")) else environment


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

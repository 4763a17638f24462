"""What settings are made of: sections, where a secret lies, shares, names, loopback addresses."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints


class Secret(str):
    """Where a secret lies (`env:NAME` or `file:PATH`), never the secret itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Secret({self!s})"

    @classmethod
    def read(cls, value: object) -> Secret | None:
        if value is None or value == "":
            return None
        if isinstance(value, str) and value.partition(":")[0] in ("env", "file") and value.partition(":")[2]:
            return cls(value)
        raise ValueError("env:NAME or file:PATH; the secret itself is never written here")


OptionalSecret = Annotated[Secret | None, BeforeValidator(Secret.read)]
Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class Section(BaseModel):
    """A section of the settings: unknown keys are errors, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, arbitrary_types_allowed=True, validate_default=True)


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

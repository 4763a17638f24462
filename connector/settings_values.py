"""Values that settings are made of: where a secret lies, shares, names, loopback addresses."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints


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


def is_loopback(host: str) -> bool:
    if host in ("localhost", ""):
        return host == "localhost"
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

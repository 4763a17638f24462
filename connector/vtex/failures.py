"""What kept a call from being answered, in words."""

from __future__ import annotations

from connector.vtex.answer import NoAnswer
from connector.vtex.wire import NoConnection, NoTrust

_LONGEST = 200
_DEEPEST = 10


def in_words(error: Exception) -> str:
    """Say what kept a call from being answered, without the address and the libraries' names."""
    cause = _innermost(error)
    said = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    words = "".join(c if c.isprintable() else " " for c in " ".join(said.split()))[:_LONGEST]  # a peer's bytes may stand in it
    if isinstance(error, NoConnection | NoAnswer):
        return words
    if isinstance(error, NoTrust):
        return f"its TLS certificate or handshake was not accepted: {words}"
    if isinstance(cause, TimeoutError):
        return "no whole answer in time"
    return f"the connection failed: {words}"


def _innermost(error: BaseException) -> BaseException:
    """Return the first cause: the wrappers around it repeat addresses and say nothing more."""
    for _ in range(_DEEPEST):
        if isinstance(error, NoConnection | NoAnswer | NoTrust):
            break
        inner = next((e for e in (getattr(error, "reason", None), *error.args, error.__cause__) if isinstance(e, BaseException)), None)
        if inner is None:
            break
        error = inner
    return error

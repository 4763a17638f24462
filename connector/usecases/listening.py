"""The address that the API is to listen at: looked at before a server starts, which would say why it cannot in its own words."""

from __future__ import annotations

import errno
import os
import socket
import time

from connector.errors import Unreachable

PATIENCE_SECONDS = 5.0
"""A server that was told to end a moment ago gives its address back within so long."""
LOOK_SECONDS = 0.2
LAST_PORT = 65_535


def require_free(bind: str, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Raise Unreachable where nothing can listen at HOST:PORT; a unix socket's path is its server's own affair."""
    if bind.startswith("unix:"):
        return
    until = time.monotonic() + patience_seconds
    while error := _trouble(bind):
        if error.errno != errno.EADDRINUSE:
            raise Unreachable(f"nothing can listen at {bind}: {_words(error)}", remedy="set another address as [api] bind") from error
        if time.monotonic() >= until:
            remedy = f"end that one (ss -ltnp names it), or set another address as [api] bind, such as {_next_to(bind)}"
            raise Unreachable(f"another process listens at {bind}", remedy=remedy) from error
        time.sleep(LOOK_SECONDS)


def _trouble(bind: str) -> OSError | None:
    host, _, port = bind.rpartition(":")
    if int(port) > LAST_PORT:
        return OSError(errno.EINVAL, f"there is no port {port}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]") or None, int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier server that linger are no hindrance
            probe.bind(address)
    except OSError as error:
        return error
    return None


def _words(error: OSError) -> str:
    return error.strerror or os.strerror(error.errno or errno.EINVAL)


def _next_to(bind: str) -> str:
    host, _, port = bind.rpartition(":")
    return f"{host}:{int(port) + 1}"

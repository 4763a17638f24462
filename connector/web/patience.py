"""A limit on how long a client may take to send one request.

The server below has no such limit: a few clients that drip a byte every few seconds would hold every thread (measured: eight
half-sent requests stopped four threads). Here a request that is not complete in time gives its thread back.
"""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

SECONDS = 10.0


class TooSlow(Exception):
    """The client took longer than `SECONDS` over one request. No OSError: the server below would take it for its own."""


class PatientSocket:
    """A connection whose reads together take at most `SECONDS` for each request; everything else is the socket's own."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._until = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def begin(self) -> None:
        """Start a request's time."""
        self._until = time.monotonic() + SECONDS

    def recv(self, size: int) -> bytes:
        """Read as a socket does. Raises TooSlow at the end of the request's time."""
        own = self._connection.gettimeout()
        left = self._until - time.monotonic()
        if own is not None and own < left:
            return self._connection.recv(size)
        if left <= 0:
            raise TooSlow
        return self._within(left, own, size)

    def _within(self, left: float, own: float | None, size: int) -> bytes:
        self._connection.settimeout(left)
        try:
            return self._connection.recv(size)
        except TimeoutError:
            raise TooSlow from None
        finally:
            self._connection.settimeout(own)

    def sendall(self, data: bytes) -> None:
        """Write as a socket does, but give up on a client that does not read."""
        own = self._connection.gettimeout()
        self._connection.settimeout(SECONDS if own is None else own)
        try:
            self._connection.sendall(data)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the client does not read its answer") from None
        finally:
            self._connection.settimeout(own)

"""A limit on how long a client may take to send one request, and no thread for it until it is all there.

The server below has no such limit: a few clients that drip a byte every few seconds would hold every thread (measured: eight
half-sent requests stopped four threads). Here a request is gathered first, by the one thread that waits for all connections, and what
is not complete in time is refused. Whoever shows no credentials is not waited for: with the head alone, a thread refuses it.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any

from connector.web.arriving import Arriving

SECONDS = 10.0
MOST_AT_ONCE = 64 * 1024
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


class TooSlow(Exception):
    """The client took longer than `SECONDS` over one request. No OSError: the server below would take it for its own."""


class PatientSocket:
    """A connection whose requests are gathered before they are read; everything else is the socket's own."""

    def __init__(self, connection: socket.socket, keeps_out: Callable[[bytes], bool]) -> None:
        """`keeps_out` says of a head whether the request is refused whatever its body."""
        self._connection = connection
        self._keeps_out = keeps_out
        self.arriving = Arriving()
        self._read = 0
        self._is_over = False
        self._was_told_to_go_on = self._was_judged = False
        self._unsent = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def fileno(self) -> int:
        return self._connection.fileno()

    # ── before a thread has it ──────────────────────────────────────────────────────────────────────────────────────────
    def gather(self) -> bool:
        """Take what was sent so far, without waiting; say whether a thread can go on: nothing more comes, or nothing more is needed."""
        try:
            more = self._connection.recv(MOST_AT_ONCE)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            more = b""
        if not more:
            self._is_over = True
            return True
        if self.arriving.add(more) or self._is_refused():
            return True
        if self.arriving.expects_go_on and not self._was_told_to_go_on:
            self._tell_to_go_on()
        return False

    def _is_refused(self) -> bool:
        """Judge a head once, as soon as it is there, where its body is not: such a request is never told to go on."""
        if self._was_judged or not self.arriving.head:
            return False
        self._was_judged = True
        is_refused = self._keeps_out(bytes(self.arriving.data[: self.arriving.head]))
        self._was_told_to_go_on = is_refused
        return is_refused

    def _tell_to_go_on(self) -> None:
        self._was_told_to_go_on = True
        try:
            self._connection.send(GO_ON)
        except OSError:
            self._is_over = True

    @property
    def has_begun(self) -> bool:
        return bool(self.arriving.data)

    def next(self) -> bool:
        """Go on to the connection's next request; say whether a thread can go on with it already."""
        self._read, self._was_told_to_go_on, self._was_judged = 0, False, False
        return self.arriving.next() or self._is_refused()

    def throw_away(self) -> bool:
        """Read and forget what still comes after the last answer; say whether more may come."""
        try:
            return bool(self._connection.recv(MOST_AT_ONCE))
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False

    # ── as the thread that has it sees it ───────────────────────────────────────────────────────────────────────────────
    def recv(self, size: int) -> bytes:
        """Read of the one request what was gathered. Raises TooSlow where it is not all there, though the client is."""
        data, end = self.arriving.data, self.arriving.end
        until = min(self._read + size, len(data) if end is None else min(end, len(data)))
        if self._read < until:
            piece = bytes(data[self._read : until])
            self._read = until
            return piece
        if self._is_over:
            return b""
        raise TooSlow

    def send(self, data: bytes) -> int:
        if data == GO_ON and (self._was_told_to_go_on or self.arriving.is_whole()):
            return len(data)
        return self._connection.send(data)

    def sendall(self, data: bytes) -> None:
        """Keep what is written until `flush`, so that an answer's head and body leave together; a large one leaves by parts."""
        self._unsent += data
        if len(self._unsent) > MOST_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write as a socket does, but give up on a client that does not read."""
        data, self._unsent = self._unsent, b""
        try:
            self._connection.sendall(data)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the client does not read its answer") from None

    def setblocking(self, flag: bool) -> None:  # a socket's signature
        self._connection.settimeout(SECONDS if flag else 0.0)

    def gettimeout(self) -> float | None:
        return self._connection.gettimeout()

    def settimeout(self, _seconds: float | None) -> None:
        """Change nothing: to read takes no time here, and how long to write may take is fixed."""

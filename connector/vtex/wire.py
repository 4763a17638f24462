"""One kept-alive connection to a marketplace: HTTP/1.1 under one deadline for everything from the dial to the answer's last byte.

A library's time-outs begin anew with every byte that trickles in (reliability §0, 7), and its machinery costs more than all else that a
notification needs. This holds the socket and the clock; llhttp reads the answers. There is no proxy, no redirect, no cookie and nothing
of the environment here to turn off.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from dataclasses import dataclass
from functools import cache

import certifi

from connector.vtex.answer import Answer
from connector.vtex.endpoints import Origin

CONNECT_SECONDS = 3
READ_SECONDS = 10
_AT_ONCE = 65_536


class NoConnection(TimeoutError):
    """Nobody took the call in time."""


class NoTrust(ConnectionError):
    """The server could not prove who it is; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Answered:
    """`headers` by their names in lower case; `body` decoded."""

    status: int
    headers: dict[str, str]
    body: bytes


class Wire:
    """Sends requests to one origin, one after another; not for two threads at once."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._socket: socket.socket | None = None
        self._answer = Answer()

    def exchange(self, request: bytes, deadline: float, *, is_repeatable: bool) -> Answered:
        """Send a request and return its whole answer, by `deadline` on the monotonic clock.

        A kept connection may have been closed at the other end at this very moment: where not a byte of an answer came, a repeatable
        request is sent once more over a new one. Raises OSError; NoConnection, NoTrust and NoAnswer say more.
        """
        was_kept = self._is_kept()
        try:
            return self._once(request, deadline)
        except ConnectionError:
            if not (was_kept and is_repeatable) or self._answer.has_begun:
                raise
        return self._once(request, deadline)

    def close(self) -> None:
        held, self._socket = self._socket, None
        if held is not None:
            held.close()

    def _once(self, request: bytes, deadline: float) -> Answered:
        try:
            held, answer = self._ready(deadline)
            held.settimeout(_left(deadline))
            held.sendall(request)
            while not answer.is_whole:
                held.settimeout(min(READ_SECONDS, _left(deadline)))
                answer.feed(held.recv(_AT_ONCE))
            answered = Answered(answer.status, answer.headers, answer.body())
        except BaseException:
            self.close()
            raise
        if not answer.keeps_alive:
            self.close()
        return answered

    def _is_kept(self) -> bool:
        """Tell whether there is a connection to go on with. One that has something to say unasked was closed, or is out of step."""
        if self._socket is not None:
            watch = select.poll()
            watch.register(self._socket, select.POLLIN)
            if watch.poll(0):
                self.close()
        return self._socket is not None

    def _ready(self, deadline: float) -> tuple[socket.socket, Answer]:
        if self._socket is None:
            self._answer = Answer()
            self._socket = _dialled(self._origin, deadline)
        else:
            self._answer.expect()
        return self._socket, self._answer


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


def _dialled(to: Origin, deadline: float) -> socket.socket:
    """Connect; over TLS nothing is said before the server has proven to be the one that was called."""
    try:
        plain = socket.create_connection((to.host, to.port), min(CONNECT_SECONDS, _left(deadline)))
    except TimeoutError as error:
        raise NoConnection(f"no connection within {CONNECT_SECONDS} s") from error
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if to.scheme != "https":
        return plain
    try:
        plain.settimeout(min(READ_SECONDS, _left(deadline)))
        return _trust().wrap_socket(plain, server_hostname=to.host)
    except ssl.SSLError as error:
        raise NoTrust(str(error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error)) from error
    finally:
        plain.close()  # wrapping has taken the descriptor away from it, where it went well


@cache
def _trust() -> ssl.SSLContext:
    """Verify names and certificates, by the authorities that come with the program; TLS 1.2 at least."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context

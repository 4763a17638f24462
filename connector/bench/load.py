"""A raw HTTP client: many keep-alive connections in one thread, cheap enough not to be what is measured."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from statistics import quantiles

from connector.bench.processes import Wrong

LATE_SECONDS = 30.0
BLOCK = 1 << 16
WELL = range(200, 300)


@dataclass
class Slice:
    """A stretch of load: how long it was, each answer's seconds (when paced, from when it was due), and how many were no 2xx.

    `complaint` is the last of those, whole.
    """

    seconds: float = 0.0
    answers: list[float] = field(default_factory=list)
    failed: int = 0
    complaint: str = ""

    @property
    def rate(self) -> float:
        return len(self.answers) / self.seconds

    @property
    def p99(self) -> float:
        """Return the 99th percentile in ms."""
        return quantiles(self.answers, n=100)[98] * 1000


class _Line:
    """One connection, with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.since = 0.0
        self._got = b""

    def close(self) -> None:
        self.socket.close()

    @property
    def said(self) -> str:
        return self._got.decode("utf-8", "replace")

    def ask(self, request: bytes, since: float) -> None:
        self.since, self._got = since, b""
        self.socket.sendall(request)

    def hear(self) -> int | None:
        """Read on; returns the status once the answer is whole."""
        data = self.socket.recv(BLOCK)
        if not data:
            raise Wrong("the server closed a connection in the middle of an answer")
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return None
        return int(head[9:12])


def _length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    return 0 if at < 0 else int(lowered[at + 17 :].split(b"\r\n", 1)[0])


class Load:
    """What is asked of one server, over so many connections. `rate` in requests a second; None: as fast as it answers."""

    def __init__(self, port: int, requests: Iterator[bytes], connections: int, rate: float | None = None) -> None:
        self._port, self._requests, self._connections = port, requests, connections
        self._interval = 0.0 if rate is None else 1 / rate

    def drive(self, seconds: float, goes_on: Callable[[], bool] = lambda: False) -> Slice:
        """Ask for so long, and while something goes on; hear out what is under way at the end. Connections are made anew."""
        with ExitStack() as stack:
            lines = [stack.enter_context(closing(_Line(self._port))) for _ in range(self._connections)]
            selector = stack.enter_context(selectors.DefaultSelector())
            for line in lines:
                selector.register(line.socket, selectors.EVENT_READ, line)
            return self._drive(selector, deque(lines), lambda since: since < seconds or goes_on())

    def drive_all(self) -> Slice:
        """Ask for all that there is, once."""
        rest = deque(self._requests)
        self._requests = iter(rest.popleft, None)
        return self.drive(0, lambda: bool(rest))

    def drive_one(self) -> Slice:
        """Ask once."""
        self._requests = iter([next(self._requests)])
        return self.drive_all()

    def _drive(self, selector: selectors.BaseSelector, idle: deque[_Line], lasts: Callable[[float], bool]) -> Slice:
        found, started = Slice(), time.perf_counter()
        due = now = heard = started
        while (goes := lasts(now - started)) or len(idle) < self._connections:
            while goes and idle and due <= now and lasts(now - started):
                idle.popleft().ask(next(self._requests), due if self._interval else now)
                due += self._interval
            heard = now if self._hear(found, selector, idle, self._patience(bool(idle), due - now)) else heard
            now = time.perf_counter()
            if now - heard > LATE_SECONDS:
                raise Wrong(f"no answer within {LATE_SECONDS:g} s")
        found.seconds = now - started
        return found

    def _patience(self, is_idle: bool, until_due: float) -> float:
        return max(until_due, 0.0) if is_idle and self._interval else 1.0

    def _hear(self, found: Slice, selector: selectors.BaseSelector, idle: deque[_Line], patience: float) -> bool:
        heard = selector.select(patience)
        for key, _ in heard:
            status = key.data.hear()
            if status is not None:
                found.answers.append(time.perf_counter() - key.data.since)
                if status not in WELL:
                    found.failed, found.complaint = found.failed + 1, key.data.said
                idle.append(key.data)
        return bool(heard)

"""A marketplace at a distance: every request is answered 50 ms after it came, in one thread of a process of its own.

`python -m connector.bench.latency PORT MILLISECONDS` serves; GET /said answers at once with what came since it was last asked.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field

ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
BACKLOG = 1024


@dataclass
class Said:
    """What came: how many requests, how many different ones, and from when to when (seconds of one clock)."""

    requests: int = 0
    different: set[bytes] = field(default_factory=set)
    first: float = 0.0
    last: float = 0.0

    def note(self, line: bytes, now: float) -> None:
        self.first = self.first or now
        self.requests, self.last = self.requests + 1, now
        self.different.add(line)

    def document(self) -> bytes:
        return json.dumps({"requests": self.requests, "different": len(self.different), "seconds": self.last - self.first}).encode()


class Server:
    def __init__(self, port: int, delay: float) -> None:
        self._delay, self._due, self._said = delay, deque[tuple[float, socket.socket]](), Said()
        self._pending: dict[socket.socket, bytes] = {}
        self._selector = selectors.DefaultSelector()
        self._door = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
        self._door.setblocking(False)
        self._selector.register(self._door, selectors.EVENT_READ)

    def run(self) -> None:
        while True:
            wait = max(self._due[0][0] - time.perf_counter(), 0) if self._due else None
            for key, _ in self._selector.select(wait):
                self._hear(key.fileobj) if key.fileobj is not self._door else self._welcome()
            self._answer()

    def _welcome(self) -> None:
        line, _ = self._door.accept()
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pending[line] = b""
        self._selector.register(line, selectors.EVENT_READ)

    def _hear(self, line: object) -> None:
        assert isinstance(line, socket.socket)
        try:
            data = line.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            self._selector.unregister(line)
            del self._pending[line]
            line.close()
            return
        head, whole, body = (self._pending[line] + data).partition(b"\r\n\r\n")
        self._pending[line] += data
        if whole and len(body) >= _length(head):
            self._pending[line] = b""
            self._take(line, head.partition(b"\r\n")[0])

    def _take(self, line: socket.socket, first: bytes) -> None:
        now = time.perf_counter()
        if first.startswith(b"GET /said"):
            body, self._said = self._said.document(), Said()
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            return
        self._said.note(first, now)
        self._due.append((now + self._delay, line))

    def _answer(self) -> None:
        now = time.perf_counter()
        while self._due and self._due[0][0] <= now:
            _, line = self._due.popleft()
            if line in self._pending:
                line.sendall(ANSWER)


def _length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    return 0 if at < 0 else int(head[at + 17 :].split(b"\r\n", 1)[0])


if __name__ == "__main__":
    where, milliseconds = map(int, sys.argv[1:])
    Server(where, milliseconds / 1000).run()

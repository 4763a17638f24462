"""The gunicorn worker: threads, errors in VTEX's shape instead of HTML, and no thread for a request that is not all there.

One thread waits for all connections, gathers what they send, and lets go of those that are over. Whatever a client does or leaves
undone, it waits for nobody.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from gunicorn.http import errors
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from connector import settings
from connector.web import patience
from connector.web.errors import OTHER, document, headers
from connector.web.patience import PatientSocket, TooSlow
from connector.web.threads import Threads

STATUSES: tuple[tuple[type[Exception], int, str, str], ...] = (
    (TooSlow, 408, "Request Timeout", "the request did not arrive in time; send it again, faster"),
    (errors.LimitRequestLine, 414, "URI Too Long", "the address is longer than 8 kB; send the document by POST"),
    (errors.LimitRequestHeaders, 431, "Request Header Fields Too Large", "the request's headers are too many or too long"),
    (errors.UnsupportedTransferCoding, 501, "Not Implemented", "this transfer coding is not supported; send the body plain or chunked"),
    (errors.ExpectationFailed, 417, "Expectation Failed", "the expectation cannot be met; only 100-continue can"),
    (errors.ForbiddenProxyRequest, 403, "Forbidden", "the request is not allowed from there"),
    (errors.InvalidResponseHeader, 500, "Internal Server Error", "the server failed; its log says why"),
    (errors.InvalidResponseHeaderName, 500, "Internal Server Error", "the server failed; its log says why"),
    (errors.ConfigurationProblem, 500, "Internal Server Error", "the server failed; its log says why"),
    (errors.ParseException, 400, "Bad Request", "the request is not well-formed HTTP"),
    (Exception, 500, "Internal Server Error", "the server failed; its log says why"),
)
"""First match wins: what was raised → status, reason, message. The texts name nothing of the request: it may hold secrets."""

NEWEST = (1, 1)
"""Of HTTP."""
LINGER_SECONDS = 2.0
"""After the last answer, for the client to read it: a connection closed with bytes unread is reset, and the answer lost."""
LOOK_SECONDS = 0.25
PAUSE_SECONDS = 0.002
"""After a connection taken beside others, for another worker to take the next: else whoever wakes first takes all of a burst."""
LARGE = 64 * 1024
MOST_LARGE = 64
"""So many requests larger than that may be arriving at once: what they hold is memory (each up to 2 MB)."""


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lingering: deque[TConn] = deque()
        self._looked_at = self._paused_until = 0.0

    def load_wsgi(self) -> None:
        """Load the application, and what judges heads before it; only here: in the process that forks, it would load too much."""
        super().load_wsgi()
        from connector.web.app import guarded
        from connector.web.door import Door

        self.door = Door(guarded(settings.load(settings.locate(None))), self.cfg)

    def get_thread_pool(self) -> Threads:
        return Threads(self.cfg.threads, self._served)

    def _served(self, conn: TConn) -> None:
        """Serve a request in one of the threads, and give the connection back to the one that waits."""
        kept: object = False
        try:
            kept = self.handle(conn)
            conn.sock.flush()
        except OSError:
            kept = False  # the client is gone
        finally:
            self.method_queue.defer(self.finish_request, conn, kept)

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Answer a request of an HTTP/1 newer than ours in ours, which is what both sides know (RFC 9110, 6.2)."""
        req.version = min(req.version, NEWEST)
        return bool(super().handle_request(req, conn))

    # ── connections, all in one thread ──────────────────────────────────────────────────────────────────────────────────
    def accept(self, listener: socket.socket) -> None:
        """Take a connection, and leave the next one to another worker for a moment."""
        super().accept(listener)
        if self.cfg.workers > 1:
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            self.set_accept_enabled(False)

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled and not self._is_pausing())

    def _is_pausing(self) -> bool:
        return time.monotonic() < self._paused_until

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(PAUSE_SECONDS if self._is_pausing() else timeout)

    def enqueue_req(self, conn: TConn) -> None:
        """Take what a connection sent, and give it to a thread once a request is all there."""
        if not isinstance(conn.sock, PatientSocket):
            conn.sock, conn.data_ready = PatientSocket(conn.sock, partial(self.door.keeps_out, conn=conn)), True
            conn.sock.setblocking(False)
            conn.timeout = time.monotonic() + self.cfg.keepalive
        had_begun = conn.sock.has_begun
        if conn.sock.gather() or self._is_too_much(conn):
            self._hand_over(conn)
            return
        if conn.sock.has_begun and not had_begun:
            conn.timeout = time.monotonic() + patience.SECONDS
        self.pending_conns.append(conn)
        self._watch(conn, self.on_pending_socket_readable)

    def _hand_over(self, conn: TConn) -> None:
        if conn.sock.has_begun:
            self.tpool.put(conn)
        else:
            self._close(conn)  # the client did

    def _is_too_much(self, conn: TConn) -> bool:
        if len(conn.sock.arriving.data) <= LARGE:
            return False
        return sum(len(other.sock.arriving.data) > LARGE for other in self.pending_conns) >= MOST_LARGE

    def _watch(self, conn: TConn, then: Callable[[TConn, Any], None]) -> None:
        self.poller.register(conn.sock, selectors.EVENT_READ, lambda client: then(conn, client))

    def finish_request(self, conn: TConn, kept: object) -> None:
        """Wait for a connection's next request, or let it go."""
        if not kept:
            self._let_go(conn)
        elif conn.sock.next():
            self.tpool.put(conn)
        else:
            conn.sock.setblocking(False)
            conn.set_timeout()
            if not self.alive:
                conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
            self.keepalived_conns.append(conn)
            self._watch(conn, self.on_client_socket_readable)

    def _let_go(self, conn: TConn) -> None:
        """Say that no more comes, and wait a little for the client to say so too."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + LINGER_SECONDS
        self.lingering.append(conn)
        self._watch(conn, self._on_lingering_readable)

    def _on_lingering_readable(self, conn: TConn, client: Any) -> None:
        if not conn.sock.throw_away():
            self.poller.unregister(client)
            self.lingering.remove(conn)
            self._close(conn)

    def murder_pending(self) -> None:
        """Refuse what did not arrive in time, close what is silent, and what lingers too long."""
        now = time.monotonic()
        if now < self._looked_at + LOOK_SECONDS:
            return
        self._looked_at = now
        for conn in [one for one in self.pending_conns if one.timeout <= now]:
            self.pending_conns.remove(conn)
            self.poller.unregister(conn.sock)
            self._hand_over(conn)
        while self.lingering and self.lingering[0].timeout <= now:
            conn = self.lingering.popleft()
            self.poller.unregister(conn.sock)
            self._close(conn)

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    # ── errors ──────────────────────────────────────────────────────────────────────────────────────────────────────────
    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        try:
            return bool(super()._keepalive_after(conn, keepalive))
        except TooSlow:
            return False  # answered already: nothing more may be written, the connection closes

    def handle_error(self, _req: Any, client: socket.socket, _addr: Any, exc: BaseException) -> None:
        """Answer what never reached the application, in JSON."""
        status, reason, message = _status(exc)
        number = uuid4().hex
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log.error("request %s failed below the application", number, exc_info=exc)
        else:
            self.log.warning("request %s refused below the application: %s (%s)", number, status, type(exc).__name__)
        try:
            client.sendall(answer(status, reason, message, number))
        except OSError:
            self.log.debug("the client was gone before its error could be sent")


def _status(raised: BaseException) -> tuple[int, str, str]:
    return next((s, r, m) for kind, s, r, m in STATUSES if isinstance(raised, kind) or kind is Exception)


def answer(status: int, reason: str, message: str, number: str) -> bytes:
    """Return a whole HTTP answer, its connection to be closed; `number` is the request's in the log."""
    body = document(OTHER, message)
    lines = [f"HTTP/1.1 {status} {reason}", "Connection: close", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in ({"x-request-id": number} | headers(OTHER, message)).items()]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body

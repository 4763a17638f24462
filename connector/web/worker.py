"""The gunicorn worker: threads, errors in VTEX's shape instead of HTML, and no thread held by a silent or dripping client."""

from __future__ import annotations

import selectors
import socket
import time
from functools import partial
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import TConn, ThreadWorker

from connector.web.errors import OTHER, document, headers
from connector.web.patience import PatientSocket, TooSlow

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


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    def enqueue_req(self, conn: TConn) -> None:
        """Give a connection to a thread, once something was sent on it: until then the poller waits, which costs nothing."""
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        conn.sock = PatientSocket(conn.sock)
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def handle(self, conn: TConn) -> object:
        """Serve one request of a connection, its time running from here."""
        conn.sock.begin()
        return super().handle(conn)

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
            write_nonblock(client, answer(status, reason, message, number))
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

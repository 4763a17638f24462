"""The HTTP side of the sandbox: reads calls, sends replies, late, by drops or as garbage where that was ordered."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from connector.sandbox.calls import Call, document

_GARBAGE = b"\x00\xff not http at all\r\n\r\n"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LARGEST_BODY = 16 * 2**20


@dataclass(frozen=True)
class Reply:
    """What goes back. Status 0 closes the connection without a word."""

    status: int
    payload: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0
    drip_seconds: float = 0
    garbage: bool = False


def json_reply(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a document as VTEX sends it; None is an empty body."""
    payload = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    return Reply(status, payload, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})


class Line:
    """A caller's connection, to see whether the caller still waits."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    @property
    def is_open(self) -> bool:
        try:
            return self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False


class Wire:
    """Serves on loopback in threads of its own; `answer` decides what each call gets, and may keep the caller's line to look at."""

    def __init__(self, answer: Callable[[Call, Line], Reply], sent: Callable[[Call], None], port: int = 0) -> None:
        self.answer, self.sent = answer, sent
        self.closing = threading.Event()
        verbs = {f"do_{method}": _Handler.serve for method in _METHODS}
        self._server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"wire": self, **verbs}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away: that is no news here."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two packets: the second would wait 40 ms for the first one's receipt
    wire: Wire

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's signature
        """Say nothing: the calls are kept."""

    def do_HEAD(self) -> None:  # the library's name
        """Say that somebody is here; VTEX's addresses have no HEAD, and nothing is kept of it."""
        self._send(Reply(200))

    def serve(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > LARGEST_BODY or "chunked" in self.headers.get("Transfer-Encoding", ""):
            self.close_connection = True
            self._send(json_reply(413, {"Message": f"A body of a known length up to {LARGEST_BODY} bytes is expected."}))
            return
        call = self._call(self.rfile.read(int(length)))
        try:
            self._play(self.wire.answer(call, Line(self.connection)))
        finally:
            self.wire.sent(call)

    def _play(self, reply: Reply) -> None:
        if reply.delay_seconds:
            self.wire.closing.wait(reply.delay_seconds)
        if reply.garbage or not reply.status:
            self.close_connection = True
            self.connection.sendall(_GARBAGE if reply.garbage else b"")
        else:
            self._send(reply)

    def _call(self, raw: bytes) -> Call:
        address = urlsplit(self.path)
        parts = tuple(unquote(part) for part in address.path.strip("/").split("/"))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Call(self.command, address.path, parts, dict(parse_qsl(address.query)), headers, document(raw))

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.payload))}.items():
            self.send_header(name, value)
        self.end_headers()
        if not reply.drip_seconds:
            self.wfile.write(reply.payload)
            return
        for index in range(len(reply.payload)):
            self.wfile.write(reply.payload[index : index + 1])
            self.wire.closing.wait(reply.drip_seconds / len(reply.payload))

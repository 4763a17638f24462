"""The HTTP side of the sandbox: keeps what was called, plays the failures that were ordered, hands the rest on."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

_GARBAGE = b"\x00\xff not http at all\r\n\r\n"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Call:
    """One request as it arrived. `parts` are the path's segments, decoded one by one; `path` is as it was sent."""

    method: str
    path: str
    parts: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass
class Failure:
    """What to answer instead, `times` times: to calls of this method ("*": any) whose path the pattern occurs in."""

    method: str
    pattern: str
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    delay_seconds: float = 0
    garbage: bool = False

    def concerns(self, call: Call) -> bool:
        return self.times > 0 and self.method in ("*", call.method) and re.search(self.pattern, call.path) is not None


class Recorder:
    """Serves on loopback in a thread of its own, and remembers. `answer` decides: a call in, (status, document or None) out."""

    def __init__(self, answer: Callable[[Call], tuple[int, Any]], port: int = 0) -> None:
        self.calls: list[Call] = []
        self.failures: list[Failure] = []
        self._answer = answer
        self._lock = threading.Lock()
        verbs = {f"do_{method}": _Handler.serve for method in _METHODS}
        self._server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"recorder": self, **verbs}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take(self, call: Call) -> Failure:
        """Note a call and say what it gets; calls are answered one at a time, as if by one database."""
        with self._lock:
            self.calls.append(call)
            failure = next((f for f in self.failures if f.concerns(call)), None)
            if failure:
                failure.times -= 1
                return failure
            status, document = self._answer(call)
            return Failure(call.method, "", status, document)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two packets: the second would wait 40 ms for the first one's receipt
    recorder: Recorder

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's signature
        """Say nothing: the calls are kept."""

    def serve(self) -> None:
        answer = self.recorder.take(self._call())
        if answer.delay_seconds:
            time.sleep(answer.delay_seconds)
        if answer.garbage:
            self.close_connection = True
            self.connection.sendall(_GARBAGE)
        else:
            self._send(answer)

    def _call(self) -> Call:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        parts = tuple(unquote(part) for part in address.path.strip("/").split("/"))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Call(self.command, address.path, parts, dict(parse_qsl(address.query)), headers, _document(raw))

    def _send(self, answer: Failure) -> None:
        payload = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(payload)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)


def _document(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode("utf-8", "replace")

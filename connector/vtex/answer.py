"""One answer as its bytes come in: status, headers, and a body of limited size, decoded."""

from __future__ import annotations

import zlib
from http import HTTPStatus

import httptools

MAX_BYTES = 1_000_000
_MOST_HEADERS = 100
_LONGEST_HEAD = 65_536
_ZLIB_OR_GZIP = 47
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})


class NoAnswer(ConnectionError):
    """What came is no whole answer, or none that may be read."""


class Answer:
    """Collects the answers of one connection, one after another; llhttp finds their ends, strictly.

    `is_whole` once the last byte of the present one is there; `keeps_alive` where another may follow on the same connection.
    """

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.expect()

    def expect(self) -> None:
        """Forget the answer before, and wait for the next one."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.is_whole = self.keeps_alive = False
        self._body = bytearray()
        self._received = self._number = self._head_bytes = 0
        self._head_is_read = self._is_surplus = False

    @property
    def has_begun(self) -> bool:
        return self._received > 0

    def feed(self, data: bytes) -> None:
        """Take what was received; empty where the peer closed. Raises NoAnswer."""
        if not data:
            self._ended()
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self.is_whole:
                raise NoAnswer(f"what came is not HTTP: {error}") from error
            self.keeps_alive = False  # an answer, and something after it that nobody asked for
        self._demand_limits()

    def body(self) -> bytes:
        """Return the body, decoded. Raises NoAnswer where it is damaged, or larger than a megabyte."""
        if self.headers.get("content-encoding", "").strip().lower() not in _COMPRESSED or not self._body:
            return bytes(self._body)
        inflater = zlib.decompressobj(_ZLIB_OR_GZIP)
        try:
            body = inflater.decompress(self._body, MAX_BYTES + 1)
        except zlib.error as error:
            raise NoAnswer(f"its compressed answer is damaged: {error}") from error
        if len(body) > MAX_BYTES:
            raise self._too_large()
        if not inflater.eof:
            raise NoAnswer("its compressed answer was cut off")
        return body

    # ── what the parser calls ───────────────────────────────────────────────────────────────────────────────────────────
    def on_message_begin(self) -> None:
        self._is_surplus = self._is_surplus or self.is_whole

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_surplus:
            self._number += 1
            self._head_bytes += len(name) + len(value)
            key, said = name.decode("latin-1").lower(), value.decode("latin-1").strip()
            self.headers[key] = f"{self.headers[key]}, {said}" if key in self.headers else said

    def on_headers_complete(self) -> None:
        if not self._is_surplus:
            self.status = self._parser.get_status_code()
            self._head_is_read = self.status >= HTTPStatus.OK

    def on_body(self, data: bytes) -> None:
        if not self._is_surplus:
            self._body += data

    def on_message_complete(self) -> None:
        if not self._head_is_read:  # 100 and its like: the answer itself is still to come
            self.headers.clear()
        elif not self._is_surplus:
            self.is_whole, self.keeps_alive = True, self._parser.should_keep_alive()
        else:
            self.keeps_alive = False

    # ── limits ──────────────────────────────────────────────────────────────────────────────────────────────────────────
    def _demand_limits(self) -> None:
        head = self._head_bytes if self._head_is_read else self._received
        if self._number > _MOST_HEADERS or head > _LONGEST_HEAD:
            raise NoAnswer("its answer's headers have no end")
        if len(self._body) > MAX_BYTES:
            raise self._too_large()
        self.keeps_alive = self.keeps_alive and not self._is_surplus

    def _ended(self) -> None:
        """Take an end of the connection for an answer's end where it names no other."""
        names_its_end = "content-length" in self.headers or "transfer-encoding" in self.headers
        if not self._head_is_read or names_its_end:
            raise NoAnswer("it closed the connection before a whole answer" if self.has_begun else "it closed the connection")
        self.is_whole, self.keeps_alive = True, False

    def _too_large(self) -> NoAnswer:
        return NoAnswer(f"answered {self.status} with more than {MAX_BYTES} bytes")

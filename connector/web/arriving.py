"""Is a request all there? Judged from its bytes, without reading it as HTTP: that is the server's affair, and so is what is malformed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LARGEST_HEAD = 1024 * 1024  # more than the server's own limits come to, so that it is the server who refuses
LARGEST_BODY = 2 * 1024 * 1024 + 64 * 1024  # of what is announced; beyond it the request is refused, so nothing needs to be waited for
LONGEST_CHUNK_LINE = 1024
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n")
CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n")
EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n")
SIZE = re.compile(rb"([0-9a-f]{1,8})[ \t]*(?:;.*)?", re.IGNORECASE)


@dataclass(slots=True)
class Arriving:
    """The bytes of one connection, request by request.

    `end` is where the first request ends, None while that is not known, and `head` where its head does, 0 so long. A request that no
    server would serve, or that is larger than any that is served, ends where its bytes do: there is nothing to wait for.
    """

    data: bytearray = field(default_factory=bytearray)
    end: int | None = None
    head: int = 0
    expects_go_on: bool = False
    _searched: int = 0
    _chunk: int = 0  # where the next chunk's size stands, in a chunked body; 0 in another

    def add(self, more: bytes) -> bool:
        """Take more bytes; say whether the first request is all there."""
        self.data += more
        return self.is_whole()

    def next(self) -> bool:
        """Go on to the next request; say whether it is all there already."""
        del self.data[: self.end]
        self.end, self.head, self.expects_go_on, self._searched, self._chunk = None, 0, False, 0, 0
        return bool(self.data) and self.is_whole()

    def is_whole(self) -> bool:
        if self.end is None and not self._chunk:
            self._look_at_head()
        if self._chunk:
            self._look_at_chunks()
        return self.end is not None and (self.end <= len(self.data) or self.end > LARGEST_HEAD + LARGEST_BODY)

    def _look_at_head(self) -> None:
        at = self.data.find(b"\r\n\r\n", max(0, self._searched - 3))
        self._searched = len(self.data)
        if at >= 0:
            self._judge(bytes(self.data[: at + 4]).lower(), at + 4)
        elif len(self.data) > LARGEST_HEAD:
            self.end = len(self.data)

    def _judge(self, head: bytes, body: int) -> None:
        length, is_chunked = LENGTH.search(head), CHUNKED.search(head)
        self.expects_go_on = EXPECTS.search(head) is not None
        self.head = body
        if (b"\r\ntransfer-encoding" in head) != bool(is_chunked) or (b"\r\ncontent-length" in head) != bool(length):
            self.end = body
        elif is_chunked:
            self._chunk = body
            self.end = body if length else None
        else:
            self.end = body + int(length[1]) if length else body

    def _look_at_chunks(self) -> None:
        """Walk from one chunk to the next, as far as they are there."""
        if len(self.data) > LARGEST_BODY:
            self.end = len(self.data)
        while self.end is None and self._chunk < len(self.data):
            line = self.data.find(b"\r\n", self._chunk, self._chunk + LONGEST_CHUNK_LINE)
            if line < 0 and len(self.data) < self._chunk + LONGEST_CHUNK_LINE:
                return
            size = SIZE.fullmatch(self.data, self._chunk, max(line, self._chunk))
            if size is None:
                self.end = len(self.data)
            elif int(size[1], 16):
                self._chunk = line + 2 + int(size[1], 16) + 2
            else:
                self._look_at_trailers(line)
                return

    def _look_at_trailers(self, line: int) -> None:
        last = self.data.find(b"\r\n\r\n", line)
        if last >= 0:
            self.end = last + 4
        elif len(self.data) - line > LARGEST_HEAD:
            self.end = len(self.data)

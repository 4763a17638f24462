"""The SFTP protocol, version 3, over a channel of paramiko's: names are bytes, what the server offers is known, no thread but ours reads.

paramiko's own client decodes names (one that is not UTF-8 stops a whole listing), forgets what the server offers, reports no failed
close and reads ahead in a thread that dies with a traceback on stderr. Errors here are Python's: FileNotFoundError, PermissionError,
OSError with the server's words, ConnectionError where the connection is gone, TimeoutError where the channel's time-out passed.
"""

from __future__ import annotations

import errno
import struct
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from paramiko.message import Message
from paramiko.ssh_exception import SSHException

from connector.erp.names import one_line
from connector.erp.packets import ANSWERS, HAS_MODE, TO_CREATE_NEW, TO_READ, Answer, Ask, Attributes, attributes, checked, names, string

CHUNK_BYTES = 32 * 1024  # what every server takes in one request
AT_ONCE_BYTES = 8 * CHUNK_BYTES
PRIVATE = 0o600
UNDER_WAY = 256  # requests sent ahead of their answers: 8 MB, so that the server never waits for us; the window holds 2 MB of it
DATA_AT = 9  # in a packet with data: after kind, number and length
SHORTEST_PACKET, LONGEST_PACKET = 5, 16 * 1024 * 1024

POSIX_RENAME = "posix-rename@openssh.com"
FSYNC = "fsync@openssh.com"


class Channel(Protocol):
    def sendall(self, s: bytes, /) -> None: ...
    def recv(self, nbytes: int, /) -> bytes: ...


class Session:
    """One SFTP session: a call sends a request and waits for its answer. Not for two threads at once."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._received, self._taken = b"", 0
        self._number = 0
        self._unanswered: set[int] = set()
        self._answers: dict[int, bytes] = {}
        self.extensions = self._shake_hands()

    @property
    def is_busy(self) -> bool:
        """Say whether answers are still to come, or to be read: such a session is given up."""
        return bool(self._unanswered or self._answers)

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────────────────
    def listdir(self, folder: bytes) -> list[tuple[bytes, Attributes]]:
        """Return every name of a folder with what is said about it; links as links."""
        found: list[tuple[bytes, Attributes]] = []
        with self._open(Ask.OPENDIR, folder) as handle:
            while (batch := self._ask(Ask.READDIR, string(handle))) is not None:
                found += names(batch)
        return found

    def lstat(self, path: bytes) -> Attributes | None:
        """Look at a name, not at where a link leads; None where it is missing."""
        return self._attributes(Ask.LSTAT, path)

    def stat(self, path: bytes) -> Attributes | None:
        return self._attributes(Ask.STAT, path)

    def realpath(self, path: bytes) -> bytes:
        return names(self._demand(Ask.REALPATH, string(path)))[0][0]

    # ── reading and writing ─────────────────────────────────────────────────────────────────────────────────────────────
    def read(self, path: bytes, size: int) -> Iterator[bytes]:
        """Yield up to `size` bytes of a file in order, fewer where it ends before, and one more where it goes on."""
        with self._open(Ask.OPEN, path, struct.pack(">II", TO_READ, 0)) as handle:
            asked: deque[tuple[int, int, int]] = deque()
            start = 0
            while asked or start <= size:
                if len(asked) <= UNDER_WAY // 2:
                    start = self._read_ahead(handle, asked, start, size)
                yield self._whole(handle, *asked.popleft())

    def write(self, path: bytes, content: bytes, mode: int) -> None:
        """Write a new file, each part acknowledged before the next (else a full disk goes unnoticed), synced where that is offered."""
        with self._open(Ask.OPEN, path, struct.pack(">III", TO_CREATE_NEW, HAS_MODE, PRIVATE)) as handle:
            if mode != PRIVATE:  # the server's umask does not count: the settings ask for this very mode
                self._demand(Ask.FSETSTAT, string(handle) + struct.pack(">II", HAS_MODE, mode))
            for start in range(0, len(content), CHUNK_BYTES):
                chunk = content[start : start + CHUNK_BYTES]
                self._demand(Ask.WRITE, string(handle) + struct.pack(">Q", start) + string(chunk))
            if FSYNC in self.extensions:
                self._demand(Ask.EXTENDED, string(FSYNC.encode()) + string(handle))

    # ── changing names ──────────────────────────────────────────────────────────────────────────────────────────────────
    def remove(self, path: bytes) -> None:
        self._demand(Ask.REMOVE, string(path))

    def mkdir(self, path: bytes, mode: int) -> None:
        self._demand(Ask.MKDIR, string(path) + struct.pack(">II", HAS_MODE, mode))

    def chmod(self, path: bytes, mode: int) -> None:
        self._demand(Ask.SETSTAT, string(path) + struct.pack(">II", HAS_MODE, mode))

    def rename(self, source: bytes, target: bytes) -> None:
        """Rename the protocol's way: refused where the target is there."""
        self._demand(Ask.RENAME, string(source) + string(target))

    def posix_rename(self, source: bytes, target: bytes) -> None:
        """Rename in one step, replacing the target; the protocol's way where the server does not offer that."""
        if POSIX_RENAME in self.extensions:
            self._demand(Ask.EXTENDED, string(POSIX_RENAME.encode()) + string(source) + string(target))
        else:
            self.rename(source, target)

    # ── requests and answers ────────────────────────────────────────────────────────────────────────────────────────────
    def _shake_hands(self) -> dict[str, str]:
        self._transmit(struct.pack(">IBI", 5, Ask.INIT, 3))
        packet = self._packet()
        if packet[0] != Answer.VERSION:
            raise ConnectionError("the server does not speak SFTP")
        rest, offered = Message(packet[5:]), {}
        while rest.get_remainder():
            name = rest.get_binary().decode("ascii", "replace")
            offered[name] = rest.get_binary().decode("ascii", "replace")
        return offered

    @contextmanager
    def _open(self, kind: Ask, path: bytes, rest: bytes = b"") -> Iterator[bytes]:
        """Open a file or folder for as long as the block lasts; a close that fails counts."""
        handle = Message(self._demand(kind, string(path) + rest)[5:]).get_binary()
        try:
            yield handle
        except OSError as error:
            if not isinstance(error, ConnectionError | TimeoutError):
                self._send(Ask.CLOSE, string(handle))
            raise
        self._demand(Ask.CLOSE, string(handle))

    def _attributes(self, kind: Ask, path: bytes) -> Attributes | None:
        try:
            return attributes(Message(self._demand(kind, string(path))[5:]))
        except FileNotFoundError:
            return None

    def _read_ahead(self, handle: bytes, asked: deque[tuple[int, int, int]], start: int, size: int) -> int:
        """Ask for the next parts, all in one go, the byte after the last included; return where the next would start."""
        requests = bytearray()
        while start <= size and len(asked) < UNDER_WAY:
            length = min(CHUNK_BYTES, size - start) or 1
            number, request = self._numbered(Ask.READ, string(handle) + struct.pack(">QI", start, length))
            requests += request
            asked.append((number, start, length))
            start += length
        self._transmit(bytes(requests))
        return start

    def _whole(self, handle: bytes, number: int, start: int, length: int) -> bytes:
        """Return one part; a server may answer with less, then ask for the rest until there is no more."""
        more = self._answer(number, Answer.DATA)
        data = b""
        while more is not None and len(more) > DATA_AT:
            data = data + more[DATA_AT:] if data else more[DATA_AT:]
            if len(data) >= length:
                break
            more = self._ask(Ask.READ, string(handle) + struct.pack(">QI", start + len(data), length - len(data)))
        return data

    def _demand(self, kind: Ask, body: bytes) -> bytes:
        packet = self._ask(kind, body)
        if packet is None:
            raise OSError(errno.EIO, "the server answered that there is no more")
        return packet

    def _ask(self, kind: Ask, body: bytes) -> bytes | None:
        return self._answer(self._send(kind, body), ANSWERS.get(kind, Answer.STATUS))

    def _send(self, kind: Ask, body: bytes) -> int:
        number, request = self._numbered(kind, body)
        self._transmit(request)
        return number

    def _numbered(self, kind: Ask, body: bytes) -> tuple[int, bytes]:
        self._number = (self._number + 1) & 0xFFFFFFFF
        self._unanswered.add(self._number)
        return self._number, struct.pack(">IBI", len(body) + 5, kind, self._number) + body

    def _answer(self, number: int, expected: Answer) -> bytes | None:
        """Return the packet that answers a request, None for "no more"; answers to other requests wait for theirs."""
        while number not in self._answers:
            packet = self._packet()
            answered = int.from_bytes(packet[1:5])
            self._unanswered.discard(answered)
            self._answers[answered] = packet
        packet = self._answers.pop(number)
        if packet[0] not in (expected, Answer.STATUS):
            raise ConnectionError("the server does not speak SFTP")
        found = checked(packet) if packet[0] == Answer.STATUS else packet
        if found is packet and packet[0] != expected:
            raise ConnectionError("the server said yes and nothing more")
        return found

    def _packet(self) -> bytes:
        length = int.from_bytes(self._exactly(4))
        if not SHORTEST_PACKET <= length <= LONGEST_PACKET:
            raise ConnectionError("the server does not speak SFTP")
        return self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        """Take so many bytes of what was received; the rest stays where it is, for to move it costs more than all else."""
        if len(self._received) - self._taken < count:
            self._receive(count)
        start, self._taken = self._taken, self._taken + count
        return self._received[start : self._taken]

    def _receive(self, count: int) -> None:
        """Have at least so many bytes at hand."""
        parts = [self._received[self._taken :]]
        missing = count - len(parts[0])
        while missing > 0:
            try:
                more = self._channel.recv(AT_ONCE_BYTES)
            except (SSHException, EOFError) as error:
                raise ConnectionError(one_line(error)) from error
            if not more:
                raise ConnectionError("the server closed the connection")
            parts.append(more)
            missing -= len(more)
        self._received, self._taken = b"".join(parts), 0

    def _transmit(self, data: bytes) -> None:
        try:
            self._channel.sendall(data)
        except TimeoutError:
            raise
        except (SSHException, EOFError, OSError) as error:
            raise ConnectionError(one_line(error) or "the connection is closed") from error

"""The SFTP protocol, version 3, over a channel of paramiko's: names are bytes, what the server offers is known, no thread but ours reads.

paramiko's own client decodes names (one that is not UTF-8 stops a whole listing), forgets what the server offers, reports no failed
close and reads ahead in a thread that dies with a traceback on stderr. Errors here are Python's: FileNotFoundError, PermissionError,
OSError with the server's words, ConnectionError where the connection is gone, TimeoutError where the channel's time-out passed.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from paramiko.message import Message
from paramiko.ssh_exception import SSHException

INIT, VERSION = 1, 2
OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, OPENDIR, READDIR, REMOVE, MKDIR, REALPATH, STAT, RENAME = (
    3,
    4,
    5,
    6,
    7,
    8,
    11,
    12,
    13,
    14,
    16,
    17,
    18,
)
STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED = 101, 102, 103, 104, 105, 200
OK, AT_END, NO_SUCH_FILE, PERMISSION_DENIED = 0, 1, 2, 3
TO_READ, TO_CREATE_NEW = 0x01, 0x02 | 0x08 | 0x20

HAS_SIZE, HAS_OWNER, HAS_MODE, HAS_TIMES = 1, 2, 4, 8
CHUNK_BYTES = 32 * 1024  # what every server takes in one request
UNDER_WAY = 64  # requests sent ahead of their answers: 2 MB, the channel's window
SHORTEST_PACKET, LONGEST_PACKET = 5, 16 * 1024 * 1024

POSIX_RENAME = "posix-rename@openssh.com"
FSYNC = "fsync@openssh.com"


class Channel(Protocol):
    def sendall(self, s: bytes) -> None: ...
    def recv(self, nbytes: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a server says about one name; `modified` in whole seconds since 1970. A server may leave out the mode."""

    size: int
    mode: int | None
    modified: int

    @property
    def is_regular(self) -> bool:
        return self.mode is None or stat.S_ISREG(self.mode)


class Session:
    """One SFTP session: a call sends a request and waits for its answer. Not for two threads at once."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._received = bytearray()
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
        with self._open(OPENDIR, folder) as handle:
            while (batch := self._ask(READDIR, _string(handle))) is not None:
                found += _names(batch)
        return found

    def lstat(self, path: bytes) -> Attributes | None:
        """Look at a name, not at where a link leads; None where it is missing."""
        return self._attributes(LSTAT, path)

    def stat(self, path: bytes) -> Attributes | None:
        return self._attributes(STAT, path)

    def realpath(self, path: bytes) -> bytes:
        return _names(self._demand(REALPATH, _string(path)))[0][0]

    # ── reading and writing ─────────────────────────────────────────────────────────────────────────────────────────────
    def read(self, path: bytes, size: int) -> Iterator[bytes]:
        """Yield up to `size` bytes of a file in order, fewer where it ends before, and one more where it goes on."""
        with self._open(OPEN, path, struct.pack(">II", TO_READ, 0)) as handle:
            asked: deque[tuple[int, int, int]] = deque()
            start = 0
            while asked or start <= size:
                if len(asked) <= UNDER_WAY // 2:
                    start = self._read_ahead(handle, asked, start, size)
                yield self._whole(handle, *asked.popleft())

    def write(self, path: bytes, content: bytes, mode: int) -> None:
        """Write a new file, each part acknowledged before the next (else a full disk goes unnoticed), synced where that is offered."""
        with self._open(OPEN, path, struct.pack(">III", TO_CREATE_NEW, HAS_MODE, mode)) as handle:
            for start in range(0, len(content), CHUNK_BYTES):
                chunk = content[start : start + CHUNK_BYTES]
                self._demand(WRITE, _string(handle) + struct.pack(">Q", start) + _string(chunk))
            if FSYNC in self.extensions:
                self._demand(EXTENDED, _string(FSYNC.encode()) + _string(handle))

    # ── changing names ──────────────────────────────────────────────────────────────────────────────────────────────────
    def remove(self, path: bytes) -> None:
        self._demand(REMOVE, _string(path))

    def mkdir(self, path: bytes, mode: int) -> None:
        self._demand(MKDIR, _string(path) + struct.pack(">II", HAS_MODE, mode))

    def rename(self, source: bytes, target: bytes) -> None:
        """Rename the protocol's way: refused where the target is there."""
        self._demand(RENAME, _string(source) + _string(target))

    def posix_rename(self, source: bytes, target: bytes) -> None:
        """Rename in one step, replacing the target; the protocol's way where the server does not offer that."""
        if POSIX_RENAME in self.extensions:
            self._demand(EXTENDED, _string(POSIX_RENAME.encode()) + _string(source) + _string(target))
        else:
            self.rename(source, target)

    # ── requests and answers ────────────────────────────────────────────────────────────────────────────────────────────
    def _shake_hands(self) -> dict[str, str]:
        self._transmit(struct.pack(">IBI", 5, INIT, 3))
        packet = self._packet()
        if packet[0] != VERSION:
            raise ConnectionError("the server does not speak SFTP")
        rest, offered = Message(packet[5:]), {}
        while rest.get_remainder():
            name = rest.get_binary().decode("ascii", "replace")
            offered[name] = rest.get_binary().decode("ascii", "replace")
        return offered

    @contextmanager
    def _open(self, kind: int, path: bytes, rest: bytes = b"") -> Iterator[bytes]:
        """Open a file or folder for as long as the block lasts; a close that fails counts."""
        handle = Message(self._demand(kind, _string(path) + rest)[5:]).get_binary()
        try:
            yield handle
        except OSError as error:
            if not isinstance(error, ConnectionError | TimeoutError):
                self._send(CLOSE, _string(handle))
            raise
        self._demand(CLOSE, _string(handle))

    def _attributes(self, kind: int, path: bytes) -> Attributes | None:
        try:
            return _attributes(Message(self._demand(kind, _string(path))[5:]))
        except FileNotFoundError:
            return None

    def _read_ahead(self, handle: bytes, asked: deque[tuple[int, int, int]], start: int, size: int) -> int:
        """Ask for the next parts, all in one go, the byte after the last included; return where the next would start."""
        requests = bytearray()
        while start <= size and len(asked) < UNDER_WAY:
            length = min(CHUNK_BYTES, size - start) or 1
            number, request = self._numbered(READ, _string(handle) + struct.pack(">QI", start, length))
            requests += request
            asked.append((number, start, length))
            start += length
        self._transmit(bytes(requests))
        return start

    def _whole(self, handle: bytes, number: int, start: int, length: int) -> bytes:
        """Return one part; a server may answer with less, then ask for the rest until there is no more."""
        packet = self._answer(number)
        data = b"" if packet is None else packet[9:]
        while packet is not None and len(data) < length:
            packet = self._ask(READ, _string(handle) + struct.pack(">QI", start + len(data), length - len(data)))
            data += b"" if packet is None else packet[9:]
        return data

    def _demand(self, kind: int, body: bytes) -> bytes:
        packet = self._ask(kind, body)
        if packet is None:
            raise OSError(errno.EIO, "the server answered that there is no more")
        return packet

    def _ask(self, kind: int, body: bytes) -> bytes | None:
        return self._answer(self._send(kind, body))

    def _send(self, kind: int, body: bytes) -> int:
        number, request = self._numbered(kind, body)
        self._transmit(request)
        return number

    def _numbered(self, kind: int, body: bytes) -> tuple[int, bytes]:
        self._number = (self._number + 1) & 0xFFFFFFFF
        self._unanswered.add(self._number)
        return self._number, struct.pack(">IBI", len(body) + 5, kind, self._number) + body

    def _answer(self, number: int) -> bytes | None:
        """Return the packet that answers a request, None for "no more"; answers to other requests wait for theirs."""
        while number not in self._answers:
            packet = self._packet()
            answered = int.from_bytes(packet[1:5])
            self._unanswered.discard(answered)
            self._answers[answered] = packet
        packet = self._answers.pop(number)
        return _checked(packet) if packet[0] == STATUS else packet

    def _packet(self) -> bytes:
        length = int.from_bytes(self._exactly(4))
        if not SHORTEST_PACKET <= length <= LONGEST_PACKET:
            raise ConnectionError("the server does not speak SFTP")
        return self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        while len(self._received) < count:
            try:
                more = self._channel.recv(8 * CHUNK_BYTES)
            except (SSHException, EOFError) as error:
                raise ConnectionError(str(error)) from error
            if not more:
                raise ConnectionError("the server closed the connection")
            self._received += more
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    def _transmit(self, data: bytes) -> None:
        try:
            self._channel.sendall(data)
        except TimeoutError:
            raise
        except (SSHException, EOFError, OSError) as error:
            raise ConnectionError(str(error) or "the connection is closed") from error


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _checked(packet: bytes) -> bytes | None:
    """Raise what a status packet says, in Python's words."""
    message = Message(packet[5:])
    code, text = message.get_int(), message.get_binary().decode("utf-8", "replace")
    if code == OK:
        return packet
    if code == AT_END:
        return None
    if code == NO_SUCH_FILE:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    if code == PERMISSION_DENIED:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    raise OSError(None, f"the server answered {text or code!r}")


def _names(packet: bytes) -> list[tuple[bytes, Attributes]]:
    message = Message(packet[5:])
    found = []
    for _ in range(message.get_int()):
        name, long_name = message.get_binary(), message.get_binary()
        attributes = _attributes(message)
        if attributes.mode is None and long_name[:1] not in (b"", b"-"):  # the line of `ls -l` says that it is no file
            attributes = Attributes(attributes.size, stat.S_IFDIR, attributes.modified)
        found.append((name, attributes))
    return found


def _attributes(message: Message) -> Attributes:
    flags = message.get_int()
    size = message.get_int64() if flags & HAS_SIZE else 0
    if flags & HAS_OWNER:
        message.get_int64()
    mode = message.get_int() if flags & HAS_MODE else None
    modified = message.get_int64() & 0xFFFFFFFF if flags & HAS_TIMES else 0
    for _ in range(message.get_int() if flags & 0x80000000 else 0):
        message.get_binary()
        message.get_binary()
    return Attributes(size, mode, modified)

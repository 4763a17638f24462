"""What SFTP's packets are made of, version 3: numbers, strings, attributes, and what a status means in Python's words."""

from __future__ import annotations

import errno
import os
import stat
import struct
from dataclasses import dataclass
from enum import IntEnum

from paramiko.message import Message

from connector.erp.names import one_line


class Ask(IntEnum):
    """Kinds of requests."""

    INIT = 1
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    SETSTAT = 9
    FSETSTAT = 10
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    REALPATH = 16
    STAT = 17
    RENAME = 18
    EXTENDED = 200


class Answer(IntEnum):
    """Kinds of answers. Every request may be answered with a status: an error, or that there is no more."""

    VERSION = 2
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRIBUTES = 105


ANSWERS = {
    Ask.OPEN: Answer.HANDLE,
    Ask.OPENDIR: Answer.HANDLE,
    Ask.READ: Answer.DATA,
    Ask.READDIR: Answer.NAME,
    Ask.REALPATH: Answer.NAME,
    Ask.LSTAT: Answer.ATTRIBUTES,
    Ask.STAT: Answer.ATTRIBUTES,
}
"""What a request hopes for; the others for a status."""

OK, AT_END, NO_SUCH_FILE, PERMISSION_DENIED = 0, 1, 2, 3
LARGEST = 2**63 - 1
"""No file is larger, and no database could hold the number."""
TO_READ, TO_CREATE_NEW = 0x01, 0x02 | 0x08 | 0x20
HAS_SIZE, HAS_OWNER, HAS_MODE, HAS_TIMES, HAS_EXTENSIONS = 1, 2, 4, 8, 0x80000000


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a server says about one name; `modified` in whole seconds since 1970. A server may leave out the mode."""

    size: int
    mode: int | None
    modified: int

    @property
    def is_regular(self) -> bool:
        return self.mode is None or stat.S_ISREG(self.mode)


def string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def checked(packet: bytes) -> bytes | None:
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
    raise OSError(None, f"the server answered {one_line(text) or code!r}")


def names(packet: bytes) -> list[tuple[bytes, Attributes]]:
    message = Message(packet[5:])
    found = []
    for _ in range(min(message.get_int(), len(packet))):  # a count that the packet cannot hold is not believed
        name, long_name = message.get_binary(), message.get_binary()
        said = attributes(message)
        if said.mode is None and long_name[:1] not in (b"", b"-"):  # the line of `ls -l` says that it is no file
            said = Attributes(said.size, stat.S_IFDIR, said.modified)
        found.append((name, said))
    return found


def attributes(message: Message) -> Attributes:
    flags = message.get_int()
    size = min(message.get_int64(), LARGEST) if flags & HAS_SIZE else 0
    if flags & HAS_OWNER:
        message.get_int64()
    mode = message.get_int() if flags & HAS_MODE else None
    modified = message.get_int64() & 0xFFFFFFFF if flags & HAS_TIMES else 0
    if flags & HAS_EXTENSIONS:
        for _ in range(min(message.get_int(), len(message.get_remainder()))):
            message.get_binary()
            message.get_binary()
    return Attributes(size, mode, modified)

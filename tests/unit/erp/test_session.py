"""The SFTP protocol against a server that is allowed what OpenSSH never does: short answers, in another order, or nonsense."""

from __future__ import annotations

import os
import struct

import pytest
from paramiko.message import Message

from connector.erp.packets import HAS_SIZE, Answer, Ask, attributes
from connector.erp.session import Session


def string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


class OddServer:
    """Serves one file; answers a read with at most `most` bytes, and what was asked together in reverse order."""

    def __init__(self, content: bytes, most: int, *, nonsense: bytes | None = None) -> None:
        self.content, self.most, self.nonsense = content, most, nonsense
        self.pending: list[bytes] = []

    def sendall(self, s: bytes) -> None:
        while s:
            length = int.from_bytes(s[:4])
            packet, s = s[4 : 4 + length], s[4 + length :]
            self.pending.append(self.answer(packet))

    def recv(self, _nbytes: int) -> bytes:
        if not self.pending:
            return b""
        packet = self.pending.pop()
        return struct.pack(">I", len(packet)) + packet

    def answer(self, packet: bytes) -> bytes:
        kind, number = packet[0], packet[1:5]
        if kind == Ask.INIT:
            return bytes([Answer.VERSION]) + struct.pack(">I", 3) + string(b"posix-rename@openssh.com") + string(b"1")
        if kind == Ask.OPEN:
            return bytes([Answer.HANDLE]) + number + string(b"h")
        if kind == Ask.READ and self.nonsense is not None:
            return self.nonsense[:1] + number + self.nonsense[1:]
        if kind == Ask.READ:
            start, length = struct.unpack(">QI", packet[-12:])
            data = self.content[start : start + min(length, self.most)]
            return bytes([Answer.DATA]) + number + string(data) if data else self.status(number, 1)
        return self.status(number, 0)

    def status(self, number: bytes, code: int) -> bytes:
        return bytes([Answer.STATUS]) + number + struct.pack(">I", code) + string(b"") + string(b"")


def test_a_size_that_no_file_has_is_a_number_that_can_be_stored():
    said = attributes(Message(struct.pack(">IQ", HAS_SIZE, 2**64 - 1)))

    assert said.size == 2**63 - 1


@pytest.mark.parametrize("most", [1_000, 32_768])
@pytest.mark.parametrize("size", [0, 1, 40_000, 3_000_000])
def test_short_answers_in_another_order_make_the_same_file(size, most):
    content = os.urandom(size)
    session = Session(OddServer(content, most))

    assert b"".join(session.read(b"a.csv", size)) == content
    assert not session.is_busy


def test_a_file_that_ends_before_or_after_its_size_is_seen():
    session = Session(OddServer(b"x" * 50_000, 32_768))

    assert len(b"".join(session.read(b"a.csv", 60_000))) == 50_000
    assert len(b"".join(session.read(b"a.csv", 40_000))) == 40_001


@pytest.mark.parametrize("nonsense", [bytes([Answer.NAME]) + b"\xff" * 8, bytes([Answer.STATUS]) + bytes(12), b"\x00"])
def test_answers_that_make_no_sense_end_the_connection(nonsense):
    session = Session(OddServer(b"x", 1, nonsense=nonsense))

    with pytest.raises(ConnectionError):
        list(session.read(b"a.csv", 1))


def test_an_answer_of_no_bytes_is_the_end_and_no_endless_loop():
    session = Session(OddServer(b"x", 1, nonsense=bytes([Answer.DATA]) + string(b"")))

    assert b"".join(session.read(b"a.csv", 10)) == b""


def test_what_the_server_offers_is_known():
    assert Session(OddServer(b"", 1)).extensions == {"posix-rename@openssh.com": "1"}


def test_a_server_that_closes_at_once_is_no_connection():
    class Silent:
        def sendall(self, s: bytes) -> None:
            """Take it and say nothing."""

        def recv(self, _nbytes: int) -> bytes:
            return b""

    with pytest.raises(ConnectionError):
        Session(Silent())

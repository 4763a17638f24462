"""What an SSH server offers, by its own words: read from its first packet, before anything is agreed; and what of that is of use."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from paramiko.message import Message
from paramiko.transport import Transport

from connector.erp.ssh import WEAK
from connector.errors import ErpUnreachable

KEX_INIT = 20
LONGEST_LINE, LONGEST_PACKET, MOST_LINES = 255, 35_000, 50
COOKIE_BYTES = 16
SIGNALS = ("kex-strict-", "ext-info-")
"""Not algorithms: ways of SSH to say what else it knows."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One list of algorithms: what it is for, what the server offers and what we would take of it."""

    what: str
    names: tuple[str, ...]
    usable: tuple[str, ...]

    @property
    def sentence(self) -> str:
        unused = [name for name in self.names if name not in self.usable]
        return f"{self.what} {', '.join(self.usable)}" + (f" (not used: {', '.join(unused)})" if unused else "")


def offers(host: str, port: int, seconds: float) -> list[Offered]:
    """Ask a server what it offers, over a connection of its own that says nothing else.

    Raises ErpUnreachable, naming what it offers, where nothing of one kind is of use.
    """
    with socket.create_connection((host, port), timeout=seconds) as channel, channel.makefile("rb") as reading:
        _greet(channel, reading)
        kex, host_keys, ciphers = _lists(reading)
        options = Transport(channel).get_security_options()
        mine = (
            (kex, options.kex),
            (host_keys, options.key_types),
            (ciphers, [name for name in options.ciphers if name not in WEAK["ciphers"]]),
        )
        names = ("key exchange", "host keys", "ciphers")
        found = [Offered(what, theirs, tuple(n for n in theirs if n in ours)) for what, (theirs, ours) in zip(names, mine, strict=True)]
        for one, (_, ours) in zip(found, mine, strict=True):
            _demand(one, ours, f"{host}:{port}")
    return found


def _demand(one: Offered, ours: Sequence[str], server: str) -> None:
    if not one.usable:
        raise ErpUnreachable(
            f"the server {server} offers no {one.what} that is still safe: it offers {', '.join(one.names)}",
            remedy=f"its administrator adds one of {', '.join(ours)}; else see legacy-ssh in README",
        )


def _greet(channel: socket.socket, reading: IO[bytes]) -> None:
    channel.sendall(b"SSH-2.0-connector\r\n")
    for _ in range(MOST_LINES):
        line = reading.readline(LONGEST_LINE)
        if line.startswith(b"SSH-"):
            return
    raise ConnectionError("the server does not speak SSH")


def _lists(reading: IO[bytes]) -> tuple[tuple[str, ...], ...]:
    """Return key exchange methods, host key types and ciphers towards the server (RFC 4253, 7.1)."""
    length = int.from_bytes(reading.read(4))
    if not COOKIE_BYTES < length < LONGEST_PACKET:
        raise ConnectionError("the server does not speak SSH")
    packet = reading.read(length)
    if len(packet) != length or packet[1] != KEX_INIT:
        raise ConnectionError("the server does not speak SSH")
    message = Message(packet[2 + COOKIE_BYTES :])
    return tuple(tuple(name for name in message.get_list() if not name.startswith(SIGNALS)) for _ in range(3))

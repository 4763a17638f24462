"""An SSH connection to the ERP's server: address, host key, credentials, and a deadline on everything."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from paramiko.pkey import PKey
from paramiko.ssh_exception import AuthenticationException, IncompatiblePeer, SSHException
from paramiko.transport import Transport

from connector.erp.address import Address
from connector.erp.credentials import credential_of
from connector.erp.hostkeys import host_name, known_keys, verify
from connector.erp.names import one_line
from connector.erp.session import Session
from connector.errors import ErpUnreachable
from connector.settings import Settings

WEAK = {
    "ciphers": ("aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"),
    "macs": ("hmac-sha1", "hmac-md5", "hmac-sha1-96", "hmac-md5-96"),
}


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long things may take, in seconds; a transfer `transfer` and one second more per megabyte."""

    connect: float = 20
    answer: float = 30
    transfer: float = 60
    per_megabyte: float = 1

    def for_bytes(self, count: int) -> float:
        return self.transfer + self.per_megabyte * count / 1_000_000


class Connection:
    """One authenticated connection with its SFTP session. Not for two threads at once."""

    def __init__(self, settings: Settings, to: Address, deadlines: Deadlines) -> None:
        self._quiet()
        self.is_overdue = False
        self._settings, self._to = settings, to
        self._transport: Transport | None = None
        self._socket = socket.create_connection((to.host, to.port), timeout=deadlines.connect)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # with Nagle's wait, each read costs 40 ms
        try:
            with self.deadline(deadlines.connect):
                self.transport = self._start(deadlines)
                self.session = self._open(deadlines)
        except BaseException as error:
            self.close()
            if self.is_overdue:
                raise TimeoutError(f"no answer within {deadlines.connect:g} seconds") from error
            raise
        self._used_at = time.monotonic()

    @property
    def is_alive(self) -> bool:
        return self.transport.is_active()

    @property
    def idle_seconds(self) -> float:
        return time.monotonic() - self._used_at

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Break the connection when the block lasts longer: time-outs of the library's do not cover every wait."""
        timer = threading.Timer(seconds, self._break)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._used_at = time.monotonic()

    def describe(self) -> list[str]:
        key = self.transport.get_remote_server_key()
        return [
            f"the server is {one_line(self.transport.remote_version)}, host key {key.get_name()} {key.fingerprint}",
            f"encrypted with {getattr(self.transport, 'remote_cipher', 'an unknown cipher')}",  # its stubs lack that name
        ]

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self._socket.close()

    def _break(self) -> None:
        self.is_overdue = True
        self.close()

    def _start(self, deadlines: Deadlines) -> Transport:
        """Agree on keys, verify the host key, log in; nothing is sent before the host key is known."""
        to, settings = self._to, self._settings
        path = settings.path(settings.erp.known_hosts)
        known = known_keys(path, to.host, to.port)
        credential = credential_of(settings)
        transport = self._transport = Transport(self._socket, disabled_algorithms=WEAK)
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = transport.channel_timeout = deadlines.connect
        options = transport.get_security_options()
        first = [name for key in known for name in key.algorithms if name in options.key_types]
        options.key_types = list(dict.fromkeys((*first, *options.key_types)))  # a key added on the server is then no false alarm
        transport.start_client(timeout=deadlines.connect)
        verify(transport.get_remote_server_key(), known, path, to.host, to.port)
        _log_in(transport, to.user, credential)
        return transport

    def _open(self, deadlines: Deadlines) -> Session:
        channel = self.transport.open_session(timeout=deadlines.connect)
        channel.settimeout(deadlines.answer)  # before the handshake: a subsystem that stays mute would block for ever
        channel.invoke_subsystem("sftp")
        return Session(channel)

    @staticmethod
    def _quiet() -> None:
        """Send paramiko's log, tracebacks of its threads included, to ours as details; nothing of it on standard error."""
        theirs = logging.getLogger("paramiko")
        if not any(isinstance(handler, _Details) for handler in theirs.handlers):
            theirs.addHandler(_Details())
            theirs.propagate = False


class _Details(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger("connector.erp.ssh").debug(record.getMessage())


def _log_in(transport: Transport, user: str, credential: PKey | str) -> None:
    more = transport.auth_publickey(user, credential) if isinstance(credential, PKey) else transport.auth_password(user, credential)
    if more:
        raise AuthenticationException(f"the server demands more: {', '.join(more)}")


@contextmanager
def reachable(to: Address) -> Iterator[None]:
    """Turn what goes wrong while connecting into ErpUnreachable with its remedy."""
    server = host_name(to.host, to.port)
    try:
        yield
    except AuthenticationException as error:
        raise ErpUnreachable(
            f"the server {server} refused the user {to.user}: {one_line(error)}",
            remedy="check the user in the address, erp.private_key and erp.password",
        ) from error
    except IncompatiblePeer as error:
        raise ErpUnreachable(
            f"the server {server} offers only what is no longer safe: {one_line(error)}",
            remedy="its administrator adds an Ed25519 host key, or rsa-sha2-512 and aes128-ctr; else see legacy-ssh in README",
        ) from error
    except (OSError, EOFError, SSHException) as error:
        reason = one_line(getattr(error, "strerror", None) or error) or type(error).__name__
        raise ErpUnreachable(
            f"the server {server} cannot be reached: {reason}", remedy="check address, network and server; the next pass tries again"
        ) from error

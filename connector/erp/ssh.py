"""An SSH connection to the ERP's server: address, host key, credentials, and a deadline on everything."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from urllib.parse import unquote, urlsplit

from paramiko.ecdsakey import ECDSAKey
from paramiko.ed25519key import Ed25519Key
from paramiko.pkey import PKey
from paramiko.rsakey import RSAKey
from paramiko.ssh_exception import AuthenticationException, IncompatiblePeer, PasswordRequiredException, SSHException
from paramiko.transport import Transport

from connector.erp.hostkeys import SSH_PORT, host_name, known_keys, verify
from connector.erp.session import Session
from connector.errors import ErpUnreachable, SettingsError
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


@dataclass(frozen=True, slots=True)
class Address:
    """`sftp://user@host:port/path`; a path that begins with /~/ lies below the user's home."""

    user: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        return f"sftp://{self.user}@{self.host}:{self.port}{self.path}"

    @property
    def root(self) -> bytes:
        """The path as the server is told it; relative to where a session starts for /~/."""
        path = self.path.rstrip("/") or "/"
        path = path.removeprefix("/~").lstrip("/") or "." if path == "/~" or path.startswith("/~/") else path
        return path.encode("utf-8", "surrogateescape")


def address(settings: Settings, url: str) -> Address:
    """Read an address. Raises SettingsError where user or host are missing or a password stands in it."""
    try:
        found = urlsplit(url)
        port = found.port or SSH_PORT
    except ValueError:
        raise _no_address(settings, "an address that cannot be read") from None
    if found.password is not None:
        raise _no_address(settings, "an address with a password in it")
    if not found.username or not found.hostname or found.query or found.fragment:
        raise _no_address(settings, url)
    return Address(unquote(found.username), found.hostname, port, unquote(found.path, errors="surrogateescape") or "/~")


def _no_address(settings: Settings, found: str) -> SettingsError:
    return SettingsError(
        str(settings.config_path),
        "erp",
        found=found,
        allowed="sftp://user@host:port/path; the password as erp.password, the key as erp.private_key",
    )


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
        credential = _credential(settings)
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


def _credential(settings: Settings) -> PKey | str:
    """Return the private key, else the password. Where both are set, the password opens the key."""
    erp = settings.erp
    password = settings.reveal(erp.password) if erp.password else None
    if erp.private_key:
        return _private_key(settings, settings.reveal(erp.private_key), password)
    if password is None:
        raise SettingsError(
            str(settings.config_path), "erp.private_key", found="nothing", allowed="erp.private_key or erp.password, for sftp"
        )
    return password


def _private_key(settings: Settings, text: str, passphrase: str | None) -> PKey:
    kinds: tuple[type[PKey], ...] = (Ed25519Key, ECDSAKey, RSAKey)
    for kind in kinds:
        try:
            return _read_key(kind, text + "\n", passphrase)
        except PasswordRequiredException:
            break
        except (SSHException, ValueError):
            continue
    raise SettingsError(
        str(settings.config_path),
        "erp.private_key",
        found="something else",
        allowed="an Ed25519, ECDSA or RSA private key as ssh-keygen writes it; a passphrase as erp.password",
    )


def _read_key(kind: type[PKey], text: str, passphrase: str | None) -> PKey:
    try:
        return kind.from_private_key(StringIO(text))
    except PasswordRequiredException:
        if passphrase is None:
            raise
        return kind.from_private_key(StringIO(text), passphrase)


@contextmanager
def reachable(to: Address) -> Iterator[None]:
    """Turn what goes wrong while connecting into ErpUnreachable with its remedy."""
    server = host_name(to.host, to.port)
    try:
        yield
    except AuthenticationException as error:
        raise ErpUnreachable(
            f"the server {server} refused the user {to.user}: {error}",
            remedy="check the user in the address, erp.private_key and erp.password",
        ) from error
    except IncompatiblePeer as error:
        raise ErpUnreachable(
            f"the server {server} offers only what is no longer safe: {error}",
            remedy="its administrator adds an Ed25519 host key, or rsa-sha2-512 and aes128-ctr; else see legacy-ssh in README",
        ) from error
    except (OSError, EOFError, SSHException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ErpUnreachable(
            f"the server {server} cannot be reached: {reason}", remedy="check address, network and server; the next pass tries again"
        ) from error

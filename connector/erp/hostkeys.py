"""Which servers are known: the file `known_hosts`, read strictly, and the one question it answers."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path

from paramiko.hostkeys import HostKeyEntry, HostKeys, InvalidHostKey
from paramiko.pkey import PKey
from paramiko.ssh_exception import SSHException

from connector.errors import HostKeyChanged, SettingsError

SSH_PORT = 22
FIELDS = 3
RSA_ALGORITHMS = ("rsa-sha2-512", "rsa-sha2-256")


@dataclass(frozen=True, slots=True)
class KnownKey:
    line: int
    key: PKey

    @property
    def algorithms(self) -> tuple[str, ...]:
        name = self.key.get_name()
        return RSA_ALGORITHMS if name == "ssh-rsa" else (name,)


def host_name(host: str, port: int) -> str:
    return host if port == SSH_PORT else f"[{host}]:{port}"


def known_keys(path: Path, host: str, port: int) -> list[KnownKey]:
    """Return the keys that the file lists for a server; [] where the file is missing. Raises SettingsError for a line it cannot read."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SettingsError(str(path), "erp.known_hosts", found=error.strerror or "unreadable", allowed="a readable file") from error
    wanted, found = host_name(host, port), []
    for number, line in enumerate(lines, 1):
        entry = _entry(path, number, line.strip())
        if entry is not None and any(_is(wanted, name) for name in entry.hostnames):
            found.append(KnownKey(number, entry.key))
    return found


def _entry(path: Path, number: int, line: str) -> HostKeyEntry | None:
    """Read one line; None for a comment and for a key type that this library does not know (a server cannot use it with us either)."""
    if not line or line.startswith("#"):
        return None
    fields = line.split()
    if line.startswith("@") or len(fields) < FIELDS:
        raise _unreadable(path, number, fields[0])
    try:
        return HostKeyEntry.from_line(" ".join(fields), number)
    except (InvalidHostKey, SSHException, ValueError) as error:
        raise _unreadable(path, number, f"{fields[0]} {fields[1]} …") from error


def _unreadable(path: Path, number: int, found: str) -> SettingsError:
    return SettingsError(
        str(path),
        f"line {number}",
        found=found,
        allowed="HOST KEY-TYPE KEY, as ssh-keyscan writes it, without @revoked or @cert-authority",
        remedy="mend or remove the line",
    )


def _is(wanted: str, name: str) -> bool:
    """Compare a host's name with one of the file's, plain or hashed."""
    if name.startswith("|1|"):
        return hmac.compare_digest(HostKeys.hash_host(wanted, name), name)
    return name.lower() == wanted.lower()


def verify(shown: PKey, known: list[KnownKey], path: Path, host: str, port: int) -> None:
    """Raise HostKeyChanged unless the key that the server shows is one of those listed for it."""
    if any(listed.key.asbytes() == shown.asbytes() for listed in known):
        return
    server, key = host_name(host, port), f"{shown.get_name()} {shown.fingerprint}"
    if not known:
        raise HostKeyChanged(
            f"the server {server} is not known: {path} lists no key for it; it shows {key}",
            remedy=f"ask its administrator whether that is its fingerprint, then: ssh-keyscan -p {port} {host} >> {path}",
        )
    listed = ", ".join(f"line {entry.line}: {entry.key.get_name()} {entry.key.fingerprint}" for entry in known)
    raise HostKeyChanged(
        f"the server {server} shows another host key than before: {key}, but {path} lists {listed}",
        remedy=f"do not go on before its administrator has confirmed the new key; then replace that line of {path}",
    )

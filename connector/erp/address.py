"""An SFTP address of the settings, taken apart."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from connector.erp.hostkeys import SSH_PORT
from connector.errors import SettingsError
from connector.settings import Settings
from connector.settings.masking import masked


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
        raise _no_address(settings, masked(url))
    return Address(unquote(found.username), found.hostname, port, unquote(found.path, errors="surrogateescape") or "/~")


def _no_address(settings: Settings, found: str) -> SettingsError:
    return SettingsError(
        str(settings.config_path),
        "erp",
        found=found,
        allowed="sftp://user@host:port/path; the password as erp.password, the key as erp.private_key",
    )

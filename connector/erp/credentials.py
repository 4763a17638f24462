"""What we log in with: a private key or a password, read from where the settings say it lies."""

from __future__ import annotations

from io import StringIO

from paramiko.ecdsakey import ECDSAKey
from paramiko.ed25519key import Ed25519Key
from paramiko.pkey import PKey
from paramiko.rsakey import RSAKey
from paramiko.ssh_exception import PasswordRequiredException, SSHException

from connector.errors import SettingsError
from connector.settings import Settings


def credential_of(settings: Settings) -> PKey | str:
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

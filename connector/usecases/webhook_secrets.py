"""A webhook's address and token, looked at where they are read: the libraries would quote what they complain of."""

from __future__ import annotations

import requests

from connector.errors import SettingsError
from connector.settings import Secret, Settings, is_safe


def address(settings: Settings, secret: Secret) -> str:
    """Read the address. Raises SettingsError, which does not show it, for one that is not safe or cannot be read."""
    url, key = settings.reveal(secret), f"alarms.webhook ({secret})"
    if not is_safe(url):
        raise SettingsError(str(settings.config_path), key, found="another address", allowed="https, or http on loopback")
    if not _is_one(url):
        raise SettingsError(str(settings.config_path), key, found="an address that cannot be read", allowed="https://host:port/path")
    return url


def _is_one(url: str) -> bool:
    try:
        requests.Request("POST", url).prepare()
    except (requests.RequestException, ValueError):
        return False
    return url.isprintable() and " " not in url


def token(settings: Settings, secret: Secret) -> str:
    """Read the token. Raises SettingsError, which does not show it, for one that no header can carry."""
    found = settings.reveal(secret)
    if not found or not found.isascii() or not found.isprintable():
        said, key = "nothing, or characters that no header can carry", f"alarms.webhook_token ({secret})"
        raise SettingsError(str(settings.config_path), key, found=said, allowed="one line of plain letters, digits and signs")
    return found

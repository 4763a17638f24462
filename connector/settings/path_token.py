"""The secret part of the path: the one that is valid, and beside it the one before, while VTEX still comes with that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector.errors import SettingsError

if TYPE_CHECKING:
    from connector.settings import Settings

USABLE = re.compile(r"(?!\.+$)[A-Za-z0-9._~!$&'()*+,;=:@-]{1,128}")
ALLOWED = 'up to 128 letters, digits and signs that stand in an address as they are (no / ? # % " and no blanks)'


def path_tokens(settings: Settings) -> tuple[str, ...]:
    """Return the tokens that are believed, the newer one first. Raises SettingsError for one that is not there or no address could hold."""
    return tuple(_token(settings, key) for key in ("path_token", "previous_path_token") if getattr(settings.api.auth, key))


def _token(settings: Settings, key: str) -> str:
    token = settings.reveal(getattr(settings.api.auth, key))
    if not USABLE.fullmatch(token):
        remedy = "a new one: openssl rand -hex 16; VTEX is given the address with it"
        raise SettingsError(str(settings.config_path), f"api.auth.{key}", found=_without_it(token), allowed=ALLOWED, remedy=remedy)
    return token


def _without_it(token: str) -> str:
    """Say what is wrong with a token without showing it."""
    wrong = re.search(r"[^A-Za-z0-9._~!$&'()*+,;=:@-]", token)
    return f"a token that holds {wrong[0]!r}" if wrong else f"a token of {len(token)} characters"

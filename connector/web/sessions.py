"""Who is logged in to the console: a signed cookie, and form tokens bound to it.

Nothing is kept of a session that goes on: every worker can check what another one signed, and a new password ends every one. The marks of
those that a person ended are kept (`usecases.console_door`).
"""

from __future__ import annotations

import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime

HOURS = 12
LONGEST_NAME = 60


class Sessions:
    def __init__(self, password: str, now: Callable[[], float] = time.time) -> None:
        self._password = password.encode()
        self._key = hmac.digest(self._password, b"connector console", "sha256")
        self._now = now

    def is_password(self, tried: str) -> bool:
        return bool(self._password) and hmac.compare_digest(tried.encode("utf-8", "replace"), self._password)

    def begin(self, name: str = "") -> str:
        """Return a new session's cookie: its end (seconds since 1970), chance, the person's name, signature."""
        named = urlsafe_b64encode(name[:LONGEST_NAME].encode("utf-8", "replace")).decode().rstrip("=")
        what = f"{int(self._now()) + HOURS * 3600}.{secrets.token_urlsafe(16)}.{named}"
        return f"{what}.{self._sign('session', what)}"

    def holds(self, cookie: str) -> bool:
        what, _, signature = cookie.rpartition(".")
        end = what.partition(".")[0]
        signed = hmac.compare_digest(signature.encode("latin-1", "replace"), self._sign("session", what).encode())
        return signed and end.isascii() and end.isdigit() and int(end) > self._now()

    def name(self, cookie: str) -> str:
        """Return whose session a cookie is that holds."""
        named = cookie.split(".")[2]
        return urlsafe_b64decode(named + "=" * (-len(named) % 4)).decode("utf-8", "replace")

    def mark(self, cookie: str) -> str:
        """Return what a session is known by where it was ended: nobody can make its cookie of that."""
        return self._sign("ended", cookie)[:32]

    def end(self, cookie: str) -> datetime:
        """Return when a cookie that holds ends by itself."""
        return datetime.fromtimestamp(int(cookie.partition(".")[0]), UTC)

    def form_token(self, cookie: str) -> str:
        """Return what each form of this session must send along."""
        return self._sign("form", cookie)

    def is_form_token(self, cookie: str, sent: str) -> bool:
        return hmac.compare_digest(sent.encode("utf-8", "replace"), self.form_token(cookie).encode())

    def _sign(self, purpose: str, what: str) -> str:
        return hmac.digest(self._key, f"{purpose}:{what}".encode("utf-8", "replace"), "sha256").hex()

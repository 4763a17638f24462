"""Who is logged in to the console: a signed cookie, form tokens bound to it, and few tries for a password.

Nothing is kept: every worker can check what another one signed, and a new password ends every session.
"""

from __future__ import annotations

import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import deque
from collections.abc import Callable
from threading import Lock

HOURS = 12
LONGEST_NAME = 60
TRIES = 5
WINDOW_SECONDS = 60.0


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

    def form_token(self, cookie: str) -> str:
        """Return what each form of this session must send along."""
        return self._sign("form", cookie)

    def is_form_token(self, cookie: str, sent: str) -> bool:
        return hmac.compare_digest(sent.encode("utf-8", "replace"), self.form_token(cookie).encode())

    def _sign(self, purpose: str, what: str) -> str:
        return hmac.digest(self._key, f"{purpose}:{what}".encode("utf-8", "replace"), "sha256").hex()


class Tries:
    """Failed passwords of the last minute, per address and in total; each worker counts its own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: deque[tuple[float, str]] = deque(maxlen=TRIES * 4)
        self._lock = Lock()

    def are_left(self, address: str) -> bool:
        """Say whether this address may try now."""
        since = self._clock() - WINDOW_SECONDS
        with self._lock:
            recent = [who for at, who in self._failed if at > since]
        return recent.count(address) < TRIES and len(recent) < TRIES * 4

    def failed(self, address: str) -> None:
        with self._lock:
            self._failed.append((self._clock(), address))

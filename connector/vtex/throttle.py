"""Requests per minute: spaced evenly, with a small burst after a pause."""

from __future__ import annotations

import threading
import time

_BURST_SECONDS = 1


class Throttle:
    """Hands out moments to send, never more than `requests_per_minute` in any 60 seconds; safe between threads.

    VTEX's limits are per account and not published (facts §0.6), so the number is the operator's. A new one starts without its
    burst: a connector that is started again and again sends no faster than one that stays up.
    """

    def __init__(self, requests_per_minute: int) -> None:
        burst = max(1, requests_per_minute * _BURST_SECONDS // 60)
        self._interval = 60 / (requests_per_minute - (burst - 1))
        self._slack = (burst - 1) * self._interval
        self._lock = threading.Lock()
        self._next = time.monotonic()

    def wait(self, stop: threading.Event) -> bool:
        """Wait for this thread's turn. Returns False where `stop` was set first: then nothing may be sent."""
        delay = self._reserve()
        return not stop.wait(delay) if delay > 0 else not stop.is_set()

    def _reserve(self) -> float:
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now - self._slack)
            self._next = turn + self._interval
            return turn - now

"""Requests per minute: spaced evenly, with a small burst after a pause."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_BURST_SECONDS = 1


class Throttle:
    """Hands out moments to send, never more than `requests_per_minute` in any 60 seconds; safe between threads.

    VTEX's limits are per account and not published (facts §0.6), so the number is the operator's. A new one starts without its
    burst: a connector that is started again and again sends no faster than one that stays up. `clock` counts seconds, monotonic.
    """

    def __init__(self, requests_per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._interval, self._most_slack = _spacing(requests_per_minute)
        self._slack = self._most_slack
        self._next = clock()

    def slow_to(self, requests_per_minute: float) -> None:
        """Go on at another rate, at most the one it was made with."""
        with self._lock:
            self._interval, slack = _spacing(requests_per_minute)
            self._slack = min(slack, self._most_slack)

    def begin(self) -> None:
        """Begin anew after another process may have sent up to this moment: no turn for one interval, and no burst."""
        with self._lock:
            self._next = max(self._next, self._clock() + self._interval)

    def rest(self, seconds: float) -> None:
        """Hand out no moment for so many seconds."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)

    def wait(self, stop: threading.Event) -> bool:
        """Wait for this thread's turn. Returns False where `stop` was set first: then nothing may be sent."""
        delay = self.reserve()
        return not stop.wait(delay) if delay > 0 else not stop.is_set()

    def reserve(self) -> float:
        """Take the next turn; returns the seconds until it, zero or less where it may be used at once."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now - self._slack)
            self._next = turn + self._interval
            return turn - now


def _spacing(requests_per_minute: float) -> tuple[float, float]:
    """Return the seconds between two turns, and how far behind them one may catch up, such that a minute never holds more."""
    burst = max(1, int(requests_per_minute * _BURST_SECONDS // 60))
    interval = 60 / (requests_per_minute - (burst - 1))
    return interval, (burst - 1) * interval

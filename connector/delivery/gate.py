"""The circuit to one destination: what closes it spares every other message an attempt."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from connector.domain.messages import Blocked, Outcome, Retry

FAILURES_IN_A_ROW = 5
OPEN_FOR = timedelta(seconds=30)


class Gate:
    """Shared by the threads of one pass: the first Blocked, or five failures in a row, closes it for the rest."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failures = 0
        self.blocked: Blocked | None = None

    def saw(self, outcome: Outcome, now: datetime) -> None:
        """Take note of an outcome."""
        with self._lock:
            self._failures = self._failures + 1 if isinstance(outcome, Retry) else 0
            if isinstance(outcome, Blocked):
                self.blocked = self.blocked or outcome
            elif isinstance(outcome, Retry) and self._failures >= FAILURES_IN_A_ROW:
                reason = f"failed {self._failures} times in a row: {outcome.reason}"
                self.blocked = self.blocked or Blocked(reason, until=now + OPEN_FOR)

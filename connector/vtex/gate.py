"""The circuit to one marketplace: what closes the way for one message spares every other one an attempt."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from threading import Lock

from connector.domain.messages import Blocked, Delivered, Outcome, Retry, next_attempt
from connector.domain.standing import FAILURES_IN_A_ROW, Circuit, open_for


class _Probe(Enum):
    NONE = 0
    MAY_GO = 1
    IS_OUT = 2


class Gate:
    """Shared by all jobs of a process: the first Blocked, or five failures in a row, shuts it; later one call at a time tries again.

    `jitter` returns 0 to 1. Source: facts §0.6 (five failures in a row, about 30 s).
    """

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        self._lock = Lock()
        self._jitter = jitter
        self._failing: set[str] = set()
        self._failed_before = False
        self._probe = _Probe.NONE
        self.circuit = Circuit()

    @property
    def blocked(self) -> Blocked | None:
        return self.circuit.blocked

    @property
    def lets_through(self) -> bool:
        """Tell whether a call may go, or one that tries."""
        return self.circuit.blocked is None or self._probe is _Probe.MAY_GO

    def restore(self, circuit: Circuit) -> None:
        """Stand as was remembered."""
        with self._lock:
            self._begin(circuit)

    def half_open(self) -> None:
        """Let one call through, to find out whether the marketplace answers again."""
        with self._lock:
            if self.circuit.blocked is not None and self._probe is _Probe.NONE:
                self._probe = _Probe.MAY_GO

    def admits(self) -> bool:
        """Ask just before sending: whether this call may go. Of all that wait, one alone is the one that tries."""
        with self._lock:
            admitted = self.lets_through
            if self._probe is _Probe.MAY_GO:
                self._probe = _Probe.IS_OUT
            return admitted

    def saw(self, outcome: Outcome, now: datetime, reference: str, *, answered: bool = True) -> Outcome:
        """Take note of an outcome; returns it, or what it is in the light of others.

        A failure behind a shut gate is Blocked, and one of a message that failed already since anything was answered well is not the
        message's fault: neither costs an attempt.
        """
        with self._lock:
            match outcome:
                case Blocked():
                    self._shut(outcome, now)
                case Retry(is_its_own=False):
                    return self._failed(outcome, now, reference, answered=answered)
                case Retry() if self._probe is not _Probe.IS_OUT:
                    pass  # what is one message's own says nothing of the marketplace
                case Delivered(note=note) if note and self._probe is not _Probe.IS_OUT:
                    pass  # nothing was sent
                case _:
                    self._succeeded()
            return outcome

    def _succeeded(self) -> None:
        """Begin anew. A call that was on its way when the gate shut is no proof that the marketplace takes calls again."""
        if self.blocked is None or self._probe is _Probe.IS_OUT:
            self._begin(Circuit())

    def _begin(self, circuit: Circuit) -> None:
        self.circuit, self._probe = circuit, _Probe.NONE
        self._failing.clear()
        self._failed_before = circuit.failures > 0  # which messages did is not remembered

    def _shut(self, blocked: Blocked, now: datetime) -> None:
        """Shut until the later of two instants; what has ended already is no reason."""
        if blocked.until <= now:
            return
        if self.blocked is None or blocked.until > self.blocked.until:
            self.circuit = replace(self.circuit, blocked=replace(blocked, of_its_own=""))
        self._probe = _Probe.NONE

    def _failed(self, outcome: Retry, now: datetime, reference: str, *, answered: bool) -> Outcome:
        """Open the circuit, or keep it open for longer.

        One message that fails all alone with an answer does not: it may be to blame itself, and has waits of its own.
        """
        was_open, is_probe = self.blocked is not None, self._probe is _Probe.IS_OUT
        counts = not self._failed_before and reference not in self._failing
        self._failing |= {reference} if answered else {reference, ""}
        self.circuit = replace(self.circuit, failures=self.circuit.failures + 1)
        is_enough = self.circuit.failures >= FAILURES_IN_A_ROW and self._failing != {reference}
        if is_probe or (is_enough and not was_open):
            self._open(outcome, now)
        if was_open:
            return Blocked(outcome.reason, until=now, was_sent=True)
        return outcome if counts else replace(outcome, counts=False, after=self._rest(now))

    def _rest(self, now: datetime) -> timedelta:
        return next_attempt(now, self.circuit.failures, self._jitter()) - now

    def _open(self, outcome: Retry, now: datetime) -> None:
        self.circuit = replace(self.circuit, openings=self.circuit.openings + 1)
        reason = f"failed {self.circuit.failures} times in a row: {outcome.reason}"
        self._shut(Blocked(reason, until=now + open_for(self.circuit.openings, self._jitter())), now)

"""Which kinds of call lead somewhere: what tells one SKU that has no way from an address that is wrong for all."""

from __future__ import annotations

from threading import Lock

from connector.domain.messages import Blocked, Delivered, GiveUp, Kind, Message, Outcome

MOST_IN_A_ROW = 3
"""Where more SKUs in a row have no way, it is the address after all: dead letters would come by the thousand."""


class Routes:
    """Shared by all jobs of a process, and known for as long: what was right yesterday may be wrong in today's settings."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._led: dict[Kind, str] = {}
        self._astray: dict[Kind, int] = {}

    def judged(self, message: Message, outcome: Outcome) -> Outcome:
        """Return an outcome, or GiveUp where the address is wrong for this message alone."""
        with self._lock:
            match outcome:
                case Delivered(note=""):
                    self._led[message.kind], self._astray[message.kind] = message.reference, 0
                case Blocked(of_its_own=reason) if reason and self._is_right_for_others(message):
                    self._astray[message.kind] += 1
                    return GiveUp(reason)
            return outcome

    def _is_right_for_others(self, message: Message) -> bool:
        led = self._led.get(message.kind, message.reference)
        return led != message.reference and self._astray[message.kind] < MOST_IN_A_ROW

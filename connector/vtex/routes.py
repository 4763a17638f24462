"""Which kinds of call lead somewhere: what tells one SKU that has no way from an address that is wrong for all."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from connector.domain.messages import Blocked, Delivered, GiveUp, Kind, Message, Outcome, Retry

MOST_ASTRAY = 3
WITHIN = timedelta(minutes=10)
"""Where more SKUs than that have no way within this time, it is the address after all: dead letters would come by the thousand."""
LEAST_TRIES = 5
"""So often a message is tried before it is given up: what stands before the marketplace answers with such a 404 at times, too."""


class Routes:
    """Shared by all jobs of a process, and known for as long: what was right yesterday may be wrong in today's settings."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._led: dict[Kind, tuple[str, ...]] = {}
        self._astray: dict[Kind, dict[str, datetime]] = {}

    def judged(self, message: Message, outcome: Outcome, now: datetime) -> Outcome:
        """Return an outcome; Retry where the address is wrong for this message alone, and GiveUp where it stays so."""
        with self._lock:
            match outcome:
                case Delivered(note=""):
                    self._lead(message)
                case Blocked(of_its_own=reason) if reason and self._is_right_for_others(message):
                    return self._strayed(message, reason, now) or outcome
            return outcome

    def _lead(self, message: Message) -> None:
        """Note a good answer: the last two SKUs say of any whether another one was answered."""
        last = self._led.get(message.kind, ())
        if message.reference not in last:
            self._led[message.kind] = (message.reference, *last[:1])
        self._astray.get(message.kind, {}).pop(message.reference, None)

    def _is_right_for_others(self, message: Message) -> bool:
        return any(led != message.reference for led in self._led.get(message.kind, ()))

    def _strayed(self, message: Message, reason: str, now: datetime) -> Outcome | None:
        """Say what a message without a way comes to; None where it is one too many, and the address has to be found right anew."""
        astray = {one: at for one, at in self._astray.get(message.kind, {}).items() if now - at < WITHIN}
        is_repeated = message.reference in astray
        if not is_repeated and len(astray) >= MOST_ASTRAY:
            del self._led[message.kind]
            return None
        self._astray[message.kind] = {**astray, message.reference: now}
        return GiveUp(reason) if is_repeated and message.attempt >= LEAST_TRIES else Retry(reason, is_its_own=True)

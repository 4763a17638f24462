"""Which kinds of call lead somewhere: what tells one SKU that has no way from an address that is wrong for all."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from connector.domain.messages import Blocked, Delivered, GiveUp, Kind, Message, Outcome, Retry

MOST_ANEW = 3
"""Where more SKUs than that lose their way, and nobody is answered between, it is the address after all."""
LEAST_TRIES = 5
"""So often a message is tried before it is given up: what stands before the marketplace answers with such a 404 at times, too."""
MOST_GIVEN_UP = 3
WITHIN = timedelta(minutes=10)
"""No more are given up within this time: else dead letters would come by the thousand."""
REST = timedelta(minutes=5)
"""So long a message waits whose next try would say nothing new of its address."""
MOST_KNOWN = 1000


@dataclass(slots=True)
class _Way:
    """What is known of a kind's address: whom it led to of late, who is astray, and who of them, or newly, since anybody was answered."""

    led: tuple[str, ...] = ()
    astray: dict[str, None] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    anew: set[str] = field(default_factory=set)
    given_up: list[datetime] = field(default_factory=list)

    def lead(self, reference: str) -> None:
        """Note a good answer: the last two SKUs say of any whether another one was answered."""
        if reference not in self.led:
            self.led = (reference, *self.led[:1])
        self.astray.pop(reference, None)
        self.unanswered.clear()
        self.anew.clear()

    def stray(self, message: Message, reason: str, now: datetime) -> Outcome | None:
        """Say what a message without a way comes to; None where the address may be wrong for all.

        It costs an attempt where another one was answered since its last.
        """
        is_first, counts = message.reference not in self.astray, message.reference not in self.unanswered
        if not self._is_right(message.reference):
            return None
        self._note(message.reference)
        if message.attempt >= LEAST_TRIES and counts and not is_first:
            if self._gives_up(now):
                return GiveUp(reason)
            counts = False
        return Retry(reason, after=None if counts else REST, counts=counts, is_its_own=True)

    def _is_right(self, reference: str) -> bool:
        """Tell whether it led to another SKU, and few lost their way since anybody was answered; who was astray before is no news."""
        if reference in self.astray and reference not in self.anew:
            return True
        if len(self.anew) <= MOST_ANEW:
            self.anew.add(reference)
        return len(self.anew) <= MOST_ANEW and any(one != reference for one in self.led)

    def _note(self, reference: str) -> None:
        self.unanswered.add(reference)
        self.astray[reference] = None
        if len(self.astray) > MOST_KNOWN:
            del self.astray[next(iter(self.astray))]

    def _gives_up(self, now: datetime) -> bool:
        """Tell whether one more may be given up, and count it then."""
        self.given_up = [at for at in self.given_up if now - at < WITHIN]
        may = len(self.given_up) < MOST_GIVEN_UP
        self.given_up += [now] if may else []
        return may


class Routes:
    """Shared by all jobs of a process, and known for as long: what was right yesterday may be wrong in today's settings."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ways: defaultdict[Kind, _Way] = defaultdict(_Way)

    def judged(self, message: Message, outcome: Outcome, now: datetime) -> Outcome:
        """Return an outcome; Retry where the address is wrong for this message alone, and GiveUp where it stays so."""
        with self._lock:
            way = self._ways[message.kind]
            match outcome:
                case Delivered(note=""):
                    way.lead(message.reference)
                case Blocked(of_its_own=reason) if reason:
                    return way.stray(message, reason, now) or outcome
            return outcome

"""Who sends to a marketplace: one process at a time, and all jobs of that process together.

The rate is counted within a process (`vtex.throttle`): two that send at once would pass it together. So whoever sends holds the
marketplace's turn, a lock or a lease like every job's (`usecases.turns`), and settles behind its fence. A turn is given back after a
while, however much there is to send: a pass by hand of an hour must not keep another process's invoices waiting.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Event, Lock, Thread
from weakref import WeakKeyDictionary

from connector.app import App
from connector.storage import fences
from connector.storage.fences import Fence
from connector.usecases.turns import turn
from connector.vtex.line import Line

LONGEST_SECONDS = 45.0
WAIT_SECONDS = 120.0
"""What is in hand when a turn is over is sent first: up to a quarter of a minute's messages."""
LOOK_SECONDS = 0.2


class Sender:
    """What one process is to a marketplace: its first job takes the turn, its last one gives it back."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._hold: _Hold | None = None
        self._jobs = 0
        self._until = 0.0

    @property
    def is_over(self) -> bool:
        """Tell whether the turn was held for long enough: then nothing more may be taken in hand."""
        return time.monotonic() >= self._until

    @contextmanager
    def turn(self, app: App, line: Line, stop: Event) -> Iterator[None]:
        """Hold the turn together with this process's other jobs; what is written meanwhile is written behind its fence.

        Raises Busy where another process sends, and does not give way.
        """
        hold = self._joined(app, line, stop)
        try:
            with fences.behind(*hold.fences):
                yield
        finally:
            self._left()

    def _joined(self, app: App, line: Line, stop: Event) -> _Hold:
        with self._changed:
            while self._jobs and self.is_over and not stop.is_set():  # whoever joined now would draw it out for ever
                self._changed.wait(LOOK_SECONDS)
            if self._hold is None:
                self._hold = _taken(app, line, stop)
                self._until = time.monotonic() + LONGEST_SECONDS
            self._jobs += 1
            return self._hold

    def _left(self) -> None:
        with self._changed:
            self._jobs -= 1
            if not self._jobs and self._hold:
                self._hold.give_back()
                self._hold = None
            self._changed.notify_all()


class _Hold:
    """A turn in the hands of a thread of its own: it is taken by one job, and given back by another."""

    def __init__(self, app: App, name: str, stop: Event) -> None:
        self.fences: tuple[Fence, ...] = ()
        self._error: Exception | None = None
        self._is_known, self._is_over = Event(), Event()
        self._thread = Thread(target=self._keep, args=(app, name, stop), name=name, daemon=True)

    def take(self) -> None:
        self._thread.start()
        self._is_known.wait()
        if self._error:
            raise self._error

    def give_back(self) -> None:
        self._is_over.set()
        self._thread.join()

    def demand(self) -> None:
        """Raise TurnLost where it may have gone to another process."""
        for fence in self.fences:
            fence.demand()

    def _keep(self, app: App, name: str, stop: Event) -> None:
        try:
            with turn(app, name, wait_seconds=WAIT_SECONDS, stop=stop):
                self.fences = fences.held()
                self._is_known.set()
                self._is_over.wait()
        except Exception as error:  # noqa: BLE001  # raised to the job that takes it: whatever it is, nobody sends without the turn
            self._error = error
        finally:
            self._is_known.set()


def _taken(app: App, line: Line, stop: Event) -> _Hold:
    hold = _Hold(app, f"sending-{line.marketplace.account}", stop)
    hold.take()
    line.begin(hold.demand)
    return hold


_senders: WeakKeyDictionary[Line, Sender] = WeakKeyDictionary()
_looking = Lock()


def sender(line: Line) -> Sender:
    """Return the one sender over a line."""
    with _looking:
        return _senders.setdefault(line, Sender())

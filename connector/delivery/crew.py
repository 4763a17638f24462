"""The threads that deliver, and the pile on which they lay what came of it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from connector.delivery.courier import Result
from connector.domain.messages import Blocked, Message

LATE_SECONDS = 45
LATE = Result(Blocked("it waited too long for its turn", until=datetime.min.replace(tzinfo=UTC)))
"""Nothing was sent: another process may take a message whose lease of a minute ran out."""
Settled = tuple[Message, Result]


class Crew:
    """Up to `size` threads, each with one message at a time. `deliver` must not raise.

    Whoever collects is woken once for many results: woken for each, the two would hand the interpreter to and fro all day.
    """

    def __init__(self, size: int, name: str, deliver: Callable[[Message], Result]) -> None:
        self._size, self._name, self._deliver = size, name, deliver
        self._todo: SimpleQueue[tuple[Message, float] | None] = SimpleQueue()
        self._pile: deque[Settled] = deque()
        self._enough, self._wanted = threading.Event(), 1
        self._threads: list[threading.Thread] = []
        self.in_hand = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Let each thread finish the call that it is in, and none begin another."""
        while not self._todo.empty():
            self._todo.get()
        for _ in self._threads:
            self._todo.put(None)
        for thread in self._threads:
            thread.join()

    def hand_out(self, messages: Iterable[Message]) -> None:
        until = time.monotonic() + LATE_SECONDS
        for message in messages:
            self.in_hand += 1
            if len(self._threads) < min(self._size, self.in_hand):
                self._begin()
            self._todo.put((message, until))

    def collect(self, wanted: int, seconds: float) -> list[Settled]:
        """Return what came of messages: once so many, or all in hand, are done, or as many as there are when the time is over."""
        self._wanted = min(wanted, self.in_hand)
        self._enough.clear()
        if len(self._pile) < self._wanted:
            self._enough.wait(seconds)
        done = [self._pile.popleft() for _ in range(len(self._pile))]
        self.in_hand -= len(done)
        return done

    def _begin(self) -> None:
        thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (taken := self._todo.get()) is not None:
            message, until = taken
            self._pile.append((message, self._deliver(message) if time.monotonic() < until else LATE))
            if len(self._pile) >= self._wanted:
                self._enough.set()

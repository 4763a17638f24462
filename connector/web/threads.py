"""Threads that each take the next piece of work: a queue and nothing else, since a pool of futures takes as long as a small request."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any


class Threads:
    """So many threads that call `do` with whatever is put. They end with the process, as nothing in hand may keep it."""

    def __init__(self, number: int, do: Callable[[Any], None]) -> None:
        self._queue: SimpleQueue[Any] = SimpleQueue()
        self._do = do
        self._threads = [Thread(target=self._run, name=f"request-{n}", daemon=True) for n in range(number)]
        for thread in self._threads:
            thread.start()

    def put(self, work: Any) -> None:
        self._queue.put(work)

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            self._do(work)

    def shutdown(self, wait: bool = False) -> None:  # noqa: ARG002  # a pool's signature; nobody is waited for
        """Let each thread end after what it has in hand."""
        for _ in self._threads:
            self._queue.put(None)

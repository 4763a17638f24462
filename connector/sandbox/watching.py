"""The marketplace's indexer: after a notification it asks the seller for price and stock, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

TICK_SECONDS = 0.25


class Watcher:
    """Looks at SKUs one after the other; one that waits already is not queued twice. `tick` is called now and then."""

    def __init__(self, look: Callable[[str], None], tick: Callable[[], None]) -> None:
        self._look, self._tick = look, tick
        self._waiting: dict[str, None] = {}
        self._lock = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def put(self, sku: str) -> None:
        """Have a SKU looked at soon."""
        with self._lock:
            self._waiting[sku] = None
            self._lock.notify()

    @property
    def waiting(self) -> int:
        with self._lock:
            return len(self._waiting)

    def close(self) -> None:
        with self._lock:
            self._is_over = True
            self._lock.notify()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over:
            self._tick()
            sku = self._next()
            if sku is not None:
                self._look(sku)

    def _next(self) -> str | None:
        with self._lock:
            if not self._waiting and not self._is_over:
                self._lock.wait(TICK_SECONDS)
            if not self._waiting or self._is_over:
                return None
            sku = next(iter(self._waiting))
            del self._waiting[sku]
            return sku

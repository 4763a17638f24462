"""What the sandbox saw, newest last, and how often which rule was broken."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable

from connector.sandbox.calls import Exchange
from connector.sandbox.rules import RULES, Violation

KEPT = 2000
EXAMPLES = 50


class Ledger:
    """Keeps the last exchanges and the last violations; counts all of them."""

    def __init__(self) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=KEPT)
        self.violations: deque[tuple[Exchange, Violation]] = deque(maxlen=EXAMPLES)
        self.counts: Counter[str] = Counter()
        self.total = 0
        self._lock = threading.Lock()

    def note(self, exchange: Exchange) -> Exchange:
        """Number an exchange and keep it with its violations."""
        with self._lock:
            self.total += 1
            exchange.number = self.total
            self.exchanges.append(exchange)
            self._count(exchange, exchange.violations)
        return exchange

    def blame(self, exchange: Exchange, found: Iterable[Violation]) -> None:
        """Add what was found out about an exchange that is kept already."""
        added = list(found)
        with self._lock:
            exchange.violations.extend(added)
            self._count(exchange, added)

    def newest(self) -> list[Exchange]:
        with self._lock:
            return list(reversed(self.exchanges))

    def broken(self) -> list[tuple[Exchange, Violation]]:
        """Return the last violations, newest first."""
        with self._lock:
            return list(reversed(self.violations))

    def clear(self) -> None:
        with self._lock:
            self.exchanges.clear()
            self.violations.clear()
            self.counts.clear()

    def summary(self) -> list[str]:
        """Say in lines what was seen, and each broken rule with an example."""
        lines = [f"{self.total} calls and answers seen, {sum(self.counts.values())} violations"]
        examples = {violation.rule: (exchange, violation) for exchange, violation in self.violations}
        for rule, number in self.counts.most_common():
            lines.append(f"  {number} × {rule}: {RULES[rule].sentence} ({RULES[rule].source})")
            if rule in examples:
                exchange, violation = examples[rule]
                lines.append(f"      e.g. {exchange.call.method} {exchange.call.path}: {violation.found}")
        return lines

    def _count(self, exchange: Exchange, found: Iterable[Violation]) -> None:
        for violation in found:
            self.counts[violation.rule] += 1
            self.violations.append((exchange, violation))

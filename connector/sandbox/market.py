"""The marketplace without its counters: what it remembers, how it judges and answers a call, who watches its catalogue."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connector.sandbox.books import SandboxBooks
from connector.sandbox.call_checks import broken_by
from connector.sandbox.calls import Answer, Body, Call, Exchange
from connector.sandbox.ledger import KEPT, Ledger
from connector.sandbox.published import Published
from connector.sandbox.refusals import error
from connector.sandbox.routes import ABOUT_ORDERS, LOOKED_AT_AFTER, order_of, route_of, sku_of
from connector.sandbox.rules import Violation
from connector.sandbox.seller import Seller
from connector.sandbox.shopping import Shopping
from connector.sandbox.suggestions import Approval
from connector.sandbox.trouble import Failure, Trouble
from connector.sandbox.watching import TICK_SECONDS, Watcher
from connector.sandbox.wire import Line, Reply, json_reply


class Market(SandboxBooks):
    """The marketplace's books, and its people: buyers, an indexer, whoever approves suggestions."""

    def __init__(
        self,
        *,
        account: str,
        seller_id: str,
        credentials: tuple[str, str],
        known: Iterable[str],
        endpoint: str,
        any_order: bool,
        approval: Approval | None,
        strict: bool,
        schemas: Path | None,
        seed: int | None,
    ) -> None:
        super().__init__(seller_id, credentials, known, any_order=any_order, approval=approval)
        self.account, self.endpoint, self.strict = account, endpoint, strict
        self.calls: list[Call] = []
        self.ledger, self.trouble, self.lock = Ledger(), Trouble(seed), threading.RLock()
        self._published = Published(schemas) if schemas else None
        self._ticked_at = 0.0
        self._under_way: dict[int, tuple[str, Line]] = {}
        self.shopping = Shopping(Seller(endpoint, account), self, self.ledger, self.lock, self._published)
        self.watcher = Watcher(self.shopping.index, self.tick) if endpoint else None

    @property
    def invoices(self) -> dict[str, dict[str, Body]]:
        """Invoices by order and number."""
        return {order_id: order.invoices for order_id, order in self.orders.items() if order.invoices}

    @property
    def cancellations(self) -> dict[str, str]:
        """Reasons of the orders that the seller canceled."""
        return {order_id: order.cancel_reason for order_id, order in self.orders.items() if order.cancel_reason is not None}

    def seen(self, pattern: str, method: str = "*") -> list[Call]:
        """Return the calls whose path the pattern occurs in, in their order."""
        return [call for call in list(self.calls) if re.search(pattern, call.path) and method in ("*", call.method)]

    def approve(self, sku: str) -> None:
        """Put a suggested SKU into the catalogue, as the marketplace's people do."""
        with self.lock:
            self.decide(sku, "accepted")
        self.look(sku)

    def deny(self, sku: str) -> None:
        with self.lock:
            self.decide(sku, "denied")

    def look(self, sku: str) -> None:
        """Have the indexer ask the seller about a SKU soon."""
        if self.watcher:
            self.watcher.put(sku)

    def fail_next(
        self,
        status: int,
        *,
        times: int = 1,
        pattern: str = "",
        method: str = "*",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        delay_seconds: float = 0,
        garbage: bool = False,
    ) -> None:
        """Answer the next calls that match with this instead; `garbage` sends what is no HTTP at all."""
        self.trouble.failures.append(Failure(method, pattern, status, body, headers or {}, times, delay_seconds, garbage))

    def tick(self) -> None:
        """Settle what is due, not more often than a person would notice."""
        with self.lock:
            if time.monotonic() - self._ticked_at < TICK_SECONDS:
                return
            self._ticked_at = time.monotonic()
            approved = self.settle_suggestions()
        for sku in approved:
            self.look(sku)

    def take(self, call: Call, line: Line) -> Reply:
        """Note a call and say what it gets; calls are answered one at a time, as if by one database."""
        self.tick()
        began = time.monotonic()
        with self.lock:
            self._keep(call)
            found = [*broken_by(call, self), *self._published_problems(call), *self._impatience(call)]
            failure = self.trouble.befalls(call)
            status, body = (failure.status, failure.body) if failure else self._answered(call, found)
            self._under_way[id(call)] = (order_of(call), line)
        note = "ordered: " + replace(failure, times=1).words() if failure else ""
        self.ledger.note(Exchange("seller", datetime.now(UTC), call, status, body, note, time.monotonic() - began, {}, found))
        if route_of(call) in LOOKED_AT_AFTER and status in range(200, 300) and sku_of(call)[1] in self.known:
            self.look(sku_of(call)[1])
        return _reply(status, body, failure)

    def _answered(self, call: Call, found: list[Violation]) -> Answer:
        if self.strict and found:
            return 400, error("sandbox", "; ".join(f"{violation.rule}: {violation.found}" for violation in found))
        return self.answer(call)

    def _keep(self, call: Call) -> None:
        self.calls.append(call)
        if len(self.calls) > 100 * KEPT:  # a sandbox may run for weeks
            del self.calls[:-KEPT]

    def _published_problems(self, call: Call) -> list[Violation]:
        if self._published is None or not isinstance(call.body, dict):
            return []
        return [Violation("published", problem) for problem in self._published.body_problems(route_of(call), call.path, call.body)]

    def _impatience(self, call: Call) -> Iterable[Violation]:
        found = self.trouble.impatience()
        if found:
            yield Violation("wait-after-429", found)
        is_about_order = route_of(call) in ABOUT_ORDERS
        if is_about_order and any(order_of(call) == order and line.is_open for order, line in self._under_way.values()):
            yield Violation("one-at-a-time", f"another call about order {order_of(call)} is under way")

    def sent(self, call: Call) -> None:
        """Note that the answer to a call is on its way whole."""
        with self.lock:
            self._under_way.pop(id(call), None)


def _reply(status: int, body: Any, failure: Failure | None) -> Reply:
    if failure is None:
        return json_reply(status, body)
    shape = json_reply(status, body, failure.headers)
    return replace(shape, delay_seconds=failure.delay_seconds, drip_seconds=failure.drip_seconds, garbage=failure.garbage)

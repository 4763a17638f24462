"""The loop that hands messages to couriers: claim a batch, deliver it in threads, settle it in one transaction, until nothing is due."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection
from structlog.contextvars import bound_contextvars

from connector.app import App
from connector.delivery.courier import Courier, Result
from connector.domain.messages import CATALOG_KINDS, MAX_ATTEMPTS, Blocked, Delivered, GiveUp, Kind, Message, Retry, next_attempt
from connector.errors import ConnectorError, Unreachable
from connector.storage import fences, outbox
from connector.usecases.passes import Pass
from connector.vtex.line import Line

log = logging.getLogger(__name__)


@dataclass
class Tally:
    """What a pass came to."""

    delivered: Counter[Kind] = field(default_factory=Counter)
    failing: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Relay:
    """One pass over one marketplace's messages. `couriers` has one for each kind, the most urgent first."""

    app: App
    line: Line
    couriers: dict[Kind, Courier]
    how: Pass
    tally: Tally = field(default_factory=Tally)

    @property
    def destination(self) -> str:
        return self.line.marketplace.account

    def run(self, on_settled: Callable[[Connection, int], None]) -> Tally:
        """Deliver until nothing is due, the destination is blocked, or the pass is stopped.

        Where it is blocked, messages go one by one until one has found out whether it takes calls again. `on_settled` is given
        the settling transaction and the number delivered.
        """
        started, gate = self.app.now, self.line.gate
        gate.half_open()
        with ThreadPoolExecutor(self.line.marketplace.concurrency, thread_name_prefix=f"courier-{self.destination}") as threads:
            while not self.how.stop.is_set() and gate.lets_through:
                batch = self._claim(started, 1 if gate.blocked else self._batch)
                if not batch:
                    break
                self._settle(list(zip(batch, threads.map(fences.carried(self._deliver), batch), strict=True)), on_settled)
        return self.tally

    @property
    def _batch(self) -> int:
        """Claim no more than goes out within half a lease at the present rate."""
        in_time = self.line.pace.rate * outbox.LEASE.total_seconds() / 120
        return max(1, min(self.line.marketplace.concurrency * 8, int(in_time)))

    def _claim(self, started: datetime, limit: int) -> list[Message]:
        with self.app.db.write() as tx:
            by_hand = started if self.how.by_hand else None
            return outbox.claim(tx, self.destination, tuple(self.couriers), self.app.now, limit, also_before=by_hand)

    def _deliver(self, message: Message) -> Result:
        """Deliver one message; every line logged meanwhile bears its number."""
        facts = {"message": message.id, "kind": message.kind.value, "reference": message.reference, "attempt": message.attempt}
        with bound_contextvars(destination=self.destination, **facts):
            result = self._tried(message)
            if log.isEnabledFor(logging.DEBUG):
                log.debug("message tried", extra={"action": "message-tried", "outcome": type(result.outcome).__name__.lower()})
        return result

    def _tried(self, message: Message) -> Result:
        """Let its courier have it; whatever goes wrong in it stays with it."""
        if not self.line.gate.lets_through or self.how.stop.is_set():
            return Result(self.line.gate.blocked or Blocked("stopped", until=self.app.now))
        try:
            fences.demand()  # what waited in hand while this process was frozen is told by another one
            return self._heeded(message, self.couriers[message.kind](message))
        except Unreachable as error:  # our own database, say: no fault of the message's
            return Result(Retry(str(error)))
        except ConnectorError as error:
            return Result(GiveUp(str(error)))
        except Exception as error:
            log.exception("a courier failed")
            return Result(Retry(f"internal: {type(error).__name__}"))

    def _heeded(self, message: Message, result: Result) -> Result:
        """Have the gate take note of what a courier brought back; a call that only tried costs its message nothing."""
        outcome = self.line.gate.saw(result.outcome, self.app.now, _what(message), answered=result.answered)
        return replace(result, outcome=outcome)

    def _settle(self, results: list[tuple[Message, Result]], on_settled: Callable[[Connection, int], None]) -> None:
        with self.app.db.write() as tx:
            now = self.app.now
            delivered = sum(self._settle_one(tx, message, result, now) for message, result in results)
            on_settled(tx, delivered)

    def _settle_one(self, tx: Connection, message: Message, result: Result, now: datetime) -> bool:
        match result.outcome:
            case Delivered():
                return self._delivered(tx, message, result, result.outcome, now)
            case Retry(reason) if message.attempt >= MAX_ATTEMPTS:
                self._bury(tx, message, result, f"given up after {message.attempt} attempts: {reason}", now)
            case Retry(reason, after):
                due_at = max(next_attempt(now, message.attempt, random.random()), now + after if after else now)  # noqa: S311  # jitter
                outbox.again(tx, message, due_at, reason, now)
                self.tally.failing.append(f"{_what(message)}: {reason}; tried again from {due_at:%H:%M:%S} UTC")
                self.tally.unreachable = self.tally.unreachable or not result.answered
            case Blocked(reason):
                outbox.again(tx, message, now, reason, now, counts=False)
            case GiveUp(reason):
                self._bury(tx, message, result, reason, now)
        return False

    def _delivered(self, tx: Connection, message: Message, result: Result, outcome: Delivered, now: datetime) -> bool:
        if not outbox.delivered(tx, message, now, keep=message.kind not in CATALOG_KINDS):
            return False
        if result.on_delivered:
            result.on_delivered(tx)
        for kind in outcome.follow_up:
            outbox.put(tx, message.destination, kind, [message.reference], now)
        if not outcome.note:  # a note says why there was nothing to send
            self.tally.delivered[message.kind] += 1
        self.tally.unlisted += [result.unlisted] if result.unlisted else []
        self.tally.doubtful += [result.doubtful] if result.doubtful else []
        return True

    def _bury(self, tx: Connection, message: Message, result: Result, reason: str, now: datetime) -> None:
        if outbox.bury(tx, message, reason, now):
            if result.on_buried:
                result.on_buried(tx, reason)
            self.tally.dead.append(f"{_what(message)}: {reason}")


def _what(message: Message) -> str:
    return f"{message.kind} {message.reference}"

"""The loop that hands messages to couriers: claimed and settled in one transaction for many, while threads deliver without a pause."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from connector.app import App
from connector.delivery.courier import Courier, Result
from connector.delivery.crew import Crew, Settled
from connector.delivery.progress import Progress
from connector.delivery.sending import STOPPED
from connector.delivery.settlement import Settlement, what
from connector.delivery.tally import Tally
from connector.domain.messages import Blocked, Delivered, GiveUp, Kind, Message, Retry
from connector.domain.standing import Standing
from connector.errors import ConnectorError, TurnLost, Unreachable
from connector.log import bound
from connector.storage import fences, outbox, repeated
from connector.usecases import upkeep
from connector.usecases.passes import Pass
from connector.vtex.line import Line

OnSettled = Callable[[Connection, int, Standing | None], None]

log = logging.getLogger(__name__)

DEPTH, FIRST_DEPTH = 16, 2
"""So many messages per connection are in hand at most, and at first, before it is known how fast they are answered."""
IN_HAND_SECONDS = outbox.LEASE.total_seconds() / 4
ROUND_SECONDS = 1.0
"""What is done is settled at least so often: it is what a process that dies would say twice."""


@dataclass(slots=True)
class Relay:
    """One pass over one marketplace's messages. `couriers` has one for each kind, the most urgent first.

    `gives_way` says when nothing more may be taken in hand for now; `gave_way` that something may be left for that.
    """

    app: App
    line: Line
    couriers: dict[Kind, Courier]
    how: Pass
    progress: Progress
    started: datetime
    gives_way: Callable[[], bool]
    gave_way: bool = False
    tally: Tally = field(default_factory=Tally)
    _answered_per_second: float = 0.0

    @property
    def destination(self) -> str:
        return self.line.marketplace.account

    def run(self, on_settled: OnSettled) -> Tally:
        """Deliver until nothing is due, the destination is blocked, or the pass is stopped or has to give way.

        Where it is blocked, messages go one by one until one has found out whether it takes calls again. `on_settled` is given
        the settling transaction, the number delivered, and what the store has to remember of the line, if anything.
        """
        self.line.gate.half_open()
        with Crew(self.line.marketplace.concurrency, f"courier-{self.destination}", fences.carried(self._deliver)) as crew:
            while True:
                results = self._collect(crew)
                crew.hand_out(self._settle_and_claim(results, crew.in_hand, on_settled))
                upkeep.checkpoint(self.app, over_bytes=upkeep.LARGE_WAL_BYTES, wait_seconds=0)
                if not crew.in_hand:
                    return self.tally

    def _collect(self, crew: Crew) -> list[Settled]:
        """Wait for half of what may be in hand: the other half keeps the threads busy while it is settled."""
        began = time.monotonic()
        results = crew.collect(max(1, self._depth // 2), ROUND_SECONDS)
        if results:
            self._answered_per_second = len(results) / max(0.001, time.monotonic() - began)
        return results

    def _settle_and_claim(self, results: list[Settled], in_hand: int, on_settled: OnSettled) -> list[Message]:
        self.gave_way = bool(results or in_hand) and self.gives_way()  # something is sent in every turn
        room = 0 if self.gave_way else self._room(in_hand)
        if not results and not room:
            return []
        news: list[Standing | None] = [] if results else [None]
        try:
            claimed = self._written(results, room, on_settled, news)
        except (Unreachable, TurnLost):
            raise
        except Exception:  # noqa: BLE001  # one of them it is, which fails again by itself, and is logged there
            claimed = self._written(self._apart(results, on_settled), room, on_settled, news)
        self.progress.settled(len(results))
        return claimed

    @repeated.when_deadlocked
    def _written(self, results: list[Settled], room: int, on_settled: OnSettled, news: list[Standing | None]) -> list[Message]:
        """Settle and claim in one transaction; what is rolled back is not counted.

        `news` is filled in the transaction, lest an older word of another job's is written after it; once, for it may be repeated.
        """
        tally, claimed = Tally(), []
        with self.app.db.write() as tx:
            news += [] if news else [self.line.news()]
            if results or news[0]:
                on_settled(tx, Settlement(self.line.marketplace, tally).settle(tx, results, self.app.now), news[0])
            if room:
                by_hand, now = self.started if self.how.by_hand else None, self.app.now  # after settling: what that put is due by now
                claimed = outbox.claim(tx, self.destination, tuple(self.couriers), now, room, also_before=by_hand)
        self.tally.take_in(tally)
        return claimed

    def _apart(self, results: list[Settled], on_settled: OnSettled) -> list[Settled]:
        """Settle each by itself; return those that failed, for which it costs an attempt: the others are not said again for them."""
        return [failed for one in results if (failed := self._alone(one, on_settled))]

    def _alone(self, one: Settled, on_settled: OnSettled) -> Settled | None:
        message, result = one
        try:
            self._written([one], 0, on_settled, [None])
        except (Unreachable, TurnLost):
            raise
        except Exception as error:
            log.exception("what came of a message cannot be written", extra={"kind": message.kind, "reference": message.reference})
            on_buried = result.on_buried if isinstance(result.outcome, Delivered) else None
            return message, Result(Retry(f"internal: {type(error).__name__}"), on_buried=on_buried)
        return None

    def _room(self, in_hand: int) -> int:
        """Say how many more may be taken in hand; behind a shut gate one alone, when nothing else is under way."""
        gate = self.line.gate
        if self.how.stop.is_set() or not gate.lets_through:
            return 0
        return max(0, (1 if gate.blocked else self._depth) - in_hand)

    @property
    def _depth(self) -> int:
        """Have no more in hand than is answered within a quarter of a lease, at the present rate and as answers came of late."""
        threads = self.line.marketplace.concurrency
        in_time = IN_HAND_SECONDS * min(self.line.pace.rate / 60, self._answered_per_second or self.line.pace.rate)
        most = threads * (DEPTH if self._answered_per_second else FIRST_DEPTH)
        return max(1, min(most, max(int(in_time), min(threads, int(self.line.pace.rate / 4)))))

    def _deliver(self, message: Message) -> Result:
        """Deliver one message; every line logged meanwhile bears its number."""
        facts = {"message": message.id, "kind": message.kind.value, "reference": message.reference, "attempt": message.attempt}
        with bound(destination=self.destination, **facts):
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
        now = self.app.now
        told = self.line.routes.judged(message, result.outcome, now)
        outcome = self.line.gate.saw(told, now, what(message), answered=result.answered)
        if outcome is result.outcome and (not isinstance(outcome, Blocked) or outcome is STOPPED):
            return result
        return replace(result, outcome=outcome, goes_behind=isinstance(outcome, Blocked))

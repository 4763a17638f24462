"""What deliveries mean to the state: a whole batch in one transaction, what is alike in it in one statement."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from connector.delivery.courier import Noted, Result
from connector.delivery.crew import Settled
from connector.delivery.marketplace import note
from connector.delivery.tally import Tally
from connector.domain.messages import CATALOG_KINDS, MAX_ATTEMPTS, Blocked, Delivered, GiveUp, Kind, Message, Retry, next_attempt
from connector.settings import MarketplaceSettings
from connector.storage import batches, outbox


@dataclass(frozen=True, slots=True)
class Settlement:
    """Writes results behind the fence of each message's lease, and counts them."""

    marketplace: MarketplaceSettings
    tally: Tally

    def settle(self, tx: Connection, results: Sequence[Settled], now: datetime) -> int:
        """Settle results; return how many messages were delivered."""
        plain = [(message, result) for message, result in results if _leaves_no_row(message, result)]
        delivered = self._gone(tx, plain, now)
        blocked: defaultdict[tuple[str, bool, bool], list[Message]] = defaultdict(list)
        for message, result in results:
            if isinstance(result.outcome, Blocked):
                blocked[result.outcome.reason, result.goes_behind, result.outcome.was_sent].append(message)
            elif not _leaves_no_row(message, result):
                delivered += self._one(tx, message, result, now)
        for (reason, behind, sent), messages in blocked.items():
            batches.back(tx, messages, reason, now, behind=behind, sent=sent)
        return delivered

    def _gone(self, tx: Connection, results: Sequence[Settled], now: datetime) -> int:
        """Settle what is delivered and forgotten; the listings and what follows are written sort by sort."""
        silent = {message.id for message, result in results if result.says_nothing}
        won = batches.gone(tx, [message for message, _ in results], now, silent=silent)
        noted: defaultdict[Noted, list[str]] = defaultdict(list)
        follow_up: defaultdict[Kind, list[str]] = defaultdict(list)
        for message, result in results:
            if message.id in won:
                self._meant(tx, message, result, noted, follow_up)
        for sort, skus in noted.items():
            note(tx, self.marketplace, sort, skus, now)
        for kind, references in follow_up.items():
            outbox.put(tx, self.marketplace.account, kind, references, now)
        return len(won)

    def _meant(
        self,
        tx: Connection,
        message: Message,
        result: Result,
        noted: defaultdict[Noted, list[str]],
        follow_up: defaultdict[Kind, list[str]],
    ) -> None:
        if result.noted:
            noted[result.noted].append(message.reference)
        if result.on_delivered:
            result.on_delivered(tx)
        for kind in _follow_up(result):
            follow_up[kind].append(message.reference)
        self._count(message, result)

    def _one(self, tx: Connection, message: Message, result: Result, now: datetime) -> bool:
        match result.outcome:
            case Delivered():
                return self._kept(tx, message, result, now)
            case Retry(reason, counts=True) if message.attempt >= MAX_ATTEMPTS:
                self._bury(tx, message, result, f"given up after {message.attempt} attempts: {reason}", now)
            case Retry() as retry:
                self._again(tx, message, retry, now, answered=result.answered)
            case GiveUp(reason):
                self._bury(tx, message, result, reason, now)
        return False

    def _kept(self, tx: Connection, message: Message, result: Result, now: datetime) -> bool:
        if not outbox.delivered(tx, message, now, keep=True):
            return False
        if result.on_delivered:
            result.on_delivered(tx)
        for kind in _follow_up(result):
            outbox.put(tx, message.destination, kind, [message.reference], now)
        self._count(message, result)
        return True

    def _count(self, message: Message, result: Result) -> None:
        if isinstance(result.outcome, Delivered) and not result.outcome.note:  # a note says why there was nothing to send
            self.tally.delivered[message.kind] += 1
        self.tally.unlisted.add(result.unlisted, (f"SKU {message.reference}", result.unlisted.partition(": ")[2]))
        self.tally.doubtful.add(result.doubtful, (message.reference, ""))
        self.tally.unsold += result.unsold

    def _again(self, tx: Connection, message: Message, retry: Retry, now: datetime, *, answered: bool) -> None:
        due_at = max(next_attempt(now, message.attempt, random.random()), now + retry.after if retry.after else now)  # noqa: S311  # jitter
        counts = retry.counts or message.kind is Kind.STATUS  # a question is let go after a few, and loses nothing
        outbox.again(tx, message, due_at, retry.reason, now, counts=counts)
        again = f"tried again from {due_at:%H:%M:%S} UTC"
        ours, theirs = ("", retry.reason) if answered else (f": {retry.reason}", "")
        self.tally.failing.add(f"{what(message)}: {retry.reason}; {again}", (f"{what(message)}{ours}; {again}", theirs))
        self.tally.unreachable = self.tally.unreachable or not answered

    def _bury(self, tx: Connection, message: Message, result: Result, reason: str, now: datetime) -> None:
        if outbox.bury(tx, message, reason, now):
            if result.on_buried:
                result.on_buried(tx, reason)
            self.tally.dead.add(f"{what(message)}: {reason}", (what(message), reason))


def what(message: Message) -> str:
    return f"{message.kind} {message.reference}"


def _leaves_no_row(message: Message, result: Result) -> bool:
    return isinstance(result.outcome, Delivered) and message.kind in CATALOG_KINDS


def _follow_up(result: Result) -> Iterable[Kind]:
    return result.outcome.follow_up if isinstance(result.outcome, Delivered) else ()

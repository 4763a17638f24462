"""Dispatches that are not to be written any more: their order has ended, and what the buyer was refunded for is not shipped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from connector.domain.messages import Kind, Message
from connector.storage import order_story, orders, outbox
from connector.usecases.dispatching import ENDED

ENDED_FIRST = "the order has ended: it must not be shipped"


def lay_aside(tx: Connection, messages: Sequence[Message], now: datetime) -> set[int]:
    """Settle those whose order has ended, and say so in its story; returns their numbers."""
    ended = ended_of(tx, ((message.kind, message.reference) for message in messages))
    needless = [message for message in messages if (message.kind, message.reference) in ended]
    for message in needless:
        if outbox.superseded(tx, message, now, reason=ENDED_FIRST):
            order_story.event(tx, message.reference, now, "dispatch file laid aside", ENDED_FIRST)
    return {message.id for message in needless}


def ended_of(tx: Connection, messages: Iterable[tuple[Kind, str]]) -> set[tuple[Kind, str]]:
    """Return of messages, by kind and reference, the dispatches of orders that have ended."""
    dispatches = {one[1]: one for one in messages if one[0] is Kind.DISPATCH_FILE}
    states = orders.states(tx, dispatches) if dispatches else {}
    return {dispatches[order_id] for order_id, state in states.items() if state in ENDED}

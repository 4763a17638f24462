"""Messages to marketplaces that left the settings: nobody delivers them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select, update

from connector.domain.messages import DOCUMENT_KINDS, ERP, Message
from connector.storage import batches, outbox
from connector.storage.findings import Finding
from connector.storage.message_states import PENDING, SENDING
from connector.storage.tables import outbox as t

_OF_ORDERS = t.c.kind.in_([kind.value for kind in DOCUMENT_KINDS])


def behind(tx: Connection, accounts: Collection[str]) -> list[Finding]:
    """Find, by destination, what orders have to tell a marketplace that is none of `accounts`."""
    strangers = [one for one in _destinations(tx) if one != ERP and one not in accounts]
    found = [tx.execute(select(func.count(), func.min(t.c.put_at)).where(*_of_orders(one))).one() for one in strangers]
    return [Finding(one, number, since) for one, (number, since) in zip(strangers, found, strict=True) if number]


def lapsed(tx: Connection, accounts: Collection[str], now: datetime) -> list[str]:
    """Name the marketplaces, none of `accounts`, for which a process that ended left something in hand: nobody else takes it back."""
    in_hand = select(t.c.destination).where(_OF_ORDERS, SENDING, t.c.lease_until < now, t.c.destination.not_in([ERP, *accounts]))
    return sorted(tx.scalars(in_hand.distinct()))


def take_back(tx: Connection, account: str, now: datetime) -> None:
    """Let what a process that ended left in hand for a marketplace wait again."""
    outbox.reclaim(tx, account, DOCUMENT_KINDS, now, expired_only=True)


def give_up(tx: Connection, account: str, reason: str, put_before: datetime, now: datetime, *, limit: int) -> list[Message]:
    """Make dead letters of up to `limit` messages about orders that wait for a marketplace since before an instant; returns them."""
    query = select(t).where(*_of_orders(account), t.c.put_at <= put_before).order_by(t.c.id).limit(limit)
    messages = [outbox.message_of(row) for row in tx.execute(query.with_for_update(skip_locked=True))]
    batches.bury_no_longer(tx, messages, now)
    dead = {"state": "dead", "reason": reason, "settled_at": now}
    tx.execute(update(t).where(t.c.id.in_([message.id for message in messages]), PENDING).values(dead))
    return messages


def _of_orders(account: str) -> tuple[ColumnElement[bool], ...]:
    return t.c.destination == account, PENDING, _OF_ORDERS


def _destinations(tx: Connection) -> Iterator[str]:
    """Yield each destination of which something waits, from one to the next along the index."""
    last = tx.execute(select(func.min(t.c.destination)).where(PENDING)).scalar()
    while last is not None:
        yield last
        last = tx.execute(select(func.min(t.c.destination)).where(PENDING, t.c.destination > last)).scalar()

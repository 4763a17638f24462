"""Messages to marketplaces that left the settings: nobody delivers them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select, update

from connector.domain.messages import DOCUMENT_KINDS, ERP
from connector.storage.findings import Finding
from connector.storage.message_states import PENDING
from connector.storage.tables import outbox as t


def behind(tx: Connection, accounts: Collection[str]) -> list[Finding]:
    """Find, by destination, what orders have to tell a marketplace that is none of `accounts`."""
    strangers = [one for one in _destinations(tx) if one != ERP and one not in accounts]
    found = [tx.execute(select(func.count(), func.min(t.c.put_at)).where(*_of_orders(one))).one() for one in strangers]
    return [Finding(one, number, since) for one, (number, since) in zip(strangers, found, strict=True) if number]


def give_up(tx: Connection, account: str, reason: str, put_before: datetime, now: datetime) -> int:
    """Make dead letters of what orders have to tell a marketplace since before an instant; returns how many."""
    dead = {"state": "dead", "reason": reason, "settled_at": now}
    return tx.execute(update(t).where(*_of_orders(account), t.c.put_at <= put_before).values(dead)).rowcount


def _of_orders(account: str) -> tuple[ColumnElement[bool], ...]:
    return t.c.destination == account, PENDING, t.c.kind.in_([kind.value for kind in DOCUMENT_KINDS])


def _destinations(tx: Connection) -> Iterator[str]:
    """Yield each destination of which something waits, from one to the next along the index."""
    last = tx.execute(select(func.min(t.c.destination)).where(PENDING)).scalar()
    while last is not None:
        yield last
        last = tx.execute(select(func.min(t.c.destination)).where(PENDING, t.c.destination > last)).scalar()

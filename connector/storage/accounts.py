"""How each marketplace stands: paused by a person, blocked until an instant, failing in a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from connector.domain.messages import Blocked
from connector.storage.tables import marketplaces as t
from connector.storage.upsert import insert


@dataclass(frozen=True, slots=True)
class Standing:
    account: str
    is_paused: bool
    blocked_until: datetime | None
    reason: str
    needs_a_person: bool
    delivered: int

    def is_blocked(self, now: datetime) -> bool:
        return self.blocked_until is not None and now < self.blocked_until


def standing(tx: Connection, account: str) -> Standing:
    """Return how a marketplace stands; one never spoken to stands well."""
    row = tx.execute(select(t).where(t.c.account == account)).first()
    if row is None:
        return Standing(account, is_paused=False, blocked_until=None, reason="", needs_a_person=False, delivered=0)
    return Standing(account, row.paused, row.blocked_until, row.blocked_reason or "", row.needs_a_person, row.delivered)


def know(tx: Connection, account: str) -> None:
    """Make sure that a marketplace has its row."""
    tx.execute(insert(tx, t).values(account=account, paused=False).on_conflict_do_nothing(index_elements=["account"]))


def pause(tx: Connection, account: str, *, paused: bool) -> None:
    """Stop or restart all calls to a marketplace."""
    know(tx, account)
    tx.execute(update(t).where(t.c.account == account).values(paused=paused))


def block(tx: Connection, account: str, blocked: Blocked) -> None:
    """Leave a marketplace alone until the instant given."""
    values = {"blocked_until": blocked.until, "blocked_reason": blocked.reason, "needs_a_person": blocked.needs_a_person}
    tx.execute(update(t).where(t.c.account == account).values(values))


def unblock(tx: Connection, account: str) -> None:
    """Record that a marketplace answers again."""
    tx.execute(update(t).where(t.c.account == account).values(blocked_until=None, blocked_reason=None, needs_a_person=False))


def count_delivered(tx: Connection, account: str, number: int) -> None:
    """Add to what a marketplace was told: delivered catalog messages leave no row behind."""
    tx.execute(update(t).where(t.c.account == account).values(delivered=t.c.delivered + number))

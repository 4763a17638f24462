"""What a clock that was ahead dated into the future, brought back to now: it would wait until then."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, false, or_, update

from connector.storage.tables import marketplaces, outbox


def bring_back_messages(tx: Connection, now: datetime) -> int:
    """Make messages due that were put, or tried, at an instant which has not come yet; return how many."""
    is_ahead = or_(outbox.c.put_at > now, outbox.c.attempted_at > now)
    waits = (outbox.c.state == "pending", outbox.c.due_at > now)
    return tx.execute(update(outbox).where(*waits, is_ahead).values(due_at=now)).rowcount


def bring_back_blocks(tx: Connection, now: datetime) -> int:
    """Let marketplaces that are left alone for a while be tried at once: one call finds out; return how many."""
    t = marketplaces
    for_a_while = (t.c.blocked_until > now, t.c.needs_a_person == false())
    return tx.execute(update(t).where(*for_a_while).values(blocked_until=now)).rowcount

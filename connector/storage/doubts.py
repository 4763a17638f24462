"""Files for the ERP of which nobody can tell whether they were published: dead letters, looked at again, for their folder may come back."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, select, update

from connector.domain.messages import Message
from connector.storage import outbox
from connector.storage.message_states import DEAD
from connector.storage.tables import outbox as t

REASON = "the ERP's folder is not the one that this file lay half-way in, and whether the ERP has got it cannot be told"
DOUBTFUL = f"{REASON}: look there, then replay or discard"


def give_up(tx: Connection, message: Message, now: datetime) -> bool:
    """Make a message that was being published a dead letter; its mark stays, to be judged where its folder is there again."""
    return outbox.bury(tx, message, DOUBTFUL, now)


def given_up(tx: Connection, destination: str) -> list[tuple[Message, dict[str, str]]]:
    """Return the messages that nobody has replayed or discarded, each with its mark."""
    rows = tx.execute(select(t).where(DEAD, t.c.destination == destination, t.c.reason == DOUBTFUL).order_by(t.c.id))
    return [(outbox.message_of(row), row.partial) for row in rows]


def take_up(tx: Connection, message: Message) -> Message | None:
    """Take one back in hand as being published; None where a person has decided of it meanwhile."""
    values = {"state": "publishing", "lease": uuid4().hex, "settled_at": None, "reason": None}
    row = tx.execute(update(t).where(t.c.id == message.id, DEAD).values(values).returning(*outbox.OF_A_MESSAGE)).first()
    return outbox.message_of(row) if row else None

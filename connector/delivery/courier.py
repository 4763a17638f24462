"""What a courier is: it delivers one kind of message, and says what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from connector.domain.messages import Message, Outcome

Effect = Callable[[Connection], None]


@dataclass(frozen=True, slots=True)
class Result:
    """An outcome, and what it means to the state: written in the settling transaction, and only by whoever holds the fence.

    `answered` is False where the destination could not be reached at all. `unlisted` is a sentence for the report where a SKU is
    withheld or denied, and a person should mend it; `doubtful` names what was sent and may not do well.
    """

    outcome: Outcome
    on_delivered: Effect | None = None
    on_buried: Callable[[Connection, str], None] | None = None
    answered: bool = True
    unlisted: str = ""
    doubtful: str = ""


Courier = Callable[[Message], Result]

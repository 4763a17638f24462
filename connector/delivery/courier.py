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

    `answered` is False where the destination could not be reached at all.
    """

    outcome: Outcome
    on_delivered: Effect | None = None
    on_buried: Callable[[Connection, str], None] | None = None
    answered: bool = True


Courier = Callable[[Message], Result]

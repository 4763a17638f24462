"""What a courier is: it delivers one kind of message, and says what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Connection

from connector.domain.messages import Message, Outcome

Effect = Callable[[Connection], None]


class Noted(Enum):
    """What an answer says of a SKU's listing, where that is all it says: written for a whole batch at once."""

    KNOWN = "the catalogue knows it"
    UNKNOWN = "the catalogue does not know it"
    TOUCHED = "its price or stock was told"


@dataclass(frozen=True, slots=True)
class Result:
    """An outcome, and what it means to the state: written in the settling transaction, and only by whoever holds the fence.

    `noted` and `on_delivered` count where it was delivered. `answered` is False where the destination could not be reached at all.
    `unlisted` is a sentence for the report where a SKU is withheld or denied, and a person should mend it; `doubtful` names what was
    sent and may not do well. `unsold` says that a SKU is not suggested because it is not for sale. `goes_behind` lets every other message
    be tried before this one, which was refused for all. `says_nothing` leaves the dead letters about it as they are.
    """

    outcome: Outcome
    on_delivered: Effect | None = None
    on_buried: Callable[[Connection, str], None] | None = None
    answered: bool = True
    unlisted: str = ""
    doubtful: str = ""
    unsold: bool = False
    noted: Noted | None = None
    goes_behind: bool = False
    says_nothing: bool = False


Courier = Callable[[Message], Result]

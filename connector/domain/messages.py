"""The outbox's words: kinds, messages, outcomes, and when to try again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

ERP = "erp"
"""The destination of messages that become files; every other destination is a marketplace's account."""


class Kind(StrEnum):
    """What a message asks. Stored names: chosen once, renamed over two releases."""

    CATALOG = "catalog"  # the SKU is new, or its content changed (in protocol 2017: anything changed)
    PRICE = "price"  # the price of a known SKU changed
    INVENTORY = "inventory"  # what a known SKU has to sell changed
    SOLD_OUT = "sold-out"  # a known SKU has nothing left to sell: the same call, before all others
    SUGGESTION = "suggestion"  # the marketplace does not know the SKU: suggest it
    STATUS = "suggestion-status"  # what became of a suggestion
    INVOICE = "invoice"
    TRACKING = "tracking"
    DELIVERY = "delivery"
    CANCEL = "cancel"  # the seller cancels, or confirms a cancellation that the marketplace asked for
    CHANGE_ACKNOWLEDGED = "change-acknowledged"  # a change of an order that the marketplace asks for was taken
    CHANGE_CONFIRMED = "change-confirmed"  # and was applied
    ORDER_FILE = "order-file"
    DISPATCH_FILE = "dispatch-file"
    CANCELLATION_FILE = "cancellation-file"
    CHANGE_FILE = "change-file"
    ERRORS_FILE = "errors-file"  # what of an ERP's file was refused; the reference is its number in the ledger


CATALOG_KINDS = (Kind.SOLD_OUT, Kind.INVENTORY, Kind.PRICE, Kind.CATALOG, Kind.SUGGESTION, Kind.STATUS)
"""What notify-marketplaces delivers, the most urgent first: sold out, stock and price, content, suggestions, their status."""
TELLING_KINDS = CATALOG_KINDS[:-1]
"""Those that tell a marketplace something; the last one only asks."""
DOCUMENT_KINDS = (Kind.CANCEL, Kind.CHANGE_ACKNOWLEDGED, Kind.CHANGE_CONFIRMED, Kind.INVOICE, Kind.TRACKING, Kind.DELIVERY)
FILE_KINDS = (Kind.ORDER_FILE, Kind.CHANGE_FILE, Kind.DISPATCH_FILE, Kind.CANCELLATION_FILE, Kind.ERRORS_FILE)


@dataclass(frozen=True, slots=True)
class Message:
    """One row of the outbox: it points at what it is about, and does not carry it.

    `reference` is a SKU, an order id or a document id; `attempt` counts from 1 the tries that the destination answered or failed.
    """

    id: int
    destination: str
    kind: Kind
    reference: str
    attempt: int
    lease: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """Done. `follow_up` is another kind about the same reference, put in the settling transaction."""

    follow_up: tuple[Kind, ...] = ()
    receipt: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Failed, and may succeed later; `after` is the least wait, where there is one.

    `counts` is False where the destination has answered nothing well since the message's last attempt: that costs it none.
    `is_its_own` says that the destination takes others: it is no failure of the destination's.
    """

    reason: str
    after: timedelta | None = None
    counts: bool = True
    is_its_own: bool = False


@dataclass(frozen=True, slots=True)
class Blocked:
    """The destination takes nothing now (credentials refused, throttled, circuit open). Costs the message no attempt.

    `of_its_own` says why the message alone fails, and is given up in the end, where the destination takes others; `was_sent` that it went
    out all the same, and failed: whether the destination has it nobody knows.
    """

    reason: str
    until: datetime
    needs_a_person: bool = False
    of_its_own: str = ""
    was_sent: bool = False


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The destination says that this will never do: a dead letter."""

    reason: str


Outcome = Delivered | Retry | Blocked | GiveUp

MAX_ATTEMPTS = 12
LONGEST_WAIT = timedelta(minutes=15)


def next_attempt(now: datetime, attempt: int, jitter: float) -> datetime:
    """Say when to try again after the given attempt (from 1): 1 s doubling up to 15 min, up to half of it taken off by jitter (0 to 1)."""
    wait = min(timedelta(seconds=2 ** min(attempt - 1, 20)), LONGEST_WAIT)
    return now + wait * (1 - 0.5 * jitter)

"""What the ERP tells about an order: invoices, tracking, deliveries, cancellations, acks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

BY_INVOICE = "invoice:"
"""Before an invoice's number, in place of an order's id: the order that this invoice is of. Carriers know no order."""

CANCELLED_NFE = "cancelled-nfe:"
"""Before an NF-e's access key, in place of an order's id: SEFAZ cancelled this one. The event knows no order."""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a document is refused, as an errors file says it: column, value, reason with its remedy; `line` where it is not the first."""

    column: str
    value: str
    reason: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class InvoiceItem:
    sku: str
    quantity: int
    price_cents: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """A sale (Output) or a return (Input). `value_cents` is this invoice's own value, its share of freight included."""

    number: str
    type: Literal["Output", "Input"]
    issued_at: datetime
    value_cents: int
    items: tuple[InvoiceItem, ...]
    key: str = ""
    courier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class GivenLine:
    """One item as the ERP's row has it: an empty sku stands for all that is open, no price for the order's own."""

    sku: str
    quantity: int | None
    price_cents: int | None


@dataclass(frozen=True, slots=True)
class GivenInvoice:
    """An invoice as the ERP's rows have it, not yet held against its order."""

    number: str
    type: Literal["Output", "Input"]
    issued_at: datetime
    value_cents: int
    lines: tuple[GivenLine, ...]
    key: str = ""
    courier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Tracking:
    invoice_number: str
    courier: str
    number: str
    url: str
    dispatched_on: date | None = None


@dataclass(frozen=True, slots=True)
class CarrierEvent:
    on: date
    city: str
    state: str
    description: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the carrier reported of one invoice; `delivered_at` only once it was handed over."""

    invoice_number: str
    is_delivered: bool
    delivered_at: datetime | None
    events: tuple[CarrierEvent, ...]


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The ERP cancels an order; where it is invoiced already, with the invoice that takes everything back."""

    reason: str
    return_number: str = ""
    return_issued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ack:
    """The ERP's answer to an order file. `acked_at` is the file's own time: stock files newer than it count the order already."""

    order_id: str
    is_accepted: bool
    erp_order_id: str
    message: str
    acked_at: datetime


class DocumentKind(StrEnum):
    """Stored names: chosen once."""

    INVOICE = "invoice"
    TRACKING = "tracking"
    DELIVERY = "delivery"
    CANCEL = "cancel"


class DocumentState(StrEnum):
    """Stored names: chosen once."""

    WAITING = "waiting"  # for the order's authorization, or for what has to be reported first
    PENDING = "pending"  # in the outbox
    REPORTED = "reported"  # the marketplace has it
    GIVEN_UP = "given-up"  # the marketplace refused it, or it was overtaken; only a person or a corrected file brings it back


Content = Invoice | Tracking | Delivery | Cancellation


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was taken. `said` is a hash of what the ERP said: equal for the same document, however often it comes."""

    id: int
    order_id: str
    kind: DocumentKind
    number: str
    said: str
    content: Content
    state: DocumentState
    reason: str = ""
    reported_at: datetime | None = None

    @property
    def is_reported(self) -> bool:
        return self.state == DocumentState.REPORTED

    @property
    def counts(self) -> bool:
        """Tell whether it is, or will be, known to the marketplace."""
        return self.state != DocumentState.GIVEN_UP

"""What the ERP tells about an order: invoices, tracking, deliveries, cancellations, acks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


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
    reason: str


@dataclass(frozen=True, slots=True)
class Ack:
    """The ERP's answer to an order file. `acked_at` is the file's own time: stock files newer than it count the order already."""

    order_id: str
    is_accepted: bool
    erp_order_id: str
    message: str
    acked_at: datetime

"""Orders: what VTEX placed, the states it passes through, and who may move it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from connector.errors import Conflict


class OrderState(StrEnum):
    """Stored names: chosen once."""

    PLACED = "placed"  # VTEX placed it; stock is held; nothing may be shipped
    AUTHORIZED = "authorized"  # VTEX authorized dispatch; the ERP ships and invoices
    CANCEL_ASKED = "cancel-asked"  # VTEX asked to cancel after authorization; the ERP decides
    INVOICED = "invoiced"  # at least one sales invoice was taken
    CANCELED = "canceled"  # final
    EXPIRED = "expired"  # never authorized within its time; final


TRANSITIONS: dict[OrderState, frozenset[OrderState]] = {
    OrderState.PLACED: frozenset({OrderState.AUTHORIZED, OrderState.CANCELED, OrderState.EXPIRED}),
    OrderState.AUTHORIZED: frozenset({OrderState.CANCEL_ASKED, OrderState.INVOICED, OrderState.CANCELED}),
    OrderState.CANCEL_ASKED: frozenset({OrderState.CANCELED, OrderState.INVOICED}),
    OrderState.INVOICED: frozenset({OrderState.CANCELED}),
    OrderState.CANCELED: frozenset(),
    OrderState.EXPIRED: frozenset(),
}
"""Data, not scattered ifs. INVOICED to CANCELED only after a return of the full invoiced value."""

OPEN_STATES = (OrderState.PLACED, OrderState.AUTHORIZED, OrderState.CANCEL_ASKED)


def moved(order_id: str, state: OrderState, to: OrderState) -> OrderState:
    """Return the new state, or raise Conflict where the present one does not lead there."""
    if to not in TRANSITIONS[state]:
        raise Conflict(f"order {order_id} is {state}; it cannot become {to}")
    return to


@dataclass(frozen=True, slots=True)
class OrderService:
    type: str
    id: str
    name: str
    price_cents: int


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One line. `price_cents` is the unit price, `freight_cents` the line's own; `tags_cents` sums its price tags (negative: discount)."""

    sku: str
    quantity: int
    price_cents: int
    sla: str
    freight_cents: int
    services: tuple[OrderService, ...] = ()
    unit_multiplier: float = 1.0
    tags_cents: int = 0
    is_gift: bool = False
    estimate: str = ""
    lock_ttl: str = ""
    delivery_window: dict[str, Any] | None = None
    channel: str = ""  # how it reaches the buyer: delivery, or collected at `pickup_point`
    pickup_point: str = ""
    measurement_unit: str = ""
    attachments: tuple[Any, ...] = ()  # what the buyer had written on it, as sent


@dataclass(frozen=True, slots=True)
class OrderTotals:
    """Cents; `discounts` is negative or 0, and `total` is the sum of the others."""

    items: int
    shipping: int
    services: int
    discounts: int

    @property
    def total(self) -> int:
        return self.items + self.shipping + self.services + self.discounts


def line_cents(item: OrderItem) -> int:
    """Return price × multiplier × quantity, rounded half up to the cent as VTEX does (facts 0.2)."""
    if item.unit_multiplier == 1:
        return item.price_cents * item.quantity
    exact = Decimal(item.price_cents) * Decimal(str(item.unit_multiplier)) * item.quantity
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def totals(items: tuple[OrderItem, ...]) -> OrderTotals:
    """Add up an order's lines, in cents."""
    return OrderTotals(
        items=sum(line_cents(item) for item in items),
        shipping=sum(item.freight_cents for item in items),
        services=sum(service.price_cents * item.quantity for item in items for service in item.services),
        discounts=sum(item.tags_cents for item in items),
    )


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as it arrives, read but not yet decided upon. `client` and `address` as sent; `raw` is the document as sent."""

    account: str
    sales_channel: str
    marketplace_order_id: str
    services_endpoint: str
    payment_cents: int | None
    items: tuple[OrderItem, ...]
    client: dict[str, Any]
    address: dict[str, Any]
    raw: dict[str, Any]
    content_hash: str
    document: str = ""  # the buyer's CPF or CNPJ, digits and letters only
    note: str = ""  # what the buyer wrote
    custom_data: Any = None  # what the marketplace's own fields hold, as sent
    unitless: frozenset[str] = frozenset()  # the SKUs that came without a unit multiplier, or with the guide's 0

    @property
    def totals(self) -> OrderTotals:
        return totals(self.items)


@dataclass(frozen=True, slots=True)
class Order:
    """A placed order as the store knows it."""

    order_id: str
    account: str
    sales_channel: str
    marketplace_order_id: str
    state: OrderState
    placed_at: datetime
    content_hash: str
    services_endpoint: str
    items: tuple[OrderItem, ...]
    client: dict[str, Any]
    address: dict[str, Any]
    raw: dict[str, Any]
    flags: tuple[str, ...] = ()
    authorized_at: datetime | None = None
    receipt: str | None = None
    payments: Any = None
    cancel_receipt: str | None = None
    canceled_at: datetime | None = None
    cancel_request: dict[str, Any] | None = None
    erp_order_id: str | None = None
    acked_at: datetime | None = None
    note: str = ""
    custom_data: Any = None
    payment_cents: int | None = None  # what the marketplace paid for the order as it was placed; None: it did not say
    history: tuple[OrderEvent, ...] = field(default=())

    @property
    def totals(self) -> OrderTotals:
        return totals(self.items)

    @property
    def cancel_reason(self) -> str:
        """Why it is cancelled: the seller's own reason where there is one, else the marketplace's."""
        request = self.cancel_request or {}
        return str(request.get("seller_reason") or request.get("reason") or "")


@dataclass(frozen=True, slots=True)
class OrderEvent:
    at: datetime
    what: str
    detail: str

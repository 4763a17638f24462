"""May these orders be taken? The whole request is decided at once: one order that cannot be accepted refuses all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from connector.domain import placing_windows
from connector.domain.catalog import Offer
from connector.domain.money import units
from connector.domain.orders import NewOrder, Order, OrderItem, line_cents
from connector.domain.windows import Window
from connector.errors import OrderRefused


@dataclass(frozen=True, slots=True)
class NamedSku:
    """A SKU that the products file names: whether it may be sold, and what is left of it (the ERP's stock less open reservations)."""

    is_active: bool
    stock: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What orders are measured by: today's offers, the SKUs known (also those not on offer), shipping services, tolerance (a share).

    No shipping services means that any is accepted; `windows`: by order, those of scheduled ones. VTEX's rounding may differ by a cent
    (KI 1032473): a total that differs is flagged, and refused only where the settings want it.
    """

    offers: Mapping[str, Offer]
    known: Mapping[str, NamedSku]
    slas: Collection[str]
    price_tolerance: float
    refuses_other_totals: bool = False
    windows: Mapping[str, Mapping[str, Sequence[Window]]] = field(default_factory=dict)


def decide(orders: Sequence[NewOrder], terms: Terms) -> list[tuple[str, ...]]:
    """Accept all orders of a request, returning each one's flags, or raise OrderRefused naming SKU and cause.

    Codes (facts 4.3): ORD021 unknown or not for sale, FMT006 price, FMT002 stock, FMT010 shipping service, FMT007 total.
    """
    for order in orders:
        for item in order.items:
            _known(order, item, terms)
            _priced(order, item, terms)
            _shipped(order, item, terms)
        if terms.refuses_other_totals and (difference := _difference(order)):
            raise OrderRefused(f"order {order.marketplace_order_id}: {difference}", code="FMT007")
    _in_stock(orders, terms)
    return [tuple(dict.fromkeys(_flags(order, terms))) for order in orders]


def measure_change(
    order: Order,
    lines: Collection[OrderItem],
    grown: Collection[str],
    terms: Terms,
    *,
    unitless: Collection[str] = (),
    is_agreed: bool = False,
) -> tuple[str, ...]:
    """Measure the lines that a change brings as those of a new order: return flags, or raise OrderRefused naming SKU and cause.

    `grown` are the SKUs of which there are more pieces; others need no price today. Of `unitless` ones nobody named a unit multiplier.
    A line at the price that was agreed upon, with the order or (`is_agreed`) when the change was asked for, is flagged at most.
    """
    agreed = {item.sku: item.price_cents for item in order.items}
    for item in lines:
        if item.sku in grown:
            _known(order, item, terms)
        if not is_agreed and item.price_cents != agreed.get(item.sku) and (item.sku in grown or _has_price(item, terms)):
            _priced(order, item, terms)
    flags = (flag for item in lines for flag in _change_flags(item, agreed.get(item.sku), terms, says_unit=item.sku not in unitless))
    return tuple(flag for flag in dict.fromkeys(flags) if flag not in order.flags)


def _refused(order: NewOrder | Order, item: OrderItem, cause: str, code: str) -> OrderRefused:
    return OrderRefused(f"order {order.marketplace_order_id}: SKU {item.sku} {cause}", code=code)


def _known(order: NewOrder | Order, item: OrderItem, terms: Terms) -> None:
    if item.sku in terms.offers:
        return
    named = terms.known.get(item.sku)
    if named is None:
        raise _refused(order, item, "is unknown: no products file names it", "ORD021")
    if not named.is_active:
        raise _refused(order, item, "is not for sale: the products file says that it is inactive", "ORD021")


def _priced(order: NewOrder | Order, item: OrderItem, terms: Terms) -> None:
    if item.is_gift:
        return
    if not _has_price(item, terms):
        raise _refused(order, item, f"has no price today in sales channel {order.sales_channel}", "FMT006")
    offer = terms.offers[item.sku]
    if item.price_cents < lowest(offer.price_cents, terms.price_tolerance):
        limit = f"{Decimal(str(terms.price_tolerance)) * 100:f} %"
        cause = f"came at {units(item.price_cents)}; today's price is {units(offer.price_cents)}, and up to {limit} less is accepted"
        raise _refused(order, item, cause, "FMT006")


def _has_price(item: OrderItem, terms: Terms) -> bool:
    offer = terms.offers.get(item.sku)
    return offer is not None and offer.price_cents > 0


def lowest(price_cents: int, tolerance: float) -> Decimal:
    """Return the least that is accepted for a price, in cents."""
    return price_cents * (1 - Decimal(str(tolerance)))


def _shipped(order: NewOrder, item: OrderItem, terms: Terms) -> None:
    if item.sla and terms.slas and item.sla not in terms.slas:
        offered = ", ".join(sorted(terms.slas))
        raise _refused(order, item, f"came with the shipping service {item.sla!r}; offered are {offered}", "FMT010")
    if cause := placing_windows.unfit(item, terms.windows.get(order.marketplace_order_id, {})):
        raise _refused(order, item, cause, "FMT010")


def _in_stock(orders: Sequence[NewOrder], terms: Terms) -> None:
    """Count what is left over all lines of all orders of the request."""
    left: dict[str, int] = {}
    for order in orders:
        for item in order.items:
            had = left.get(item.sku, _stock(item.sku, terms))
            if item.quantity > had:
                raise _refused(order, item, f"is out of stock: {item.quantity} ordered, {max(had, 0)} left", "FMT002")
            left[item.sku] = had - item.quantity


def _stock(sku: str, terms: Terms) -> int:
    return terms.offers[sku].stock if sku in terms.offers else terms.known[sku].stock


# ── what a person should look at ────────────────────────────────────────────────────────────────────────────────────────
def _flags(order: NewOrder, terms: Terms) -> Iterator[str]:
    for item in order.items:
        yield from _item_flags(item, terms.offers.get(item.sku), terms, says_unit=item.sku not in order.unitless)
    if terms.slas:
        yield from placing_windows.flags(order.items, terms.windows.get(order.marketplace_order_id, {}))
    if difference := _difference(order):
        yield difference


def _difference(order: NewOrder) -> str:
    """Say by how much the order's lines differ from what the marketplace pays; "" where they agree, or it does not say."""
    total = order.totals.total
    if order.payment_cents in (None, total):
        return ""
    return f"the marketplace pays {units(order.payment_cents or 0)}; the order's lines add up to {units(total)}"


def _item_flags(item: OrderItem, offer: Offer | None, terms: Terms, *, says_unit: bool = True) -> Iterator[str]:
    if not item.sla and terms.slas:
        yield f"SKU {item.sku} names no shipping service"
    if item.is_gift:
        return
    if offer and item.price_cents < offer.price_cents:
        yield f"SKU {item.sku} came at {units(item.price_cents)}, below today's {units(offer.price_cents)}"
    if line_cents(item) + item.tags_cents < lowest(line_cents(item), terms.price_tolerance):
        yield f"SKU {item.sku}: the marketplace takes {units(-item.tags_cents)} off {units(line_cents(item))}"
    if offer is None:
        return
    if says_unit and item.unit_multiplier != (offer.unit_multiplier or 1.0):
        yield f"SKU {item.sku} came with the unit multiplier {item.unit_multiplier:g}, offered is {offer.unit_multiplier:g}"
    yield from _service_flags(item, offer)


def _change_flags(item: OrderItem, agreed_cents: int | None, terms: Terms, *, says_unit: bool) -> Iterator[str]:
    if agreed_cents is not None and item.price_cents < agreed_cents and not item.is_gift and not _has_price(item, terms):
        yield f"SKU {item.sku} came at {units(item.price_cents)}, below the {units(agreed_cents)} of before; it has no price today"
    yield from _item_flags(item, terms.offers.get(item.sku), terms, says_unit=says_unit)


def _service_flags(item: OrderItem, offer: Offer) -> Iterator[str]:
    prices = {service.id: service.price_cents for service in offer.services}
    for service in item.services:
        if service.id not in prices:
            yield f"SKU {item.sku} came with the service {service.id!r}, which is not offered"
        elif service.price_cents < prices[service.id]:
            yield f"SKU {item.sku}: the service {service.id!r} came at {units(service.price_cents)}, offered at {units(prices[service.id])}"

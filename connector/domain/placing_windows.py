"""May an order have the delivery window that it names? Those offered are known; instants are compared, however they are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from connector.domain.money import units
from connector.domain.orders import OrderItem
from connector.domain.windows import Window

SHOWN = 3


def unfit(item: OrderItem, windows: Mapping[str, Sequence[Window]]) -> str:
    """Say why a line's window cannot be kept, "" where it can; `windows`: those not over yet, by scheduled service; others need none."""
    offered = windows.get(item.sla)
    if offered is None:
        return ""
    named = item.delivery_window or {}
    soonest = ", ".join(f"{window.start.isoformat()} to {window.end.isoformat()}" for window in offered[:SHOWN]) or "none now"
    if not named:
        return f"came without a delivery window, which the shipping service {item.sla!r} needs; the next are {soonest}"
    if _chosen(item, offered) is None:
        return f"came with the delivery window {named.get('start')} to {named.get('end')}, which is not offered; the next are {soonest}"
    return ""


def flags(items: Iterable[OrderItem], windows: Mapping[str, Sequence[Window]]) -> Iterator[str]:
    """Tell of windows that came too cheap, over all lines of a service (they may share one price), and of those nobody offered."""
    paid: dict[str, int] = {}
    offered: dict[str, int] = {}
    for item in items:
        if item.delivery_window and item.sla not in windows:
            yield f"SKU {item.sku} came with a delivery window, and the shipping service {item.sla!r} has none"
        chosen = _chosen(item, windows.get(item.sla, ()))
        if chosen and item.delivery_window:
            paid[item.sla] = paid.get(item.sla, 0) + int(item.delivery_window.get("price") or 0)
            offered[item.sla] = chosen.price_cents
    for sla, cents in paid.items():
        if cents < offered[sla]:
            yield f"the delivery window of {sla!r} came at {units(cents)}, offered at {units(offered[sla])}"


def _chosen(item: OrderItem, windows: Iterable[Window]) -> Window | None:
    named = item.delivery_window or {}
    start, end = _instant(named.get("start")), _instant(named.get("end"))
    return next((window for window in windows if (window.start, window.end) == (start, end)), None)


def _instant(text: object) -> datetime | None:
    """Read ISO 8601; without an offset it is UTC, as VTEX's names say."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

"""Which of VTEX's addresses a call names (facts of the guide of 2017 and of today's reference alike)."""

from __future__ import annotations

import re

from connector.sandbox.calls import Call

_CATALOG = "/api/catalog_system/pvt/skuseller/changenotification"
_BINDING = "/api/sku-binding/pvt/skuseller"
_ORDER = r"/(?:services|api/oms)/(?:pub|pvt)/orders/[^/]+"
_OMS, _SERVICES = r"/api/oms/pvt/orders/[^/]+", r"/services/pvt/orders/[^/]+"
ROUTES = tuple(
    (name, method, re.compile(pattern, re.IGNORECASE))
    for name, method, pattern in (
        ("catalog", "POST", rf"{_CATALOG}/[^/]+/[^/]+"),
        ("catalog", "POST", rf"{_BINDING}/changenotification/[^/]+/[^/]+"),
        ("one-id", "POST", rf"{_CATALOG}/[^/]+"),
        ("offer", "POST", r"/api/notificator/[^/]+/changenotification/[^/]+/(?:price|inventory)"),
        ("bindings", "GET", rf"{_BINDING}/paged/sellerid/[^/]+"),
        ("binding", "GET", rf"{_BINDING}/[^/]+/[^/]+"),
        ("suggest", "PUT", r"/[^/]+/suggestions/[^/]+/[^/]+"),
        ("suggestion", "GET", r"/[^/]+/suggestions/[^/]+/[^/]+"),
        ("unsuggest", "DELETE", r"/[^/]+/suggestions/[^/]+/[^/]+"),
        ("suggestions", "GET", r"/[^/]+/suggestions"),
        ("invoice", "POST", rf"{_ORDER}/invoice"),
        ("track", "POST", rf"{_SERVICES}/invoice/[^/]+"),
        ("track", "PATCH", rf"{_OMS}/invoice/[^/]+"),
        ("deliver", "POST", rf"{_SERVICES}/invoice/[^/]+/tracking"),
        ("deliver", "PUT", rf"{_OMS}/invoice/[^/]+/tracking"),
        ("cancel", "POST", rf"{_ORDER}/cancel"),
        ("agree", "POST", rf"{_SERVICES}/changes/[^/]+/send-agreement"),
        ("agree", "POST", r"/api/order-system/orders/[^/]+/changes/[^/]+/send-agreement"),
    )
)
LOOKED_AT_AFTER = ("catalog", "offer", "suggest")
ABOUT_ORDERS = ("invoice", "track", "deliver", "cancel", "agree")


def route_of(call: Call) -> str:
    """Return the name of what a call asks for, or "" where VTEX has no such address."""
    return next((name for name, method, pattern in ROUTES if method == call.method and pattern.fullmatch(call.path)), "")


def order_of(call: Call) -> str:
    """Return the id of the order that a call names, or ""."""
    parts = call.parts
    return parts[parts.index("orders") + 1] if "orders" in parts[:-1] else ""


def sku_of(call: Call) -> tuple[str, str]:
    """Return seller and SKU of a notification, binding or suggestion."""
    if "notificator" in call.parts:
        return call.parts[2], call.parts[4]
    return call.parts[-2], call.parts[-1]

"""What the sandbox's page and its state show: plain values, cut to a readable size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connector.sandbox.controls import cart_shown
from connector.sandbox.rules import RULES

if TYPE_CHECKING:
    from connector.sandbox.marketplace import Sandbox

ROWS = 100
LONGEST_BODY = 20_000


def page(sandbox: Sandbox, query: Mapping[str, str]) -> dict[str, Any]:
    """Return everything that the page's template names; `q` in the query narrows SKUs, suggestions and calls."""
    wanted = query.get("q", "")
    exchanges = [e for e in sandbox.ledger.newest() if wanted in e.call.path or wanted in str(e.call.body)]
    with sandbox.lock:
        skus = [sku for sku in sorted(sandbox.known) if wanted in sku]
        suggestions = [(sku, one) for sku, one in sorted(sandbox.suggestions.items()) if wanted in sku]
        vain = [sku for sku in sandbox.asked_in_vain if sku not in sandbox.known and sku not in sandbox.suggestions and wanted in sku]
        return {
            "sandbox": sandbox,
            "q": wanted,
            "rules": RULES,
            "counts": sandbox.ledger.counts.most_common(),
            "broken": sandbox.ledger.broken()[:10],
            "exchanges": exchanges[:ROWS],
            "exchange_count": len(exchanges),
            "skus": [(sku, sandbox.listed.get(sku)) for sku in skus[:ROWS]],
            "sku_count": len(skus),
            "vain": vain[:ROWS],
            "suggestions": suggestions[:ROWS],
            "suggestion_count": len(suggestions),
            "cart": cart_shown(sandbox),
            "orders": list(reversed(sandbox.orders.items()))[:ROWS],
            "stamp": stamp(sandbox),
            "failures": failures(sandbox),
        }


def state(sandbox: Sandbox) -> dict[str, Any]:
    """Return the sandbox's state as one document, for scripts and tests."""
    with sandbox.lock:
        return {
            "account": sandbox.account,
            "seller_id": sandbox.seller_id,
            "endpoint": sandbox.endpoint,
            "stamp": stamp(sandbox),
            "skus": {sku: _listed(sandbox, sku) for sku in sorted(sandbox.known)},
            "suggestions": {
                sku: {"status": one.status, "version": one.version, "body": one.body} for sku, one in sandbox.suggestions.items()
            },
            "orders": {number: _order(order) for number, order in sandbox.orders.items()},
            "violations": dict(sandbox.ledger.counts),
            "broken": [{"number": e.number, "path": e.call.path, "rule": v.rule, "found": v.found} for e, v in sandbox.ledger.broken()],
            "calls": sandbox.ledger.total,
            "per_minute": sandbox.trouble.per_minute,
            "failures": failures(sandbox),
        }


def stamp(sandbox: Sandbox) -> str:
    """Return what changes whenever the page would: calls so far, SKUs, and who waits."""
    pending = sum(one.status == "pending" for one in sandbox.suggestions.values())
    return f"{sandbox.ledger.total}.{len(sandbox.known)}.{pending}.{sandbox.trouble.per_minute}.{len(failures(sandbox))}"


def failures(sandbox: Sandbox) -> list[str]:
    return [failure.words() for failure in sandbox.trouble.failures if failure.times > 0]


def money(cents: object) -> str:
    return f"{cents / 100:,.2f}" if isinstance(cents, int) else ""


def clock(at: datetime) -> str:
    """Write an instant as people on this machine read it."""
    return at.astimezone().strftime("%H:%M:%S")


def pretty(value: object) -> str:
    """Write a document for reading; a very long one is cut."""
    if value is None:
        return "(empty)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return text if len(text) <= LONGEST_BODY else f"{text[:LONGEST_BODY]}\n… {len(text) - LONGEST_BODY} more characters"


def _listed(sandbox: Sandbox, sku: str) -> dict[str, Any]:
    found = sandbox.listed.get(sku)
    if found is None:
        return {"price_cents": None, "stock": None, "reason": "not looked at yet"}
    prices = {"price_cents": found.price_cents, "list_price_cents": found.list_price_cents}
    return {**prices, "stock": found.stock, "reason": found.reason, "at": found.at.isoformat()}


def _order(order: Any) -> dict[str, Any]:
    known = {"state": order.state, "seller_order_id": order.seller_order_id, "total_cents": order.total_cents, "receipt": order.receipt}
    return {**known, "invoices": order.invoices, "deliveries": order.deliveries, "history": order.history}

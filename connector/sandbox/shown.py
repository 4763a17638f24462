"""What the sandbox's page and its state show: plain values, cut to a readable size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connector.sandbox.controls import cart_shown
from connector.sandbox.market import Market
from connector.sandbox.rules import RULES

ROWS = 100
LONGEST_BODY = 20_000


def page(market: Market, query: Mapping[str, str]) -> dict[str, Any]:
    """Return everything that the page's template names; `q` in the query narrows SKUs, suggestions and calls."""
    wanted = query.get("q", "")
    exchanges = [e for e in market.ledger.newest() if wanted in e.call.path or wanted in str(e.call.body)]
    with market.lock:
        skus = [sku for sku in sorted(market.known) if wanted in sku]
        suggestions = [(sku, one) for sku, one in sorted(market.suggestions.items()) if wanted in sku]
        vain = [sku for sku in market.asked_in_vain if sku not in market.known and sku not in market.suggestions and wanted in sku]
        return {
            "sandbox": market,
            "q": wanted,
            "rules": RULES,
            "counts": market.ledger.counts.most_common(),
            "broken": market.ledger.broken()[:10],
            "exchanges": exchanges[:ROWS],
            "exchange_count": len(exchanges),
            "skus": [(sku, market.listed.get(sku)) for sku in skus[:ROWS]],
            "sku_count": len(skus),
            "vain": vain[:ROWS],
            "suggestions": suggestions[:ROWS],
            "suggestion_count": len(suggestions),
            "cart": cart_shown(market),
            "orders": list(reversed(market.orders.items()))[:ROWS],
            "stamp": stamp(market),
            "failures": failures(market),
        }


def state(market: Market) -> dict[str, Any]:
    """Return the sandbox's state as one document, for scripts and tests."""
    with market.lock:
        return {
            "account": market.account,
            "seller_id": market.seller_id,
            "endpoint": market.endpoint,
            "stamp": stamp(market),
            "skus": {sku: _listed(market, sku) for sku in sorted(market.known)},
            "suggestions": {
                sku: {"status": one.status, "version": one.version, "body": one.body} for sku, one in market.suggestions.items()
            },
            "orders": {number: _order(order) for number, order in market.orders.items()},
            "violations": dict(market.ledger.counts),
            "broken": [{"number": e.number, "path": e.call.path, "rule": v.rule, "found": v.found} for e, v in market.ledger.broken()],
            "calls": market.ledger.total,
            "per_minute": market.trouble.per_minute,
            "failures": failures(market),
        }


def stamp(market: Market) -> str:
    """Return what changes whenever the page would: calls so far, SKUs, and who waits."""
    pending = sum(one.status == "pending" for one in market.suggestions.values())
    return f"{market.ledger.total}.{len(market.known)}.{pending}.{market.trouble.per_minute}.{len(failures(market))}"


def failures(market: Market) -> list[str]:
    return [failure.words() for failure in market.trouble.failures if failure.times > 0]


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


def _listed(market: Market, sku: str) -> dict[str, Any]:
    found = market.listed.get(sku)
    if found is None:
        return {"price_cents": None, "stock": None, "reason": "not looked at yet"}
    prices = {"price_cents": found.price_cents, "list_price_cents": found.list_price_cents}
    return {**prices, "stock": found.stock, "reason": found.reason, "at": found.at.isoformat()}


def _order(order: Any) -> dict[str, Any]:
    known = {"state": order.state, "seller_order_id": order.seller_order_id, "total_cents": order.total_cents, "receipt": order.receipt}
    return {**known, "invoices": order.invoices, "deliveries": order.deliveries, "history": order.history}

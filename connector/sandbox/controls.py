"""What a person, or a test, can do at the sandbox: one function a control, the same from the page and by HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connector.errors import NotFound, RequestInvalid
from connector.sandbox import availability
from connector.sandbox.calls import Exchange
from connector.sandbox.fields import Fields, cart_lines, flag, number, text
from connector.sandbox.market import Market
from connector.sandbox.seller import SIMULATION_SECONDS
from connector.sandbox.trouble import read_failure

Result = dict[str, Any]
"""`said` is a sentence for the page; the rest is for whoever asked by JSON."""


def _cart(market: Market, fields: Fields) -> Result:
    lines = cart_lines(fields)
    exchange = market.shopping.simulate(lines, text(fields, "postal_code", "") or None)
    said = [f"The cart was answered: {exchange.status or exchange.note}", *market.shopping.unsold(lines)]
    return _answered(". ".join(said) + ".", exchange) | {"lines": cart_shown(market)["lines"]}


def _order(market: Market, fields: Fields) -> Result:
    number_, exchange = market.shopping.place(
        cart_lines(fields), text(fields, "postal_code"), off_cents=number(fields, "off_cents"), insists=flag(fields, "insist")
    )
    return _told(market, number_, exchange)


def _again(market: Market, fields: Fields) -> Result:
    return _told(market, text(fields, "order"), market.shopping.again(text(fields, "order")))


def _authorize(market: Market, fields: Fields) -> Result:
    return _told(market, text(fields, "order"), market.shopping.authorize(text(fields, "order")))


def _cancel(market: Market, fields: Fields) -> Result:
    order = text(fields, "order")
    return _told(market, order, market.shopping.cancel(order, text(fields, "reason", "o cliente desistiu")))


def _approve(market: Market, fields: Fields) -> Result:
    sku = _suggested(market, fields)
    market.approve(sku)
    return {"said": f"SKU {sku} is in the catalogue."}


def _deny(market: Market, fields: Fields) -> Result:
    sku = _suggested(market, fields)
    market.deny(sku)
    return {"said": f"SKU {sku} is denied."}


def _know(market: Market, fields: Fields) -> Result:
    sku = text(fields, "sku")
    with market.lock:
        market.known.add(sku)
    market.look(sku)
    return {"said": f"SKU {sku} is in the catalogue."}


def _forget(market: Market, fields: Fields) -> Result:
    sku = text(fields, "sku")
    with market.lock:
        market.forget(sku)
    return {"said": f"SKU {sku} is forgotten: its next notification gets a 404."}


def _look(market: Market, fields: Fields) -> Result:
    market.look(text(fields, "sku"))
    return {"said": f"SKU {text(fields, 'sku')} will be looked at."}


def _throttle(market: Market, fields: Fields) -> Result:
    with market.lock:
        market.trouble.per_minute = number(fields, "per_minute")
    limit = market.trouble.per_minute
    return {"said": f"{limit} calls a minute are answered, the others get a 429." if limit else "Calls are not limited."}


def _fail(market: Market, fields: Fields) -> Result:
    failure = read_failure(text(fields, "failure"))
    with market.lock:
        market.trouble.failures.append(failure)
    return {"said": f"Ordered: {failure.words()}."}


def _repair(market: Market, _fields: Fields) -> Result:
    with market.lock:
        market.trouble.end()
    return {"said": "Nothing fails on purpose any more, and nothing is limited."}


def _clear(market: Market, _fields: Fields) -> Result:
    market.ledger.clear()
    return {"said": "Calls and violations are cleared; the catalogue, suggestions and orders stay."}


CONTROLS: dict[str, Callable[[Market, Fields], Result]] = {
    "cart": _cart,
    "order": _order,
    "again": _again,
    "authorize": _authorize,
    "cancel": _cancel,
    "approve": _approve,
    "deny": _deny,
    "know": _know,
    "forget": _forget,
    "look": _look,
    "throttle": _throttle,
    "fail": _fail,
    "repair": _repair,
    "clear": _clear,
}
NEEDING_SELLER = ("cart", "order", "again", "authorize", "cancel", "look")


def run_control(market: Market, name: str, fields: Fields) -> Result:
    """Do what a control does. Raises ConnectorError where it cannot be done, and says why."""
    if name not in CONTROLS:
        raise NotFound(f"there is no control {name!r}; there are {', '.join(CONTROLS)}")
    if name in NEEDING_SELLER and not market.endpoint:
        raise RequestInvalid("the sandbox knows no seller to call; start it with --endpoint")
    return CONTROLS[name](market, fields)


def cart_shown(market: Market) -> Result:
    """Return the last cart: its lines with what was offered and VTEX's word for what was not, and the word for the whole."""
    if market.shopping.cart is None:
        return {"lines": [], "reason": ""}
    exchange, cart = market.shopping.cart
    return {"lines": availability.lines(exchange, cart, SIMULATION_SECONDS), "reason": availability.whole_cart(exchange, cart)}


def _suggested(market: Market, fields: Fields) -> str:
    sku = text(fields, "sku")
    if sku not in market.suggestions:
        raise NotFound(f"SKU {sku} is not suggested")
    return sku


def _told(market: Market, order: str, exchange: Exchange) -> Result:
    found = market.orders[order]
    known = {"order": order, "seller_order_id": found.seller_order_id, "state": found.state, "total_cents": found.total_cents}
    return _answered(f"Order {order}: {found.history[-1]}.", exchange) | known


def _answered(said: str, exchange: Exchange) -> Result:
    return {
        "said": said,
        **{name: value for name, value in exchange.as_dict().items() if name in ("status", "answer", "note", "violations")},
    }

"""The seller as VTEX calls it: its endpoint with the paths appended, `sc` and `an` in the query, and VTEX's patience."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import requests

from connector.sandbox.calls import Body, Call, Exchange, document

SIMULATION_SECONDS = 2.5
ORDER_SECONDS = 20.0
_TIMEOUT, _REFUSED = "ORD015.1: no answer in time", "ORD015: the seller cannot be reached"


class Seller:
    """Calls one endpoint; every call ends as an Exchange, whatever happened."""

    def __init__(self, endpoint: str, account: str, sales_channel: str = "1") -> None:
        self.endpoint, self.account, self.sales_channel = endpoint, account, sales_channel

    def simulate(self, cart: Body) -> Exchange:
        return self._call("POST", "/pvt/orderForms/simulation", cart, {}, SIMULATION_SECONDS)

    def simulate_by_get(self, cart: Body) -> Exchange:
        """Ask the same by GET, as VTEX fills its caches."""
        query = {"purchaseContext": json.dumps(cart, separators=(",", ":"))}
        return self._call("GET", "/pvt/orderForms/simulation", None, query, SIMULATION_SECONDS)

    def place(self, order: Body) -> Exchange:
        return self._call("POST", "/pvt/orders", [order], {}, ORDER_SECONDS)

    def authorize(self, seller_order_id: str, body: Body) -> Exchange:
        return self._call("POST", f"/pvt/orders/{quote(seller_order_id, safe='')}/fulfill", body, {}, ORDER_SECONDS)

    def cancel(self, seller_order_id: str, body: Body) -> Exchange:
        return self._call("POST", f"/pvt/orders/{quote(seller_order_id, safe='')}/cancel", body, {}, ORDER_SECONDS)

    def _call(self, method: str, path: str, body: object, query: Mapping[str, str], seconds: float) -> Exchange:
        base = urlsplit(self.endpoint)
        parameters = {**query, "sc": self.sales_channel, "an": self.account, **dict(parse_qsl(base.query))}
        url = urlunsplit((base.scheme, base.netloc, base.path.rstrip("/") + path, urlencode(parameters), ""))
        parts = tuple(path.strip("/").split("/"))
        call = Call(
            method, base.path.rstrip("/") + path, parts, parameters, {}, json.loads(parameters.get("purchaseContext", "null")) or body
        )
        began, at = time.monotonic(), datetime.now(UTC)
        try:
            answer = _send(method, url, body, seconds)
        except requests.Timeout:
            return Exchange("marketplace", at, call, 0, None, _TIMEOUT, time.monotonic() - began)
        except requests.RequestException:
            return Exchange("marketplace", at, call, 0, None, _REFUSED, time.monotonic() - began)
        taken = time.monotonic() - began
        return Exchange("marketplace", at, call, answer.status_code, document(answer.content), "", taken, dict(answer.headers))


def _send(method: str, url: str, body: object, seconds: float) -> requests.Response:
    headers = {"Accept": "application/json", "x-vtex-operation-id": uuid.uuid4().hex, "x-vtex-cache-client-bypass": "1"}
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the environment has no business between two loopback addresses
        return session.request(method, url, json=body, headers=headers, timeout=seconds, allow_redirects=False)

"""What VTEX asks of the seller when somebody shops: carts, orders, payment, a change of mind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import requests

from connector.sandbox import documents


@dataclass(frozen=True, slots=True)
class Shopper:
    """Calls the seller's API as the marketplace `account` does; `services_endpoint` is what its orders name for invoices."""

    seller_url: str
    account: str
    services_endpoint: str

    def simulate(self, items: list[tuple[str, int]], *, method: str = "POST") -> dict[str, Any]:
        """Simulate a cart of (SKU, quantity)."""
        cart = documents.cart(items)
        if method == "GET":
            return self._call("GET", "/pvt/orderForms/simulation", purchaseContext=json.dumps(cart))
        return self._call("POST", "/pvt/orderForms/simulation", cart)

    def place(self, number: str, simulation: dict[str, Any]) -> str:
        """Place what was simulated, with the first service offered; returns the seller's id of the order."""
        answers: Any = self._call("POST", "/pvt/orders", [documents.order(number, simulation, self.services_endpoint)])
        return str(answers[0]["orderId"])

    def pay(self, order_id: str, number: str) -> str:
        """Authorize dispatch; returns the receipt."""
        return str(self._call("POST", f"/pvt/orders/{order_id}/fulfill", {"marketplaceOrderId": number})["receipt"])

    def cancel(self, order_id: str, number: str) -> dict[str, Any]:
        """Ask the seller to cancel an order."""
        return self._call("POST", f"/pvt/orders/{order_id}/cancel", {"marketplaceOrderId": number, "reason": "o cliente desistiu"})

    def is_served(self) -> bool:
        """Tell whether the seller's API answers."""
        try:
            return requests.get(f"{self.seller_url}/healthz", timeout=2).ok
        except requests.RequestException:
            return False

    def _call(self, method: str, path: str, body: object = None, **query: str) -> dict[str, Any]:
        parameters = {"sc": "1", "an": self.account, **query}
        answer = requests.request(method, self.seller_url + path, params=parameters, json=body, timeout=10)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document

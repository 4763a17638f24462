"""What VTEX asks of the seller when somebody shops: carts, orders, payment, a change of mind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import requests

POSTAL_CODE = "13083852"


@dataclass(frozen=True, slots=True)
class Shopper:
    """Calls the seller's API as the marketplace `account` does; `services_endpoint` is what its orders name for invoices."""

    seller_url: str
    account: str
    services_endpoint: str

    def simulate(self, items: list[tuple[str, int]], *, method: str = "POST") -> dict[str, Any]:
        """Simulate a cart of (SKU, quantity)."""
        cart = {"items": [{"id": sku, "quantity": n, "seller": "1"} for sku, n in items], "postalCode": POSTAL_CODE, "country": "BRA"}
        if method == "GET":
            return self._call("GET", "/pvt/orderForms/simulation", purchaseContext=json.dumps(cart))
        return self._call("POST", "/pvt/orderForms/simulation", cart)

    def place(self, number: str, simulation: dict[str, Any]) -> str:
        """Place what was simulated, with the first service offered; returns the seller's id of the order."""
        answers: Any = self._call("POST", "/pvt/orders", [self._order(number, simulation)])
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

    def _order(self, number: str, simulation: dict[str, Any]) -> dict[str, Any]:
        items, shipping = simulation["items"], simulation["logisticsInfo"]
        slas = [line["slas"][0] for line in shipping]
        goods = sum(item["price"] * item["quantity"] for item in items)
        return {
            "marketplaceOrderId": number,
            "marketplaceServicesEndpoint": self.services_endpoint,
            "marketplacePaymentValue": goods + sum(sla["price"] for sla in slas),
            "items": [{"id": i["id"], "quantity": i["quantity"], "seller": "1", "price": i["price"], "bundleItems": []} for i in items],
            "clientProfileData": {"firstName": "Jonas", "lastName": "Alves", "email": "jonas@ct.vtex.com.br", "document": "52998224725"},
            "shippingData": {
                "address": {
                    "receiverName": "Jonas Alves",
                    "postalCode": POSTAL_CODE,
                    "street": "Rua João Damázio",
                    "number": "311",
                    "country": "BRA",
                },
                "logisticsInfo": [
                    {
                        "itemIndex": n,
                        "selectedSla": sla["id"],
                        "lockTTL": "8d",
                        "shippingEstimate": sla["shippingEstimate"],
                        "price": sla["price"],
                    }
                    for n, sla in enumerate(slas)
                ],
            },
        }

    def _call(self, method: str, path: str, body: object = None, **query: str) -> dict[str, Any]:
        parameters = {"sc": "1", "an": self.account, **query}
        answer = requests.request(method, self.seller_url + path, params=parameters, json=body, timeout=10)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document

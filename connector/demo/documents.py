"""What VTEX sends a seller: carts and orders, as the demo and the benchmarks need them."""

from __future__ import annotations

from typing import Any

POSTAL_CODE = "13083852"

Line = tuple[str, int]
"""A SKU and how many of it."""


def cart(lines: list[Line], *, postal_code: str | None = POSTAL_CODE) -> dict[str, Any]:
    """Return the body of a simulation."""
    items = [{"id": sku, "quantity": quantity, "seller": "1"} for sku, quantity in lines]
    return {"items": items} | ({"postalCode": postal_code, "country": "BRA"} if postal_code else {})


def order(number: str, simulation: dict[str, Any], services_endpoint: str) -> dict[str, Any]:
    """Return an order of what was simulated, each line with the first way of delivery that it was offered."""
    items = simulation["items"]
    slas = [line["slas"][0] for line in simulation["logisticsInfo"]]
    goods = sum(item["price"] * item["quantity"] for item in items)
    return {
        "marketplaceOrderId": number,
        "marketplaceServicesEndpoint": services_endpoint,
        "marketplacePaymentValue": goods + sum(sla["price"] for sla in slas),
        "items": [{"id": i["id"], "quantity": i["quantity"], "seller": "1", "price": i["price"], "bundleItems": []} for i in items],
        "clientProfileData": {"firstName": "Jonas", "lastName": "Alves", "email": "jonas@ct.vtex.com.br", "document": "52998224725"},
        "shippingData": {"address": _ADDRESS, "logisticsInfo": [_shipping(n, sla) for n, sla in enumerate(slas)]},
    }


_ADDRESS = {"receiverName": "Jonas Alves", "postalCode": POSTAL_CODE, "street": "Rua João Damázio", "number": "311", "country": "BRA"}


def _shipping(index: int, sla: dict[str, Any]) -> dict[str, Any]:
    lock = {"lockTTL": "8d", "shippingEstimate": sla["shippingEstimate"]}
    return {"itemIndex": index, "selectedSla": sla["id"], "price": sla["price"], **lock}

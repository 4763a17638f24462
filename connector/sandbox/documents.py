"""What VTEX sends a seller: carts and orders, with every field that it fills."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

POSTAL_CODE = "13083852"
COUNTRY = "BRA"

Line = tuple[str, int]
"""A SKU and how many of it."""


def cart(lines: Sequence[Line], *, postal_code: str | None = POSTAL_CODE, seller: str = "1") -> dict[str, Any]:
    """Return the body of a simulation; without a postal code it is the indexer's, which names no address."""
    items = [{"id": sku, "quantity": quantity, "seller": seller} for sku, quantity in lines]
    address = {"postalCode": postal_code, "country": COUNTRY} if postal_code else {"postalCode": None, "country": None}
    return {"items": items, **address, "geoCoordinates": [], "marketingData": None, "selectedSla": None, "clientProfileData": None}


def order(number: str, simulation: dict[str, Any], services_endpoint: str, *, off_cents: int = 0) -> dict[str, Any]:
    """Return an order of what was simulated, each line with the first way of delivery that it was offered.

    Each unit's price is `off_cents` lower than the offer: a seller compares. Raises LookupError where a line has no delivery.
    """
    offers, rows = simulation["items"], simulation["logisticsInfo"]
    slas = [row["slas"][0] for row in rows]
    items = [_item(offer, off_cents, index) for index, offer in enumerate(offers)]
    return {
        "marketplaceOrderId": number,
        "marketplaceOrderGroup": number.partition("-")[0],
        "marketplaceServicesEndpoint": services_endpoint,
        "marketplacePaymentValue": sum(map(line_total, items)) + sum(map(_delivery_price, slas)),
        "items": items,
        "clientProfileData": dict(_CLIENT),
        "shippingData": {
            "id": "shippingData",
            "address": {**_ADDRESS, "postalCode": simulation.get("postalCode") or POSTAL_CODE},
            "logisticsInfo": [_shipping(index, sla) for index, sla in enumerate(slas)],
            "updateStatus": "updated",
        },
        "openTextField": None,
        "marketingData": dict(_MARKETING),
        "paymentData": None,
        "customData": None,
    }


def authorization(number: str, total_cents: int) -> dict[str, Any]:
    """Return the body that authorizes dispatch, with the payment as Brazilian invoices name it."""
    amounts = {"value": total_cents, "installments": 1, "referenceValue": total_cents}
    payment = {"paymentSystem": "125", "paymentSystemName": "Pix", **amounts}
    group = number.partition("-")[0]
    data = {"payments": [{**payment, "group": "instantPayment"}], "connectorResponses": {}}
    return {"marketplaceOrderId": number, "marketplaceOrderGroup": group, "paymentData": data}


def line_total(item: dict[str, Any]) -> int:
    """Return a line's cents: price × multiplier × quantity, rounded half up; a multiplier of 0 or none counts as 1."""
    exact = Decimal(item["price"]) * Decimal(str(item.get("unitMultiplier") or 1)) * item["quantity"]
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _item(offer: dict[str, Any], off_cents: int, index: int) -> dict[str, Any]:
    return {
        "id": offer["id"],
        "quantity": offer["quantity"],
        "Seller": offer.get("seller", "1"),
        "commission": 0,
        "freightCommission": 0,
        "price": offer["price"] - off_cents,
        "bundleItems": [],
        "itemAttachment": {"name": None, "content": {}},
        "attachments": [],
        "priceTags": [],
        "measurementUnit": offer.get("measurementUnit"),
        "unitMultiplier": offer.get("unitMultiplier", 0),
        "isGift": False,
        "lockId": f"lock-{index}",
    }


def _windows(sla: dict[str, Any]) -> list[Any]:
    return sla.get("availableDeliveryWindows") or []


def _delivery_price(sla: dict[str, Any]) -> int:
    """A window's price comes on top of its service's; the first window is taken."""
    return int(sla["price"]) + sum(int(window["price"]) for window in _windows(sla)[:1])


def _shipping(index: int, sla: dict[str, Any]) -> dict[str, Any]:
    return {
        "itemIndex": index,
        "selectedSla": sla["id"],
        "selectedDeliveryChannel": sla.get("deliveryChannel", "delivery"),
        "lockTTL": "8d",
        "shippingEstimate": sla["shippingEstimate"],
        "price": sla["price"],
        "deliveryWindow": next(iter(_windows(sla)), None),
    }


_CLIENT = {
    "id": "clientProfileData",
    "email": "75c70c09dbb3498c9b3bbdee59bf0687@ct.vtex.com.br",
    "firstName": "Jonas",
    "lastName": "Alves de Oliveira",
    "documentType": "cpf",
    "document": "52998224725",
    "phone": "+5519999271258",
    "corporateName": None,
    "tradeName": None,
    "corporateDocument": None,
    "stateInscription": None,
    "corporatePhone": None,
    "isCorporate": False,
    "userProfileId": None,
}
_ADDRESS: dict[str, Any] = {
    "addressType": "residential",
    "receiverName": "Jonas Alves de Oliveira",
    "addressId": "Casa",
    "city": "Campinas",
    "state": "SP",
    "country": COUNTRY,
    "street": "Rua João Damázio Gomes",
    "number": "311",
    "neighborhood": "São José",
    "complement": None,
    "reference": "Bairro Praia Azul / Posto de Saúde 17",
    "geoCoordinates": [],
}
_MARKETING = {
    "utmSource": "buscape",
    "utmMedium": "",
    "utmCampaign": "fretegratis",
    "utmiPage": "_",
    "utmiPart": "BuscaFullText",
    "utmiCampaign": "",
}

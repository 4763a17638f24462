"""The schemas that VTEX publishes (github.com/vtex/openapi-schemas), where a folder with them is at hand.

Loosened where they contradict their own text, one another, or VTEX's own carts; each place says why.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from connector.errors import UsageError

SUGGESTIONS = "vtex-marketplace-suggestions.json"
SERVICES = "vtex-external-seller-marketplace.json"
ORDERS = "vtex-orders.json"
SELLER = "vtex-external-seller-fulfillment.json"
_BODIES = {
    "suggest": (SUGGESTIONS, "put", "/suggestions/{sellerId}/{sellerSkuId}"),
    "invoice": (SERVICES, "post", "/pvt/orders/{marketplaceOrderId}/invoice"),
    "track": (SERVICES, "post", "/pvt/orders/{marketplaceOrderId}/invoice/{invoiceNumber}"),
    "deliver": (SERVICES, "post", "/pvt/orders/{marketplaceOrderId}/invoice/{invoiceNumber}/tracking"),
    "cancel": (SERVICES, "post", "/pvt/orders/{marketplaceOrderId}/cancel"),
    "agree": (SERVICES, "post", "/pvt/orders/{participantOrderId}/changes/{changeRequestId}/send-agreement"),
}
_BODIES_OF_ORDERS = {
    "invoice": (ORDERS, "post", "/api/oms/pvt/orders/{orderId}/invoice"),
    "track": (ORDERS, "patch", "/api/oms/pvt/orders/{orderId}/invoice/{invoiceNumber}"),
    "deliver": (ORDERS, "put", "/api/oms/pvt/orders/{orderId}/invoice/{invoiceNumber}/tracking"),
    "cancel": (ORDERS, "post", "/api/oms/pvt/orders/{orderId}/cancel"),
}
_ANSWERS = {
    "simulation": "/pvt/orderForms/simulation",
    "orders": "/pvt/orders",
    "fulfill": "/pvt/orders/{sellerOrderId}/fulfill",
    "cancel": "/pvt/orders/{orderId}/cancel",
}


class Published:
    """Judges documents by the schemas of a folder."""

    def __init__(self, folder: Path) -> None:
        try:
            from jsonschema import Draft4Validator
        except ImportError as error:
            raise UsageError(
                "published schemas need the package jsonschema", remedy="pip install jsonschema, or leave --schemas out"
            ) from error
        missing = [name for name in (SUGGESTIONS, SERVICES, ORDERS, SELLER) if not (folder / name).is_file()]
        if missing:
            raise UsageError(
                f"{folder} holds no {', '.join(missing)}", remedy="name a folder with VTEX's OpenAPI files, or leave --schemas out"
            )
        self._folder, self._validator = folder, Draft4Validator
        self._read = cache(self._document)
        self._schema = cache(self._schema_of)

    def body_problems(self, name: str, path: str, body: object) -> list[str]:
        """Return what a seller's body breaks; the 2017 guide's suggestions are older than these schemas and pass."""
        is_old = isinstance(body, dict) and "WeightKg" in body
        known = _BODIES_OF_ORDERS if "/api/oms/" in path.lower() else _BODIES
        found = None if is_old else known.get(name) or _BODIES.get(name)
        return self._problems(body, *found, "requestBody") if found else []

    def answer_problems(self, name: str, answer: object) -> list[str]:
        """Return what a seller's answer breaks; orders are judged one by one, since the schema knows no array."""
        answers = [_without_nulls(one) for one in answer] if name == "orders" and isinstance(answer, list) else [answer]
        return [problem for one in answers for problem in self._problems(one, SELLER, "post", _ANSWERS[name], "200")]

    def request_problems(self, path: str, body: object) -> list[str]:
        """Return what breaks the schema of one of a seller's requests, by its published path; nulls are left out."""
        return self._problems(_without_nulls(body), SELLER, "post", path, "requestBody")

    def _problems(self, document: object, file: str, method: str, path: str, part: str) -> list[str]:
        validator = self._validator(self._schema(file, method, path, part))
        return [f"{error.json_path}: {error.message}"[:200] for error in validator.iter_errors(document)]

    def _document(self, file: str) -> Any:
        return _nullable(json.loads((self._folder / file).read_text(encoding="utf-8")))

    def _schema_of(self, file: str, method: str, path: str, part: str) -> Any:
        root = self._read(file)
        operation = root["paths"][path][method]
        holder = operation["requestBody"] if part == "requestBody" else operation["responses"][part]
        schema = {**next(iter(holder["content"].values()))["schema"], "components": root["components"]}
        _loosen(schema, file, path)
        return schema


def _nullable(node: Any) -> Any:
    """Write OpenAPI 3.0's `nullable` as JSON Schema does; examples are no schemas."""
    if isinstance(node, list):
        return [_nullable(part) for part in node]
    if not isinstance(node, dict):
        return node
    made = {name: _nullable(part) for name, part in node.items() if name != "example"}
    if made.pop("nullable", False) is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    if isinstance(made.get("unitMultiplier"), dict) and "type" in made["unitMultiplier"]:
        made["unitMultiplier"]["type"] = "number"  # an integer, though the platform sells by 0.3 kg
    return made


def _without_nulls(value: Any) -> Any:
    """Leave out what is null: many fields of an order may be, though their schema says it of few."""
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _loosen(schema: Any, file: str, path: str) -> None:
    parts = schema["components"].get("schemas", {})
    if file == SUGGESTIONS:
        properties = parts["SaveSuggestionRequest"]["properties"]
        for name in ("Height", "Width", "Length", "UnitMultiplier"):  # "integer, format decimal" contradicts itself
            properties[name]["type"] = "number"
    elif file == ORDERS and path.endswith("/invoice"):
        schema["properties"]["invoiceValue"]["type"] = ["string", "integer"]  # the same service's other description says integer
    elif file == SELLER and path == _ANSWERS["simulation"]:
        _loosen_simulation(parts["responseFulfillmentSimulation"]["properties"])


def _loosen_simulation(answer: Any) -> None:
    """Let be null what the text says may be null; price tags are objects."""
    item = answer["items"]["items"]["properties"]
    answer["country"]["type"] = answer["postalCode"]["type"] = ["string", "null"]
    item["merchantName"]["type"] = ["string", "null"]
    item["priceTags"]["items"] = {"type": "object"}

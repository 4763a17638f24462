"""VTEX's published OpenAPI of the simulation, as JSON Schema.

$VTEX_SCHEMAS names a folder that holds VTEX's file vtex-external-seller-fulfillment.json. It is taken as it stands but for five places
where it contradicts its own text or VTEX's own carts (facts 3.2, 10): merchantName, country, postalCode and a pickup address's reference
may be null, price tags are objects, a multiplier may have decimals.
"""

import json
import os
from pathlib import Path

import pytest

FILE = "vtex-external-seller-fulfillment.json"


def document():
    folder = os.environ.get("VTEX_SCHEMAS", "")
    path = Path(folder, FILE)
    if not folder or not path.exists():
        pytest.skip(f"VTEX_SCHEMAS names no folder with {FILE}: VTEX's published schemas are not part of this repository")
    return json.loads(path.read_text(encoding="utf-8"))


def as_json_schema(node):
    """Turn OpenAPI 3.0's `nullable` into JSON Schema."""
    if isinstance(node, list):
        return [as_json_schema(part) for part in node]
    if not isinstance(node, dict):
        return node
    made = {key: as_json_schema(value) for key, value in node.items() if key not in ("example", "nullable")}
    return made | {"type": [made["type"], "null"]} if node.get("nullable") is True else made


def simulation_answer():
    answer = as_json_schema(document()["components"]["schemas"]["responseFulfillmentSimulation"])
    item = answer["properties"]["items"]["items"]["properties"]
    answer["properties"]["country"]["type"] = answer["properties"]["postalCode"]["type"] = ["string", "null"]
    item["merchantName"]["type"] = ["string", "null"]
    item["priceTags"]["items"] = {"type": "object"}
    item["unitMultiplier"]["type"] = "number"
    store = answer["properties"]["logisticsInfo"]["items"]["properties"]["slas"]["items"]["properties"]["pickupStoreInfo"]
    store["properties"]["address"]["properties"]["reference"]["type"] = ["string", "null"]
    return answer

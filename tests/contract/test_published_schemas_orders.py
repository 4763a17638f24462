"""Our answers to orders, authorizations and cancellations against the schemas that VTEX publishes.

`$VTEX_SCHEMAS` names the folder with VTEX's OpenAPI files; they are VTEX's, and not part of this project.
"""

import copy
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from connector.domain.orders import Order, OrderState
from connector.vtex.orders import answer, read, receipt

FOLDER = os.environ.get("VTEX_SCHEMAS", "")
NAME = "vtex-external-seller-fulfillment.json"
AT = datetime(2026, 11, 24, 8, 26, 27, tzinfo=UTC)


@pytest.fixture(scope="module")
def published():
    path = Path(FOLDER) / NAME
    if not FOLDER or not path.is_file():
        pytest.skip(f"set VTEX_SCHEMAS to the folder that holds {NAME}")
    return json.loads(path.read_text(encoding="utf-8"))


def nullable(schema):
    """Write OpenAPI 3.0's `nullable` as JSON Schema does."""
    if isinstance(schema, list):
        return [nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    written = {name: nullable(value) for name, value in schema.items()}
    if written.pop("nullable", False) is True and isinstance(written.get("type"), str):
        written["type"] = [written["type"], "null"]
    return written


def errors(published, path, document):
    answered = published["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    schema = {**nullable(answered), "components": nullable(published["components"])}
    return [f"{error.json_path}: {error.message}" for error in Draft4Validator(schema).iter_errors(document)]


def example(published):
    return copy.deepcopy(published["paths"]["/pvt/orders"]["post"]["requestBody"]["content"]["application/json"]["example"])


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def test_the_answer_to_vtex_own_example_follows_its_schema(published):
    sent = example(published)
    answered = json.loads(json.dumps(answer(read(sent, "shop", "1")[0], "261124-7K3M9QXB")))
    assert errors(published, "/pvt/orders", answered) == []
    assert answered["orderId"] == "261124-7K3M9QXB"
    assert answered["marketplaceOrderId"] == sent["marketplaceOrderId"]


def test_the_schema_would_see_a_wrong_answer(published):
    sent = example(published)
    assert errors(published, "/pvt/orders", {**answer(read(sent, "shop", "1")[0], "x"), "orderId": 5})


@pytest.mark.parametrize("multiplier", [0, None, 1.0])
def test_units_that_the_request_leaves_open_follow_the_schema_in_the_answer(published, multiplier):
    sent = example(published)
    sent["items"][0] |= {"measurementUnit": None, "unitMultiplier": multiplier}
    sent["clientProfileData"]["email"] = None
    answered = without_nulls(answer(read(sent, "shop", "1")[0], "261124-7K3M9QXB"))
    assert errors(published, "/pvt/orders", answered) == []
    assert answered["items"][0]["measurementUnit"] == "un"
    assert answered["followUpEmail"] == ""


@pytest.mark.parametrize("path", ["/pvt/orders/{sellerOrderId}/fulfill", "/pvt/orders/{orderId}/cancel"])
def test_receipts_follow_the_schema(published, path):
    order = Order("261124-7K3M9QXB", "shop", "1", "959311095", OrderState.PLACED, AT, "", "", (), {}, {}, {})
    answered = receipt(order, AT, "e39d05f9-0c54-4469-a626-8bb5cff169f8")
    assert errors(published, path, answered) == []
    assert sorted(answered) == ["date", "marketplaceOrderId", "orderId", "receipt"]

"""Our answers to orders, authorizations and cancellations against the schemas that VTEX publishes."""

import json
from datetime import UTC, datetime

import pytest
from published import JUDGE, example, needed

from connector.domain.orders import Order, OrderState
from connector.vtex.orders import answer, read, receipt

pytestmark = needed
AT = datetime(2026, 11, 24, 8, 26, 27, tzinfo=UTC)


def test_the_answer_to_vtex_own_example_follows_its_schema():
    sent = example("/pvt/orders")
    answered = json.loads(json.dumps(answer(read(sent, "shop", "1")[0], "261124-7K3M9QXB")))
    assert JUDGE.answer_problems("orders", [answered]) == []
    assert answered["orderId"] == "261124-7K3M9QXB"
    assert answered["marketplaceOrderId"] == sent["marketplaceOrderId"]


def test_the_schema_would_see_a_wrong_answer():
    sent = example("/pvt/orders")
    assert JUDGE.answer_problems("orders", [{**answer(read(sent, "shop", "1")[0], "x"), "orderId": 5}])


@pytest.mark.parametrize("multiplier", [0, None, 1.0])
def test_units_that_the_request_leaves_open_follow_the_schema_in_the_answer(multiplier):
    sent = example("/pvt/orders")
    sent["items"][0] |= {"measurementUnit": None, "unitMultiplier": multiplier}
    sent["clientProfileData"]["email"] = None
    answered = answer(read(sent, "shop", "1")[0], "261124-7K3M9QXB")
    assert JUDGE.answer_problems("orders", [answered]) == []
    assert answered["items"][0]["measurementUnit"] == "un"
    assert answered["followUpEmail"] == ""


@pytest.mark.parametrize("name", ["fulfill", "cancel"])
def test_receipts_follow_the_schema(name):
    order = Order("261124-7K3M9QXB", "shop", "1", "959311095", OrderState.PLACED, AT, "", "", (), {}, {}, {})
    answered = receipt(order, AT, "e39d05f9-0c54-4469-a626-8bb5cff169f8")
    assert JUDGE.answer_problems(name, answered) == []
    assert sorted(answered) == ["date", "marketplaceOrderId", "orderId", "receipt"]

"""`connector orders` on a real database: list, show, export."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from orders_world import Seller

COMMAND = Path(sys.executable).parent / "connector"


@pytest.fixture
def seller(tmp_path):
    made = Seller(tmp_path / "shop")
    made.sells("A")
    return made


def call(seller, *words):
    line = [COMMAND, "--config", seller.config, "orders", *words]
    return subprocess.run(line, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})


def test_orders_are_listed_and_found(seller):
    order_id = seller.placed("mp-1")
    listed = json.loads(call(seller, "list", "--search", "mp-1", "--json").stdout)

    assert [one["order_id"] for one in listed] == [order_id]
    assert order_id in call(seller, "list").stdout
    assert json.loads(call(seller, "list", "--state", "canceled", "--json").stdout) == []


def test_a_state_that_does_not_exist_is_a_wrong_call(seller):
    done = call(seller, "list", "--state", "shipped")

    assert done.returncode == 2
    assert "placed" in done.stderr


@pytest.mark.parametrize("by", ["ours", "the marketplace's"])
def test_an_order_is_shown_with_its_history(seller, by):
    order_id = seller.placed("mp-1")
    reference = order_id if by == "ours" else "mp-1"
    found = json.loads(call(seller, "show", reference, "--json").stdout)

    assert (found["order_id"], found["state"]) == (order_id, "placed")
    assert found["history"]
    assert f"order_id: {order_id}" in call(seller, "show", reference).stdout


def test_an_order_file_is_asked_for_again(seller):
    order_id = seller.placed("mp-1")
    seller.knows_no_more_messages()
    done = call(seller, "export", order_id)

    assert done.returncode == 0
    assert "connector run export-orders" in done.stdout
    assert seller.files() == [("order-file", order_id)]

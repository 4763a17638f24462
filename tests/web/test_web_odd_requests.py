"""Whatever is sent, the answer is in VTEX's shape and never a failure of ours."""

import copy
import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web_world import CART, order, set_up

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.sampled_from(
        ["", " ", "\0", "\ud800", "x" * 5000, "-1", "1e9", "NaN", "é\r\nX: y", "2026-13-99", "999999999999d", "../../etc/passwd"]
    ),
    st.text(max_size=10),
    st.just([]),
    st.just({}),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def places(document, path=()):
    """Every place in a document, its root left out."""
    steps = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from places(inner, (*path, step))


def changed(document, path, value):
    made = copy.deepcopy(document)
    inner = made
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return made


def is_sound(answer):
    if answer.status_code == 200:
        return True
    error = answer.json["error"]
    return (
        answer.status_code in {400, 404, 409, 413, 414, 415, 422}
        and error["code"] == answer.headers["x-vtex-error-code"]
        and error["message"]
    )


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    return set_up(tmp_path_factory.mktemp("odd") / "project").client()


@QUICK
@given(st.sampled_from(list(places([order("odd-01")]))), ODD)
def test_an_order_with_any_value_changed_is_taken_or_refused(client, path, value):
    body = json.dumps(changed([order("odd-01")], path, value)).encode()

    assert is_sound(client.simulate_post("/pvt/orders", body=body))


@QUICK
@given(st.sampled_from(list(places(CART))), ODD)
def test_a_cart_with_any_value_changed_is_answered(client, path, value):
    document = changed(CART, path, value)
    body = json.dumps(document).encode()
    answer = client.simulate_post("/pvt/orderForms/simulation", body=body)

    assert is_sound(answer)
    is_json = not isinstance(value, float) or math.isfinite(value)
    assert (answer.status_code == 200) == (is_json and isinstance(document["items"], list))


@QUICK
@given(st.sampled_from(["fulfill", "cancel"]), st.text(min_size=1, max_size=30), ODD)
def test_an_authorization_or_cancellation_of_any_number_and_body_is_refused(client, verb, number, body):
    path = "/pvt/orders/" + number.encode("utf-8", "replace").hex() + f"/{verb}"

    assert is_sound(client.simulate_post(path, body=json.dumps(body).encode()))


@QUICK
@given(st.sampled_from(["/pvt/orders", "/pvt/orderForms/simulation", "/pvt/orders/X/cancel", "/console/login"]), st.binary(max_size=200))
def test_any_bytes_as_a_body_are_refused_or_answered(client, path, body):
    assert client.simulate_post(path, body=body).status_code < 500


@QUICK
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#?"), max_size=200))
def test_any_query_is_refused_or_answered(client, query):
    assert is_sound(client.simulate_get("/pvt/orderForms/simulation", query_string=query))
    assert is_sound(client.simulate_get("/pvt/orderForms/simulation", query_string="purchaseContext=" + query))

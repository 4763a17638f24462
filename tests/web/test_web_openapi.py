"""The description of the API is true: every route is described, and what is really answered validates against it."""

import pytest
from falcon.inspect import inspect_routes
from jsonschema import Draft202012Validator
from web_world import CART, order

from connector.vtex.schemas import SCHEMAS
from connector.web.openapi import describe

HIDDEN = {"/console", "/console/{place:path}"}
"""The console's inner addresses: for its own forms alone."""


@pytest.fixture
def client(project):
    return project("[orders]\naccept_changes = true\n").client()


def described(client):
    return client.simulate_get("/openapi.json").json


def validate(client, name, document):
    components = described(client)["components"]
    Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components}).validate(document)


def schema_of(client, path, method, status):
    answer = described(client)["paths"][path][method]["responses"][str(status)]
    return answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]


def test_every_route_is_described_and_nothing_else(client):
    routes = {
        (route.path.replace("order_id", "orderId").replace("request_id", "requestId"), method.method)
        for route in inspect_routes(client.app)
        for method in route.methods
        if not method.internal
        and method.method not in {"HEAD", "OPTIONS"}
        and not route.path.startswith("/api/")
        and route.path not in HIDDEN
    }
    paths = described(client)["paths"]

    assert routes == {(path, method.upper()) for path, methods in paths.items() for method in methods}


def test_each_base_has_the_same_routes(client):
    paths = {route.path for route in inspect_routes(client.app)}

    assert {path.removeprefix("/api") for path in paths if path.startswith("/api/")} == {
        path for path in paths if not path.startswith("/api/")
    }


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_every_schema_is_one_and_its_example_is_valid(client, name):
    Draft202012Validator.check_schema(SCHEMAS[name])
    if "example" in SCHEMAS[name]:
        validate(client, name, SCHEMAS[name]["example"])


def test_every_reference_leads_somewhere(client):
    document = described(client)
    names = {reference.rpartition("/")[2] for reference in references(document)}

    assert names <= set(document["components"]["schemas"])


def references(value):
    if isinstance(value, dict):
        yield from [value["$ref"]] if "$ref" in value else []
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_a_simulation_is_as_described(client):
    answer = client.simulate_post("/pvt/orderForms/simulation", json=CART)

    validate(client, "Cart", CART)
    validate(client, schema_of(client, "/pvt/orderForms/simulation", "post", 200), answer.json)


def test_orders_and_receipts_are_as_described(client):
    many = client.simulate_post("/pvt/orders", json=[order("a-01")])
    one = client.simulate_post("/pvt/orders", json=order("b-01"))
    number = one.json["orderId"]
    dispatch = client.simulate_post(f"/pvt/orders/{number}/fulfill", json={"marketplaceOrderId": "b-01"})
    cancel = client.simulate_post(f"/pvt/orders/{many.json[0]['orderId']}/cancel", json={"marketplaceOrderId": "a-01"})

    validate(client, "Orders", [order("a-01")])
    validate(client, schema_of(client, "/pvt/orders", "post", 200), many.json)
    validate(client, schema_of(client, "/pvt/orders", "post", 200), one.json)
    validate(client, schema_of(client, "/pvt/orders/{orderId}/fulfill", "post", 200), dispatch.json)
    validate(client, schema_of(client, "/pvt/orders/{orderId}/cancel", "post", 200), cancel.json)


@pytest.mark.parametrize(
    ("path", "described_as", "body", "status"),
    [
        ("/pvt/orders", "/pvt/orders", b"{", 400),
        ("/pvt/orders", "/pvt/orders", b"x" * (2 * 1024 * 1024 + 1), 413),
        ("/pvt/orders/X/cancel", "/pvt/orders/{orderId}/cancel", b"{}", 404),
    ],
)
def test_errors_are_as_described(client, path, described_as, body, status):
    answer = client.simulate_post(path, body=body)

    assert answer.status_code == status
    validate(client, schema_of(client, described_as, "post", status), answer.json)


def test_probes_are_as_described(client, project):
    validate(client, schema_of(client, "/readyz", "get", 200), client.simulate_get("/readyz").json)
    validate(client, schema_of(client, "/readyz", "get", 503), project(filled=False).client().simulate_get("/readyz").json)


@pytest.mark.usefixtures("secrets")
def test_the_prefix_is_shown_and_the_token_is_not(project):
    made = project('[api]\nprefix = "/seller"\n[api.auth]\npath_token = "env:TEST_PATH_TOKEN"\n')
    document = describe(made.app().settings.api)

    assert [server["url"] for server in document["servers"]] == ["/seller", "/api/seller"]
    assert "secret token" in document["info"]["description"]
    assert "t0ken" not in str(document)

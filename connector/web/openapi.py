"""The API, described as OpenAPI 3.1. The documents themselves are described in `vtex/schemas.py`."""

from __future__ import annotations

from connector import __version__
from connector.settings import ApiSettings
from connector.vtex.schemas import SCHEMAS
from connector.web.openapi_parts import (
    ALWAYS,
    MEANINGS,
    NUMBERED,
    SCHEMES,
    TAGGED,
    Part,
    account,
    answer,
    channel,
    context,
    credentials,
    errors,
    json_of,
    path_part,
)

ABOUT = """The seller's side of VTEX's protocol for external sellers. Every refusal, also of what is no well-formed HTTP (400, 417, 501), \
has the same document and headers."""
TEXT: Part = {"schema": {"type": "string"}}


def bases(api: ApiSettings) -> tuple[str, ...]:
    """Return where the API is mounted: below the prefix, and below /api and the prefix (VTEX's guide asks for it; facts 0.4)."""
    return (api.prefix, f"/api{api.prefix}")


def describe(api: ApiSettings, *, accepts_changes: bool = False) -> Part:
    """Return the document. The path token is a secret: it is mentioned, never shown."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "VTEX seller connector", "version": __version__, "description": _about(api)},
        "servers": [{"url": base or "/"} for base in bases(api)],
        "paths": _guarded(_calls() | (_changes() if accepts_changes else {}), api) | _probes(api),
        "components": {"schemas": SCHEMAS, "securitySchemes": SCHEMES},
    }


def _about(api: ApiSettings) -> str:
    token = " The seller's secret token stands as one more segment before /pvt." if api.auth.path_token else ""
    return ABOUT + token


def _guarded(paths: dict[str, Part], api: ApiSettings) -> dict[str, Part]:
    """Say of each call what it must show."""
    security = {"security": credentials(api, needed_here=True)}
    return {path: {method: call | security for method, call in methods.items()} for path, methods in paths.items()}


def _calls() -> dict[str, Part]:
    place = _call("placeOrders", "Place orders", "PlacedOrders", body="Orders", query=(channel(),), refusals=(400, 409, 413, 415, 422))
    by_get = _call("simulateByGet", "Simulate a cart, its document in the address", "Simulation", query=(context(), channel()))
    by_post = _call("simulate", "Simulate a cart", "Simulation", body="Cart", query=(channel(),), refusals=(400, 413, 415))
    return {
        "/pvt/orderForms/simulation": {"post": by_post, "get": _kept(by_get)},
        "/pvt/orders": {"post": _linked(place)},
        "/pvt/orders/{orderId}/fulfill": {"post": _order_call("fulfillOrder", "Authorize dispatch", "Authorization")},
        "/pvt/orders/{orderId}/cancel": {
            "post": _order_call("cancelOrder", "Cancel; an empty answer while the ERP decides", "Cancellation")
        },
    }


def _changes() -> dict[str, Part]:
    """Describe VTEX's two addresses for changes, each by two methods."""
    number = path_part("requestId", "VTEX's id of the change")
    addresses = {
        "/pvt/orders/{orderId}/changes": ("", ()),
        "/pvt/orders/{orderId}/changes/{requestId}/send-agreement": ("Agreed", (number,)),
    }
    return {
        path: {method: _change(f"{method}Change{suffix}", more) for method in ("post", "patch")}
        for path, (suffix, more) in addresses.items()
    }


def _change(name: str, more: tuple[Part, ...]) -> Part:
    call = _order_call(name, "Change an order: asked for, then to be applied", "Change")
    call["parameters"] = [*more, *call["parameters"]]
    del call["responses"]["200"]
    call["responses"] |= errors(422) | {"202": answer("Taken; the agreement follows as a call", json_of("ChangeTaken"))}
    return call


def _call(
    name: str, summary: str, answered: str, *, body: str = "", query: tuple[Part, ...] = (), refusals: tuple[int, ...] = (400,)
) -> Part:
    request = {"requestBody": {"required": True, "content": json_of(body)}} if body else {}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [*query, account()],
        **request,
        "responses": {"200": answer("Done", json_of(answered)), **errors(*refusals, *ALWAYS)},
    }


def _kept(call: Part) -> Part:
    """Add what a caller that keeps answers is told."""
    call["responses"]["200"]["headers"] = NUMBERED | TAGGED
    call["responses"]["304"] = {"description": MEANINGS[304], "headers": NUMBERED | TAGGED}
    return call


def _linked(call: Part) -> Part:
    """Say where the seller's own number leads."""
    number = {"parameters": {"orderId": "$response.body#/0/orderId"}}
    call["responses"]["200"]["links"] = {name: {"operationId": f"{name}Order", **number} for name in ("fulfill", "cancel")}
    return call


def _order_call(name: str, summary: str, body: str) -> Part:
    call = _call(
        name,
        summary,
        "Receipt",
        body=body,
        query=(path_part("orderId", "The number answered when placed"),),
        refusals=(400, 404, 409, 413, 415),
    )
    call["requestBody"]["required"] = False
    return call


def _probes(api: ApiSettings) -> dict[str, Part]:
    shown = {
        "/readyz": ("Say whether traffic may come, or why not", json_of("Health")),
        "/metrics": ("Numbers for Prometheus", {"text/plain": TEXT}),
        "/openapi.json": ("This document", {"application/json": {"schema": {"type": "object"}}}),
    }
    guarded = {path: {"get": _probe(summary, content)} for path, (summary, content) in shown.items()}
    for methods in guarded.values():
        methods["get"]["security"] = credentials(api, needed_here=False)
    page = _probe("The operations page; with 401 the form that asks for its password", {"text/html": TEXT})
    page["responses"]["401"] = answer(MEANINGS[401], {"text/html": TEXT})
    return {"/healthz": {"get": _probe("Say whether the server is alive", json_of("Health"))}, **guarded, "/console/": {"get": page}}


def _probe(summary: str, content: Part) -> Part:
    return {"summary": summary, "responses": {"200": answer("Here it is", content), **errors(*ALWAYS)}}

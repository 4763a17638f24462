"""The API, described as OpenAPI 3.1. The documents themselves are described in `vtex/schemas.py`."""

from __future__ import annotations

from typing import Any

from connector import __version__
from connector.settings import ApiSettings
from connector.vtex.schemas import CONTEXT_PARAMETER, SCHEMAS

Part = dict[str, Any]

MEANINGS = {
    400: "Malformed; the message names the field",
    401: "Credentials are missing or wrong",
    403: "Not allowed from there",
    404: "No such order or address",
    405: "The address does not know the method",
    409: "The order's state or content does not allow it (FMT009: the same order with other content)",
    413: "Larger than 2 MB",
    414: "The address is longer than 8 kB",
    415: "Not JSON in UTF-8",
    422: "The order cannot be accepted (ORD021 unknown SKU, FMT002 no stock, FMT006 price, FMT010 shipping service, "
    "FMT007 total, FMT0026 no items, ORD008 anything else)",
    500: "The server failed; its log says why",
    503: "The store cannot be used at present; Retry-After says when to come again",
}


def bases(api: ApiSettings) -> tuple[str, ...]:
    """Return where the API is mounted: below the prefix, and below /api and the prefix (VTEX's guide asks for it; facts 0.4)."""
    return (api.prefix, f"/api{api.prefix}")


def describe(api: ApiSettings, *, accepts_changes: bool = False) -> Part:
    """Return the document. The path token is a secret: it is mentioned, never shown."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "VTEX seller connector", "version": __version__, "description": _about(api)},
        "servers": [{"url": base or "/"} for base in bases(api)],
        "paths": _paths() | (_changes() if accepts_changes else {}),
        "components": {"schemas": SCHEMAS, "securitySchemes": _security_schemes()},
    }


def _about(api: ApiSettings) -> str:
    token = " The seller's secret token stands as one more segment before /pvt." if api.auth.path_token else ""
    return "The seller's side of VTEX's protocol for external sellers." + token


def _paths() -> dict[str, Part]:
    return {
        "/pvt/orderForms/simulation": {
            "post": _call("Simulate a cart", "Simulation", body="Cart", errors=(400, 413, 415)),
            "get": _call("Simulate a cart, its document in the address", "Simulation", query=(_context(),), errors=(400, 414)),
        },
        "/pvt/orders": {"post": _call("Place orders", "PlacedOrders", body="Orders", errors=(400, 409, 413, 415, 422))},
        "/pvt/orders/{orderId}/fulfill": {"post": _order_call("Authorize dispatch", "Authorization")},
        "/pvt/orders/{orderId}/cancel": {"post": _order_call("Cancel; an empty answer while the ERP decides", "Cancellation")},
        "/healthz": {"get": _probe("Say whether the server is alive", "Health")},
        "/readyz": {"get": _probe("Say whether traffic may come, or why not", "Health", 503)},
        "/metrics": {"get": {"summary": "Numbers for Prometheus", "responses": {"200": _answer("text/plain", {"type": "string"})}}},
        "/openapi.json": {"get": {"summary": "This document", "responses": {"200": _answer("application/json", {"type": "object"})}}},
        "/console/": {"get": {"summary": "The operations page", "responses": {"200": _answer("text/html", {"type": "string"})}}},
    }


def _changes() -> dict[str, Part]:
    call = _order_call("Change an order: asked for, then to be applied", "Change")
    del call["responses"]["200"]
    call["responses"]["202"] = {"description": "Taken; the agreement follows as a call", "content": _json("ChangeTaken")}
    call["responses"] |= _errors(422)
    named = {**call, "parameters": [_path("requestId", "VTEX's id of the change"), *call["parameters"]]}
    return {
        "/pvt/orders/{orderId}/changes": {"post": call, "patch": call},
        "/pvt/orders/{orderId}/changes/{requestId}/send-agreement": {"post": named, "patch": named},
    }


def _path(name: str, description: str) -> Part:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "description": description}


def _call(summary: str, answer: str, *, body: str = "", query: tuple[Part, ...] = (), errors: tuple[int, ...]) -> Part:
    request = {"requestBody": {"required": True, "content": _json(body)}} if body else {}
    return {
        "summary": summary,
        "security": [{"key": [], "token": []}, {"authorization": []}, {}],
        "parameters": [*query, *_who_asks()],
        **request,
        "responses": {"200": {"description": "Done", "content": _json(answer)}, **_errors(*errors)},
    }


def _order_call(summary: str, body: str) -> Part:
    place = _path("orderId", "The number answered when placed")
    call = _call(summary, "Receipt", body=body, query=(place,), errors=(400, 404, 409, 413, 415))
    call["requestBody"]["required"] = False
    return call


def _probe(summary: str, answer: str, *errors: int) -> Part:
    failures = {str(status): {"description": MEANINGS[status], "content": _json("Error")} for status in errors}
    return {"summary": summary, "responses": {"200": {"description": "Yes", "content": _json(answer)}, **failures}}


def _errors(*statuses: int) -> Part:
    headers = {name: {"schema": {"type": "string"}} for name in ("x-vtex-error-code", "x-vtex-error-message")}
    every = sorted({*statuses, 401, 403, 500, 503})
    return {str(status): {"description": MEANINGS[status], "headers": headers, "content": _json("Error")} for status in every}


def _json(name: str) -> Part:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _answer(media: str, schema: Part) -> Part:
    return {"description": "Here it is", "content": {media: {"schema": schema}}}


def _context() -> Part:
    schema = {"$ref": "#/components/schemas/Cart"}
    return {"name": CONTEXT_PARAMETER, "in": "query", "required": True, "content": {"application/json": {"schema": schema}}}


def _who_asks() -> list[Part]:
    channel = {"name": "sc", "in": "query", "schema": {"type": "string", "default": "1"}, "description": "Sales channel"}
    account = {"name": "an", "in": "query", "schema": {"type": "string"}, "description": "Marketplace; needed where several are configured"}
    return [channel, account]


def _security_schemes() -> Part:
    return {
        "key": {"type": "apiKey", "in": "header", "name": "X-VTEX-API-AppKey"},
        "token": {"type": "apiKey", "in": "header", "name": "X-VTEX-API-AppToken"},
        "authorization": {"type": "apiKey", "in": "header", "name": "Authorization", "description": 'VTEX key="…" token="…"'},
    }

"""The parts that the description of the API is made of: answers with their headers, parameters, credentials."""

from __future__ import annotations

from typing import Any

from connector.settings import ApiSettings
from connector.vtex.schemas import CONTEXT_PARAMETER

Part = dict[str, Any]

MEANINGS = {
    304: "What the caller kept under this tag still holds",
    400: "Malformed; the message names the field",
    401: "Credentials are missing or wrong",
    403: "Not allowed from there",
    404: "No such order or address",
    405: "The address does not know the method",
    408: "The request did not arrive in time",
    409: "The order's state or content does not allow it (FMT009: the same order with other content)",
    413: "Larger than 2 MB",
    414: "The address is longer than 8 kB",
    415: "Not JSON in UTF-8",
    422: "The order cannot be accepted (ORD021 unknown SKU, FMT002 no stock, FMT006 price, FMT010 shipping service, ORD008 anything else)",
    431: "The headers are too many or too long",
    500: "The server failed; its log says why",
    503: "The store cannot be used at present; Retry-After says when to come again",
}
ALWAYS = (401, 403, 408, 414, 431, 500, 503)
"""What any call may be answered."""


def _header(description: str, **schema: Any) -> Part:
    return {"description": description, "required": True, "schema": {"type": "string", **schema}}


NUMBERED = {"x-request-id": _header("The request's number in the server's log: VTEX's operation id where one was sent", minLength=1)}
TAGGED = {
    "ETag": _header("Names this very answer", pattern='^"[0-9a-f]{32}"$'),
    "Cache-Control": _header("To be kept, and asked for again"),
}
SAID = {
    "x-vtex-error-code": _header("As in the body", pattern="^(ORD|FMT|CHK)[0-9]{3,4}$"),
    "x-vtex-error-message": _header("As in the body, percent-encoded", minLength=1),
}
OWN_HEADERS = {
    401: {"WWW-Authenticate": _header("The scheme of the Authorization header")},
    503: {"Retry-After": _header("Seconds", pattern="^[0-9]+$")},
}


def json_of(name: str) -> Part:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def answer(description: str, content: Part, headers: Part | None = None) -> Part:
    return {"description": description, "headers": NUMBERED | (headers or {}), "content": content}


def errors(*statuses: int) -> Part:
    """Describe errors: one document, two headers."""
    return {str(status): answer(MEANINGS[status], json_of("Error"), SAID | OWN_HEADERS.get(status, {})) for status in sorted(statuses)}


def context() -> Part:
    schema = {"$ref": "#/components/schemas/Cart"}
    return {"name": CONTEXT_PARAMETER, "in": "query", "required": True, "content": {"application/json": {"schema": schema}}}


def path_part(name: str, description: str) -> Part:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}, "description": description}


def account() -> Part:
    said = "Marketplace; needed where several are configured and none is the default"
    return {"name": "an", "in": "query", "schema": {"type": "string"}, "description": said}


def channel() -> Part:
    schema = {"type": "string", "default": "1", "pattern": "^ *[A-Za-z0-9._-]{0,64} *$"}
    return {"name": "sc", "in": "query", "schema": schema, "description": "Sales channel"}


# ── credentials ─────────────────────────────────────────────────────────────────────────────────────────────────────────
SCHEMES: Part = {
    "key": {"type": "apiKey", "in": "header", "name": "X-VTEX-API-AppKey"},
    "token": {"type": "apiKey", "in": "header", "name": "X-VTEX-API-AppToken"},
    "authorization": {"type": "apiKey", "in": "header", "name": "Authorization", "description": 'VTEX key="…" token="…"'},
}


def credentials(api: ApiSettings, *, needed_here: bool) -> list[Part]:
    """Say what a call must show; `needed_here` is False where a direct call from the server's own machine shows nothing."""
    if not api.auth.app_key:
        return [{}]
    pair: list[Part] = [{"key": [], "token": []}, {"authorization": []}]
    return pair if needed_here else [*pair, {}]

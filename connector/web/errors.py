"""Our errors as VTEX knows them: a status, one JSON document, two headers (facts 0.6, 4.3).

Codes are VTEX's own where it has one, ORD008 for anything else. What an answer says never names paths, addresses or
secrets of this machine: of what is our own trouble the log has the details, and the answer the request's number.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

import falcon
import orjson

from connector.errors import (
    Busy,
    Conflict,
    ConnectorError,
    NotAuthorized,
    NotFound,
    OrderRefused,
    Refused,
    RequestInvalid,
    TooLarge,
    Unreachable,
)

OTHER = "ORD008"
LONGEST_HEADER = 1000
PRINTABLE = "".join(chr(c) for c in range(0x20, 0x7F) if chr(c) != "%")
OWN_CODE = re.compile(r"(ORD|FMT|CHK)[0-9]{3,4}")

STATUSES: tuple[tuple[type[ConnectorError], int], ...] = (
    (RequestInvalid, 400),
    (TooLarge, 413),
    (OrderRefused, 422),
    (NotFound, 404),
    (Conflict, 409),
    (Busy, 503),
    (Unreachable, 503),
    (Refused, 400),
    (ConnectorError, 500),
)
"""First match wins; NotAuthorized is 401, or 403 where the caller is known or no credential would help."""

log = logging.getLogger(__name__)


def document(code: str, message: str) -> bytes:
    """Return the error document."""
    return orjson.dumps({"error": {"code": code, "message": _sayable(message), "exception": None}})


def headers(code: str, message: str) -> dict[str, str]:
    """Return the error's headers; the message is percent-encoded, so that no letter of it can end the header."""
    return {"x-vtex-error-code": code, "x-vtex-error-message": quote(_sayable(message), safe=PRINTABLE)[:LONGEST_HEADER]}


def _sayable(message: str) -> str:
    """Put a question mark for half a surrogate pair, which no UTF-8 can hold."""
    return message.encode("utf-8", "replace").decode("utf-8")


def status_of(error: ConnectorError) -> int:
    if isinstance(error, NotAuthorized):
        return 403 if error.known else 401
    return next(status for kind, status in STATUSES if isinstance(error, kind))


def code_of(error: ConnectorError) -> str:
    return error.code if OWN_CODE.fullmatch(error.code) else OTHER


def fill(resp: falcon.Response, status: int, code: str, message: str, more: Mapping[str, str] | None = None) -> None:
    """Make the answer an error."""
    resp.status = falcon.code_to_http_status(status)
    resp.content_type = falcon.MEDIA_JSON
    resp.data = document(code, message)
    resp.text = None
    resp.set_headers({**headers(code, message), **(more or {})})


def on_connector_error(req: falcon.Request, resp: falcon.Response, error: ConnectorError, _params: object) -> None:
    """Answer what a use case or a reader raised."""
    status = status_of(error)
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        log.log(
            logging.DEBUG if isinstance(error, NotAuthorized) else logging.INFO,  # callers refused have their own, louder line
            "request refused: %s",
            error.logged or error,
            extra={"action": "request-refused", "status": status, "code": error.code},
        )
        fill(resp, status, code_of(error), str(error), _invitation(status))
        return
    log.error("request failed: %s", error, extra={"action": "request-failed", "status": status, "code": error.code})
    fill(resp, status, code_of(error), _regret(req, status), _invitation(status, error))


def _invitation(status: int, error: ConnectorError | None = None) -> dict[str, str]:
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": "VTEX"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": str(error.retry_after_seconds if isinstance(error, Unreachable) else 2)}
    return {}


def _regret(req: falcon.Request, status: int) -> str:
    what = (
        "the store cannot be used at present; send the request again" if status == HTTPStatus.SERVICE_UNAVAILABLE else "the server failed"
    )
    return f"{what} (request {req.context.get('request_id', 'unknown')}; the server's log says why)"


MEANINGS = {404: "there is no such address", 405: "this address does not know the method"}


def on_http_error(_req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, _params: object) -> None:
    """Answer what falcon found: no such route, no such method, a header that cannot be read."""
    status = error.status_code
    message = MEANINGS.get(status) or error.description or error.title or "the request cannot be understood"
    own: Mapping[str, str] = dict(error.headers or {})
    fill(resp, status, OTHER, message, {name: value for name, value in own.items() if name.lower() != "content-type"})


def on_bug(req: falcon.Request, resp: falcon.Response, error: Exception, _params: object) -> None:
    """Answer what nobody foresaw: logged whole, told without detail."""
    log.error("request failed unexpectedly", exc_info=error, extra={"action": "internal", "method": req.method})
    fill(resp, 500, OTHER, _regret(req, 500))

"""Read a request's body, whole or not at all.

Falcon's own stream is empty for a chunked body and hands a body that broke off over as if it were complete (falconry/falcon#212,
measured): the server's input is read instead, up to a cap, and compared with the length announced.
"""

from __future__ import annotations

from typing import Any

import falcon
from gunicorn.http.errors import ParseException

from connector.errors import RequestInvalid, TooLarge
from connector.web import strict_json
from connector.web.patience import TooSlow

LARGEST = 2 * 1024 * 1024  # bytes; as nginx counts 2m
LARGEST_FORM = 16_000
CUT_SHORT = "the body ended before it was complete"


def json_document(req: falcon.Request) -> Any:
    """Return a document that will be kept. Raises RequestInvalid, TooLarge, or falcon's 415."""
    refuse_other_types(req, falcon.MEDIA_JSON)
    return strict_json.parse(raw(req), "the body")


def optional_document(req: falcon.Request) -> Any:
    """Return a document that will be kept, or None where the body is empty, as VTEX may send it. Raises as `json_document`."""
    refuse_other_types(req, falcon.MEDIA_JSON)
    body = raw(req)
    return strict_json.parse(body, "the body") if body.strip() else None


def passing_document(req: falcon.Request) -> Any:
    """Return a document that is answered and forgotten. Raises as `json_document`."""
    refuse_other_types(req, falcon.MEDIA_JSON)
    return strict_json.parse_quickly(raw(req), "the body")


def refuse_other_types(req: falcon.Request, wanted: str) -> None:
    """Raise falcon's 415 for another content type; a missing one is tolerated: the body itself shows what it is."""
    found = (req.content_type or wanted).partition(";")[0].strip().lower()
    if found not in (wanted, ""):
        raise falcon.HTTPUnsupportedMediaType(description=f"Content-Type must be {wanted}")


def raw(req: falcon.Request, largest: int = LARGEST) -> bytes:
    """Return the body's bytes. Raises TooLarge above `largest` bytes, RequestInvalid where it is cut short."""
    if req.env.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in ("", "identity"):
        raise falcon.HTTPUnsupportedMediaType(description="a compressed body cannot be read; send it plain")
    announced = _announced(req)
    if announced is not None and announced > largest:
        raise _too_large(largest)
    body = _read(req, largest + 1 if announced is None else announced)
    if len(body) > largest:
        raise _too_large(largest)
    if announced is not None and len(body) < announced:
        raise RequestInvalid(f"{CUT_SHORT}: {len(body)} of {announced} bytes came")
    return body


def _announced(req: falcon.Request) -> int | None:
    """Return the length announced; 0 without any; None for a chunked body, whose end its last chunk tells."""
    if req.env.get("HTTP_TRANSFER_ENCODING"):
        return None
    return req.content_length or 0


def _read(req: falcon.Request, size: int) -> bytes:
    try:
        return bytes(req.env["wsgi.input"].read(size))
    except TooSlow:
        raise RequestInvalid("the body did not arrive in time") from None
    except (OSError, ParseException):
        raise RequestInvalid(f"{CUT_SHORT}, or its chunks are not well-formed") from None


def _too_large(largest: int) -> TooLarge:
    return TooLarge(f"the body is larger than {largest} bytes; split the request")

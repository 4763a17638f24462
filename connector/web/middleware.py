"""What happens to every request before its resource is found: a number, a clean path, credentials; and after it: metrics and a log line."""

from __future__ import annotations

import logging
import re
import time
from random import getrandbits

import falcon

from connector.errors import NotAuthorized
from connector.log import REQUEST
from connector.web import bodies, peers
from connector.web.auth import Gate
from connector.web.metrics import Metrics

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
OPEN = frozenset({"healthz"})
LOOPBACK_OPEN = frozenset({"metrics", "readyz", "openapi.json"})
CONSOLE = "console"
PLACES = OPEN | LOOPBACK_OPEN | {CONSOLE, "pvt"}
"""What stands first below the base. Anything else may be a token that is not believed yet, or no more: it is not logged."""

log = logging.getLogger(__name__)


class Numbered:
    """Give each request its number: VTEX's operation id, or one of ours."""

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        sent = req.env.get("HTTP_X_VTEX_OPERATION_ID", "")
        number = sent if sent and REQUEST_ID.fullmatch(sent) else f"{getrandbits(128):032x}"
        req.context.request_id = number
        REQUEST.set(number)
        resp.set_headers((("x-request-id", number), ("x-content-type-options", "nosniff"), ("cache-control", "no-store")))

    def process_response(self, _req: falcon.Request, _resp: falcon.Response, _resource: object, _succeeded: bool) -> None:
        REQUEST.set("")  # the thread goes on to other work


class Guarded:
    """Clean the path, take the token out of it, and ask for credentials before anything of the body is read."""

    def __init__(self, gate: Gate, bases: tuple[str, ...]) -> None:
        self.gate = gate
        self.bases = sorted(bases, key=len, reverse=True)

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        shown = self._clean(req)
        place = self._place(req.path)
        if self._is_open(req, place):
            return
        try:
            self.gate.admit(req, token_shown=shown)
        except NotAuthorized as error:
            facts = {"place": place if place in PLACES else "unknown", "peer": str(req.remote_addr)}
            log.warning("caller refused: %s", error, extra={"action": "caller-refused", **facts})
            raise

    def keeps_out(self, req: falcon.Request) -> bool:
        """Say by a request's head whether its body is not to be waited for: no credentials, or more than any form where none are asked."""
        shown = self._clean(req)
        if self._is_open(req, self._place(req.path)):
            return bool(req.env.get("HTTP_TRANSFER_ENCODING")) or (req.content_length or 0) > bodies.LARGEST_FORM
        try:
            self.gate.admit(req, token_shown=shown)
        except NotAuthorized:
            return True
        return False

    def _is_open(self, req: falcon.Request, place: str) -> bool:
        return place in OPEN or place == CONSOLE or (place in LOOPBACK_OPEN and peers.is_direct(req, self.gate.api))

    def _clean(self, req: falcon.Request) -> bool:
        """Drop empty segments (a registered address that ends in a slash) and the token; True where the token was there."""
        segments = [segment for segment in req.path.split("/") if segment]
        kept = [segment for segment in segments if not self.gate.is_path_token(segment)]
        slash = "/" if kept and req.path.endswith("/") and kept[-1] == CONSOLE else ""
        req.path = "/" + "/".join(kept) + slash
        return len(kept) < len(segments)

    def _place(self, path: str) -> str:
        """Return the first word below the base: pvt, healthz, console, …"""
        base = next((base for base in self.bases if path.startswith(base + "/")), "")
        return path[len(base) + 1 :].partition("/")[0]


class Measured:
    """Count each request by route and status, and leave one line in the log: no body, no address with its token."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        req.context.began = time.perf_counter()

    def process_response(self, req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool) -> None:
        seconds = time.perf_counter() - req.context.began
        route, status = req.uri_template or "unknown", falcon.http_status_to_code(resp.status)
        self.metrics.count(route, req.method, status, seconds)
        if log.isEnabledFor(logging.DEBUG):
            facts = {"action": "request", "request": req.context.get("request_id"), "method": req.method, "route": route, "status": status}
            log.debug("request answered", extra={**facts, "milliseconds": round(seconds * 1000, 1)})

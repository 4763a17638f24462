"""The line to one marketplace: credentials, and the hosts that may be spoken to."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from typing import Any

from connector import __version__
from connector.errors import Misuse
from connector.settings import MarketplaceSettings
from connector.vtex.calls import Request
from connector.vtex.endpoints import Origin, admitted
from connector.vtex.failures import in_words
from connector.vtex.replies import Reply
from connector.vtex.wire import Wire

TOTAL_SECONDS = 30


class ForeignHost(Misuse):
    """An address outside the settings was about to receive the credentials; nothing was sent."""

    code = "foreign-host"


class Marketplace:
    """Sends requests to one marketplace and returns its replies; safe between threads.

    Each call has a connection for itself; those that nobody uses are kept for the next call, the one used last first.
    """

    def __init__(self, settings: MarketplaceSettings, app_key: str, app_token: str, *, total_seconds: float = TOTAL_SECONDS) -> None:
        self._settings = settings
        self._total_seconds = total_seconds
        self._idle: defaultdict[Origin, list[Wire]] = defaultdict(list)
        headers = {
            "X-VTEX-API-AppKey": _credential(settings, "app_key", app_key),
            "X-VTEX-API-AppToken": _credential(settings, "app_token", app_token),
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": f"vtex-seller-connector/{__version__}",
        }
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    def __repr__(self) -> str:
        return f"Marketplace({self._settings.account!r})"

    def send(self, request: Request) -> Reply:
        """Send one request and wait for its reply, at most 30 s in all; what goes wrong on the way is a Reply without a status.

        Redirects are not followed. Raises ForeignHost, before anything is sent, for an address whose host is not in the settings.
        """
        origin, target = self._to(request.url)
        wire = self._idle_wire(origin) or Wire(origin)
        deadline = time.monotonic() + self._total_seconds
        try:
            answered = wire.exchange(self._written(request, origin, target), deadline, is_repeatable=_is_repeatable(request))
        except OSError as error:
            return Reply(None, failure=in_words(error))
        self._idle[origin].append(wire)
        return Reply(answered.status, answered.body.decode("utf-8", "replace"), answered.headers, address=request.url)

    def close(self) -> None:
        """Close every connection that is kept alive; calls under way go on."""
        for origin in list(self._idle):
            while wire := self._idle_wire(origin):
                wire.close()

    def _idle_wire(self, origin: Origin) -> Wire | None:
        try:
            return self._idle[origin].pop()
        except IndexError:
            return None

    def _to(self, url: str) -> tuple[Origin, str]:
        found = admitted(self._settings, url)
        if found is None:
            raise ForeignHost(
                f"marketplace {self._settings.account}: {url!r} is outside the hosts of its settings; nothing was sent",
                remedy="add the host to services_hosts if it is right",
            )
        return found

    def _written(self, request: Request, origin: Origin, target: str) -> bytes:
        body = b"" if request.body is None else _encoded(request.body)
        head = f"{request.method} {target} HTTP/1.1\r\nHost: {origin.shown}\r\n{self._headers}Content-Length: {len(body)}\r\n\r\n"
        return head.encode("ascii") + body


def _is_repeatable(request: Request) -> bool:
    """Tell whether a request may go out twice within a moment, as a document may not: the outbox tries those again at their time."""
    return request.method != "POST" or request.body is None


def _encoded(body: dict[str, Any]) -> bytes:
    """Write JSON in ASCII escapes: no proxy's notion of an encoding can damage a name."""
    return json.dumps(body, allow_nan=False, separators=(",", ":")).encode("ascii")


def _credential(settings: MarketplaceSettings, name: str, value: str) -> str:
    """Refuse what no header can carry here: further in, the library would quote the secret in its complaint."""
    value = value.strip()
    if not value or not value.isascii() or not value.isprintable():
        raise Misuse(
            f"marketplace {settings.account}: the secret that {name} points to is empty or holds characters that no header can carry",
            remedy="copy it again from VTEX's admin",
        )
    return value

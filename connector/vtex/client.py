"""The line to one marketplace: credentials, deadlines, and the hosts that may be spoken to."""

from __future__ import annotations

import json
import threading
import time
import weakref
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3

from connector import __version__
from connector.errors import Misuse
from connector.settings import MarketplaceSettings
from connector.vtex.calls import Request
from connector.vtex.deadline import DEADLINE, READ_SECONDS, DeadlineAdapter
from connector.vtex.endpoints import admits
from connector.vtex.replies import Reply

CONNECT_SECONDS = 3
TOTAL_SECONDS = 30
MAX_BYTES = 1_000_000
_CHUNK = 8192
_LONGEST = 200
_DEEPEST = 10


class ForeignHost(Misuse):
    """An address outside the settings was about to receive the credentials; nothing was sent."""

    code = "foreign-host"


class Marketplace:
    """Sends requests to one marketplace and returns its replies; safe between threads, one kept-alive session in each."""

    def __init__(self, settings: MarketplaceSettings, app_key: str, app_token: str, *, total_seconds: float = TOTAL_SECONDS) -> None:
        self._settings = settings
        self._total_seconds = total_seconds
        self._headers = {
            "X-VTEX-API-AppKey": _credential(settings, "app_key", app_key),
            "X-VTEX-API-AppToken": _credential(settings, "app_token", app_token),
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": f"vtex-seller-connector/{__version__}",
        }
        self._local = threading.local()
        self._lock = threading.Lock()
        # Weak: threads come and go with every pass, and their sessions with them.
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()

    def __repr__(self) -> str:
        return f"Marketplace({self._settings.account!r})"

    def send(self, request: Request) -> Reply:
        """Send one request and wait for its reply, at most 30 s in all; what goes wrong on the way is a Reply without a status.

        Redirects are not followed. Raises ForeignHost, before anything is sent, for an address whose host is not in the settings.
        """
        prepared = self._prepare(request)
        token = DEADLINE.set(time.monotonic() + self._total_seconds)
        try:
            return self._exchange(prepared)
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            return Reply(None, failure=in_words(error))
        finally:
            DEADLINE.reset(token)

    def close(self) -> None:
        """Close every connection that is kept alive."""
        with self._lock:
            for session in list(self._sessions):
                session.close()

    def _prepare(self, request: Request) -> requests.PreparedRequest:
        """Check the address as it was given and as the library will use it: they may be read differently."""
        self._refuse_foreign(request.url)
        body = b"" if request.body is None else _encoded(request.body)
        prepared = requests.Request(request.method, request.url, headers=self._headers, data=body).prepare()
        self._refuse_foreign(prepared.url or "")
        return prepared

    def _refuse_foreign(self, url: str) -> None:
        if not admits(self._settings, url):
            raise ForeignHost(
                f"marketplace {self._settings.account}: {url!r} is outside the hosts of its settings; nothing was sent",
                remedy="add the host to services_hosts if it is right",
            )

    def _exchange(self, prepared: requests.PreparedRequest) -> Reply:
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        with self._session.send(prepared, stream=True, timeout=timeout, allow_redirects=False) as response:
            body = _read(response)
            if body is None:
                return Reply(None, failure=f"answered {response.status_code} with more than {MAX_BYTES} bytes")
            return Reply(response.status_code, body.decode("utf-8", "replace"), response.headers)

    @property
    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = _Session()
            with self._lock:
                self._sessions.add(session)
        return session


class _Session(requests.Session):
    """Heeds no proxy, .netrc or certificate bundle of the environment, keeps no cookies, reads no redirect."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self.mount(scheme, DeadlineAdapter(pool_connections=4, pool_maxsize=1))

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002  # the library's signature
        """Name none: to look one up, the library would read a redirect's whole body into memory, however large."""
        return


def _read(response: requests.Response) -> bytes | None:
    """Return the decoded body, or None where it is larger than allowed."""
    body = bytearray()
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > MAX_BYTES:
            return None
    return bytes(body)


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


def in_words(error: Exception) -> str:
    """Say what kept a call from being answered, without the address and the libraries' names."""
    cause = _innermost(error)
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {CONNECT_SECONDS} s"
    if isinstance(cause, (TimeoutError, urllib3.exceptions.TimeoutError)):
        return "no whole answer in time"
    said = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    words = "".join(c if c.isprintable() else " " for c in " ".join(said.split()))[:_LONGEST]  # a peer's bytes may stand in it
    if isinstance(error, requests.exceptions.SSLError):
        return f"its TLS certificate or handshake was not accepted: {words}"
    return f"the connection failed: {words}"


def _innermost(error: BaseException) -> BaseException:
    """Return the first cause: the wrappers around it repeat addresses and say nothing more."""
    for _ in range(_DEEPEST):
        inner = next((e for e in (getattr(error, "reason", None), *error.args, error.__cause__) if isinstance(e, BaseException)), None)
        if inner is None:
            break
        error = inner
    return error

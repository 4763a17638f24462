"""Who looks at the console: by a session that a password opened, by the reverse proxy's word, or from this very machine."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

import falcon

from connector.app import App
from connector.errors import NotAuthorized
from connector.settings import ApiSettings
from connector.usecases import console_door
from connector.web import bodies, peers
from connector.web.sessions import HOURS, LONGEST_NAME, Sessions

COOKIE = "connector_session"
SECURE_COOKIE = f"__Host-{COOKIE}"
USUAL_PORTS = {"http": ":80", "https": ":443"}
LOCAL = "local"
"""Who is named where a direct request on loopback needs no password."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """`token` is what each form must send along; "" where no cookie could be misused: then the form's Origin must be ours."""

    who: str
    token: str = ""

    @property
    def has_session(self) -> bool:
        return bool(self.token)


class Visitors:
    def __init__(self, app: App) -> None:
        self._app = app
        secret = app.settings.console.password
        self.sessions = Sessions(app.settings.reveal(secret)) if secret else None

    def of(self, req: falcon.Request) -> Visitor | None:
        """Return who asks; None where a password is needed first.

        Raises NotAuthorized where the console is off, Unreachable where the database cannot say whether a session was ended.
        """
        named = self._named_by_proxy(req)
        if named:
            return Visitor(named)
        if self.sessions is None:
            return self._direct(req)
        sent = cookie(req)
        if not self.sessions.holds(sent) or console_door.has_ended(self._app, self.sessions.mark(sent)):
            return None
        return Visitor(self.sessions.name(sent), self.sessions.form_token(sent))

    def end(self, req: falcon.Request) -> None:
        """End the session that a request came in: its cookie opens nothing any more, with no worker."""
        if self.sessions is not None and self.sessions.holds(cookie(req)):
            console_door.end_session(self._app, self.sessions.mark(cookie(req)), self.sessions.end(cookie(req)))

    def _direct(self, req: falcon.Request) -> Visitor:
        if not peers.is_direct(req, self._app.settings.api):
            raise NotAuthorized("the console is off: it has no password; set [console] password", known=True)
        return Visitor(LOCAL)

    def _named_by_proxy(self, req: falcon.Request) -> str:
        header = self._app.settings.console.user_header
        name = req.env.get(f"HTTP_{header.upper().replace('-', '_')}", "") if header else ""
        return name.strip()[:LONGEST_NAME] if name and peers.is_from_proxy(req, self._app.settings.api) else ""

    def require_form(self, req: falcon.Request, visitor: Visitor, form: dict[str, str]) -> None:
        """Let a form pass that is of this visitor's own page. Raises NotAuthorized."""
        refuse_other_sites(req, self._app.settings.api, origin_needed=not visitor.has_session)
        if visitor.has_session and (self.sessions is None or not self.sessions.is_form_token(cookie(req), form.get("form_token", ""))):
            raise NotAuthorized("this form is not of your session; open the console again", known=True)


def cookie(req: falcon.Request) -> str:
    return str(req.cookies.get(SECURE_COOKIE) or req.cookies.get(COOKIE) or "")


def is_secure(req: falcon.Request) -> bool:
    """Say whether the browser speaks https to the proxy."""
    return str(req.env.get("HTTP_X_FORWARDED_PROTO", "")).lower() == "https"


def set_session(req: falcon.Request, resp: falcon.Response, value: str) -> None:
    """Set the session's cookie, or end it ("" as value); secure over https, plain on loopback, where browsers send no secure one back."""
    secure = is_secure(req)
    seconds = HOURS * 3600 if value else 0
    resp.set_cookie(
        SECURE_COOKIE if secure else COOKIE, value, max_age=seconds, path="/", secure=secure, http_only=True, same_site="Strict"
    )


def refuse_other_sites(req: falcon.Request, api: ApiSettings, *, origin_needed: bool = False) -> None:
    """Refuse a form of another site's page, which the browser names. Raises NotAuthorized."""
    origin = req.env.get("HTTP_ORIGIN")
    if origin is None and not origin_needed:
        return
    if str(origin or "").lower() not in own_origins(req, api):
        raise NotAuthorized("the form came from another site", known=True)


def own_origins(req: falcon.Request, api: ApiSettings) -> set[str]:
    """Return how a browser may write where the console is: as the request was sent, and as VTEX was given it.

    A proxy that does not name the browser's scheme may speak either with it; what comes to us directly came over http.
    """
    named = str(req.env.get("HTTP_X_FORWARDED_PROTO", "")).lower().partition(",")[0].strip()  # of two proxies the browser's one is first
    schemes = (named,) if named else ("http",) if peers.is_direct(req, api) else ("http", "https")
    address = str(req.env.get("HTTP_HOST", "")).lower()
    public = "/".join(api.public_url.lower().split("/")[:3])
    return {_origin(scheme, address) for scheme in schemes} | ({_origin(*public.split("://"))} if public else set())


def _origin(scheme: str, address: str) -> str:
    """Leave out the port that goes without saying, as browsers do."""
    return f"{scheme}://{address.removesuffix(USUAL_PORTS.get(scheme, ''))}"


def form_of(req: falcon.Request) -> dict[str, str]:
    """Return a form's fields, the last of each name. Raises RequestInvalid, TooLarge, or falcon's 415."""
    bodies.refuse_other_types(req, falcon.MEDIA_URLENCODED)
    sent = parse_qs(bodies.raw(req, bodies.LARGEST_FORM).decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in sent.items()}

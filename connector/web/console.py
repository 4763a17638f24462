"""The operations page, made on the server: no script, nothing from elsewhere, no personal data."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import falcon
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from connector.app import App
from connector.errors import NotAuthorized
from connector.log import redact
from connector.web import bodies, peers
from connector.web.sessions import HOURS, Sessions, Tries
from connector.web.shown import age, instant

HERE = Path(__file__).parent
COOKIE = "connector_session"
POLICY = "; ".join(
    [
        "default-src 'none'",
        *(f"{what} 'self'" for what in ("style-src", "script-src", "img-src", "connect-src", "form-action")),
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)

log = logging.getLogger(__name__)


class Desk:
    """What the console's pages share: templates, and who may see them."""

    def __init__(self, app: App) -> None:
        self.app = app
        secret = app.settings.console.password
        self.sessions = Sessions(app.settings.reveal(secret)) if secret else None
        self.tries = Tries()
        self.pages = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        self.pages.filters.update(age=age, instant=instant, redacted=redact)

    def locked(self, req: falcon.Request) -> Sessions | None:
        """Return the sessions that guard the console; None where a direct request on loopback needs no password. Raises NotAuthorized."""
        if self.sessions is None and not peers.is_direct(req, self.app.settings.api):
            raise NotAuthorized("the console is off: it has no password; set [console] password", known=True)
        return self.sessions

    def show(self, resp: falcon.Response, page: str, **facts: Any) -> None:
        resp.content_type = falcon.MEDIA_HTML
        resp.text = self.pages.get_template(page).render(**facts)
        resp.set_header("Content-Security-Policy", POLICY)
        resp.set_header("Referrer-Policy", "no-referrer")

    def show_login(self, resp: falcon.Response, status: str, message: str = "") -> None:
        resp.status = status
        self.show(resp, "login.html", message=message)


class Door:
    """The console's address without its last slash."""

    def on_get(self, _req: falcon.Request, _resp: falcon.Response) -> None:
        raise falcon.HTTPMovedPermanently("console/")


class Overview:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        sessions, cookie = self.desk.locked(req), _cookie(req)
        if sessions and not sessions.holds(cookie):
            self.desk.show_login(resp, falcon.HTTP_401)
            return
        from connector.usecases.status import status  # heavier than an API worker needs to be, until somebody looks

        found = status(self.desk.app)
        self.desk.show(
            resp,
            "overview.html",
            status=found.as_dict(),
            troubles=found.troubles,
            form_token=sessions.form_token(cookie) if sessions else "",
        )


class Login:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self.desk.locked(req)
        self.desk.show_login(resp, falcon.HTTP_200)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        sessions, address = self.desk.locked(req), str(peers.client(req, self.desk.app.settings.api.trusted_proxies))
        _refuse_other_sites(req)
        if sessions is None:
            raise falcon.HTTPSeeOther("./")
        if not self.desk.tries.are_left(address):
            resp.set_header("Retry-After", "60")
            self.desk.show_login(resp, falcon.HTTP_429, "Too many wrong passwords. Wait a minute.")
        elif sessions.is_password(_form(req).get("password", "")):
            _set_cookie(req, resp, sessions.begin(), HOURS * 3600)
            log.info("console login", extra={"action": "console-login", "peer": address})
            raise falcon.HTTPSeeOther("./")
        else:
            self.desk.tries.failed(address)
            log.warning("console login refused", extra={"action": "console-login-refused", "peer": address})
            self.desk.show_login(resp, falcon.HTTP_401, "Wrong password.")


class Logout:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        sessions, cookie = self.desk.locked(req), _cookie(req)
        _refuse_other_sites(req)
        if sessions and not (sessions.holds(cookie) and sessions.is_form_token(cookie, _form(req).get("form_token", ""))):
            raise NotAuthorized("this form is not of your session; open the console again", known=True)
        _set_cookie(req, resp, "", 0)
        raise falcon.HTTPSeeOther("./")


class Style:
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = "text/css; charset=utf-8"
        resp.data = (HERE / "static" / "console.css").read_bytes()


def _cookie(req: falcon.Request) -> str:
    return str(req.cookies.get(COOKIE, ""))


def _set_cookie(req: falcon.Request, resp: falcon.Response, value: str, seconds: int) -> None:
    """Secure where the browser speaks https to the proxy; plain on loopback, where browsers would not send a secure one back."""
    secure = req.env.get("HTTP_X_FORWARDED_PROTO", "").lower() == "https"
    resp.set_cookie(COOKIE, value, max_age=seconds, path="/", secure=secure, http_only=True, same_site="Strict")


def _refuse_other_sites(req: falcon.Request) -> None:
    """Refuse a form of another site's page, which the browser names."""
    origin = req.env.get("HTTP_ORIGIN")
    if origin is not None and (urlsplit(origin).hostname or "") != peers.host_of(req):
        raise NotAuthorized("the form came from another site", known=True)


def _form(req: falcon.Request) -> dict[str, str]:
    bodies.refuse_other_types(req, falcon.MEDIA_URLENCODED)
    sent = parse_qs(bodies.raw(req, bodies.LARGEST_FORM).decode("utf-8", "replace"))
    return {name: values[-1] for name, values in sent.items()}

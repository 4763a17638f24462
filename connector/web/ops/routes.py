"""Every address below console/: pages by GET, which change nothing, and acts by POST, each of which is kept by name."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from urllib.parse import quote

import falcon

from connector.app import App
from connector.errors import Conflict, ConnectorError, NotAuthorized, NotFound, Unreachable
from connector.usecases import acting, console_door
from connector.usecases.views import ledger
from connector.web import peers
from connector.web.ops import visitors
from connector.web.ops.asking import Ask, Page, sent_with
from connector.web.ops.desk import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, WEB, Painter, back_of
from connector.web.ops.pages import PAGES, leads_to
from connector.web.ops.speech import LANGUAGES
from connector.web.ops.visitors import Visitor, Visitors
from connector.web.sessions import LONGEST_NAME

STATIC = {"console.css": "text/css", "console.js": "text/javascript", "icon.svg": "image/svg+xml"}
BACK = re.compile(r"([a-z]*)(\?[!-~]*)?")
UNNAMED = "unnamed"
"""Who is kept where a program logs in without a name."""
A_YEAR = 365 * 24 * 3600

log = logging.getLogger(__name__)


class Desk:
    """What the console's door opens on."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.painter = Painter(app)
        self.visitors = Visitors(app)

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────────────────
    def get(self, req: falcon.Request, resp: falcon.Response, place: str) -> None:
        """Answer a page, or what a page needs."""
        if place.startswith("static/"):
            _static(resp, place.removeprefix("static/"))
            return
        try:
            visitor = self.visitors.of(req)
        except Unreachable as error:
            self._show_down(req, resp, error)
            return
        if visitor is None or place == "login":
            status = falcon.HTTP_200 if place == "login" else falcon.HTTP_401
            self._show_login(req, resp, status)
            return
        self._show(self._ask(req, place, visitor), resp)

    def _ask(self, req: falcon.Request, place: str, visitor: Visitor) -> Ask:
        return Ask(self.app, req, place, visitor, self.painter.speech(req), sent_with(req))

    def _show(self, ask: Ask, resp: falcon.Response) -> None:
        try:
            page = _page(ask)
            leads = leads_to(page)
            if leads is not None:
                raise falcon.HTTPSeeOther(leads)
            self.painter.show(ask.req, resp, page, ask)
        except (NotFound, Conflict, Unreachable) as error:
            self._show_error(ask, resp, error)

    def _show_error(self, ask: Ask, resp: falcon.Response, error: ConnectorError) -> None:
        statuses = ((NotFound, HTTPStatus.NOT_FOUND, "missing"), (Conflict, HTTPStatus.CONFLICT, "conflict"))
        status, kind = next(
            ((code, name) for what, code, name in statuses if isinstance(error, what)), (HTTPStatus.SERVICE_UNAVAILABLE, "down")
        )
        bare = Ask(ask.app, ask.req, ask.place, ask.visitor, ask.speech, {})
        if kind == "down":
            self._show_down(ask.req, resp, error, bare)
            return
        page = Page("error.html", {"kind": kind, "message": str(error)}, falcon.code_to_http_status(status))
        self.painter.show(ask.req, resp, page, bare)

    def _show_down(self, req: falcon.Request, resp: falcon.Response, error: ConnectorError, ask: Ask | None = None) -> None:
        log.error("console page failed: %s", error, extra={"action": "console-failed"})
        self.painter.show(req, resp, Page("error.html", {"kind": "down", "message": ""}, falcon.HTTP_503), ask)

    def _show_login(self, req: falcon.Request, resp: falcon.Response, status: str, trouble: str = "") -> None:
        self.painter.show(req, resp, Page("login.html", {"trouble": trouble}, status), None)

    # ── acting ──────────────────────────────────────────────────────────────────────────────────────────────────────────
    def post(self, req: falcon.Request, resp: falcon.Response, place: str) -> None:
        """Do what a form asks for. Raises NotAuthorized for a form that is not of the visitor's own page."""
        if place in ("login", "look"):
            visitors.refuse_other_sites(req, self.app.settings.api)
            form = visitors.form_of(req)
            (self._log_in if place == "login" else _look)(req, resp, form)
            return
        visitor = self.visitors.of(req)
        if visitor is None:
            raise NotAuthorized("log in to the console first", known=True)
        form = visitors.form_of(req)
        self.visitors.require_form(req, visitor, form)
        doers = {"logout": self._log_out, "act": self._act, "download": self._download}
        if place not in doers:
            raise falcon.HTTPNotFound
        doers[place](req, resp, form, visitor)

    def _log_in(self, req: falcon.Request, resp: falcon.Response, form: dict[str, str]) -> None:
        sessions, address = self.visitors.sessions, str(peers.client(req, self.app.settings.api.trusted_proxies))
        if sessions is None:
            self.visitors.of(req)
            raise falcon.HTTPSeeOther("./")
        name = " ".join(form.get("name", UNNAMED).split())[:LONGEST_NAME]
        if not console_door.take_try(self.app, address):
            resp.set_header("Retry-After", "60")
            self._show_login(req, resp, falcon.HTTP_429, "login.too-many")
        elif not sessions.is_password(form.get("password", "")):
            log.warning("console login refused", extra={"action": "console-login-refused", "peer": address})
            self._show_login(req, resp, falcon.HTTP_401, "login.wrong")
        else:
            console_door.was_right(self.app, address)
            if not name:
                self._show_login(req, resp, falcon.HTTP_400, "login.nameless")
                return
            visitors.set_session(req, resp, sessions.begin(name))
            log.info("console login", extra={"action": "console-login", "peer": address})
            acting.note(self.app, "login", "console", who=name, via="console")
            raise falcon.HTTPSeeOther("./")

    def _log_out(self, req: falcon.Request, resp: falcon.Response, _form: dict[str, str], _visitor: Visitor) -> None:
        visitors.set_session(req, resp, "")
        self.visitors.end(req)
        raise falcon.HTTPSeeOther("./")

    def _act(self, _req: falcon.Request, _resp: falcon.Response, form: dict[str, str], visitor: Visitor) -> None:
        back = form.get("back", "")
        try:
            number = acting.act(self.app, form.get("what", ""), form.get("about", ""), who=visitor.who)
        except NotFound as error:
            raise falcon.HTTPNotFound(description=str(error)) from error
        raise falcon.HTTPSeeOther(_returning(back, number))

    def _download(self, _req: falcon.Request, resp: falcon.Response, form: dict[str, str], visitor: Visitor) -> None:
        number, what = form.get("about", ""), form.get("what", "")
        if what not in ("download-file", "download-errors") or not (number.isascii() and number.isdigit() and len(number) < 16):  # noqa: PLR2004 - fits a key
            raise falcon.HTTPNotFound
        language = "pt" if form.get("language") == "pt" else "en"
        name, content = (
            ledger.original(self.app, int(number)) if what == "download-file" else ledger.errors(self.app, int(number), language)
        )
        acting.note(self.app, what, number, who=visitor.who, via="console")
        resp.content_type = "application/octet-stream" if what == "download-file" else "text/csv; charset=utf-8"
        resp.data = content
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
        resp.set_header("Content-Disposition", f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}")
        resp.set_header("Content-Security-Policy", "default-src 'none'; sandbox")


def _page(ask: Ask) -> Page:
    if ask.place not in PAGES:
        raise NotFound("there is no such page")
    return PAGES[ask.place](ask)


def _returning(back: str, number: int) -> str:
    """Return the address of the page that a form came from, showing the act; of our own pages only."""
    match = BACK.fullmatch(back)
    place, query = (match[1], (match[2] or "?")[1:]) if match and match[1] in PAGES else ("", "")
    kept = back_of(place, query)
    return f"{kept or './'}{'&' if '?' in kept else '?'}act={number}"


def _look(req: falcon.Request, resp: falcon.Response, form: dict[str, str]) -> None:
    """Keep a language or a theme in a cookie of the browser."""
    for name, cookie, known in (("language", LANGUAGE_COOKIE, tuple(LANGUAGES)), ("theme", THEME_COOKIE, THEMES)):
        if form.get(name) in known:
            secure = visitors.is_secure(req)
            resp.set_cookie(cookie, form[name], max_age=A_YEAR, path="/", secure=secure, http_only=True, same_site="Strict")
    match = BACK.fullmatch(form.get("back", ""))
    raise falcon.HTTPSeeOther(form["back"] or "./" if match and match[1] in {*PAGES, "login"} else "./")


def _static(resp: falcon.Response, name: str) -> None:
    if name not in STATIC:
        raise falcon.HTTPNotFound
    resp.content_type = f"{STATIC[name]}; charset=utf-8"
    resp.data = (WEB / "static" / name).read_bytes()
    resp.set_header("Content-Security-Policy", "default-src 'none'")
    resp.set_header("Cache-Control", "max-age=300")

"""Making pages: templates, who is asking, in which language; and the headers that keep a page to itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import falcon
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from connector.app import App
from connector.log import redact
from connector.usecases.views import words, work
from connector.web.ops.asking import Ask, Page
from connector.web.ops.pages import NAVIGATION, PARENTS
from connector.web.ops.speech import LANGUAGES, Speech, preferred
from connector.web.ops.visitors import Visitor
from connector.web.shown import begun, cut, shown

WEB = Path(__file__).parents[1]
POLICY = "; ".join(
    [
        "default-src 'none'",
        *(f"{what} 'self'" for what in ("style-src", "script-src", "img-src", "connect-src", "form-action")),
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
LANGUAGE_COOKIE, THEME_COOKIE = "connector_language", "connector_theme"
THEMES = ("auto", "light", "dark")


class Painter:
    """Turns pages into HTML. Every text of others is escaped, and its invisible characters are made visible."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.zone = ZoneInfo(app.settings.schedule.timezone)
        self.pages = Environment(
            loader=FileSystemLoader(WEB / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=shown,
        )
        self.pages.filters.update(cut=cut, way_name=lambda name, t: t(f"way.{name}"), begun=begun, redacted=lambda text: redact(str(text)))

    def speech(self, req: falcon.Request) -> Speech:
        language = preferred(str(req.cookies.get(LANGUAGE_COOKIE) or ""), req.env.get("HTTP_ACCEPT_LANGUAGE", ""))
        return Speech(language, self.zone, self.app.now)

    def show(self, req: falcon.Request, resp: falcon.Response, page: Page, ask: Ask | None) -> None:
        """Write a page; `ask` is None for one that anybody may see."""
        speech = ask.speech if ask else self.speech(req)
        resp.status, resp.content_type = page.status, falcon.MEDIA_HTML
        resp.text = self.pages.get_template(page.template).render(**self._frame(req, speech, ask), **page.facts)
        resp.set_header("Content-Security-Policy", POLICY)
        resp.set_header("Referrer-Policy", "same-origin")  # "no-referrer" would also take a form's Origin away, by which we know our own
        resp.set_header("Vary", "Cookie, Accept-Language")

    def _frame(self, req: falcon.Request, t: Speech, ask: Ask | None) -> dict[str, Any]:
        theme = str(req.cookies.get(THEME_COOKIE) or "")
        place = ask.place if ask else ""
        number = ask.number("act") if ask else None
        return {
            "t": t,
            "said": lambda text: words.said(text or "", t.language),
            "language": t.language,
            "languages": LANGUAGES,
            "theme": theme if theme in THEMES else "auto",
            "themes": THEMES,
            "place": place,
            "section": PARENTS.get(place, place),
            "navigation": NAVIGATION if ask else (),
            "visitor": ask.visitor if ask else Visitor(""),
            "back": back_of(place, req.query_string) if ask else "login",
            "done": work.act(self.app, number) if number is not None else None,
        }


def back_of(place: str, query: str) -> str:
    """Return the address of a page below console/, without the act that it last showed."""
    kept = "&".join(part for part in query.split("&") if part and not part.startswith("act="))
    return f"{place}?{kept}" if kept else place

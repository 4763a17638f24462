"""The sandbox's own addresses: its page, its state as JSON, and its controls. VTEX has none of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from connector.errors import ConnectorError, NotFound
from connector.sandbox import shown
from connector.sandbox.calls import Call
from connector.sandbox.controls import run_control
from connector.sandbox.fields import read_fields
from connector.sandbox.guard import is_form, objection
from connector.sandbox.market import Market
from connector.sandbox.wire import Reply, json_reply

PAGE = Path(__file__).parent / "page"
HOME = "/sandbox/"
_FILES = {"sandbox.css": "text/css; charset=utf-8", "sandbox.js": "text/javascript; charset=utf-8"}
_POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{what} 'self'" for what in ("style-src", "script-src", "connect-src", "form-action")),
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_DEPTH_OF_A_CONTROL = 2


class Desk:
    """Answers what is asked of the sandbox itself."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._said = ""

    @staticmethod
    def concerns(call: Call) -> bool:
        """Tell whether a call is for the sandbox itself; an account named "sandbox" keeps its own addresses."""
        is_own = call.parts[0] == "sandbox" and len(call.parts) <= _DEPTH_OF_A_CONTROL and call.parts[-1] != "suggestions"
        return (call.path == "/" and call.method == "GET") or (is_own and call.method in ("GET", "POST"))

    def answer(self, call: Call) -> Reply:
        refused = objection(call)
        if refused:
            return _guarded(json_reply(refused[0], {"error": refused[1]}))
        name = call.parts[1] if len(call.parts) == _DEPTH_OF_A_CONTROL else ""
        return _guarded(self._control(call, name) if call.method == "POST" else self._look(call, name))

    def _look(self, call: Call, name: str) -> Reply:
        if call.path in ("/", "/sandbox"):
            return Reply(303, headers={"Location": HOME})
        if name == "":
            said, self._said = self._said, ""
            page = _pages().get_template("sandbox.html").render(said=said, **shown.page(self._market, call.query))
            return Reply(200, page.encode(), {"Content-Type": "text/html; charset=utf-8"})
        if name in _FILES:
            return Reply(200, (PAGE / name).read_bytes(), {"Content-Type": _FILES[name]})
        if name == "state":
            return json_reply(200, shown.state(self._market))
        return json_reply(404, {"error": f"There is no page {call.path}."})

    def _control(self, call: Call, name: str) -> Reply:
        try:
            result: dict[str, Any] = run_control(self._market, name, read_fields(call))
        except ConnectorError as error:
            status = 404 if isinstance(error, NotFound) else 400
            return self._back(f"Not done: {error}.") if is_form(call) else json_reply(status, {"error": str(error)})
        return self._back(result["said"]) if is_form(call) else json_reply(200, result)

    def _back(self, said: str) -> Reply:
        """Send a browser back to the page, which says what happened, so that reloading it does nothing again."""
        self._said = said
        return Reply(303, headers={"Location": HOME})


def _guarded(reply: Reply) -> Reply:
    return replace(reply, headers={**reply.headers, **_HEADERS})


@cache
def _pages() -> Environment:
    pages = Environment(loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pages.filters.update(money=shown.money, clock=shown.clock, pretty=shown.pretty)
    return pages

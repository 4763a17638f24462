"""The console's door: all its addresses, and nothing else until somebody asks for one of them."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import falcon

from connector.app import App

if TYPE_CHECKING:
    from connector.web.ops.routes import Desk


class Door:
    """The console's address without its last slash."""

    def on_get(self, _req: falcon.Request, _resp: falcon.Response) -> None:
        raise falcon.HTTPMovedPermanently("console/")


class Console:
    """Every address below console/. What it takes is loaded at the first request: an API worker does without."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._desk: Desk | None = None
        self._lock = Lock()

    def _opened(self) -> Desk:
        with self._lock:
            if self._desk is None:
                from connector.web.ops.routes import Desk

                self._desk = Desk(self._app)
            return self._desk

    def on_get(self, req: falcon.Request, resp: falcon.Response, place: str) -> None:
        self._opened().get(req, resp, place)

    def on_post(self, req: falcon.Request, resp: falcon.Response, place: str) -> None:
        self._opened().post(req, resp, place)


class Overview:
    """The console's first page. Nothing is posted to it: every form has an address of its own."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._console.on_get(req, resp, "")

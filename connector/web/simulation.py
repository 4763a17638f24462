"""Simulations: what a cart's lines sell at and how they get there, by POST and by GET, from the snapshot alone."""

from __future__ import annotations

import hashlib
from typing import Any

import falcon
import orjson

from connector.app import App
from connector.usecases import offers
from connector.vtex import simulation
from connector.web import bodies, query


class Simulations:
    def __init__(self, app: App) -> None:
        self.app = app

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.data = self._answer(req, bodies.passing_document(req))

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer as by POST; whoever keeps the answer (VTEX builds caches this way) is told to ask whether it still holds."""
        answer = self._answer(req, query.context(req))
        tag = hashlib.sha256(answer).hexdigest()[:32]
        resp.etag = tag
        resp.set_header("Cache-Control", "private, no-cache")
        if tag in (req.if_none_match or ()):
            resp.status = falcon.HTTP_304
            return
        resp.content_type = falcon.MEDIA_JSON
        resp.data = answer

    on_head = on_get

    def _answer(self, req: falcon.Request, document: Any) -> bytes:
        cart = simulation.read(document, self.app.settings.shipping.country)
        account = query.account(req, self.app) if self.app.marketplaces else ""  # a simulation is never refused for the settings' sake
        found = offers.simulate(self.app, cart, account, query.sales_channel(req, cart.sales_channel))
        return orjson.dumps(simulation.write(cart, found, query.merchant(req, self.app, account)))

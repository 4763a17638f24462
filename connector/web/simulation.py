"""Simulations: what a cart's lines sell at and how they get there, by POST and by GET, from the snapshot alone."""

from __future__ import annotations

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
        self._answer(req, resp, bodies.passing_document(req))

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._answer(req, resp, query.context(req))

    on_head = on_get

    def _answer(self, req: falcon.Request, resp: falcon.Response, document: Any) -> None:
        cart = simulation.read(document, self.app.settings.shipping.country)
        account = query.account(req, self.app) if self.app.marketplaces else ""  # a simulation is never refused for the settings' sake
        found = offers.simulate(self.app, cart, account, query.sales_channel(req))
        resp.content_type = falcon.MEDIA_JSON
        resp.data = orjson.dumps(simulation.write(cart, found))

"""Orders: placed, authorized, changed, cancelled. Each is answered when it is committed, never before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import falcon
import orjson

from connector.app import App
from connector.usecases import changing
from connector.usecases import orders as usecase
from connector.vtex import orders
from connector.web import bodies, query


class Orders:
    def __init__(self, app: App) -> None:
        self.app = app

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        document = bodies.json_document(req)
        placed = orders.read(document, query.account(req, self.app), query.sales_channel(req))
        answers = usecase.place(self.app, placed)
        resp.content_type = falcon.MEDIA_JSON
        resp.data = b"[" + b",".join(answers) + b"]" if isinstance(document, list) else answers[0]


class Authorizations:
    def __init__(self, app: App) -> None:
        self.app = app

    def on_post(self, req: falcon.Request, resp: falcon.Response, order_id: str) -> None:
        _answer(resp, usecase.authorize(self.app, query.account(req, self.app), order_id, bodies.optional_document(req)))


class Cancellations:
    def __init__(self, app: App) -> None:
        self.app = app

    def on_post(self, req: falcon.Request, resp: falcon.Response, order_id: str) -> None:
        _answer(resp, usecase.cancel(self.app, query.account(req, self.app), order_id, bodies.optional_document(req)))


class Changes:
    """Changes of orders; VTEX does not document the address on the seller's side (decision 11), so POST and PATCH are both taken."""

    def __init__(self, app: App) -> None:
        self.app = app

    def on_post(self, req: falcon.Request, resp: falcon.Response, order_id: str, request_id: str = "") -> None:
        account = query.account(req, self.app)
        resp.status = falcon.HTTP_202
        _answer(resp, changing.change(self.app, account, order_id, bodies.optional_document(req), request_id))

    on_patch = on_post


def _answer(resp: falcon.Response, receipt: Mapping[str, Any] | None) -> None:
    """No receipt yet means that the ERP decides first: VTEX takes an empty answer for "under evaluation" (facts 6.1)."""
    resp.content_type = falcon.MEDIA_JSON
    resp.data = b"" if receipt is None else orjson.dumps(receipt)

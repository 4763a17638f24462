"""Is it alive, may traffic come, how is it doing, what is it."""

from __future__ import annotations

import falcon
import orjson

from connector.app import App
from connector.errors import ConnectorError
from connector.usecases import readiness
from connector.web import errors, openapi
from connector.web.metrics import CONTENT_TYPE, Metrics


class Alive:
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.data = b'{"status":"alive"}'

    on_head = on_get


class Ready:
    def __init__(self, app: App) -> None:
        self.app = app

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        reasons = readiness.reasons(self.app)
        if reasons:
            errors.fill(resp, 503, errors.OTHER, "; ".join(reasons), {"Retry-After": "30"})
            return
        resp.content_type = falcon.MEDIA_JSON
        resp.data = b'{"status":"ready"}'

    on_head = on_get


class Numbers:
    def __init__(self, app: App, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = CONTENT_TYPE
        resp.data = self.metrics.text(self._gauges())

    on_head = on_get

    def _gauges(self) -> dict[str, object]:
        """Show a database that is away in `connector_up`; this process's own numbers are told all the same."""
        try:
            return {"up": 1, **readiness.numbers(self.app)}
        except ConnectorError:
            return {"up": 0}


class Description:
    def __init__(self, app: App) -> None:
        self.document = orjson.dumps(openapi.describe(app.settings.api, accepts_changes=app.settings.orders.accept_changes))

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = falcon.MEDIA_JSON
        resp.data = self.document

    on_head = on_get

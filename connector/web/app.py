"""The API as one value: every route, what happens around each request, and what becomes of errors."""

from __future__ import annotations

import falcon

from connector.app import App
from connector.errors import ConnectorError
from connector.settings import Settings
from connector.web import console, errors, openapi, orders, probes, simulation
from connector.web.auth import Gate
from connector.web.metrics import Metrics
from connector.web.middleware import Guarded, Measured, Numbered

Api = falcon.App[falcon.Request, falcon.Response]


def guarded(settings: Settings) -> Guarded:
    """Return what stands before every route. Raises SettingsError where a secret that the settings name is not there."""
    return Guarded(Gate(settings, settings.reveal), ("", *openapi.bases(settings.api)))


def create_app(app: App) -> Api:
    """Build the API over `app`. Raises SettingsError where a secret that the settings name is not there."""
    metrics, bases = Metrics(), openapi.bases(app.settings.api)
    api: Api = falcon.App(middleware=[Numbered(), Measured(metrics), guarded(app.settings)])
    api.add_error_handler(Exception, errors.on_bug)
    api.add_error_handler(falcon.HTTPError, errors.on_http_error)
    api.add_error_handler(ConnectorError, errors.on_connector_error)
    for base in bases:
        api.add_route(f"{base}/pvt/orderForms/simulation", simulation.Simulations(app))
        api.add_route(f"{base}/pvt/orders", orders.Orders(app))
        api.add_route(f"{base}/pvt/orders/{{order_id}}/fulfill", orders.Authorizations(app))
        api.add_route(f"{base}/pvt/orders/{{order_id}}/cancel", orders.Cancellations(app))
        if app.settings.orders.accept_changes:
            api.add_route(f"{base}/pvt/orders/{{order_id}}/changes", orders.Changes(app))
            api.add_route(f"{base}/pvt/orders/{{order_id}}/changes/{{request_id}}/send-agreement", orders.Changes(app))
    desk = console.Console(app)
    for base in dict.fromkeys(("", *bases)):
        api.add_route(f"{base}/healthz", probes.Alive())
        api.add_route(f"{base}/readyz", probes.Ready(app))
        api.add_route(f"{base}/metrics", probes.Numbers(app, metrics))
        api.add_route(f"{base}/openapi.json", probes.Description(app))
        api.add_route(f"{base}/console", console.Door())
        api.add_route(f"{base}/console/", console.Overview(desk))
        api.add_route(f"{base}/console/{{place:path}}", desk)
    return api

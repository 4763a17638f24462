"""What gunicorn starts in each worker: `connector.web.wsgi:get_app()`. The only place here that reads the settings."""

from __future__ import annotations

import atexit

from connector import app as parts
from connector import log, settings
from connector.usecases.turns import share
from connector.web.app import Api, create_app

WAIT_SECONDS = 2  # for a lock of the database: VTEX gives a simulation 2.5 s
IDLE_SECONDS = 5  # in a transaction: no request does, and what a frozen node holds keeps all others from taking orders


def get_app() -> Api:
    """Build the API from the settings that `$CONNECTOR_CONFIG` names; in the worker, so that every connection is made after the fork.

    Each worker shares the turn "serve" for life: while it lives, no backup is restored under it. Raises Busy while one is.
    """
    log.configure()
    app = parts.load(settings.locate(None), wait_seconds=WAIT_SECONDS, idle_seconds=IDLE_SECONDS)
    atexit.register(share(app, "serve").close)
    return create_app(app)

"""How granian serves the API, where `[api] server = "granian"` asks for it: the same application under a server written in Rust.

Never preloaded, as under gunicorn: each worker builds the application for itself. What differs is told in docs/servers.md.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from connector import settings as settings_module
from connector.settings import Settings
from connector.web.patience import SECONDS

KILL_AFTER_SECONDS = 25
LARGEST_HEAD = 65_536
SLOW_CLIENTS = 128
"""Threads beyond those that work, for requests whose bodies do not come: they cost little, and no request waits for them."""


def main() -> None:
    """Serve until SIGTERM, with the settings that `$CONNECTOR_CONFIG` names; the argument is the folder of the workers' numbers."""
    settings = settings_module.load(settings_module.locate(None))
    os.umask(0o007)  # a unix socket is for its group: the proxy
    try:
        server(settings).serve()
    finally:
        shutil.rmtree(sys.argv[1], ignore_errors=True)


def server(settings: Settings) -> Any:  # what `Granian` is, its own types leave open
    api = settings.api
    is_unix = api.bind.startswith("unix:")
    host, _, port = api.bind.rpartition(":")
    return Granian(
        "connector.web.wsgi:get_app",
        factory=True,
        interface=Interfaces.WSGI,
        address="127.0.0.1" if is_unix else host.strip("[]"),
        port=8000 if is_unix else int(port),
        uds=Path(settings.path(api.bind.removeprefix("unix:"))) if is_unix else None,
        uds_permissions=0o660 if is_unix else None,
        workers=api.workers,
        blocking_threads=api.threads + SLOW_CLIENTS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(SECONDS * 1000), max_buffer_size=LARGEST_HEAD),
        websockets=False,
        log_access=False,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=KILL_AFTER_SECONDS,
    )


if __name__ == "__main__":
    main()

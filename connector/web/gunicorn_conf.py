"""How gunicorn serves the API. Read by gunicorn itself (`-c python:connector.web.gunicorn_conf`); values come from the settings.

Never preloaded: with connections opened before the fork, answers of other requests were seen. Nothing here may import
prometheus-client: it decides at its import whether several processes share their numbers, and the folder for that is set here.
"""

from __future__ import annotations

import gc
import shutil
import tempfile
from pathlib import Path
from typing import Any

from connector import settings as settings_module

_settings = settings_module.load(settings_module.locate(None))
_api = _settings.api
_numbers = tempfile.mkdtemp(prefix="connector-metrics-")

bind = f"unix:{_settings.path(_api.bind.removeprefix('unix:'))}" if _api.bind.startswith("unix:") else _api.bind
workers = _api.workers
threads = _api.threads
worker_class = "connector.web.worker.Worker"
worker_connections = 1000
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # the heartbeat's file: on a busy disk it would stall
raw_env = [f"PROMETHEUS_MULTIPROC_DIR={_numbers}"]

timeout = 30  # of a worker's heartbeat, not of a request
graceful_timeout = 25
keepalive = 5
limit_request_line = 8190  # gunicorn's largest: the simulation by GET carries its document in the address
limit_request_fields = 100
limit_request_field_size = 8190

preload_app = False
control_socket_disable = True  # it could stop or resize the server
forwarded_allow_ips = ""  # whom to believe is decided by [api] trusted_proxies, in the application
secure_scheme_headers: dict[str, str] = {}
umask = 0o007  # a unix socket is for its group: the proxy
proc_name = "connector-api"

accesslog = None  # it would hold the path token; the application counts and logs by route
errorlog = "-"
loglevel = "info"


def post_worker_init(_worker: Any) -> None:
    """Spare the collector what stays for ever: the modules and the application."""
    gc.collect()
    gc.freeze()


def on_exit(_server: Any) -> None:
    """Take the workers' numbers away with the server."""
    shutil.rmtree(_numbers, ignore_errors=True)

"""How `connector serve` starts the API."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from connector import settings as settings_module
from connector.web.auth import Gate

ENV = "/usr/bin/env"
MEMORY = "MALLOC_ARENA_MAX=1"
"""The C library keeps an arena for each thread and gives none back; threads of Python allocate under one lock anyhow."""


def command(config_path: Path) -> list[str]:
    """Return the command line that serves the API until SIGTERM; to be exec'ed.

    Raises SettingsError where the settings cannot be used or a secret that they name is not there: better now than in each worker.
    """
    settings = settings_module.load(config_path)
    Gate(settings, settings.reveal)
    if settings.console.password:
        settings.reveal(settings.console.password)
    return [ENV, MEMORY, f"CONNECTOR_CONFIG={config_path.absolute()}", *(_granian() if settings.api.server == "granian" else _gunicorn())]


def _gunicorn() -> list[str]:
    return [sys.executable, "-m", "gunicorn", "-c", "python:connector.web.gunicorn_conf", "connector.web.wsgi:get_app()"]


def _granian() -> list[str]:
    """Name the folder for the workers' numbers before anything can import prometheus-client, which decides by it at its import."""
    numbers = tempfile.mkdtemp(prefix="connector-metrics-")
    return [f"PROMETHEUS_MULTIPROC_DIR={numbers}", sys.executable, "-m", "connector.web.granian_server", numbers]

"""The demo's stage: a project directory of its own, a marketplace sandbox, a legacy ERP, and the connector's real commands."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.demo.legacy_erp import LegacyErp
from connector.demo.shopper import Shopper
from connector.sandbox import Sandbox

ACCOUNT, SELLER = "sandboxintegracao", "acme"
KEY, TOKEN = "vtexappkey-demo", "demo-token"
SERVE_SECONDS = 30
SETTINGS = """
[erp]
settle_seconds = 0

[[shipping.slas]]
id = "Normal"
name = "Entrega Normal"
table = "freight/normal*.csv"

[[marketplaces]]
account = "{account}"
seller_id = "{seller}"
base_url = "{url}"
suggestions_url = "{suggestions}"
app_key = "file:config/app_key"
app_token = "file:config/app_token"
services_hosts = ["127.0.0.1"]

[api]
bind = "127.0.0.1:{port}"
"""


class CommandFailed(Exception):
    """A command of the connector ended otherwise than it should."""


@dataclass(frozen=True, slots=True)
class Stage:
    root: Path
    marketplace: Sandbox
    erp: LegacyErp
    shopper: Shopper

    @property
    def config(self) -> Path:
        return self.root / "config" / "connector.toml"

    def command(self, *arguments: str) -> str:
        """Run a command of the connector as a user would, and return what it printed. Raises CommandFailed with what it said."""
        argv = [sys.executable, "-m", "connector", "--config", str(self.config), *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise CommandFailed(
                f"`connector {' '.join(arguments)}` ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}"
            )
        return done.stdout

    def run(self, job: str) -> str:
        return self.command("run", job)

    def status(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.command("status", "--json"))
        return document


@contextmanager
def built() -> Iterator[Stage]:
    """Set the stage in a directory of its own, which is removed at the end."""
    root = Path(tempfile.mkdtemp(prefix="connector-demo-"))
    try:
        with Sandbox(account=ACCOUNT, seller_id=SELLER, app_key=KEY, app_token=TOKEN) as marketplace:
            port = _free_port()
            shopper = Shopper(f"http://127.0.0.1:{port}", ACCOUNT, marketplace.services_endpoint)
            stage = Stage(root, marketplace, LegacyErp(root / "inbox", root / "outbox"), shopper)
            _furnish(stage, port)
            with _served(stage):
                yield stage
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _furnish(stage: Stage, port: int) -> None:
    for folder in ("config", "inbox", "outbox", "var"):
        (stage.root / folder).mkdir()
    for name, secret in (("app_key", KEY), ("app_token", TOKEN)):
        path = stage.root / "config" / name
        path.touch(mode=0o600)
        path.write_text(secret, encoding="utf-8")
    places = {"url": stage.marketplace.url, "suggestions": stage.marketplace.suggestions_url, "port": port}
    stage.config.write_text(SETTINGS.format(account=ACCOUNT, seller=SELLER, **places), encoding="utf-8")


@contextmanager
def _served(stage: Stage) -> Iterator[None]:
    log = (stage.root / "var" / "serve.log").open("wb")
    argv = [sys.executable, "-m", "connector", "--config", str(stage.config), "serve"]
    with log, subprocess.Popen(argv, stdout=log, stderr=log, cwd=stage.root) as process:
        try:
            _wait_until_served(stage, process)
            yield
        finally:
            process.terminate()


def _wait_until_served(stage: Stage, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SERVE_SECONDS
    while not stage.shopper.is_served():
        if process.poll() is not None or time.monotonic() > deadline:
            said = (stage.root / "var" / "serve.log").read_text(encoding="utf-8", errors="replace")
            raise CommandFailed(f"`connector serve` does not answer: {said[-2000:]}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""The installed command in a project directory of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import forked
import pytest

COMMAND = Path(sys.executable).parent / "connector"
SETTINGS = """
[erp]
settle_seconds = 0

[[marketplaces]]
account = "loja"
seller_id = "acme"
base_url = "http://127.0.0.1:9"
suggestions_url = "http://127.0.0.1:9/loja"
app_key = "env:VTEX_APP_KEY"
app_token = "env:VTEX_APP_TOKEN"
"""


@dataclass
class Project:
    root: Path
    python: str = sys.executable
    tests: Path = Path(__file__).parents[1]

    @property
    def config(self):
        return self.root / "config" / "connector.toml"

    @property
    def environment(self):
        ours = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
        return {**ours, "CONNECTOR_CONFIG": str(self.config), "VTEX_APP_KEY": "key-of-acme", "VTEX_APP_TOKEN": "token-of-acme"}

    def call(self, *words, **variables):
        line, environment = [str(COMMAND), *map(str, words)], self.environment | variables
        if forked.can_run(variables):
            return forked.run(line, self.root, environment, seconds=120)
        return subprocess.run(line, cwd=self.root, env=environment, capture_output=True, text=True, timeout=120, check=False)

    def run_python(self, code):
        return subprocess.run(
            [self.python, "-c", code], cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )

    def start(self, *words, **variables):
        line = [str(COMMAND), *map(str, words)]
        return subprocess.Popen(
            line, cwd=self.root, env=self.environment | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def document(self, *words):
        done = self.call(*words, "--json")
        return done.returncode, json.loads(done.stdout)


@pytest.fixture
def project(tmp_path):
    return begun(tmp_path / "shop")


def begun(root):
    """Make a project directory with settings, and nothing in it."""
    made = Project(root)
    for folder in ("config", "inbox", "outbox"):
        (made.root / folder).mkdir(parents=True)
    made.config.write_text(SETTINGS)
    return made

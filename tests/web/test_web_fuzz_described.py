"""Schemathesis against the real server, by our own /openapi.json: what is generated from the description, valid and invalid, is answered
as described: status, content type, headers, document. $FUZZ_CASES says how many cases; few without it.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from cases import CASES, FEW
from sqlalchemy import insert
from web_world import free_port, price, product, section, set_up, start, stop

from connector.storage import tables

OPERATIONS = 13
SETTINGS = """\
suppress-health-check = ["all"]
continue-on-failure = true
request-timeout = 30

[headers]
X-VTEX-API-AppKey = "the-key"
X-VTEX-API-AppToken = "the-token"

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "414", "415", "422", "431"]

# An order may be refused for what no schema says: an unknown SKU, a number that a database cannot hold, a NUL.
[[operations]]
include-path-regex = "/pvt/orders"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "404", "409", "422"]

# While the ERP decides on a cancellation the answer is empty, as VTEX wants it.
[[operations]]
include-operation-id = "cancelOrder"
[operations.checks.response_schema_conformance]
enabled = false
"""
KEYS = '[api.auth]\napp_key = "env:FUZZ_KEY"\napp_token = "env:FUZZ_TOKEN"\n'


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("FUZZ_KEY", "the-key")
    monkeypatch.setenv("FUZZ_TOKEN", "the-token")
    port = free_port()
    project = set_up(tmp_path / "project", section(port, workers=2) + KEYS + "[orders]\naccept_changes = true\n")
    app = project.app()
    with app.db.write() as tx:  # what the description's own examples speak of
        tx.execute(insert(tables.products), product("2000037"))
        tx.execute(insert(tables.prices), price("2000037", 9990))
        tx.execute(insert(tables.stock), {"sku": "2000037", "warehouse": "", "quantity": 1_000_000})
    app.db.close()
    running = start(project, port)
    yield running
    stop(running)


def fuzz(server, folder, *options):
    settings = folder / "schemathesis.toml"
    settings.write_text(SETTINGS)
    tool = Path(sys.executable).with_name("st")
    address = f"http://127.0.0.1:{server.port}/openapi.json"
    command = [tool, "--config-file", settings, "run", address, "--no-color", "--checks=all", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def depth():
    """Say how much is tried: without $FUZZ_CASES what CI has time for, the same each time."""
    few = ["--phases=examples,coverage,fuzzing", "--seed=1"] if CASES <= FEW else []
    return [f"--max-examples={max(CASES // OPERATIONS, 1)}", *few]


def test_the_server_answers_as_its_description_says(server, tmp_path):
    workers = server.workers()

    found = fuzz(server, tmp_path, *depth())

    sys.stdout.write(found.stdout[-2_000:])  # how many cases there were: `pytest -rP` shows it
    assert found.returncode == 0, found.stdout[-20_000:]
    assert server.workers() == workers, "a worker did not survive"
    assert "Traceback" not in server.log.read_text()

"""Logs: no secret and nobody's data, one line an event."""

import json
import subprocess
import sys

import pytest

from connector.log import redact


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("X-VTEX-API-AppToken: ABCDEF", "ABCDEF"),
        ("headers={'X-VTEX-API-AppKey': 'vtexappkey-acme-XYZ'}", "vtexappkey-acme-XYZ"),
        ("key vtexappkey-acme-XYZ was refused", "vtexappkey-acme-XYZ"),
        ("password=hunter2 and more", "hunter2"),
        ("postgresql+psycopg://connector:hunter2@db/shop", "hunter2"),
        ("client jonas@gmail.com.br asked", "jonas@gmail.com.br"),
        ("document 123.456.789-09", "123.456.789-09"),
        ("document 12345678909", "12345678909"),
        ("company 12.ABC.345/01DE-35", "12.ABC.345/01DE-35"),
        ("call (19) 99712-5826", "99712-5826"),
    ],
)
def test_secrets_and_personal_data_leave_no_trace(line, hidden):
    assert hidden not in redact(line)


@pytest.mark.parametrize(
    "line", ["sku 12345678901 of 20000370000", "order 1234567890123-01", "file prices/prices-20261124.csv", "env:VTEX_APP_KEY", "159,70"]
)
def test_what_is_no_secret_stays(line):
    assert redact(line) == line


def test_an_error_is_one_line_with_its_fields_and_its_cause():
    code = """
import logging, structlog
from connector import log
log.configure()
structlog.contextvars.bind_contextvars(run="r1")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger("x").exception("it failed", job="export-orders")
logging.getLogger("y").warning("a file of %s", "jonas@gmail.com.br", extra={"action": "taken"})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = done.stderr.splitlines()

    assert done.stdout == ""
    assert [w for w in ('event="it failed"', "level=error", "job=export-orders", "run=r1", "ZeroDivisionError") if w not in first] == []
    assert [w for w in ("level=warning", "action=taken", "***@***") if w not in second] == []


def test_logs_never_go_to_standard_output():
    code = """
import logging, structlog
from connector import log
log.configure(logging.DEBUG)
structlog.get_logger().debug("x")
print("{}")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == {}

"""Logs: no secret and nobody's data, one line an event."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from connector.log import redact
from connector.log_lines import FIELDS, known_fields

ROOT = Path(__file__).parents[2]
LEVELS = ("debug", "info", "warning", "error", "exception", "log")
OWN = {"extra", "exc_info", "stack_info"}


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
        ("call +55 19 99712-5826", "99712"),
        ("call 19 99712-5826", "99712-5826"),
        ("call 19 3712-5826", "3712-5826"),
        ("company 11222333000181", "11222333000181"),
        ('authorization: VTEX key="SELLERKEY" token="SELLERTOKEN"', "SELLERTOKEN"),
        ('VTEX key=SELLERKEY token="SELLERTOKEN" was refused', "SELLERKEY"),
        ('event="sent: VTEX key=\\"SELLERKEY\\", token=\\"SELLERTOKEN\\""', "SELLER"),
        ('token="SELLERTOKEN"', "SELLERTOKEN"),
        ("path_token = 'SELLERTOKEN'", "SELLERTOKEN"),
        ("CEP 13476-103", "13476-103"),
        ("token " + "ABCDEFGHIJ" * 13, "ABCDEFGHIJ" * 3),
    ],
)
def test_secrets_and_personal_data_leave_no_trace(line, hidden):
    assert hidden not in redact(line)


@pytest.mark.parametrize(
    "line",
    [
        *("sku 12345678901 of 20000370000", "order 1234567890123-01", "file prices/prices-20261124.csv", "env:VTEX_APP_KEY", "159,70"),
        *(
            "EAN 7891000315507, 17891000315504",
            "NF-e 35261111222333000181550010000012341000012348",
            "order v70011222-01 of 261123-V11HAE05",
        ),
        *("timestamp=2026-11-30T18:13:52.192486Z", "backup 20261130181351", "line 12, 2026-1 of 30", "token: the path's, of the settings"),
        *("SKU 19988887777", "CEP 13476103"),  # eleven digits, or eight, are as often a SKU: these patterns are the second net
    ],
)
def test_what_is_no_secret_stays(line):
    assert redact(line) == line


def test_an_error_is_one_line_with_its_fields_and_its_cause():
    code = """
import logging
from connector import log
log.configure()
try:
    with log.bound(run="r1"):
        1 / 0
except ZeroDivisionError:
    with log.bound(run="r2"):
        logging.getLogger("x").exception("it failed", extra={"job": "export-orders"})
logging.getLogger("y").warning("a file of %s", "jonas@gmail.com.br", extra={"action": "taken"})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = done.stderr.splitlines()

    assert done.stdout == ""
    assert [w for w in ('event="it failed"', "level=error", "job=export-orders", "run=r2", "ZeroDivisionError") if w not in first] == []
    assert [w for w in ("level=warning", "action=taken", "***@***") if w not in second] == []


def test_logs_never_go_to_standard_output():
    code = """
import logging
from connector import log
log.configure(logging.DEBUG)
logging.getLogger().debug("x")
print("{}")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == {}


def test_a_field_that_nobody_named_is_left_out_and_its_name_noted():
    seen = known_fields(None, "", {"event": "x", "job": "j", "body": "{...}", "clientName": "Jonas", "count": 3, "phone": 19997125826})

    assert seen == {"event": "x", "job": "j", "count": 3, "dropped": "body,clientName,phone"}


def fields_logged(tree):
    """Yield the names of fields that calls of a logger give: keywords, and the keys of `extra`."""
    for node in ast.walk(tree):
        is_logging = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS
        if is_logging and isinstance(node.func.value, ast.Name) and node.func.value.id == "log":
            for keyword in node.keywords:
                if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict):
                    yield from (key.value for key in keyword.value.keys if isinstance(key, ast.Constant))
                elif keyword.arg is not None and keyword.arg not in OWN:
                    yield keyword.arg


def test_no_module_logs_a_field_that_would_be_left_out():
    sources = [
        path for room in ("connector", "jobs") for path in (ROOT / room).rglob("*.py") if "sandbox" not in path.relative_to(ROOT).parts
    ]
    found = {name for path in sources for name in fields_logged(ast.parse(path.read_text(encoding="utf-8")))}

    assert found - FIELDS - {"milliseconds"} == set()
    assert {"action", "job", "feed"} <= found

"""`connector sandbox`: runs a sandbox until it is told to stop, and says at the end what was broken."""

from __future__ import annotations

import csv
import signal
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from connector.errors import UsageError
from connector.sandbox.marketplace import Sandbox
from connector.sandbox.trouble import read_failure

SECTION = """\
[[marketplaces]]
account = "{account}"
seller_id = "{seller}"
base_url = "{url}"
suggestions_url = "{suggestions}"
app_key = "env:VTEX_APP_KEY"
app_token = "env:VTEX_APP_TOKEN\""""


def opened(port: int, **options: Any) -> Sandbox:
    """Open a sandbox on a port. Raises UsageError where the port is taken."""
    try:
        return Sandbox(port=port, any_order=False, **options)
    except (OSError, OverflowError) as error:
        raise UsageError(f"port {port} of 127.0.0.1 cannot be used: {error}", remedy="name another with --port") from error


def stay(sandbox: Sandbox, *, per_minute: int, failures: Iterable[str]) -> int:
    """Serve until Ctrl-C or SIGTERM; returns 1 where a rule was broken, else 0."""
    sandbox.trouble.per_minute = per_minute
    sandbox.trouble.failures += [read_failure(text) for text in failures]
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: over.set())
    print("\n".join(welcome(sandbox)), flush=True)
    over.wait()
    sandbox.close()
    print("\n".join(["", *sandbox.ledger.summary()]), flush=True)
    return int(bool(sandbox.ledger.counts))


def welcome(sandbox: Sandbox) -> list[str]:
    """Say what belongs into the settings, and where the page is."""
    section = SECTION.format(account=sandbox.account, seller=sandbox.seller_id, url=sandbox.url, suggestions=sandbox.suggestions_url)
    key, token = sandbox.credentials
    called = f"It calls the seller at {sandbox.endpoint}" if sandbox.endpoint else "It calls no seller (--endpoint names one)"
    return [
        f"The sandbox {sandbox.account} runs; its page: {sandbox.url}/sandbox/",
        f"{called}. Ctrl-C ends it.",
        "",
        "In config/connector.toml, instead of the [[marketplaces]] section that stands there:",
        "",
        *(f"    {line}" for line in section.splitlines()),
        "",
        "In the terminals of `connector serve`, `daemon` and `run`:",
        "",
        f"    export VTEX_APP_KEY={key} VTEX_APP_TOKEN={token}",
    ]


def read_known(text: str) -> list[str]:
    """Read SKUs from a list with commas, or from a file: one a line, or the column `sku` of an ERP's export. Raises UsageError."""
    if not _names_a_file(text):
        return [sku.strip() for sku in text.split(",") if sku.strip()]
    raw = Path(text).read_bytes()
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        lines = raw.decode("cp1252", "replace").splitlines()
    return _column(lines)


def _names_a_file(text: str) -> bool:
    try:
        return bool(text) and Path(text).is_file()
    except OSError:  # a list of many SKUs is longer than any file's name may be
        return False


def _column(lines: list[str]) -> list[str]:
    head = lines[0] if lines else ""
    delimiter = next((mark for mark in ";\t|," if mark in head), "\n")
    if delimiter == "\n":
        return [line.strip() for line in lines if line.strip() and line.strip().lower() != "sku"]
    rows = list(csv.reader(lines, delimiter=delimiter))
    names = [name.strip().lower() for name in rows[0]]
    if "sku" not in names:
        raise UsageError(f"the file has the columns {', '.join(names)}, but none named sku", remedy="give one SKU a line")
    return [row[names.index("sku")].strip() for row in rows[1:] if len(row) > names.index("sku")]

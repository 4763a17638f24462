"""A seller's project on disk with a small snapshot in a real database, the API over it, the real server, and VTEX's documents."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from judging import JudgedClient
from ready_made import migrate
from sqlalchemy import insert

from connector import app as parts
from connector.storage import tables
from connector.web import server
from connector.web.app import create_app

MARKETPLACE = """
[[marketplaces]]
account = "{account}"
seller_id = "acme"
base_url = "http://127.0.0.1:9"
app_key = "env:UNUSED_KEY"
app_token = "env:UNUSED_TOKEN"
"""
SHIPPING = """
[[shipping.slas]]
id = "Normal"
name = "Entrega Normal"
table = "freight/normal*.csv"
"""
LOCAL = {"Host": "127.0.0.1"}


def marketplace(account: str) -> str:
    return MARKETPLACE.format(account=account)


@dataclass
class Project:
    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config" / "connector.toml"

    def app(self) -> parts.App:
        return parts.load(self.config, wait_seconds=2)

    def client(self, **headers: str) -> JudgedClient:
        return JudgedClient(create_app(self.app()), headers={**LOCAL, **headers})


def fill(app: parts.App, *, at: datetime | None = None) -> None:
    at = at or datetime.now(UTC)
    with app.db.write() as tx:
        tx.execute(insert(tables.products), [product(sku) for sku in ("100", "200")])
        tx.execute(insert(tables.prices), [price("100", 9990), price("200", 500)])
        tx.execute(insert(tables.stock), [{"sku": sku, "warehouse": "", "quantity": 1000} for sku in ("100", "200")])
        tx.execute(insert(tables.freight), [rate()])
        tx.execute(insert(tables.files), [applied(feed, at) for feed in ("products", "prices", "stock")])


def product(sku):
    texts = dict.fromkeys(("product_id", "product_name", "sku_name", "description", "brand", "category", "ean", "ref_id"), "x")
    size = {"height_cm": 10.0, "width_cm": 20.0, "length_cm": 30.0, "weight_g": 1500}
    rest = {"measurement_unit": "un", "unit_multiplier": 1.0, "images": "[]", "product_specs": "{}", "sku_specs": "{}", "active": True}
    return {"sku": sku} | texts | size | rest


def price(sku, cents):
    scope = {"sku": sku, "marketplace": "", "sales_channel": "", "valid_until": None}
    return scope | {"price_cents": cents, "list_price_cents": cents}


def rate():
    return {
        "file": "freight/normal.csv",
        "line": 2,
        "zip_start": "00000000",
        "zip_end": "99999999",
        "polygon": "",
        "country": "BRA",
        "weight_start_g": 0,
        "weight_end_g": 30_000,
        "cost_cents": 1090,
        "price_percent": "0",
        "price_by_extra_weight_cents": "0",
        "max_volume_cm3": 0,
        "time_cost_seconds": 5 * 86_400,
        "minimum_insurance_cents": 0,
    }


def applied(feed, at):
    times = dict.fromkeys(("modified_at", "taken_at", "settled_at", "moved_at"), at)
    return {"feed": feed, "name": f"{feed}/full.csv", "size": 1, "sha256": "0" * 64, "state": "applied", "rows_read": 2, **times}


def set_up(root: Path, settings: str = "", *, accounts=("acme-market",), filled=True) -> Project:
    """Make a project with the settings given (TOML before the usual ones), its snapshot filled."""
    found = Project(root)
    found.config.parent.mkdir(parents=True)
    found.config.write_text("".join([settings, SHIPPING, *map(marketplace, accounts)]))
    app = found.app()
    migrate(app.db)
    if filled:
        fill(app)
    app.db.close()
    return found


def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(days=30)


# ── the real server ─────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass
class Running:
    port: int
    process: subprocess.Popen
    log: Path

    def connect(self, timeout=20.0) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def say(self, sent: bytes, *, then_close=False) -> bytes:
        """Send bytes as they are; return all that is answered until the server closes, which it may do before all is sent."""
        with self.connect() as connection:
            with contextlib.suppress(OSError):
                connection.sendall(sent)
                if then_close:
                    connection.shutdown(socket.SHUT_WR)
            return read_all(connection)

    def workers(self) -> list[int]:
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]


def read_all(connection: socket.socket) -> bytes:
    parts_read = []
    while chunk := connection.recv(65_536):
        parts_read.append(chunk)
    return b"".join(parts_read)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(claim, seconds=20.0):
    """Wait until the claim holds; returns what it returned. Fails with the claim's last answer."""
    until = time.monotonic() + seconds
    while not (found := claim()):
        assert time.monotonic() < until, f"not within {seconds} s: {found!r}"
        time.sleep(0.05)
    return found


def start(project: Project, port: int) -> Running:
    log = project.root / "server.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(server.command(project.config), stderr=errors, stdout=errors, cwd=project.root, env=os.environ.copy())
    running = Running(port, process, log)
    try:
        eventually(lambda: _answers(running))
    except AssertionError:
        stop(running)
        raise AssertionError(log.read_text()) from None
    return running


def _answers(running: Running) -> bool:
    assert running.process.poll() is None, running.log.read_text()
    try:
        return running.say(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def section(port: int, workers: int, threads: int = 16) -> str:
    return f'[api]\nbind = "127.0.0.1:{port}"\nworkers = {workers}\nthreads = {threads}\n'


def stop(running: Running) -> int:
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
    return running.process.wait(40)


# ── documents as VTEX sends them ────────────────────────────────────────────────────────────────────────────────────────
CART = {
    "items": [
        {"id": "100", "quantity": 1, "seller": "1"},
        {"id": "unknown", "quantity": 1, "seller": "1"},
        {"id": "200", "quantity": 2, "seller": "1"},
    ],
    "country": "BRA",
    "postalCode": "22051-030",
}


def order(number, *, sku="100", quantity=1, price=9990, sla="Normal"):
    """One order of one line, priced as the snapshot and the rates have it."""
    return {
        "marketplaceOrderId": number,
        "marketplaceServicesEndpoint": "http://oms.vtexinternal.com.br/api/oms?an=acme-market",
        "marketplacePaymentValue": price * quantity + 1090,
        "items": [{"id": sku, "quantity": quantity, "seller": "1", "price": price, "priceTags": [], "bundleItems": []}],
        "clientProfileData": {"email": "maria@ct.example", "firstName": "Maria", "document": "52998224725"},
        "shippingData": {
            "address": {"postalCode": "22051-030", "city": "Rio de Janeiro", "state": "RJ", "country": "BRA"},
            "logisticsInfo": [{"itemIndex": 0, "selectedSla": sla, "lockTTL": "8d", "shippingEstimate": "5bd", "price": 1090}],
        },
    }


def refused(answer, status, code="ORD008"):
    """Say whether the answer is an error in VTEX's shape."""
    error = answer.json["error"]
    same_code = answer.headers["x-vtex-error-code"] == error["code"] == code
    return answer.status_code == status and same_code and set(error) == {"code", "message", "exception"} and error["exception"] is None

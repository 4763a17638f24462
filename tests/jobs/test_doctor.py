"""What `connector check` finds out about marketplaces, about our own address seen from outside, and about the ERP's feeds."""

from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from catalog_world import Catalog
from letterbox import serving

from connector import app as building
from connector import settings as settings_module
from connector.domain.messages import Blocked
from connector.domain.standing import Circuit, Standing
from connector.sandbox import Sandbox
from connector.storage import accounts
from connector.usecases import doctor, doctor_marketplaces, doctor_outside


class Outside(ThreadingHTTPServer):
    """A proxy in front of the API: `answers` is a status by path, 404 for the rest."""

    def __init__(self, answers):
        self.answers = answers
        super().__init__(("127.0.0.1", 0), _Answering)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(self.server.answers.get(self.path, 404))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def sandbox():
    with Sandbox(account="shop", app_key="key", app_token="token") as server:
        yield server


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    for name, value in (("CATALOG_KEY", "key"), ("CATALOG_TOKEN", "token"), ("PATH_TOKEN", "s3cret-part")):
        monkeypatch.setenv(name, value)


def shop(root, sandbox=None, more=""):
    found = Catalog(root / "shop", more=more)
    if sandbox:
        text = found.root / "config" / "connector.toml"
        text.write_text(text.read_text().replace("http://127.0.0.1:9", sandbox.url) + f'suggestions_url = "{sandbox.suggestions_url}"\n')
        found.app = building.build(settings_module.load(text), clock=lambda: found.now)
    return found


def checked(checks):
    return {check.name: check for check in checks}


def keys(world):
    return checked(doctor_marketplaces.marketplace(world.app, world.app.marketplaces[0]))


def test_a_key_that_is_taken_a_key_that_is_none_and_one_that_lacks_a_right(tmp_path, monkeypatch, sandbox):
    world = shop(tmp_path, sandbox)
    assert keys(world)["key of shop"].state == "ok"
    assert sandbox.suggestions == {}

    sandbox.fail_next(403, pattern="connector-check")
    lacking = keys(world)["key of shop"]
    assert (lacking.state, "Send marketplace suggestion" in lacking.found) == ("fail", True)
    assert all(right in lacking.remedy for right in ("Seller SKUs", "View Seller", "Notify invoice", "Order Cancellation"))
    monkeypatch.setenv("CATALOG_TOKEN", "expired")
    assert keys(world)["key of shop"].found == "VTEX does not know the key (401)"


def test_a_seller_that_takes_the_payment_is_told_what_the_connector_does_not_serve(tmp_path, sandbox):
    world = shop(tmp_path, sandbox)
    assert "payment at shop" not in keys(world)
    config = world.root / "config" / "connector.toml"
    config.write_text(f"{config.read_text()}takes_payment = true\n")
    world.app = building.build(settings_module.load(config), clock=lambda: world.now)

    check = keys(world)["payment at shop"]
    assert (check.state, "merchantPaymentReferenceId (CHK0088)" in check.found, "/pvt/payments/" in check.found) == ("warn", True, True)
    assert "takes_payment = false" in check.remedy


def test_what_the_last_call_was_refused_for_is_told(tmp_path, sandbox):
    world = shop(tmp_path, sandbox)
    reason = "answered 403; check what the key may do"
    blocked = Blocked(reason, until=world.now + timedelta(minutes=10), needs_a_person=True)
    with world.app.db.write() as tx:
        accounts.know(tx, "shop")
        accounts.remember(tx, "shop", Standing(Circuit(blocked)))

    assert keys(world)["calls to shop"].found == f"the last one was refused: {reason}"


AUTH = '[api]\npublic_url = "{url}"\n[api.auth]\npath_token = "env:PATH_TOKEN"\n'


@pytest.mark.parametrize(
    ("answers", "name", "state", "found"),
    [
        ({"/healthz": 200, "/openapi.json": 401, "/s3cret-part/openapi.json": 200}, "path token", "ok", "demanded, and right"),
        ({"/healthz": 200, "/openapi.json": 200}, "path token", "fail", "answers without it (HTTP 200)"),
        ({"/healthz": 200, "/openapi.json": 401}, "path token", "fail", "with it {url} answers 404"),
        ({"/healthz": 302}, "public address", "fail", "answered 302 where 200 is due"),
    ],
)
def test_our_own_address_is_asked_from_outside_and_the_token_is_not_shown(tmp_path, answers, name, state, found):
    with serving(Outside(answers)) as outside:
        world = shop(tmp_path, more=AUTH.format(url=outside.url))
        checks = list(doctor_outside.public_address(world.app))

    last = [check for check in checks if check.name == name][-1]
    assert (last.state, found.format(url=outside.url) in last.found) == (state, True), last
    assert "s3cret-part" not in str(checks)


def test_the_feeds_ages_are_told_and_one_that_is_late_is_a_warning(tmp_path):
    world = shop(tmp_path, more='[feeds.stock]\nexpected_every = "2h"\n')
    world.export("stock/s.csv", "A;1")
    world.now += timedelta(hours=3)
    found = checked(doctor_outside.feeds(world.app))

    assert (found["feed stock"].state, found["feed stock"].found) == ("warn", "the last file was taken 3h ago; one is expected every 2h")
    assert (found["feed prices"].state, found["feed freight"].state) == ("warn", "ok")


WEBHOOK = """
[alarms]
webhook = "file:config/webhook"
webhook_token = "file:config/token"
"""


@pytest.mark.parametrize(
    ("address", "token", "mode", "found"),
    [
        (b"https://hooks.example/very-secret", b"very-secret", 0o600, ""),
        (None, b"very-secret", 0o600, "file:config/webhook: found 'No such file or directory'"),
        (b"https://hooks.example/very-secret", b"very-secret", 0o644, "file:config/webhook: found 'readable by others'"),
        (b"\xff\xfevery-secret", b"very-secret", 0o600, "file:config/webhook: found 'no text in UTF-8'"),
        (b"http://hooks.example/very-secret", b"very-secret", 0o600, "alarms.webhook (file:config/webhook): found 'another address'"),
        (b"https://hooks.example:port/very-secret", b"very-secret", 0o600, "alarms.webhook (file:config/webhook): found 'an address that"),
        (b"https://hooks.example/very-secret", b"very-secret\nmore", 0o600, "alarms.webhook_token (file:config/token): found 'nothing, or"),
    ],
)
def test_a_webhook_s_address_and_token_that_cannot_be_used_are_told_before_the_first_alarm(tmp_path, address, token, mode, found):
    world = shop(tmp_path, more=WEBHOOK)
    for name, secret in (("webhook", address), ("token", token)):
        if secret is not None:
            path = world.root / "config" / name
            path.write_bytes(secret)
            path.chmod(mode)
    told = checked(doctor.examine(world.app, {}))["alarm channels"]

    assert (told.state, found in told.found) == ("fail" if found else "ok", True)
    assert "very-secret" not in f"{told.found} {told.remedy}"

"""`connector sandbox` beside a connector that `connector init` made: what it prints goes into the settings, and the job is done."""

import json
import re
import signal
import textwrap
import urllib.error
import urllib.request

import pytest
from servers import free_port, wait_for


def ask(url, fields=None):
    """Ask a page of the sandbox, or use one of its controls; returns the document."""
    data = None if fields is None else json.dumps(fields).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": "application/json"}), timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)


def is_served(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


class Sandboxed:
    """A running sandbox: what it printed, and its controls."""

    def __init__(self, project, endpoint, *options):
        self.process = project.start("sandbox", "--port", "0", "--endpoint", endpoint, *options)
        lines = []
        while not lines or "export" not in lines[-1]:
            lines.append(self.process.stdout.readline())
            assert lines[-1], self.process.stderr.read()
        self.welcome = "".join(lines)
        self.url = re.search(r"http://\S+/sandbox/", self.welcome)[0]

    @property
    def section(self):
        return textwrap.dedent(self.welcome.split("stands there:")[1].split("In the terminals")[0])

    def state(self):
        return ask(self.url + "state")

    def do(self, name, **fields):
        return ask(self.url + name, fields)

    def end(self, how=signal.SIGINT):
        """End it, and return its exit status and what it said at the end."""
        self.process.send_signal(how)
        said, _ = self.process.communicate(timeout=30)
        return self.process.returncode, said


@pytest.fixture
def sandboxed(project):
    """A project made by `init` with the section that the sandbox printed, its server, and the sandbox: yields the last two as one call."""
    started = []

    def start(*options):
        port = free_port()
        sandbox = Sandboxed(project, f"http://127.0.0.1:{port}", *options)
        started.append(sandbox.process)
        for folder in (project.root / "config", project.root / "inbox", project.root / "outbox"):
            folder.rename(folder.with_name(f"{folder.name}.unused"))
        made = project.root / "made"
        assert project.call("init", made).returncode == 0
        for folder in made.iterdir():
            folder.rename(project.root / folder.name)
        shipped = project.config.read_text(encoding="utf-8")
        ours = re.sub(r"\n\[\[marketplaces\]\].*?(?=\n# ──)", lambda _: "\n" + sandbox.section, shipped, flags=re.DOTALL)
        ours = ours.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("settle_seconds = 2", "settle_seconds = 0")
        project.config.write_text(ours, encoding="utf-8")
        assert project.call("run", "refresh-snapshot").returncode == 0
        started.append(project.start("serve"))
        wait_for(lambda: is_served(f"http://127.0.0.1:{port}/healthz"), "the connector's server")
        return sandbox

    project.credentials = {"VTEX_APP_KEY": "vtexappkey-sandbox", "VTEX_APP_TOKEN": "sandbox-token"}
    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=40)


def run(project, job):
    return project.call("run", job, **project.credentials)


def test_the_whole_job_is_done_against_a_sandbox_and_no_rule_is_broken(project, sandboxed):
    sandbox = sandboxed("--known", "000101", "--approve", "1")
    assert run(project, "notify-marketplaces").returncode == 0
    wait_for(lambda: [one["price_cents"] is None for one in sandbox.state()["skus"].values()] == [False] * 4, "all SKUs")

    known = sandbox.state()["skus"]
    assert known["000101"] | {"at": ""} == {"price_cents": 8990, "list_price_cents": 11990, "stock": 52, "reason": "", "at": ""}
    assert known["000201"]["reason"] == "withoutStock"

    cart = sandbox.do("cart", lines=[{"sku": "000101", "quantity": 60}, {"sku": "GONE"}], postal_code="13083852")
    assert [line["reason"] for line in cart["lines"]] == ["withoutStock: 52 of 60", "unavailableItemFulfillment"]
    assert [line["reason"] for line in sandbox.do("cart", lines="000101 1", postal_code="00000001")["lines"]] == ["cannotBeDelivered"]

    order = sandbox.do("order", lines="000101 2\n000301", postal_code="13083852")
    assert (order["state"], order["total_cents"]) == ("payment-pending", 125860)
    assert sandbox.do("again", order=order["order"])["seller_order_id"] == order["seller_order_id"]
    assert sandbox.do("authorize", order=order["order"])["state"] == "payment-approved"
    assert run(project, "export-orders").returncode == 0
    assert (project.root / "outbox" / "dispatches" / f"{order['seller_order_id']}.json").exists()

    report(project, order["seller_order_id"])
    told = sandbox.state()["orders"][order["order"]]
    assert (told["state"], told["invoices"]["NFe-1"]["invoiceValue"]) == ("invoiced", 125860)
    assert told["invoices"]["NFe-1"]["trackingNumber"] == "SR1"
    assert [one["isDelivered"] for one in told["deliveries"]["NFe-1"]] == [True]

    status, said = sandbox.end()
    assert (status, said.strip().endswith("0 violations")) == (0, True), said


def report(project, order_id):
    """Put the ERP's invoice and tracking into the inbox, and have them reported."""
    invoice = "order_id;invoice_number;issuance_date;invoice_value;sku;quantity;price\n"
    for sku, quantity, price in (("000101", 2, "89,90"), ("000301", 1, "1049,00")):
        invoice += f"{order_id};NFe-1;24/11/2026;1258,60;{sku};{quantity};{price}\n"
    tracking = "order_id;invoice_number;courier;tracking_number;tracking_url;event_date;city;state;description;delivered\n"
    tracking += f"{order_id};NFe-1;Correios;SR1;https://rastreio.example/SR1;24/11/2026;Campinas;SP;entregue;1\n"
    for feed, text in (("invoices", invoice), ("tracking", tracking)):
        (project.root / "inbox" / feed).mkdir(exist_ok=True)
        (project.root / "inbox" / feed / "a.csv").write_text(text, encoding="utf-8")
    done = run(project, "report-documents")
    assert done.returncode == 0, done.stderr


def test_wrong_prices_short_stock_and_a_change_of_mind_are_answered_as_vtex_expects(project, sandboxed):
    sandbox = sandboxed("--known", "000101,000301")

    assert sandbox.do("order", lines="000101 1", postal_code="13083852", off_cents=3000)["answer"]["error"]["code"] == "FMT006"
    assert "withoutStock" in sandbox.do("order", lines="000301 50", postal_code="13083852")["error"]
    assert sandbox.do("order", lines="000301 50", postal_code="13083852", insist=True)["answer"]["error"]["code"] == "FMT002"
    early, late = (sandbox.do("order", lines="000101 1", postal_code="13083852")["order"] for _ in range(2))
    assert sandbox.do("cancel", order=early)["state"] == "canceled"
    assert sandbox.do("authorize", order=early)["status"] == 409
    sandbox.do("authorize", order=late)
    assert sandbox.do("cancel", order=late)["state"] == "request-cancel"

    cancellations = project.root / "inbox" / "cancellations"
    cancellations.mkdir(exist_ok=True)
    run(project, "export-orders")
    (cancellations / "a.csv").write_text(f"order_id;reason\n{late};o cliente desistiu\n", encoding="utf-8")
    run(project, "report-documents")
    assert sandbox.state()["orders"][late]["state"] == "canceled"
    assert sandbox.end(signal.SIGTERM)[0] == 0


def test_a_throttled_connector_waits_and_tells_everything_in_the_end(project, sandboxed):
    sandbox = sandboxed("--fail", "429:2x3", "--fail", "503x1@notificator", "--known", "000101,000102,000201,000301")
    wait_for(
        lambda: not is_blocked(project) and run(project, "notify-marketplaces").returncode == 0 and not pending(project), "all told", 90
    )

    assert all(one["reason"] in ("", "withoutStock") for one in sandbox.state()["skus"].values())
    status, said = sandbox.end()
    assert (status, "0 violations" in said) == (0, True), said


def pending(project):
    return json.loads(project.call("status", "--json").stdout)["notifications"]["pending"]


def is_blocked(project):
    """A pass by hand would try at once: whoever waits as the daemon does looks first."""
    (marketplace,) = json.loads(project.call("status", "--json").stdout)["notifications"]["marketplaces"].values()
    return marketplace["blocked"]


def test_a_sandbox_that_saw_a_broken_rule_ends_with_one_and_names_it(project):
    sandbox = Sandboxed(project, "")
    address = sandbox.url.removesuffix("sandbox/") + "api/catalog_system/pvt/skuseller/changenotification/Acme/A"
    ask(address, {"price": 1})
    status, said = sandbox.end()

    assert status == 1
    assert "1 × seller-id: The seller id is written as the marketplace issued it, capitals included. (practice)" in said
    assert "1 × notification-empty" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fail", "nonsense"], "'nonsense' is no failure"),
        (["--approve", "maybe"], "says not who approves"),
        (["--schemas", "nowhere"], "holds no vtex-"),
    ],
)
def test_options_that_mean_nothing_are_refused_before_it_starts(project, options, said):
    done = project.call("sandbox", "--port", "0", *options)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr

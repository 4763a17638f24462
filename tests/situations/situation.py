"""A shop in trouble, and a person who follows the runbook: its commands, read out of docs/runbook.md, typed one after the other."""

import io
import os
import re
import signal
import sqlite3
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from connector import app as building
from connector import settings as settings_module
from connector.cli.main import main
from connector.usecases import orders
from connector.vtex.orders import read

RUNBOOK = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")
SETTINGS = """
[erp]
settle_seconds = 0
{erp}
[[shipping.slas]]
id = "Normal"
table = "freight/normal.csv"
[[marketplaces]]
account = "loja"
seller_id = "acme"
base_url = "{url}"
suggestions_url = "{url}/loja"
app_key = "env:VTEX_APP_KEY"
app_token = "env:VTEX_APP_TOKEN"
{more}
"""
HEADS = {
    "products": "sku;product_id;product_name;brand;category;weight;ean;ref_id;images;active",
    "prices": "sku;price",
    "stock": "sku;quantity",
    "acks": "order_id;status;message",
    "invoices": "order_id;invoice_number;issuance_date;invoice_value",
}
PRODUCT = "{sku};P{sku};Cafeteira;Casa Boa;Casa/Cozinha;0,5;7891000000014;R{sku};https://img.example/1.jpg;1"


def block(section: str, name: str) -> list[str]:
    """Return the commands of one block of a section of the runbook."""
    text = RUNBOOK.split(f"\n## {section}\n")[1].split("\n## ")[0]
    found = re.search(rf"^```sh {name}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found, f"{section} has no block {name}"
    return found[1].splitlines()


@dataclass
class Said:
    line: str
    status: int
    out: str
    err: str

    def __contains__(self, text: str) -> bool:
        return text in self.out + self.err


@dataclass
class Situation:
    """The project directory, its marketplace, and what the runbook's placeholders stand for; `ID` is what the last list named first."""

    root: Path
    sandbox: object
    monkeypatch: object
    erp: str = ""
    more: str = ""
    names: dict[str, str] = field(default_factory=lambda: {"SKU": "000101", "MARKETPLACE": "loja"})

    def __post_init__(self):
        for folder in ("config", "inbox", "outbox"):
            (self.root / folder).mkdir(parents=True)
        self.configure()
        self.monkeypatch.setenv("VTEX_APP_KEY", "key")
        self.monkeypatch.setenv("VTEX_APP_TOKEN", "token")

    @property
    def config(self):
        return self.root / "config" / "connector.toml"

    def configure(self, **changes):
        self.__dict__.update(changes)
        self.config.write_text(SETTINGS.format(url=self.sandbox.url, erp=self.erp, more=self.more))

    # what the ERP does
    def erp_sends(self, name, *rows, end=""):
        feed = name.partition("/")[0]
        path = self.root / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([HEADS[feed], *rows, *([end] if end else []), ""]), encoding="utf-8")

    def opens(self, price="19,90"):
        """The shop's first day: three files, taken and told."""
        self.erp_sends("products/p.csv", PRODUCT.format(sku="000101"), PRODUCT.format(sku="000102"))
        self.erp_sends("prices/p.csv", f"000101;{price}", "000102;5,00")
        self.erp_sends("stock/s.csv", "000101;5", "000102;5")
        self.types("connector run refresh-snapshot")
        self.types("connector run notify-marketplaces")

    def is_ordered(self, number="1318070600123-01"):
        """A buyer orders one SKU, and VTEX authorizes it."""
        document = {
            "marketplaceOrderId": number,
            "marketplaceServicesEndpoint": self.sandbox.services_endpoint,
            "items": [{"id": "000101", "quantity": 1, "price": 1990, "Seller": "1"}],
            "clientProfileData": {"email": "a@ct.example", "document": "32442398517"},
            "shippingData": {"logisticsInfo": [{"itemIndex": 0, "selectedSla": "Normal", "lockTTL": "8d", "price": 500}]},
        }
        app = building.build(settings_module.load(self.config))
        (answer,) = orders.place(app, read([document], "loja", "1"))
        order_id = re.search(r'"orderId":"([^"]+)"', answer.decode())[1]
        orders.authorize(app, "loja", order_id, {"marketplaceOrderId": number})
        app.db.close()
        self.names["ORDER"] = order_id
        return order_id

    def ages(self, feed, hours):
        """Let time have gone by since a feed's last file."""
        with closing(sqlite3.connect(self.root / "var" / "connector.db")) as database, database:
            database.execute("UPDATE files SET taken_at = datetime(taken_at, ?) WHERE feed = ?", (f"-{hours} hours", feed))

    # what the person does
    def types(self, line):
        """Type one command, and return what it said."""
        words = [self.names.get(word, word) for word in line.split()]
        assert words[0] == "connector"
        out, err, before = io.StringIO(), io.StringIO(), {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)}
        self.monkeypatch.setattr("sys.argv", [words[0], "--config", str(self.config), *words[1:]])
        where = Path.cwd()
        os.chdir(self.root)
        try:
            with redirect_stdout(out), redirect_stderr(err):
                main()
            status = 0
        except SystemExit as ended:
            status = ended.code or 0
        finally:
            os.chdir(where)
            for number, handler in before.items():
                signal.signal(number, handler)
        said = Said(" ".join(words), status, out.getvalue(), err.getvalue())
        assert status != 2, said
        assert "unexpected" not in said, said
        if words[-1] == "list" and (number := re.search(r"^ *([0-9]+) ", said.out, re.MULTILINE)):
            self.names["ID"] = number[1]
        return said

    def follows(self, section, name):
        """Type the commands of a block; returns what each said, the last one's last."""
        return [self.types(line) for line in block(section, name)]

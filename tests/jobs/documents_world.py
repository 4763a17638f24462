"""A seller's world for documents: a project with an inbox, two sandbox marketplaces, orders, and a clock that is moved by hand."""

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from judging import Judge
from orders_world import PRODUCT, order
from ready_made import migrate
from sqlalchemy import func, select

from connector import app as building
from connector import settings as settings_module
from connector.storage.tables import documents, outbox, prices, products, stock
from connector.usecases import orders
from connector.usecases.passes import Pass
from connector.vtex.orders import read
from jobs import report_documents

MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
CONFIG = """
[database]
url = "{url}"
[erp]
settle_seconds = 0
[[shipping.slas]]
id = "Normal"
table = "freight/normal.csv"
"""
MARKETPLACE = """
[[marketplaces]]
account = "{account}"
seller_id = "acme"
base_url = "{base}"
suggestions_url = "{base}/{account}"
app_key = "env:DOCUMENTS_KEY"
app_token = "env:DOCUMENTS_TOKEN"
protocol = "{protocol}"
"""
HEADS = {
    "invoices": "order_id;invoice_number;issuance_date;invoice_value;sku;quantity;price;type;courier;tracking_number;tracking_url",
    "tracking": "order_id;invoice_number;courier;tracking_number;tracking_url;dispatched_date;event_date;city;state;description;delivered",
    "cancellations": "order_id;reason;return_invoice_number;return_issuance_date",
    "acks": "order_id;status;erp_order_id;message",
}


class Papers:
    """A project directory, and what its ERP, its marketplaces and its operator do with it."""

    def __init__(self, root, sandboxes, *, protocol="current", url="sqlite:///var/connector.db"):
        (root / "config").mkdir(parents=True)
        self.root, self.shop, self.mall = root, *sandboxes
        self.now = MONDAY
        self.files = 0
        marketplaces = [MARKETPLACE.format(account=s.account, base=s.url, protocol=protocol) for s in sandboxes]
        self.config = root / "config" / "connector.toml"
        self.config.write_text(CONFIG.format(url=url) + "".join(marketplaces))
        self.app = building.build(settings_module.load(self.config), clock=lambda: self.now)
        migrate(self.app.db)
        self._sell("A", "B")

    def _sell(self, *skus):
        with self.app.db.write() as tx:
            for sku in skus:
                tx.execute(products.insert().values(sku=sku, **PRODUCT))
                tx.execute(stock.insert().values(sku=sku, warehouse="", quantity=1000))
                tx.execute(prices.insert().values(sku=sku, marketplace="", sales_channel="", price_cents=1000, list_price_cents=1000))

    # what the marketplace does
    def place(self, number, *lines, account="shop", endpoint=None):
        """Place an order of lines (sku, quantity); each costs 10.00 a piece and 5.00 freight. Returns our id."""
        sandbox = self.shop if account == "shop" else self.mall
        named = sandbox.services_endpoint if endpoint is None else endpoint
        document = order(number, *(lines or (("A", 2),)), marketplaceServicesEndpoint=named)
        return json.loads(orders.place(self.app, read([document], account, "1"))[0])["orderId"]

    def authorize(self, order_id, account="shop"):
        orders.authorize(self.app, account, order_id, {})

    def ordered(self, number, *lines, **how):
        order_id = self.place(number, *lines, **how)
        self.authorize(order_id, how.get("account", "shop"))
        return order_id

    # what the ERP does
    def drop(self, feed, *rows, head=None):
        """Write a file into the ERP's folder; its rows are texts of cells joined by semicolons, cut off where they are empty."""
        self.files += 1
        folder = self.root / "inbox" / feed
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{feed}-{self.files}.csv"
        head = head or HEADS[feed]
        padded = [row + ";" * (head.count(";") - row.count(";")) for row in rows]
        path.write_text("\n".join([head, *padded, ""]), encoding="utf-8")
        os.utime(path, (self.now.timestamp(), self.now.timestamp()))
        return path

    # what the operator does
    def run(self, **how):
        self.now += timedelta(seconds=10)
        return report_documents.run(self.app, Pass(**how))

    def report(self, feed, *rows, **how):
        """Drop a file and run the job."""
        self.drop(feed, *rows, **how)
        return self.run()

    # what can be seen
    def order(self, order_id):
        with self.app.db.read() as tx:
            return orders.find(tx, order_id)

    def story(self, order_id):
        return [event.what for event in self.order(order_id).history]

    def papers(self, order_id):
        with self.app.db.read() as tx:
            columns = (documents.c.kind, documents.c.number, documents.c.state)
            rows = tx.execute(select(*columns).where(documents.c.order_id == order_id).order_by(documents.c.id))
            return [tuple(row) for row in rows]

    def reasons(self, order_id):
        with self.app.db.read() as tx:
            return list(tx.scalars(select(documents.c.reason).where(documents.c.order_id == order_id).order_by(documents.c.id)))

    def messages(self):
        with self.app.db.read() as tx:
            query = select(outbox.c.destination, outbox.c.kind, outbox.c.reference, outbox.c.state).order_by(outbox.c.id)
            return [tuple(row) for row in tx.execute(query) if row.kind in {"invoice", "tracking", "delivery", "cancel"}]

    def count(self, table):
        with self.app.db.read() as tx:
            return tx.execute(select(func.count()).select_from(table)).scalar_one()

    def left(self, folder):
        return sorted(path.name for path in (self.root / folder).rglob("*") if path.is_file())


@contextmanager
def opened(root, kind=Papers, **how):
    """Open a world with its two marketplaces; all of it is closed again, and what broke a marketplace's rules fails the test."""
    shops = sandboxes()
    one = kind(root, shops, **how)
    try:
        yield one
    finally:
        one.app.db.close()
        for shop in shops:
            shop.close()


def sandboxes():
    os.environ.update(DOCUMENTS_KEY="key", DOCUMENTS_TOKEN="token")
    return [Judge(account=account, app_key="key", app_token="token") for account in ("shop", "mall")]

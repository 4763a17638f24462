"""A seller's world for orders: SKUs in stock, two marketplaces, a clock that is moved by hand."""

import json
from datetime import UTC, datetime

from ready_made import migrate
from sqlalchemy import func, select

from connector import app as building
from connector import settings as settings_module
from connector.storage.tables import listings, outbox, prices, products, stock
from connector.storage.tables import orders as orders_table
from connector.usecases import offers, orders
from connector.vtex.orders import read

MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
PRODUCT = {
    **dict.fromkeys(("product_id", "product_name", "sku_name", "description", "brand", "category", "ean", "ref_id"), "x"),
    "height_cm": 1.0,
    "width_cm": 1.0,
    "length_cm": 1.0,
    "weight_g": 100,
    "measurement_unit": "un",
    "unit_multiplier": 1.0,
    "images": "[]",
    "product_specs": "{}",
    "sku_specs": "{}",
    "active": True,
}
CONFIG = """
[orders]
export_on = "{export_on}"
reservation = "2d"
[[shipping.slas]]
id = "Normal"
table = "freight/normal.csv"
[[marketplaces]]
account = "shop"
seller_id = "acme"
base_url = "https://shop.example"
app_key = "env:K"
app_token = "env:T"
[[marketplaces]]
account = "mall"
seller_id = "acme"
base_url = "https://mall.example"
app_key = "env:K"
app_token = "env:T"
"""


def target_in(folder, sshd=None):
    """Make the folder of which the ERP takes its files; returns its settings: a local one, or behind a real SFTP server."""
    folder.mkdir()
    if sshd is None:
        return f'target = "file:{folder}"\n'
    return f'target = "{sshd.url(folder)}"\nprivate_key = "file:{sshd.user_key}"\nknown_hosts = "{sshd.known_hosts}"\n'


class Seller:
    """A seller with a few SKUs in stock, two marketplaces, and a clock that is moved by hand."""

    def __init__(self, root, export_on="placement", url=""):
        (root / "config").mkdir(parents=True)
        self.config = root / "config" / "connector.toml"
        self.config.write_text((f'[database]\nurl = "{url}"\n' if url else "") + CONFIG.format(export_on=export_on))
        self.now = MONDAY
        self.app = building.build(settings_module.load(self.config), clock=lambda: self.now)
        migrate(self.app.db)

    def sells(self, sku, quantity=10, price=1000, active=True):
        with self.app.db.write() as tx:
            tx.execute(products.insert().values(sku=sku, **{**PRODUCT, "active": active}))
            tx.execute(stock.insert().values(sku=sku, warehouse="", quantity=quantity))
            if price is not None:
                tx.execute(prices.insert().values(sku=sku, marketplace="", sales_channel="", price_cents=price, list_price_cents=price))
            tx.execute(listings.insert(), [{"account": account, "sku": sku, "state": "known"} for account in ("shop", "mall")])

    def knows_no_more_messages(self):
        with self.app.db.write() as tx:
            tx.execute(outbox.delete())

    def place(self, *documents, account="shop"):
        return orders.place(self.app, read(list(documents), account, "1"))

    def placed(self, number="1", *lines, **changes):
        return json.loads(self.place(order(number, *(lines or (("A", 1),)), **changes))[0])["orderId"]

    def left(self, sku):
        with self.app.db.read() as tx:
            return offers.on_offer(self.app, tx, "shop", "1", [sku])[sku].stock

    def messages(self):
        with self.app.db.read() as tx:
            rows = tx.execute(select(outbox.c.destination, outbox.c.kind, outbox.c.reference).order_by(outbox.c.id))
            return [tuple(row) for row in rows]

    def files(self):
        return [(kind, reference) for destination, kind, reference in self.messages() if destination == "erp"]

    def order(self, order_id):
        with self.app.db.read() as tx:
            return orders.find(tx, order_id)

    def count(self, table=orders_table):
        with self.app.db.read() as tx:
            return tx.execute(select(func.count()).select_from(table)).scalar_one()


def order(number, *lines, sla="Normal", **changes):
    """Write an order as VTEX does; a line is (sku, quantity) or (sku, quantity, cents)."""
    priced = [(*line, 1000)[:3] for line in lines]
    return {
        "marketplaceOrderId": number,
        "marketplaceServicesEndpoint": "",
        "items": [{"id": sku, "quantity": quantity, "price": price, "Seller": "1"} for sku, quantity, price in priced],
        "clientProfileData": {"email": "a@ct.example", "document": "324.423.985-1"},
        "shippingData": {
            "address": {"street": "JOÃO DAMÁZIO GOMES"},
            "logisticsInfo": [{"itemIndex": n, "selectedSla": sla, "lockTTL": "8d", "price": 500} for n in range(len(lines))],
        },
        **changes,
    }

"""A seller's world for the catalogue: a project with an inbox, an ERP that drops exports into it, a clock that is moved by hand."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

from ready_made import migrate
from sqlalchemy import select

from connector import app as building
from connector import settings as settings_module
from connector.storage import tables
from connector.usecases import repair
from connector.usecases.passes import Pass
from jobs import refresh_snapshot

MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
CONFIG = """
[database]
url = "{url}"
[erp]
settle_seconds = {settle}
{more}
[[marketplaces]]
account = "shop"
seller_id = "acme"
base_url = "http://127.0.0.1:9"
app_key = "env:CATALOG_KEY"
app_token = "env:CATALOG_TOKEN"
"""
HEADS = {
    "products": "sku;product_id;product_name;brand;category;weight;active",
    "prices": "sku;price;list_price",
    "stock": "sku;quantity",
    "services": "sku;type;id;name;price",
    "freight": "ZipCodeStart;ZipCodeEnd;WeightStart;WeightEnd;AbsoluteMoneyCost;TimeCost",
}


class Catalog:
    def __init__(self, root, *, url="sqlite:///var/connector.db", settle=0, more=""):
        (root / "config").mkdir(parents=True)
        self.root, self.now = root, MONDAY
        self.configure(url=url, settle=settle, more=more)
        migrate(self.app.db)

    def configure(self, *, url="sqlite:///var/connector.db", settle=0, more=""):
        config = self.root / "config" / "connector.toml"
        config.write_text(CONFIG.format(url=url, settle=settle, more=more))
        self.app = building.build(settings_module.load(config), clock=lambda: self.now)

    # what the ERP does
    def drop(self, name, *rows, head=None, at=None):
        """Write `<feed>/<file>` into the source; its time is now, or the one given."""
        feed = name.partition("/")[0]
        path = self.root / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([head or HEADS[feed], *rows, ""]), encoding="utf-8")
        when = (at or self.now).timestamp()
        os.utime(path, (when, when))
        return path

    # what the operator does
    def run(self, **how):
        self.now += timedelta(minutes=1)
        return refresh_snapshot.run(self.app, Pass(**how))

    def export(self, name, *rows, **how):
        """Drop a file and run the job."""
        self.drop(name, *rows, **how)
        return self.run()

    def held(self):
        return repair.held_list(self.app)

    def quarantine(self):
        return repair.quarantine_list(self.app)

    # what can be seen
    def known(self, feed, *columns):
        table = tables.metadata.tables[feed]
        with self.app.db.read() as tx:
            return sorted(tuple(row) for row in tx.execute(select(*[table.c[name] for name in columns])))

    def prices(self):
        return dict(self.known("prices", "sku", "price_cents"))

    def stock(self):
        return dict(self.known("stock", "sku", "quantity"))

    def ledger(self):
        with self.app.db.read() as tx:
            query = select(tables.files.c.name, tables.files.c.state).order_by(tables.files.c.id)
            return [tuple(row) for row in tx.execute(query)]

    def messages(self):
        return self.known("outbox", "kind", "reference")

    def dump(self):
        """Everything the database holds, as the statements that would make it again."""
        with closing(sqlite3.connect(self.root / "var" / "connector.db")) as connection:
            return list(connection.iterdump())

    def lies(self, folder):
        base = self.root / folder
        return sorted(str(path.relative_to(base)) for path in base.rglob("*") if path.is_file())


def product(sku, name="Shirt", active="1"):
    return f"{sku};P{sku};{name};Brand;Category;0,5;{active}"


def said(report):
    """What a report says was done, without how each file was read."""
    return [line.partition(" (read as")[0] for line in report.lines]

"""A seller's world for notifications: a snapshot, sandbox marketplaces, a clock that is moved by hand."""

from datetime import UTC, datetime

from judging import Judge
from orders_world import PRODUCT
from ready_made import migrate
from sqlalchemy import select, update

from connector import app as building
from connector import settings as settings_module
from connector.domain.messages import Kind
from connector.storage import counts, listing_states, listings
from connector.storage import tables as t
from jobs import Pass
from jobs.notify_marketplaces import run

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GOOD = {
    **PRODUCT,
    "images": '[["Principal","https://img.example/a.jpg"]]',
    "category": "Casa/Cozinha",
    "ean": "7890000000017",
    "ref_id": "R",
}
MARKETPLACE = """
[[marketplaces]]
account = "{account}"
seller_id = "acme"
base_url = "{url}"
suggestions_url = "{suggestions}"
app_key = "file:config/key"
app_token = "file:config/token"
protocol = "{protocol}"
requests_per_minute = 600000
concurrency = 4
"""


def marketplace(account="shop", **how):
    """Return a sandbox, to be closed, that takes a world's credentials and judges what is sent."""
    return Judge(account=account, app_key="key", app_token="token", **how)


class World:
    """A seller's snapshot and the marketplaces it is told to; the clock is moved by hand."""

    def __init__(self, root, *sandboxes, protocol="current", more="", url=""):
        (root / "config").mkdir()
        for secret in ("key", "token"):
            (root / "config" / secret).write_text(secret)
            (root / "config" / secret).chmod(0o600)
        self.config, self.url, self.now, self.app = root / "config" / "connector.toml", url, NOW, None
        self.configure(*sandboxes, protocol=protocol, more=more)
        migrate(self.app.db)

    def configure(self, *sandboxes, protocol="current", more=""):
        """Put these marketplaces into the settings, and no others."""
        if self.app is not None:
            self.app.db.close()
        one = MARKETPLACE + more + "\n"
        places = [one.format(account=s.account, url=s.url, suggestions=s.suggestions_url, protocol=protocol) for s in sandboxes]
        self.config.write_text((f'[database]\nurl = "{self.url}"\n' if self.url else "") + "".join(places))
        self.app = building.build(settings_module.load(self.config), clock=lambda: self.now)

    def sells(self, *skus, price=1000, quantity=5, **content):
        with self.app.db.write() as tx:
            for sku in skus:
                tx.execute(t.products.insert().values(sku=sku, **{**GOOD, "product_id": sku, **content}))
                tx.execute(t.stock.insert().values(sku=sku, warehouse="", quantity=quantity))
                if price:
                    tx.execute(
                        t.prices.insert().values(sku=sku, marketplace="", sales_channel="", price_cents=price, list_price_cents=price)
                    )
        self.changed(Kind.CATALOG, *skus)
        self.changed(Kind.PRICE, *skus)
        self.changed(Kind.INVENTORY, *skus)

    def changed(self, kind, *skus):
        with self.app.db.write() as tx:
            listings.announce(tx, self.app.marketplaces, skus, kind, self.now)

    def notify(self, **how):
        return run(self.app, Pass(**{"by_hand": True, **how}))

    def rewrites(self, sku, **content):
        """Change a SKU's content, as an import does."""
        with self.app.db.write() as tx:
            tx.execute(update(t.products).where(t.products.c.sku == sku).values(**content))
        self.changed(Kind.CATALOG, sku)

    def stocks(self, sku, quantity):
        with self.app.db.write() as tx:
            tx.execute(update(t.stock).where(t.stock.c.sku == sku).values(quantity=quantity))
        self.changed(Kind.INVENTORY, sku)

    def listing(self, sku, account="shop"):
        with self.app.db.read() as tx:
            return listing_states.find(tx, account, sku)

    def state(self, sku, account="shop"):
        return self.listing(sku, account).state

    def messages(self):
        """What waits, in the order in which it was put."""
        with self.app.db.read() as tx:
            query = select(t.outbox.c.kind, t.outbox.c.reference).where(t.outbox.c.state == "pending").order_by(t.outbox.c.id)
            return [tuple(row) for row in tx.execute(query)]

    def untold(self):
        with self.app.db.read() as tx:
            return sum(counts.untold(tx).values())


def said(sandbox):
    """Return what was said since the last time, in short: method and the tail of the path."""
    calls = [
        f"{c.method} {c.path.split('changenotification/acme/')[-1].split('changenotification/')[-1].split('suggestions/')[-1]}"
        for c in sandbox.calls
    ]
    sandbox.calls.clear()
    return calls

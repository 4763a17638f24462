"""A snapshot with one SKU for each row of the availability table (facts 3.4), offered to two marketplaces in two sales channels."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert
from web_world import price, product, rate, set_up

from connector.storage import tables

END = datetime(2099, 3, 1, 22, 58, 28, tzinfo=UTC)
IN_STOCK = {
    "plenty": 100_000,
    "two": 2,
    "none": 0,
    "inactive": 5,
    "unpriced": 5,
    "free": 5,
    "expired": 5,
    "kilo": 9,
    "wrapped": 9,
    "channels": 9,
    "açaí/東京 #?&%": 3,
}


def fill(app):
    """Put one SKU for each row of the table into the snapshot."""
    special = {"inactive": {"active": False}, "kilo": {"measurement_unit": "kg", "unit_multiplier": 0.3}}
    costs = {sku: 0 if sku == "free" else 1000 for sku in IN_STOCK if sku != "unpriced"}
    scoped = [("", "2", 2000), ("second", "", 3000), ("second", "2", 4000)]
    rows = [price(sku, cents) for sku, cents in costs.items()]
    rows += [price("channels", cents) | {"marketplace": account, "sales_channel": channel} for account, channel, cents in scoped]
    ends = {"expired": datetime.now(UTC) - timedelta(days=1), "wrapped": END}
    with app.db.write() as tx:
        tx.execute(insert(tables.products), [product(sku) | special.get(sku, {}) for sku in IN_STOCK])
        tx.execute(insert(tables.prices), [row | {"valid_until": ends.get(row["sku"])} for row in rows])
        tx.execute(insert(tables.stock), [{"sku": sku, "warehouse": "", "quantity": left} for sku, left in IN_STOCK.items()])
        tx.execute(insert(tables.freight), [rate() | {"zip_start": "20000000", "zip_end": "28999999", "weight_end_g": 200_000_000}])
        tx.execute(insert(tables.services), [{"sku": "wrapped", "type": "Embalagem", "id": "6", "name": "Presente", "price_cents": 250}])


def made(root, settings="", accounts=("first", "second"), **how):
    found = set_up(root, settings, accounts=accounts, filled=False, **how)
    app = found.app()
    fill(app)
    app.db.close()
    return found


def wanted(sku, quantity=1, **more):
    return {"id": sku, "quantity": quantity, "seller": "1"} | more

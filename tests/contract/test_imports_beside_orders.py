"""Orders are placed and the stock is read while exports are applied: nobody is turned away, and nobody sees half an export."""

import random
import sys
from pathlib import Path

import pytest
from beside import Beside
from sqlalchemy import collate, delete, func, literal, select, text

from connector.domain.messages import Kind
from connector.storage import listings, tables
from connector.usecases import orders
from connector.vtex.orders import read

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))
from catalog_world import Catalog, product
from orders_world import order

SKUS = [f"S{number:03}" for number in range(300)]
PASSES = 12
PAUSE_SECONDS = 0.005
"""Between two orders: SQLite's writers wait by chance, and two that never rest leave the third little."""
SHIPPING = '[[shipping.slas]]\nid = "Normal"\ntable = "freight/normal.csv"\n'


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def shop(request, tmp_path):
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else "sqlite:///var/connector.db"
    catalog = Catalog(tmp_path / "shop", url=url, more=SHIPPING)
    catalog.drop("products/1.csv", *[product(sku) for sku in SKUS])
    catalog.drop("prices/1.csv", *[f"{sku};10,00;10,00" for sku in SKUS])
    assert catalog.export("stock/0.csv", *stocked(0)).failures == []
    yield catalog
    catalog.app.db.close()


def stocked(number):
    """Every SKU has as many pieces as any other, in an export of its own number."""
    return [f"{sku};{1000 + number}" for sku in SKUS]


def placing(shop, name):
    chance = random.Random(name)

    def once(number):
        lines = [(sku, 1) for sku in chance.sample(SKUS, 20)]
        orders.place(shop.app, read([order(f"{name}-{number}", *lines)], "shop", "1"))

    return once


def looking(shop):
    def once(_number):
        with shop.app.db.read() as tx:
            seen = tx.execute(select(func.min(tables.stock.c.quantity), func.max(tables.stock.c.quantity), func.count())).one()
        assert seen[0] == seen[1], "two exports at once"
        assert seen[2] == len(SKUS)

    return once


def test_orders_are_placed_and_stock_is_read_while_exports_are_applied(shop):
    others = [
        Beside(placing(shop, "one"), PAUSE_SECONDS),
        Beside(placing(shop, "two"), PAUSE_SECONDS),
        Beside(looking(shop), PAUSE_SECONDS),
    ]
    for other in others:
        other.start()
    reports = []
    for number in range(1, PASSES + 1):
        with shop.app.db.write() as tx:  # all was told: the next change is news
            if not shop.app.db.is_sqlite:  # orders are being put: taken row by row, each would wait for the other
                tx.execute(text("LOCK TABLE outbox IN EXCLUSIVE MODE"))
            tx.execute(delete(tables.outbox).where(tables.outbox.c.destination == "shop"))
        reports.append(shop.export(f"stock/{number}.csv", *stocked(number)))
    for other in others:
        other.ended()

    assert [report.failures for report in reports] == [[]] * PASSES
    assert set(shop.stock().values()) == {1000 + PASSES}
    placed = others[0].times + others[1].times
    assert len(shop.known("orders", "order_id")) == placed
    assert sum(quantity for (quantity,) in shop.known("reservations", "quantity")) == 20 * placed


def test_messages_are_put_in_one_order_lest_an_import_and_an_order_wait_for_each_others(shop):
    with shop.app.db.write() as tx:
        tx.execute(delete(tables.outbox))
    shop.export("stock/1.csv", *reversed(stocked(1)))
    with shop.app.db.read() as tx:
        put = list(tx.scalars(select(tables.outbox.c.reference).order_by(tables.outbox.c.id)))

    assert put == SKUS


def test_where_the_database_sorts_as_a_language_does_messages_are_put_as_orders_put_them_all_the_same(postgresql_url, tmp_path):
    """Such a database has "a1" before "B1"; an order's SKUs come the other way round, and one of the two would be ended."""
    shop = Catalog(tmp_path / "shop", url=postgresql_url)
    shop.export("products/1.csv", product("B1"), product("a1"))
    sku = collate(tables.products.c.sku, "en-x-icu").label("sku")
    changed = select(sku, literal(Kind.INVENTORY.value).label("kind"), literal("").label("account"))
    with shop.app.db.write() as tx:
        assert list(tx.scalars(select(sku).order_by(sku))) == ["a1", "B1"]
        tx.execute(delete(tables.outbox))
        listings.announce_from(tx, shop.app.marketplaces, changed, shop.now)
        put = list(tx.scalars(select(tables.outbox.c.reference).order_by(tables.outbox.c.id)))
    shop.app.db.close()

    assert put == sorted(["B1", "a1"]) == ["B1", "a1"]

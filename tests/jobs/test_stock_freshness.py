"""Stock kept back, and stock too old to be sold: what is offered, and when the marketplaces are told of it."""

import json
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from catalog_world import Catalog, product
from sqlalchemy import delete, select, update

from connector import settings as settings_module
from connector.domain.messages import CATALOG_KINDS
from connector.domain.simulation import Cart, CartLine
from connector.errors import ConnectorError, OrderRefused
from connector.storage import listing_states, tables
from connector.usecases import alarms, freight_explained, offers, orders, repair, stock_terms
from connector.vtex.orders import read

LIMITS = '[feeds.stock]\nstale_after = "6h"\nstale_buffer = "{buffer}"\nunavailable_after = "24h"\n'
SKUS = ("A", "B", "C")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def shop(request, tmp_path):
    url = "sqlite:///var/connector.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    made = open_shop(tmp_path, LIMITS.format(buffer="3"), url)
    yield made
    made.app.db.close()


def open_shop(tmp_path, more="", url="sqlite:///var/connector.db"):
    made = Catalog(tmp_path / "shop", more=more, url=url)
    made.url = url
    made.export("products/p.csv", *(product(sku) for sku in SKUS))
    made.export("prices/p.csv", *(f"{sku};10,00;10,00" for sku in SKUS))
    stock(made)
    with made.app.db.write() as tx:
        listing_states.told(tx, "shop", SKUS, made.now)
    told(made)
    return made


def stock(shop, quantity=10):
    shop.export("stock/s.csv", *(f"{sku};{quantity}" for sku in SKUS))


def simulated(shop, sku="A", quantity=100):
    cart = Cart((CartLine(0, sku, quantity, "1"),), None, None, (), None)
    return offers.simulate(shop.app, cart, "shop", "1").lines[0].quantity


def told(shop):
    """One pass as far as announcing goes, and what it would send; then it is sent."""
    stock_terms.announce_changes(shop.app, Event())
    with shop.app.db.write() as tx:
        rows = tx.execute(select(tables.outbox.c.kind, tables.outbox.c.reference).where(tables.outbox.c.kind.in_(CATALOG_KINDS)))
        found = sorted((row.kind, row.reference) for row in rows)
        tx.execute(delete(tables.outbox))
    return found


EVERYTHING = [("inventory", sku) for sku in SKUS]


def alarm_names(shop):
    with shop.app.db.read() as tx:
        return [alarm.name for alarm in alarms.current(tx, shop.app)]


# ── what is offered ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_old_stock_is_offered_with_a_buffer_and_then_not_at_all(shop):
    assert (simulated(shop), alarm_names(shop)) == (10, [])

    shop.now += timedelta(hours=7)
    assert (simulated(shop), alarm_names(shop)) == (7, ["stock-stale"])

    shop.now += timedelta(hours=18)
    assert (simulated(shop), alarm_names(shop)) == (0, ["stock-unavailable"])

    stock(shop)  # the very same content: it says that the stock still holds
    assert (simulated(shop), alarm_names(shop)) == (10, [])


def test_an_explanation_tells_old_stock_from_an_empty_shelf(shop):
    asked = freight_explained.Question("A", "01310-100")
    shop.now += timedelta(hours=25)
    old = freight_explained.explain(shop.app, asked)["reason"]
    stock(shop, quantity=0)
    shop.now += timedelta(hours=7)
    held = [hold["id"] for hold in shop.held()]
    for number in held:
        repair.held_approve(shop.app, number, by="ana")
    empty = freight_explained.explain(shop.app, asked)["reason"]

    assert old == "the last stock file is older than unavailable_after: nothing is offered until the ERP sends one"
    assert empty == "nothing of the SKU is left in stock but what is kept back ([stock] safety, stale_buffer)"


def test_an_order_is_checked_with_what_a_simulation_offers(shop):
    shop.now += timedelta(hours=7)
    with pytest.raises(OrderRefused, match="8 ordered, 7 left"):
        place(shop, 8)
    place(shop, 7)
    assert simulated(shop) == 0

    shop.now += timedelta(hours=18)
    with pytest.raises(OrderRefused, match="is out of stock"):
        place(shop, 1, sku="B")


def place(shop, quantity, sku="A"):
    document = {"marketplaceOrderId": f"{sku}-{quantity}", "items": [{"id": sku, "quantity": quantity, "price": 1000, "seller": "1"}]}
    return json.loads(orders.place(shop.app, read([document], "shop", "1"))[0])["orderId"]


def test_a_sku_without_a_price_is_checked_in_the_same_way(shop):
    with shop.app.db.write() as tx:
        tx.execute(delete(tables.prices))
    shop.now += timedelta(hours=25)

    with pytest.raises(OrderRefused):
        place(shop, 1)


def test_a_held_stock_file_is_as_old_as_the_day_it_came(shop):
    shop.export("stock/zero.csv", *(f"{sku};0" for sku in SKUS))  # a mass zero: held
    shop.now += timedelta(hours=7)
    (held,) = repair.held_list(shop.app)
    repair.held_approve(shop.app, held["id"], by="Ana")

    assert "stock-stale" in alarm_names(shop)


@pytest.mark.parametrize(
    ("rules", "offered"),
    [
        ("[stock]\nsafety = 4\n", [6, 6, 6]),
        ('[stock]\nsafety = 4\n[[stock.safety_rules]]\nsku = "A"\nquantity = 0\n', [10, 6, 6]),
        ('[[stock.safety_rules]]\ncategory = "cat*"\nquantity = 20\n[[stock.safety_rules]]\nsku = "B"\nquantity = 1\n', [0, 9, 0]),
    ],
)
def test_safety_stock_is_kept_back_by_sku_by_category_or_of_all(tmp_path, rules, offered):
    shop = open_shop(tmp_path, rules)

    assert [simulated(shop, sku) for sku in SKUS] == offered


# ── what is told ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_each_crossing_is_told_once_for_every_sku_in_stock_that_is_known_there(shop):
    with shop.app.db.write() as tx:
        listing_states.unknown(tx, "shop", ["C"], shop.now)
        tx.execute(update(tables.listings).where(tables.listings.c.sku == "C").values(state="denied"))
    known = [("inventory", "A"), ("inventory", "B")]
    assert told(shop) == []

    shop.now += timedelta(hours=7)
    assert (told(shop), told(shop)) == (known, [])
    shop.now += timedelta(hours=1)
    assert told(shop) == []
    shop.now += timedelta(hours=18)
    assert (told(shop), told(shop)) == (known, [])

    stock(shop)
    assert (told(shop), told(shop)) == (known, [])


def test_what_waits_to_be_told_is_not_put_twice(shop):
    shop.now += timedelta(hours=7)
    stock_terms.announce_changes(shop.app, Event())
    shop.now += timedelta(hours=20)
    stock_terms.announce_changes(shop.app, Event())

    assert told(shop) == EVERYTHING


def test_a_change_of_the_settings_is_told_once(tmp_path):
    shop = open_shop(tmp_path)
    shop.configure(more="[stock]\nsafety = 2\n")
    assert (told(shop), told(shop)) == (EVERYTHING, [])

    shop.configure(more='[stock]\nsafety = 2\n[[stock.safety_rules]]\nsku = "A"\nquantity = 1\n')
    assert (told(shop), told(shop)) == (EVERYTHING, [])
    shop.configure()
    assert (told(shop), told(shop)) == (EVERYTHING, [])


def test_a_pass_that_is_stopped_goes_on_where_it_was_and_tells_nobody_twice(tmp_path):
    shop = open_shop(tmp_path, LIMITS.format(buffer="3"))
    shop.now += timedelta(hours=7)
    heard = []
    for _ in range(10):
        stock_terms.announce_changes(shop.app, StopsAfter(1), chunk=1)
        heard += told_so_far(shop)

    assert heard == EVERYTHING


def test_a_change_in_the_middle_tells_all_anew(tmp_path):
    shop = open_shop(tmp_path, LIMITS.format(buffer="3"))
    shop.now += timedelta(hours=7)
    stock_terms.announce_changes(shop.app, StopsAfter(1), chunk=2)
    assert told_so_far(shop) == EVERYTHING[:2]

    stock(shop)  # fresh again before C was told
    assert told(shop) == EVERYTHING


class StopsAfter:
    """An event that is set after so many looks at it."""

    def __init__(self, looks):
        self.left = looks

    def is_set(self):
        self.left -= 1
        return self.left < 0


def told_so_far(shop):
    with shop.app.db.write() as tx:
        found = [(row.kind, row.reference) for row in tx.execute(select(tables.outbox).order_by(tables.outbox.c.id))]
        tx.execute(delete(tables.outbox))
    return found


def test_everybody_reads_offers_by_the_one_door_that_keeps_stock_back():
    core = Path(stock_terms.__file__).parents[1]
    files = {path.relative_to(core): path.read_text() for path in core.rglob("*.py")}
    readers = [str(path) for path, text in files.items() if "offers.load(" in text or "offers.look(" in text]

    assert readers == ["usecases/offers.py"]


# ── at no cost where it is not used ─────────────────────────────────────────────────────────────────────────────────────
def test_without_such_settings_nothing_is_asked_or_told(tmp_path):
    shop = open_shop(tmp_path)
    shop.now += timedelta(days=30)

    with shop.app.db.read() as tx:
        assert stock_terms.kept_back(tx, shop.app) is None
    assert (simulated(shop), told(shop)) == (10, [])


@pytest.mark.parametrize(
    ("lines", "allowed"),
    [
        ('[feeds.stock]\nstale_after = "6h"', "stale_after and stale_buffer together"),
        ('[feeds.stock]\nstale_after = "6h"\nstale_buffer = "few"', 'units such as "3", or a share'),
        ('[feeds.stock]\nstale_after = "6h"\nstale_buffer = "3"\nunavailable_after = "360m"', "a longer time than stale_after"),
        ("[[stock.safety_rules]]\nquantity = 3", "sku, or category"),
        ("[stock]\nsafety = -1", "greater than or equal to 0"),
    ],
)
def test_settings_that_make_no_sense_are_named(tmp_path, lines, allowed):
    (tmp_path / "connector.toml").write_text(lines)

    with pytest.raises(ConnectorError, match=allowed):
        settings_module.load(tmp_path / "connector.toml")

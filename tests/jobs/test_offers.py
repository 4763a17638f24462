"""Simulations from the snapshot in a real database: every rule of what a SKU sells at, and when freight is read again."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ready_made import migrate
from sqlalchemy import delete, event, insert, update

from connector import app as app_module
from connector.domain.catalog import Offer, Service
from connector.errors import DatabaseUnreachable
from connector.settings import DatabaseSettings, Settings, ShippingSettings, SlaSettings
from connector.storage import freight, snapshots, tables
from connector.storage import offers as stored
from connector.usecases import offers
from connector.vtex.simulation import read, write

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SLAS = (
    SlaSettings(id="Normal", name="Entrega Normal", table="freight/normal*.csv"),
    SlaSettings(id="Expressa", table="freight/express*.csv"),
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def app(request, tmp_path):
    url = "sqlite:///var/c.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    made = app_with(url, tmp_path)
    yield made
    made.db.close()


@pytest.fixture
def sqlite_app(tmp_path):
    made = app_with("sqlite:///var/c.db", tmp_path)
    yield made
    made.db.close()


def app_with(url, root: Path):
    shipping = ShippingSettings(slas=SLAS)
    made = app_module.build(
        Settings(config_path=root / "config" / "connector.toml", database=DatabaseSettings(url=url), shipping=shipping), clock=lambda: NOW
    )
    migrate(made.db)
    return made


# ── what the ERP has ────────────────────────────────────────────────────────────────────────────────────────────────────
def product(sku, **changes):
    text = dict.fromkeys(("product_id", "product_name", "sku_name", "description", "brand", "category", "ean", "ref_id"), "x")
    size = {"height_cm": 10.0, "width_cm": 20.0, "length_cm": 30.0, "weight_g": 1500}
    rest = {"measurement_unit": "un", "unit_multiplier": 1.0, "images": "[]", "product_specs": "{}", "sku_specs": "{}", "active": True}
    return {"sku": sku} | text | size | rest | changes


def price(sku, cents, *, marketplace="", sales_channel="", valid_until=None):
    place = {"sku": sku, "marketplace": marketplace, "sales_channel": sales_channel}
    return place | {"price_cents": cents, "list_price_cents": cents + 100, "valid_until": valid_until}


def rate(file, line=2, *, cost=1090, days=5, start="00000000", end="99999999"):
    return {
        "file": file,
        "line": line,
        "zip_start": start,
        "zip_end": end,
        "polygon": "",
        "weight_start_g": 0,
        "weight_end_g": 30_000,
        "cost_cents": cost,
        "price_percent": "0",
        "price_by_extra_weight_cents": "0",
        "max_volume_cm3": 0,
        "time_cost_seconds": days * 86_400,
        "country": "BRA",
        "minimum_insurance_cents": 0,
    }


def put(app, table, *rows):
    with app.db.write() as tx:
        tx.execute(insert(table), rows)


def stocked(app, *skus, quantity=5, cents=1000):
    put(app, tables.products, *(product(sku) for sku in skus))
    put(app, tables.prices, *(price(sku, cents) for sku in skus))
    put(app, tables.stock, *({"sku": sku, "warehouse": "", "quantity": quantity} for sku in skus))


def reserved(app, order_id, sku, quantity, *, until=NOW + timedelta(days=1), released_at=None):
    empty = {"content_hash": "", "services_endpoint": "", "total_cents": 0, "document": "", "client": {}, "address": {}, "flags": []}
    order = {"order_id": order_id, "account": "m", "marketplace_order_id": order_id, "sales_channel": "1", "state": "placed"}
    put(app, tables.orders, order | empty | {"placed_at": NOW, "raw": b"", "answer": b""})
    put(app, tables.reservations, {"order_id": order_id, "sku": sku, "quantity": quantity, "until": until, "released_at": released_at})


def freight_file(app, name, *rows, version):
    with app.db.write() as tx:
        tx.execute(delete(tables.freight).where(tables.freight.c.file == name))
        tx.execute(insert(tables.freight), [row | {"file": name} for row in rows])
        tx.execute(delete(tables.watermarks).where(tables.watermarks.c.name == freight.VERSION))
        tx.execute(insert(tables.watermarks), {"name": freight.VERSION, "value": version})


def load(app, *skus, account="m", sales_channel="1"):
    with app.db.read() as tx:
        return stored.load(tx, account, sales_channel, skus, NOW, kept_back=None)


def ask(app, *items, postal_code="22051030", account="m"):
    document = {"items": [{"id": sku, "quantity": quantity, "seller": "1"} for sku, quantity in items], "postalCode": postal_code}
    cart = read(document, "BRA")
    return write(cart, offers.simulate(app, cart, account, "1"))


# ── offers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_offer_says_all_that_the_snapshot_knows(app):
    end = NOW + timedelta(microseconds=1)
    put(app, tables.products, product("A", unit_multiplier=0.3, measurement_unit="kg"))
    put(app, tables.prices, price("A", 7390, valid_until=end))
    put(app, tables.stock, {"sku": "A", "warehouse": "n", "quantity": 7}, {"sku": "A", "warehouse": "s", "quantity": 5})
    put(app, tables.services, *({"sku": "A", "type": "G", "id": i, "name": f"n{i}", "price_cents": 9} for i in "21"))

    services = (Service("G", "1", "n1", 9), Service("G", "2", "n2", 9))
    assert load(app, "A") == {"A": Offer("A", 7390, 7490, end, 12, 1500, 10.0, 20.0, 30.0, "kg", 0.3, services)}


def test_a_sku_that_is_unknown_inactive_or_without_price_is_no_offer(app):
    put(app, tables.products, product("inactive", active=False), product("priceless"))
    put(app, tables.prices, price("inactive", 100), price("unknown", 100))

    assert load(app, "inactive", "priceless", "unknown", "nothing at all") == {}


def test_a_sku_that_no_stock_file_names_has_none(app):
    put(app, tables.products, product("A"))
    put(app, tables.prices, price("A", 100))

    assert load(app, "A")["A"].stock == 0


def test_the_most_specific_price_wins(app):
    put(app, tables.products, product("A"))
    layers = [("", "", 1), ("", "1", 2), ("m", "", 3), ("m", "1", 4), ("m", "2", 50), ("other", "1", 60), ("other", "", 70)]
    for marketplace, sales_channel, cents in layers:
        put(app, tables.prices, price("A", cents, marketplace=marketplace, sales_channel=sales_channel))

    seen = []
    for marketplace, sales_channel in (("m", "1"), ("m", ""), ("", "1"), ("", "")):
        seen.append(load(app, "A")["A"].price_cents)
        gone = (tables.prices.c.marketplace == marketplace) & (tables.prices.c.sales_channel == sales_channel)
        with app.db.write() as tx:
            tx.execute(delete(tables.prices).where(gone))

    assert seen == [4, 3, 2, 1]
    assert load(app, "A") == {}


def test_a_price_whose_time_is_over_counts_no_longer_and_the_next_one_does(app):
    put(app, tables.products, product("A"), product("B"))
    put(app, tables.prices, price("A", 5, marketplace="m", valid_until=NOW), price("A", 9), price("B", 5, valid_until=NOW))

    assert load(app, "A", "B")["A"].price_cents == 9
    assert "B" not in load(app, "A", "B")


def test_open_reservations_are_taken_off_and_nothing_goes_below_zero(app):
    stocked(app, "A", "B", quantity=5)
    reserved(app, "o1", "A", 2)
    reserved(app, "o2", "A", 1)
    reserved(app, "o3", "A", 50, until=NOW)
    reserved(app, "o4", "A", 50, released_at=NOW - timedelta(days=1))
    reserved(app, "o5", "B", 9)

    found = load(app, "A", "B")
    assert (found["A"].stock, found["B"].stock) == (2, 0)


def test_more_skus_than_a_statement_takes_are_found(app):
    skus = [f"S{i}" for i in range(1100)]
    stocked(app, *skus)

    assert set(load(app, *skus, "other")) == set(skus)


def test_a_cart_takes_one_statement(sqlite_app):
    stocked(sqlite_app, *"ABCDE")
    ask(sqlite_app, ("A", 1))
    sqlite_app.db.close()
    seen = []
    event.listen(sqlite_app.db.engine, "connect", lambda connection, _record: connection.set_trace_callback(seen.append))
    ask(sqlite_app, ("A", 1))
    seen.clear()

    ask(sqlite_app, *((sku, 1) for sku in "ABCDE"))

    assert [sql.partition(" ")[0] for sql in seen] == ["SELECT"]


def test_a_cart_never_looks_through_a_table(sqlite_app):
    with sqlite_app.db.read() as tx:
        values = {f"sku{i}": "A" for i in range(8)} | {"account": "m", "channel": "1", "now": "2026-03-01"}
        plan = [row[-1] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {stored.statement('sqlite', 8)}", values)]

    assert "SEARCH products USING COVERING INDEX products_on_offer (sku=? AND active=?)" in plan
    assert "SEARCH reservations USING COVERING INDEX reservations_open (sku=? AND released_at=? AND until>?)" in plan
    assert [step for step in plan if step.startswith("SCAN")] == [
        "SCAN CONSTANT ROW",
        "SCAN sums",
        "SCAN generations",
    ]  # of a row a SKU, and a feed


def test_a_cart_looks_through_no_table_while_a_large_change_comes_home_either(sqlite_app):
    with sqlite_app.db.read() as tx:
        values = {f"sku{i}": "A" for i in range(8)} | {"account": "m", "channel": "1", "now": "2026-03-01"}
        plan = [row[-1] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {stored.statement('sqlite', 8, is_coming=True)}", values)]

    found = {"products", "prices", "stock", "services"}
    scanned = {step.removeprefix("SCAN ") for step in plan if step.startswith("SCAN")}
    assert {f"CO-ROUTINE {feed}" for feed in found} <= set(plan)
    assert scanned == found | {"CONSTANT ROW", "sums"}  # of the rows of the cart's SKUs


def test_what_is_read_of_a_sku_does_not_grow_with_the_orders_that_hold_some(app):
    stocked(app, "A", quantity=500)
    for number in range(100):
        reserved(app, f"o{number}", "A", 2)

    values = {"sku0": "A", "account": "m", "channel": "1", "now": NOW.replace(tzinfo=None).isoformat(" ") if app.db.is_sqlite else NOW}
    row = app.db.ask(stored.statement(app.db.engine.dialect.name, 1), values)[0]

    assert max(len(part or "") for part in row) < 1000
    assert load(app, "A")["A"].stock == 300


def test_a_database_that_cannot_be_read_is_named_as_such(sqlite_app):
    with sqlite_app.db.write() as tx:
        tx.exec_driver_sql("DROP TABLE services")

    with pytest.raises(DatabaseUnreachable, match="no such table: services"):
        ask(sqlite_app, ("A", 1))


def test_skus_are_compared_to_the_letter(app):
    stocked(app, "a", "Á", "a ", "' OR 1=1 --", "0001")

    assert set(load(app, "A", "á", "a", "1", "0001", "a ", "' OR 1=1 --")) == {"a", "0001", "a ", "' OR 1=1 --"}


# ── simulations ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_cart_is_answered_with_price_stock_and_freight(app):
    stocked(app, "2000037", quantity=99, cents=7390)
    stocked(app, "34562", quantity=5, cents=890)
    freight_file(app, "freight/normal.csv", rate("", cost=1090), version="1")
    freight_file(app, "freight/express.csv", rate("", cost=2500, days=2, start="20000000", end="28999999"), version="2")

    answer = ask(app, ("2000037", 1), ("unknown", 1), ("34562", 9))

    assert [(i["id"], i["requestIndex"], i["price"], i["quantity"]) for i in answer["items"]] == [
        ("2000037", 0, 7390, 1),
        ("34562", 2, 890, 5),
    ]
    assert [(i["itemIndex"], i["stockBalance"], [s["id"] for s in i["slas"]]) for i in answer["logisticsInfo"]] == [
        (0, 99, ["Normal", "Expressa"]),
        (2, 5, ["Normal", "Expressa"]),
    ]
    assert [s["id"] for s in ask(app, ("34562", 1), postal_code="80250000")["logisticsInfo"][0]["slas"]] == ["Normal"]
    assert ask(app, ("34562", 1), postal_code=None)["logisticsInfo"][0]["slas"] == []


def test_files_whose_names_match_add_up_and_others_do_not_count(app):
    stocked(app, "A")
    freight_file(app, "freight/normal-1.csv", rate("", start="0", end="49999999", cost=100), version="1")
    freight_file(app, "freight/normal-2.csv", rate("", start="50000000", cost=200), version="2")
    freight_file(app, "freight/else.csv", rate("", cost=1), version="3")

    assert ask(app, ("A", 1))["logisticsInfo"][0]["slas"][0]["price"] == 100
    assert ask(app, ("A", 1), postal_code="80250000")["logisticsInfo"][0]["slas"][0]["price"] == 200


def test_freight_is_read_again_when_the_watermark_moves_and_only_then(app):
    stocked(app, "A")
    freight_file(app, "freight/normal.csv", rate("", cost=100), version="1")
    assert ask(app, ("A", 1))["logisticsInfo"][0]["slas"][0]["price"] == 100
    reads = []
    event.listen(app.db.engine, "before_cursor_execute", lambda *args: reads.append(args[2]) if "FROM freight" in args[2] else None)

    ask(app, ("A", 1))
    assert reads == []
    freight_file(app, "freight/normal.csv", rate("", cost=300), version="2")
    assert ask(app, ("A", 1))["logisticsInfo"][0]["slas"][0]["price"] == 300


def test_the_watermark_is_the_one_that_imports_of_freight_move(sqlite_app):
    stocked(sqlite_app, "A")
    freight_file(sqlite_app, "freight/normal.csv", rate("", cost=100), version="1")
    ask(sqlite_app, ("A", 1))

    with sqlite_app.db.write() as tx:
        tx.execute(update(tables.freight).values(cost_cents=300))
        assert snapshots.advance(tx, "freight", 1)

    assert ask(sqlite_app, ("A", 1))["logisticsInfo"][0]["slas"][0]["price"] == 300


def test_many_threads_get_one_answer_while_freight_is_read_for_the_first_time(sqlite_app):
    stocked(sqlite_app, "A", "B")
    rows = [rate("", line, start=f"{line * 1000:08d}", end=f"{line * 1000 + 999:08d}", cost=line) for line in range(1, 3000)]
    freight_file(sqlite_app, "freight/normal.csv", *rows, version="1")
    answers, start = [], threading.Barrier(8)

    def one():
        start.wait(10)
        answers.append(ask(sqlite_app, ("A", 1), ("B", 2), postal_code="01310100"))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert answers == [ask(sqlite_app, ("A", 1), ("B", 2), postal_code="01310100")] * 8
    assert answers[0]["logisticsInfo"][0]["slas"][0]["price"] == 1310


def test_a_writer_that_is_at_work_neither_stops_a_simulation_nor_is_seen_by_it(sqlite_app):
    stocked(sqlite_app, "A", quantity=5)
    with sqlite_app.db.write() as tx:
        tx.execute(update(tables.stock).values(quantity=1))
        held_open = ask(sqlite_app, ("A", 9))

    assert held_open["items"][0]["quantity"] == 5
    assert ask(sqlite_app, ("A", 9))["items"][0]["quantity"] == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["A", "B", "C", "x\ud800", "y\0", "z" * 3000]), st.integers(-1, 10**20)), max_size=8))
def test_whatever_is_asked_the_answer_is_the_same_twice_and_never_more_than_the_stock(sqlite_app, items):
    if not load(sqlite_app, "A"):
        stocked(sqlite_app, "A", "B", quantity=7)

    answer = ask(sqlite_app, *items)

    assert answer == ask(sqlite_app, *items)
    for sku in "AB":
        assert sum(i["quantity"] for i in answer["items"] if i["id"] == sku) <= 7

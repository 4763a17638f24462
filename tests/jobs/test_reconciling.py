"""Three truths side by side: the ERP's last files, the snapshot, and what marketplaces were told; and what mends them."""

import pytest
from catalog_world import Catalog, product
from sqlalchemy import delete, text, update

from connector.storage import listing_states, tables
from connector.usecases import alarms_told, reconciling
from connector.usecases.passes import Pass
from connector.usecases.reconciling import reconcile
from connector.usecases.status import status
from connector.usecases.why import why
from jobs import tell_alarms


@pytest.fixture
def shop(tmp_path):
    one = Catalog(tmp_path / "shop", more="[stock]\nsafety = 1\n")
    skus = ("A", "B", "C", "D")
    one.export("products/p.csv", *[product(sku, active="0" if sku == "D" else "1") for sku in skus])
    one.export("prices/p.csv", "A;10,00;", "B;20,00;", "D;30,00;")
    one.export("stock/s.csv", "A;5", "B;1", "C;3", "D;3")
    tell(one, *skus)
    return one


def tell(shop, *skus):
    """Everything that waits is told, and the marketplace knows the SKUs."""
    with shop.app.db.write() as tx:
        tx.execute(delete(tables.outbox))
        listing_states.told(tx, "shop", skus, shop.now)


def test_where_all_is_as_it_should_be_nothing_differs_and_each_sku_s_answer_has_its_cause(shop):
    found = reconcile(shop.app)

    assert (found["differences"], found["left"], found["repaired"], found["todo"]) == (0, 0, [], [])
    assert [(one["feed"], one["differences"]) for one in found["files"]] == [("products", 0), ("prices", 0), ("stock", 0)]
    assert found["answers"] == {"shop": {"1": {"for sale": 1, "kept back": 1, "without price": 1, "inactive": 1}}}


def test_a_snapshot_that_somebody_changed_by_hand_is_found_row_by_row_and_imported_again(shop):
    with shop.app.db.write() as tx:
        tx.execute(update(tables.stock).where(tables.stock.c.sku == "A").values(quantity=500))
        tx.execute(delete(tables.prices).where(tables.prices.c.sku == "B"))
        tx.execute(tables.prices.insert().values(sku="Z", marketplace="", sales_channel="", price_cents=1, list_price_cents=1))
    found = reconcile(shop.app)

    differing = {one["feed"]: (one["added"], one["changed"], one["removed"]) for one in found["files"] if one["differences"]}
    assert differing == {"prices": (1, 0, 1), "stock": (0, 1, 0)}
    assert found["left"] == 3
    assert shop.stock()["A"] == 500

    mended = reconcile(shop.app, repair=True)
    assert mended["left"] == 1  # a third of the prices would go: a guard holds the file, as it would hold any
    assert "held" in mended["failures"][0]
    assert shop.stock()["A"] == 5
    assert ("inventory", "A") in shop.messages()


def test_what_a_marketplace_was_never_told_is_told(shop):
    with shop.app.db.write() as tx:
        tx.execute(delete(tables.listings).where(tables.listings.c.sku.in_(("A", "C"))))
        tx.execute(update(tables.listings).where(tables.listings.c.sku == "B").values(state="unknown"))
    found = reconcile(shop.app)

    place = found["marketplaces"]["shop"]
    assert (place["never_told"], place["lost"]) == ({"count": 1, "skus": ["A"]}, {"count": 1, "skus": ["B"]})  # C has no price
    assert found["todo"] == ["connector reconcile --repair imports and tells again what differs"]
    assert reconcile(shop.app, repair=True)["left"] == 0
    assert shop.messages() == [("catalog", "A"), ("catalog", "B")]
    assert reconcile(shop.app)["differences"] == 0


def test_what_was_given_up_goes_out_again(shop):
    shop.export("stock/t.csv", "A;4", "B;1", "C;3", "D;3")
    with shop.app.db.write() as tx:
        tx.execute(update(tables.outbox).values(state="dead", reason="twelve times in vain"))
    assert reconcile(shop.app)["marketplaces"]["shop"]["given_up"] == {"count": 1, "skus": ["A"]}

    reconcile(shop.app, repair=True)
    assert reconcile(shop.app)["marketplaces"]["shop"]["given_up"]["count"] == 0
    assert reconcile(shop.app)["marketplaces"]["shop"]["waiting"] == 1


def test_what_only_a_person_can_do_is_said(shop):
    shop.export("prices/q.csv", "A;0,01;", "B;20,00;", "D;30,00;")
    for path in (shop.root / "archive" / "stock").rglob("s.csv"):
        path.unlink()
    found = reconcile(shop.app)

    assert found["todo"][:2] == [
        "prices: 1 rows wait for a decision, or were decided against: connector held list",
        "stock: stock/s.csv: it lies in the archive no more, so it cannot be compared: let the ERP send its stock again",
    ]


def test_postgresql_finds_and_tells_the_same(tmp_path, postgresql_url):
    one = Catalog(tmp_path / "shop", url=postgresql_url)
    one.export("products/p.csv", product("A"), product("B"))
    one.export("prices/p.csv", "A;10,00;", "B;20,00;")
    one.export("stock/s.csv", "A;5", "B;many")
    tell(one, "A")
    with one.app.db.write() as tx:
        tx.execute(update(tables.prices).where(tables.prices.c.sku == "A").values(price_cents=1))

    found = reconcile(one.app, repair=True)
    assert (found["differences"], found["left"]) == (2, 0)  # a price, and B that was never told
    assert one.prices() == {"A": 1000, "B": 2000}
    assert ("catalog", "B") in one.messages()
    assert why(one.app, "B").verdict == "It is listed, and cannot be bought: the ERP has none of it."
    assert status(one.app).quarantine == {"stock": {"files": 1, "rows": 0}}
    assert [(alarm["name"], alarm["subject"]) for alarm in alarms_told.listing(one.app)["alarms"]] == [("quarantined", "stock")]
    assert tell_alarms.run(one.app, Pass()).failures == []
    one.app.db.close()


def test_each_sku_is_counted_once_where_the_database_sorts_as_a_language_does(tmp_path, postgresql_url, monkeypatch):
    monkeypatch.setattr(reconciling, "PART", 2)
    one = Catalog(tmp_path / "shop", url=postgresql_url)
    with one.app.db.write() as tx:
        tx.execute(text('ALTER TABLE products ALTER COLUMN sku TYPE text COLLATE "en-x-icu"'))
    one.export("products/p.csv", *[product(sku) for sku in ("a", "B", "c", "D", "e")])

    answers = reconcile(one.app)["answers"]
    one.app.db.close()

    assert answers == {"shop": {"1": {"without price": 5}}}

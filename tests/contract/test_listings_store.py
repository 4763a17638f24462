"""Listings, siblings and messages put for later, on SQLite and on PostgreSQL."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from ready_made import migrate
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from connector.domain.listings import ListingState
from connector.domain.messages import Kind
from connector.settings import MarketplaceSettings
from connector.storage import accounts, listing_states, listings, outbox, resyncing
from connector.storage import tables as t
from connector.storage.database import MIGRATIONS, Database

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PRICE = {"marketplace": "", "sales_channel": "", "price_cents": 500, "list_price_cents": 500}
LATER = NOW + timedelta(minutes=5)
PRODUCT = {
    **dict.fromkeys(("product_name", "sku_name", "description", "brand", "category", "ean", "ref_id", "measurement_unit"), "x"),
    **dict.fromkeys(("height_cm", "width_cm", "length_cm", "unit_multiplier"), 1.0),
    "weight_g": 1,
    "images": "[]",
    "product_specs": "{}",
    "sku_specs": "{}",
    "active": True,
}


def shop(protocol="current"):
    return MarketplaceSettings(
        account="shop", seller_id="acme", base_url="https://shop.example", app_key="env:K", app_token="env:T", protocol=protocol
    )


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def db(request, tmp_path):
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/connector.db"
    database = Database(url)
    migrate(database)
    yield database
    database.close()


def sells(db, *skus, product_id=None):
    with db.write() as tx:
        tx.execute(insert(t.products), [{**PRODUCT, "sku": sku, "product_id": product_id or sku} for sku in skus])
        tx.execute(insert(t.stock), [{"sku": sku, "warehouse": "", "quantity": 5} for sku in skus])


def put(db, kind, *skus, at=NOW):
    with db.write() as tx:
        outbox.put(tx, "shop", kind, skus, at)


def claim(db, *kinds, at=NOW, limit=100, **how):
    with db.write() as tx:
        return outbox.claim(tx, "shop", kinds, at, limit, **how)


def deliver(db, messages, at=NOW):
    with db.write() as tx:
        for message in messages:
            outbox.delivered(tx, message, at, keep=False)


def waiting(db):
    with db.read() as tx:
        rows = tx.execute(select(t.outbox.c.kind, t.outbox.c.reference, t.outbox.c.due_at).order_by(t.outbox.c.id))
        return [tuple(row) for row in rows]


def expired(db, now):
    """Announce what ended, as a pass of then does, and deliver it; return its SKUs."""
    with db.write() as tx:
        accounts.know(tx, "shop")
        listings.announce_expired_prices(tx, [shop()], now)
        skus = tx.execute(select(t.outbox.c.reference)).scalars().all()
        tx.execute(delete(t.outbox))
    return list(skus)


# ── siblings ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_one_suggestion_of_each_product_is_in_hand(db):
    sells(db, "A1", "A2", "A3", product_id="A")
    sells(db, "B1", "B2", product_id="B")
    sells(db, "C")
    put(db, Kind.SUGGESTION, "A1", "A2", "A3", "B1", "B2", "C", "never-in-the-snapshot")
    first = claim(db, Kind.SUGGESTION)

    assert [m.reference for m in first] == ["A1", "B1", "C", "never-in-the-snapshot"]
    assert claim(db, Kind.SUGGESTION, at=LATER) == [], "the one before is not answered"
    deliver(db, first)
    second = claim(db, Kind.SUGGESTION, at=LATER + timedelta(seconds=10))
    assert [m.reference for m in second] == ["A2", "B2"]


def test_a_product_of_many_variations_keeps_no_other_waiting(db):
    crowd = [f"S{n:05}" for n in range(3000)]
    sells(db, *crowd, product_id="crowd")
    sells(db, "other")
    put(db, Kind.SUGGESTION, *crowd, "other")
    taken = []
    for second in range(60):
        batch = claim(db, Kind.SUGGESTION, at=NOW + timedelta(seconds=second), limit=8)
        deliver(db, batch)
        taken += [m.reference for m in batch]

    assert "other" in taken
    assert taken.count("S00000") == 1
    assert len(taken) == len(set(taken))


def test_siblings_wait_for_one_another_at_one_marketplace_and_not_at_two(db):
    sells(db, "A1", "A2", product_id="A")
    with db.write() as tx:
        for account, sku in (("shop", "A1"), ("mall", "A2")):
            outbox.put(tx, account, Kind.SUGGESTION, [sku], NOW)
    with db.write() as tx:
        taken = [outbox.claim(tx, account, [Kind.SUGGESTION], NOW, 5) for account in ("shop", "mall")]

    assert [len(batch) for batch in taken] == [1, 1]


def test_of_one_sku_only_the_most_urgent_message_is_in_hand(db):
    put(db, Kind.PRICE, "A", "B")
    put(db, Kind.INVENTORY, "A")
    first = claim(db, Kind.SOLD_OUT, Kind.INVENTORY, Kind.PRICE)

    assert [(m.kind, m.reference) for m in first] == [(Kind.INVENTORY, "A"), (Kind.PRICE, "B")]
    deliver(db, first)
    assert [(m.kind, m.reference) for m in claim(db, Kind.SOLD_OUT, Kind.INVENTORY, Kind.PRICE)] == [(Kind.PRICE, "A")]


# ── what is put ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def known(db, *skus):
    with db.write() as tx:
        listing_states.told(tx, "shop", skus, NOW)


def announce(db, kind, *skus, protocol="current"):
    with db.write() as tx:
        listings.announce(tx, [shop(protocol)], skus, kind, NOW)
    return sorted((kind, sku) for kind, sku, _ in waiting(db))


def test_what_has_nothing_left_to_sell_is_sold_out_only_where_it_is_known(db):
    sells(db, "empty", "full", "unknown")
    known(db, "empty", "full", "gone")
    with db.write() as tx:
        tx.execute(update(t.stock).where(t.stock.c.sku.in_(["empty", "unknown"])).values(quantity=0))

    assert announce(db, Kind.INVENTORY, "empty", "full", "unknown", "gone") == [
        ("catalog", "unknown"),
        ("inventory", "full"),
        ("sold-out", "empty"),
        ("sold-out", "gone"),
    ]


def test_the_end_of_a_price_is_told_once_more_when_it_ended_by_the_clocks_of_all_nodes(db):
    known(db, "A", "B")
    ends = NOW + timedelta(hours=1)
    with db.write() as tx:
        tx.execute(
            insert(t.prices), [{**PRICE, "sku": "A", "valid_until": ends}, {**PRICE, "sku": "B", "valid_until": ends + timedelta(days=1)}]
        )
    said = [expired(db, NOW)] + [expired(db, ends + timedelta(seconds=at)) for at in (-10, 20, 21, 40, 59, 60, 61, 90, 200)]

    assert said == [[], [], ["A"], [], [], [], ["A"], [], [], []]


def test_the_end_of_a_price_is_told_after_it_though_the_clock_that_told_it_was_ahead(db):
    known(db, "A")
    with db.write() as tx:
        tx.execute(insert(t.prices), [{**PRICE, "sku": "A", "valid_until": LATER}])
    ahead = timedelta(seconds=30)
    told = {at: expired(db, LATER + ahead + timedelta(seconds=at)) for at in range(-60, 90, 10)}

    assert [at for at, skus in told.items() if skus] == [-30, 30]


def test_the_2017_dialect_puts_one_message_for_stock_and_price(db):
    sells(db, "A")
    known(db, "A")
    announce(db, Kind.INVENTORY, "A", protocol="2017")

    assert announce(db, Kind.PRICE, "A", protocol="2017") == [("price", "A")]
    assert announce(db, Kind.CATALOG, "A", protocol="2017") == [("catalog", "A"), ("price", "A")]


def test_a_change_brings_forward_what_was_put_for_later_and_leaves_a_retry_its_wait(db):
    with db.write() as tx:
        assert outbox.put_later(tx, "shop", [(Kind.PRICE, "A", LATER), (Kind.PRICE, "B", LATER)], NOW) == 2
    put(db, Kind.PRICE, "A")
    (message,) = claim(db, Kind.PRICE)
    with db.write() as tx:
        outbox.again(tx, message, LATER, "answered 500", NOW)
    put(db, Kind.PRICE, "A")

    assert message.reference == "A"
    assert waiting(db) == [("price", "A", LATER), ("price", "B", LATER)]


def test_what_waits_already_is_not_put_for_later_again(db):
    put(db, Kind.PRICE, "A")
    with db.write() as tx:
        assert outbox.put_later(tx, "shop", [(Kind.PRICE, "A", LATER), (Kind.PRICE, "B", LATER)], NOW) == 1
        assert outbox.put_later(tx, "shop", [(Kind.PRICE, "A", LATER), (Kind.PRICE, "B", LATER)], NOW) == 0

    assert waiting(db) == [("price", "A", NOW), ("price", "B", LATER)]


def test_a_pass_by_hand_does_not_wait_for_what_was_put_for_later(db):
    with db.write() as tx:
        outbox.put_later(tx, "shop", [(Kind.PRICE, "A", LATER)], NOW)

    assert claim(db, Kind.PRICE) == []
    assert [m.reference for m in claim(db, Kind.PRICE, also_before=NOW + timedelta(seconds=1))] == ["A"]


@pytest.mark.postgresql
def test_a_change_while_its_message_is_being_claimed_is_told_again(postgresql_url):
    """The claim is not committed yet: a change that passed its message over would be told from the state before it."""
    db = Database(postgresql_url)
    migrate(db)
    put(db, Kind.PRICE, "A")
    with db.write() as tx:
        outbox.claim(tx, "shop", [Kind.PRICE], NOW, 1)
        change = threading.Thread(target=put, args=(db, Kind.PRICE, "A"))
        change.start()
        change.join(0.5)
    change.join(10)

    assert [kind for kind, _, _ in waiting(db)] == ["price", "price"]
    db.close()


# ── states ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def state(db, sku="A"):
    with db.read() as tx:
        return listing_states.find(tx, "shop", sku)


def write(db, what, *values, **named):
    with db.write() as tx:
        what(tx, *values, **named)


def suggest(db, fingerprint="one", at=NOW):
    write(db, listing_states.suggested, "shop", "A", fingerprint, note=None, now=at)


def test_a_probe_that_finds_nothing_leaves_a_suggestion_and_its_note_where_they_are(db):
    suggest(db)
    write(db, listing_states.withheld, "shop", "B", "no image", "export one")
    for sku in ("A", "B", "C"):
        write(db, listing_states.unknown, "shop", [sku], LATER)

    assert [(state(db, sku).state, state(db, sku).note) for sku in "ABC"] == [
        ("suggested", None),
        ("withheld", "no image"),
        ("unknown", None),
    ]
    assert state(db).look_again_at == NOW + timedelta(hours=1)
    known(db, "A")
    write(db, listing_states.unknown, "shop", ["A"], LATER)
    assert state(db).state is ListingState.UNKNOWN


def test_denials_are_counted_for_one_suggestion_and_forgotten_with_the_next(db):
    suggest(db)
    for count in (1, 2):
        write(db, listing_states.looked, state(db), (ListingState.DENIED, "denied"), ("no", "ask"), LATER)
        assert (state(db).denials, state(db).denied_at, state(db).word) == (count, LATER, "denied")
        suggest(db)
    suggest(db, "two")

    assert (state(db).state, state(db).denials, state(db).denied_at) == ("suggested", 0, None)


def test_an_answer_that_comes_after_the_sku_became_known_changes_nothing(db):
    suggest(db)
    asked = state(db)
    known(db, "A")
    write(db, listing_states.looked, asked, (ListingState.DENIED, "denied"), ("no", "ask"), LATER)
    write(db, listing_states.forgotten, asked, "gone", LATER)

    assert state(db).state is ListingState.KNOWN
    assert (state(db).suggestion_hash, state(db).look_again_at) == (None, None)


def test_what_is_due_is_asked_about_a_part_at_a_time_and_once(db):
    with db.write() as tx:
        for n in range(25):
            listing_states.suggested(tx, "shop", f"S{n:02}", "one", note=None, now=NOW)
    later = NOW + timedelta(hours=1)
    found = []
    while not found or found[-1] == 10:
        with db.write() as tx:
            found.append(listing_states.look_again(tx, "shop", later, 10))

    assert found == [10, 10, 5]
    assert len(waiting(db)) == 25
    assert state(db, "S00").look_again_at == NOW + timedelta(hours=6)


def test_listings_are_counted_by_state_and_listed_in_order(db):
    known(db, "B", "A")
    write(db, listing_states.withheld, "shop", "C", "no image", "export one")
    with db.read() as tx:
        assert listing_states.by_state(tx) == {"shop": {"known": 2, "withheld": 1}}
        assert [one.sku for one in listing_states.page(tx, "shop", None, 2)] == ["A", "B"]
        assert [one.sku for one in listing_states.page(tx, "shop", "withheld", 9)] == ["C"]


def test_everything_is_gone_through_once_in_parts(db):
    sells(db, *(f"S{n}" for n in range(7)))
    known(db, "S3", "left-the-snapshot")
    write(db, listing_states.unknown, "shop", ["unknown-and-gone"], NOW)
    seen, after = [], ""
    with db.read() as tx:
        while part := resyncing.part(tx, "shop", after, 3):
            seen += [(told.sku, told.is_known) for told in part]
            after = part[-1].sku

    assert sorted(seen) == sorted([*((f"S{n}", n == 3) for n in range(7)), ("left-the-snapshot", True)])


def test_listings_of_the_version_before_are_kept(tmp_path):
    check_upgrade(Database(f"sqlite:///{tmp_path}/connector.db"))


@pytest.mark.postgresql
def test_listings_of_the_version_before_are_kept_on_postgresql(postgresql_url):
    check_upgrade(Database(postgresql_url))


def check_upgrade(db):
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with db.write() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, "0004")
        tx.execute(text("INSERT INTO listings (account, sku, state, note) VALUES ('shop', 'A', 'suggested', 'as it was')"))
        command.upgrade(config, "head")

    assert (state(db).state, state(db).note, state(db).denials) == ("suggested", "as it was", 0)
    with db.write() as tx:
        tx.execute(update(t.listings).values(state="accepted"))
        assert tx.execute(select(func.count()).select_from(t.listings)).scalar_one() == 1
    with pytest.raises(IntegrityError), db.write() as tx:
        tx.execute(update(t.listings).values(state="nonsense"))
    db.close()

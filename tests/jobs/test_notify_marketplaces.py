"""What a marketplace is told, against a sandbox that knows SKUs: probes, prices, stock, and what its answers do."""

import threading
from datetime import timedelta

import pytest
from notify_world import NOW, World, marketplace, said
from rival import rival
from sqlalchemy import delete, select, update

from connector.delivery import notices
from connector.domain.messages import Kind
from connector.storage import counts, listing_states, outbox
from connector.storage import tables as t
from connector.usecases import letter_groups, letters, upkeep
from connector.usecases.reconciling import reconcile
from connector.usecases.report import Report
from connector.usecases.resync import resync


@pytest.fixture
def shop():
    with marketplace() as sandbox:
        yield sandbox


@pytest.fixture
def world(tmp_path, shop):
    one = World(tmp_path, shop)
    yield one
    one.app.db.close()


def test_an_unknown_sku_is_suggested_with_what_the_snapshot_holds(world, shop):
    world.sells("A")
    report = world.notify()

    assert said(shop) == ["POST A", "PUT acme/A"]
    assert report.exit_status == 0
    assert (world.listing("A").state, world.untold()) == ("suggested", 0)


def test_the_first_probe_of_a_known_sku_is_followed_by_its_price_and_stock(world, shop):
    shop.known.add("A")
    world.sells("A")
    world.notify()

    assert said(shop) == ["POST A", "POST A/inventory", "POST A/price"]
    assert world.listing("A").state == "known"


def test_only_what_changed_is_told_and_only_once(world, shop):
    shop.known |= {"A", "B"}
    world.sells("A", "B")
    world.notify()
    said(shop)
    world.changed(Kind.PRICE, "A")
    world.changed(Kind.PRICE, "A")
    world.notify()
    world.notify()

    assert said(shop) == ["POST A/price"]


def test_the_2017_dialect_has_one_call_for_whatever_changed(tmp_path, shop):
    world = World(tmp_path, shop, protocol="2017")
    shop.known.add("A")
    world.sells("A")
    world.notify()
    world.changed(Kind.INVENTORY, "A")
    world.notify()

    assert said(shop) == ["POST A", "POST A"]


def test_a_suggestion_that_waits_unchanged_is_not_sent_again_and_a_changed_one_is(world, shop):
    world.sells("A")
    world.notify()
    said(shop)
    world.changed(Kind.INVENTORY, "A")
    world.notify()
    assert said(shop) == ["POST A"]
    with world.app.db.write() as tx:
        tx.execute(update(t.products).values(product_name="New name"))
    world.changed(Kind.CATALOG, "A")
    world.notify()

    assert said(shop) == ["POST A", "PUT acme/A"]


def test_a_suggestion_that_expired_unanswered_is_sent_again(world, shop):
    shop.on_purpose = {"suggestion-again"}  # the marketplace's clock does not follow ours
    world.sells("A")
    world.notify()
    said(shop)
    world.now += timedelta(days=31)
    world.notify()

    assert said(shop) == ["GET acme/A", "POST A", "PUT acme/A"]


def test_an_approved_sku_is_found_out_within_a_day_and_told_its_price_and_stock(world, shop):
    world.sells("A")
    world.notify()
    shop.approve("A")
    said(shop)
    world.now += timedelta(hours=25)
    world.notify()

    assert said(shop) == ["GET acme/A", "POST A", "POST A/inventory", "POST A/price"]


def test_a_sku_without_a_price_is_not_suggested_until_it_has_one(world, shop):
    world.sells("A", price=None)
    world.notify()
    assert said(shop) == ["POST A"]
    assert "without a price" in world.listing("A").note
    with world.app.db.write() as tx:
        tx.execute(t.prices.insert().values(sku="A", marketplace="", sales_channel="", price_cents=1, list_price_cents=1))
    world.changed(Kind.PRICE, "A")
    world.notify()

    assert said(shop) == ["POST A", "PUT acme/A"]


def test_a_price_whose_time_ends_is_told_then(world, shop):
    shop.known.add("A")
    world.sells("A")
    world.notify()
    with world.app.db.write() as tx:
        tx.execute(update(t.prices).values(valid_until=NOW + timedelta(hours=1)))
    said(shop)
    world.now += timedelta(minutes=59)
    world.notify()
    assert said(shop) == []
    world.now += timedelta(minutes=2)
    world.notify()
    world.notify()

    assert said(shop) == ["POST A/price"]


def test_a_sku_gone_from_the_snapshot_is_told_where_it_is_known(world, shop):
    shop.known.add("A")
    world.sells("A", "B")
    world.notify()
    said(shop)
    with world.app.db.write() as tx:
        tx.execute(delete(t.products))
    world.changed(Kind.INVENTORY, "A", "never-heard-of")
    world.notify()

    assert said(shop) == ["POST A/inventory"]


def test_a_failing_call_is_named_kept_and_told_by_the_next_pass(world, shop):
    shop.known.add("A")
    world.sells("A")
    shop.fail_next(500)
    report = world.notify()
    assert report.exit_status == 1
    assert "catalog A: answered 500" in report.failures[0]
    assert world.notify(by_hand=False).exit_status == 0
    assert world.untold() == 1, "it waits for its next attempt"
    world.now += timedelta(seconds=2)
    world.notify(by_hand=False)

    assert world.untold() == 0


def test_refused_credentials_stop_the_marketplace_and_cost_no_message_an_attempt(world, shop):
    world.sells(*"ABCDEFGH")
    shop.fail_next(401)
    world.notify()
    shop.calls.clear()  # threads that were on their way when the first call was refused
    for _ in range(30):
        shop.fail_next(401)
        report = world.notify()

        assert report.exit_status == 1
        assert "401" in report.failures[-1]
    assert len(shop.calls) == 30, "a pass by hand probes with one call"
    world.notify()

    assert letters.listing(world.app) == []
    assert world.untold() == 0


def test_a_marketplace_that_asked_to_wait_is_left_alone_by_the_schedule(world, shop):
    world.sells("A")
    shop.fail_next(429, headers={"Retry-After": "120"})
    world.notify(by_hand=False)
    said(shop)
    world.now += timedelta(seconds=119)
    world.notify(by_hand=False)
    assert said(shop) == []
    world.now += timedelta(seconds=2)
    world.notify(by_hand=False)

    assert said(shop) == ["POST A", "PUT acme/A"]


def test_five_failures_in_a_row_open_the_circuit_for_the_others(world, shop):
    shop.known |= {str(n) for n in range(100)}
    world.sells(*map(str, range(100)))
    shop.fail_next(500, times=1000)
    report = world.notify()

    assert len(shop.calls) <= 5 + 4, "four threads may be on their way when the fifth failure is seen"
    assert "failed 5 times in a row" in report.failures[-1]


def test_what_vtex_will_never_take_becomes_a_dead_letter_and_stops_nothing_else(world, shop):
    world.sells("A", "B", "C")
    for sku in "AB":
        refusal = {"errorResponse": {"Code": 12, "Message": "ProductOrSkuHasInvalidSpecificationLength"}}
        shop.fail_next(400, pattern=f"suggestions/acme/{sku}$", body=refusal)
    report = world.notify()

    assert report.exit_status == 1
    assert {letter["reference"] for letter in letters.listing(world.app)} == {"A", "B"}
    assert (world.state("A"), world.state("C")) == ("withheld", "suggested")
    assert "12: ProductOrSkuHasInvalidSpecificationLength" in world.listing("A").note
    world.rewrites("A", product_name="Mended")
    world.notify()
    assert (world.state("A"), len(letters.listing(world.app))) == ("suggested", 1)


def test_a_404_that_is_not_vtexs_own_suggests_nothing(world, shop):
    world.sells("A")
    shop.fail_next(404, body="<html>not here</html>")
    report = world.notify()

    assert said(shop) == ["POST A"]
    assert "wrong address" in report.failures[-1]
    assert world.untold() == 1


def test_a_dry_run_names_what_it_would_tell_and_tells_nothing(world, shop):
    world.sells("A")
    report = world.notify(dry_run=True)

    assert said(shop) == []
    assert report.lines == ["shop: would tell catalog 1: A (catalog)"]
    assert world.untold() == 1


def test_a_paused_marketplace_hears_nothing_until_it_is_resumed(world, shop):
    world.sells("A")
    letters.pause(world.app, "shop")
    world.notify()
    assert said(shop) == []
    letters.resume(world.app, "shop")
    world.notify()

    assert said(shop) == ["POST A", "PUT acme/A"]


def test_marketplaces_do_not_wait_for_one_another(tmp_path, shop):
    with marketplace("mall", known={"A"}) as mall:
        world = World(tmp_path, shop, mall)
        world.sells("A")
        shop.fail_next(503, headers={"Retry-After": "60"})
        report = world.notify()

        assert sorted(said(mall)) == ["POST A", "POST A/inventory", "POST A/price"]
        assert [f for f in report.failures if f.startswith("mall")] == []


def test_a_stopped_pass_leaves_every_message_where_it_was(world, shop):
    stop = threading.Event()
    stop.set()
    world.sells("A", "B")
    world.notify(stop=stop)

    assert said(shop) == []
    with world.app.db.read() as tx:
        assert {r.state for r in tx.execute(select(t.outbox.c.state))} == {"pending"}


def test_what_a_dead_process_had_in_hand_is_told_by_the_next_one(world, shop):
    from connector.storage import outbox

    world.sells("A")
    with world.app.db.write() as tx:
        assert outbox.claim(tx, "shop", [Kind.CATALOG], world.now, 10)
    world.notify()

    assert said(shop) == ["POST A", "PUT acme/A"]
    with world.app.db.read() as tx:
        assert counts.marketplaces_now(tx, world.now)["shop"]["delivered"] >= 1


def test_a_database_that_is_locked_for_a_while_makes_no_dead_letter(world, shop):
    """The suggestion's courier reads the snapshot; a lost table stands for a database that cannot be read just then."""
    world.sells("A")
    with world.app.db.write() as tx:
        tx.exec_driver_sql("ALTER TABLE services RENAME TO elsewhere")
    report = world.notify()
    with world.app.db.write() as tx:
        tx.exec_driver_sql("ALTER TABLE elsewhere RENAME TO services")
    assert report.exit_status == 1
    assert letters.listing(world.app) == []
    world.now += timedelta(seconds=2)
    world.notify()

    assert said(shop) == ["POST A", "PUT acme/A"]


def test_what_was_sent_is_settled_once_though_the_database_ends_the_transaction_for_another(tmp_path, shop, postgresql_url):
    world = World(tmp_path, shop, url=postgresql_url)
    world.sells("A")
    with world.app.db.write() as tx:
        tx.execute(delete(t.outbox).where(t.outbox.c.kind != "catalog"))

    def puts(tx):
        outbox.put(tx, "shop", Kind.SUGGESTION, ["A"], world.now)

    def looks(tx):
        tx.execute(update(t.outbox).where(t.outbox.c.kind == "catalog").values(reason="looked at"))

    with rival(world.app.db, puts, looks):
        report = world.notify()
    world.app.db.close()

    assert report.failures == []
    assert report.lines == ["shop: told catalog 1, suggestion 1"]


def dead(world):
    with world.app.db.write() as tx:
        tx.execute(update(t.outbox).where(t.outbox.c.kind == "price").values(state="dead", reason="given up"))


def unlisted(world):
    with world.app.db.write() as tx:
        tx.execute(delete(t.listings))
        tx.execute(delete(t.outbox))


def suggested(world):
    with world.app.db.write() as tx:
        tx.execute(update(t.listings).values(state="suggested", suggested_at=NOW, look_again_at=NOW))


def expired(world):
    with world.app.db.write() as tx:
        tx.execute(delete(t.outbox))
        tx.execute(update(t.prices).values(valid_until=NOW - timedelta(hours=1)))


def put_due(world):
    notices.announce_due(world.app, threading.Event(), Report("notify-marketplaces"))


WRITERS = {
    "told again": (Kind.INVENTORY, lambda _: None, lambda world: resync(world.app, "shop", "inventory", lambda *_: None)),
    "reconciled": (Kind.CATALOG, unlisted, lambda world: reconcile(world.app, repair=True)),
    "asked about": (Kind.STATUS, suggested, put_due),
    "expired": (Kind.PRICE, expired, put_due),
    "expired, by housekeeping": (Kind.PRICE, expired, lambda world: upkeep.end_what_expired(world.app)),
    "sent again": (Kind.PRICE, dead, lambda world: letters.replay(world.app)),
    "sent again by cause": (Kind.PRICE, dead, lambda world: letter_groups.replay(world.app, None)),
}


@pytest.mark.parametrize("what", WRITERS)
def test_what_puts_many_messages_is_done_again_where_the_database_ends_it_for_another(tmp_path, shop, postgresql_url, what):
    world = World(tmp_path, shop, url=postgresql_url)
    kind, given, put = WRITERS[what]
    world.sells("A", "B")
    with world.app.db.write() as tx:
        listing_states.known(tx, "shop", ["A", "B"], NOW)
        tx.execute(delete(t.outbox))
        outbox.put(tx, "shop", Kind.PRICE, ["A", "B"], NOW)
    given(world)

    def puts(sku):
        return lambda tx: outbox.put(tx, "shop", kind, [sku], world.now)

    with rival(world.app.db, puts("B"), puts("A")):
        put(world)
    with world.app.db.read() as tx:
        waiting = select(t.outbox.c.reference).where(t.outbox.c.kind == kind.value, t.outbox.c.state == "pending")
        assert sorted(tx.scalars(waiting)) == ["A", "B"]
    world.app.db.close()

"""What a marketplace knows of a SKU, from unknown to known, against a sandbox: suggestions, their status, siblings, what is withheld."""

from datetime import timedelta
from itertools import pairwise

import pytest
from notify_world import World, marketplace, said
from sqlalchemy import delete, update

from connector.domain.messages import Kind
from connector.storage import tables as t
from connector.usecases import letters, resync

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOT_PENDING = {"errorResponse": {"Code": 18, "Message": "SuggestionIsNotPending"}}
CATALOGUED = {"errorResponse": {"Code": 23, "Message": "SellerIdAndSellerSkuIdAlreadyExists"}}
PENDING, ACCEPTED, DENIED = ({"status": word} for word in ("pending", "accepted", "denied"))
SUGGESTIONS = "/suggestions/"


@pytest.fixture
def shop():
    with marketplace() as sandbox:
        yield sandbox


@pytest.fixture(params=["current", "2017"])
def world(request, tmp_path, shop):
    one = World(tmp_path, shop, protocol=request.param)
    yield one
    one.app.db.close()


def suggested(world, shop, *skus, **content):
    """Let the marketplace have suggestions, and forget what was said on the way."""
    world.sells(*skus, **content)
    world.notify()
    said(shop)


def told_of(world, sku):
    """What follows the first 2xx of a SKU: the 2017 dialect's call told all there is."""
    return [] if world.app.marketplaces[0].protocol == "2017" else [f"POST {sku}/inventory", f"POST {sku}/price"]


# ── from suggested to known ─────────────────────────────────────────────────────────────────────────────────────────────
def test_the_status_of_a_suggestion_is_asked_after_an_hour_six_and_a_day_and_then_daily(world, shop):
    suggested(world, shop, "A")
    put_at, asked = world.now, []
    for hour in (*range(1, 25), 47, 48, 71, 72):
        world.now = put_at + hour * HOUR
        world.notify()
        asked += [hour] * said(shop).count("GET acme/A")

    assert asked == [1, 6, 24, 48, 72]
    assert (world.listing("A").word, world.listing("A").state) == ("pending", "suggested")
    assert world.listing("A").looked_at == world.now


def test_an_accepted_suggestion_is_asked_of_the_catalogue_and_then_told_stock_and_price(world, shop):
    suggested(world, shop, "A")
    shop.approve("A")
    world.now += HOUR
    world.notify()

    assert said(shop) == ["GET acme/A", "POST A", *told_of(world, "A")]
    assert (world.state("A"), world.listing("A").look_again_at) == ("known", None)


def test_an_accepted_suggestion_that_the_catalogue_does_not_know_yet_waits_and_is_not_put_again(world, shop):
    suggested(world, shop, "A")
    shop.fail_next(200, body=ACCEPTED, method="GET", times=10)
    world.now += HOUR
    world.notify()

    assert said(shop) == ["GET acme/A", "POST A"]
    assert world.state("A") == "accepted"
    world.changed(Kind.INVENTORY, "A")
    world.notify()
    assert said(shop) == ["POST A"]
    shop.approve("A")
    world.now += 5 * HOUR
    world.notify()
    assert said(shop) == ["GET acme/A", "POST A", *told_of(world, "A")]


@pytest.mark.parametrize("status", [403, 404, 405, 500])
def test_a_question_that_gets_no_answer_harms_nothing(world, shop, status):
    suggested(world, shop, "A")
    shop.fail_next(status, method="GET", times=3)
    shop.approve("A")
    world.now += HOUR
    reports = []
    for _ in range(3):
        reports.append(world.notify(by_hand=False))
        world.now += timedelta(minutes=1)

    assert said(shop)[-1 - len(told_of(world, "A")) :] == ["POST A", *told_of(world, "A")]
    assert (world.state("A"), letters.listing(world.app)) == ("known", [])
    assert reports[-1].exit_status == 0


def test_an_unknown_word_is_taken_for_waiting_and_the_catalogue_is_asked(world, shop):
    suggested(world, shop, "A")
    shop.fail_next(200, body={"Status": "WaitingReview"}, method="GET")
    world.now += HOUR
    world.notify()

    assert said(shop) == ["GET acme/A", "POST A"]
    assert (world.state("A"), world.listing("A").word) == ("suggested", "WaitingReview")


def test_a_suggestion_that_the_marketplace_has_no_more_is_put_again(world, shop):
    suggested(world, shop, "A")
    shop.suggestions.clear()
    world.now += HOUR
    world.notify()

    assert said(shop) == ["GET acme/A", "POST A", "PUT acme/A"]
    assert world.state("A") == "suggested"


def test_a_sku_that_left_the_snapshot_is_asked_about_no_more(world, shop):
    suggested(world, shop, "A")
    with world.app.db.write() as tx:
        tx.execute(delete(t.products))
    world.now += 2 * DAY
    world.notify()
    world.now += 2 * DAY
    world.notify()

    assert said(shop) == []


def test_neither_price_nor_stock_put_a_waiting_suggestion_again(world, shop):
    suggested(world, shop, "A")
    with world.app.db.write() as tx:
        tx.execute(update(t.prices).values(price_cents=500))
    world.changed(Kind.PRICE, "A")
    world.stocks("A", 1)
    world.notify()

    assert said(shop) == ["POST A"]
    world.rewrites("A", product_name="Another")
    world.notify()
    assert said(shop) == ["POST A", "PUT acme/A"]


# ── denied ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_denial_is_reported_once_with_its_remedy(world, shop):
    suggested(world, shop, "A")
    shop.deny("A")
    world.now += HOUR
    report = world.notify()

    assert (report.exit_status, world.state("A")) == (1, "denied")
    assert report.failures == [
        f"shop: SKU A: the marketplace denied the suggestion; {world.listing('A').remedy}",
    ]
    assert world.listing("A").remedy.startswith("ask the marketplace why")
    world.now += 5 * HOUR
    assert world.notify().exit_status == 0


def test_a_denied_suggestion_is_put_once_more_after_a_day_and_then_only_when_it_changed(world, shop):
    """A throttled catalogue denies good SKUs (KI 970208); this marketplace takes them again."""
    suggested(world, shop, "A")
    put = []
    for hour in range(1, 24 * 6, 4):
        shop.suggestions["A"].status = "denied"
        shop.fail_next(200, method="PUT", pattern=SUGGESTIONS)
        world.now += 4 * HOUR
        world.changed(Kind.INVENTORY, "A")
        world.notify()
        put += [hour] * said(shop).count("PUT acme/A")

    assert len(put) == 1
    assert 25 <= put[0] <= 49
    assert (world.state("A"), world.listing("A").denials) == ("denied", 2)
    world.rewrites("A", product_name="Another")
    world.notify()
    assert said(shop) == ["POST A", "PUT acme/A"]
    assert (world.state("A"), world.listing("A").denials) == ("suggested", 0)


def test_a_denied_suggestion_that_takes_no_change_stays_denied(world, shop):
    suggested(world, shop, "A")
    shop.deny("A")
    world.now += HOUR
    world.notify()
    said(shop)
    world.rewrites("A", product_name="Another")
    world.notify()

    assert said(shop) == ["POST A", "PUT acme/A", "GET acme/A"]  # the sandbox answers code 18
    assert world.state("A") == "denied"
    for _ in range(5):
        world.now += DAY
        world.changed(Kind.INVENTORY, "A")
        world.notify()
    assert {call for call in said(shop) if call.startswith("PUT")} == set()


# ── catalogued already ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_of_what_is_catalogued_already_stock_and_price_are_told_and_nothing_chases_its_tail(world, shop):
    """The suggestions' service has it, the catalogue does not know it: VTEX contradicts itself."""
    shop.fail_next(400, method="PUT", body=CATALOGUED, times=100)
    world.sells("A")
    world.notify()
    calls = said(shop)

    assert calls[:2] == ["POST A", "PUT acme/A"]
    assert len(calls) <= 6
    assert calls.count("PUT acme/A") == 1
    if world.app.marketplaces[0].protocol == "current":
        assert calls[2:] == ["POST A/inventory", "POST A/price"]
        assert world.state("A") == "known"


def test_a_judged_suggestion_is_asked_about_and_told_when_it_was_accepted(world, shop):
    shop.fail_next(400, method="PUT", body=NOT_PENDING)
    shop.fail_next(200, method="GET", body=ACCEPTED)
    shop.fail_next(404, pattern="changenotification", body="Seller StockKeepingUnit A not found for this seller id acme")
    shop.known.add("A")
    world.sells("A")
    world.notify()

    assert said(shop) == ["POST A", "PUT acme/A", "GET acme/A", "POST A", *told_of(world, "A")]
    assert world.state("A") == "known"


def test_a_judged_suggestion_of_which_nothing_can_be_learned_is_left_in_peace(world, shop):
    shop.fail_next(400, method="PUT", body=NOT_PENDING, times=100)
    shop.fail_next(403, method="GET", times=100)
    world.sells("A")
    world.notify()

    assert said(shop) == ["POST A", "PUT acme/A", "GET acme/A", "POST A"]
    assert world.state("A") == "accepted"


def test_a_sku_that_the_marketplace_drops_is_suggested_anew(world, shop):
    suggested(world, shop, "A")
    shop.approve("A")
    world.now += HOUR
    world.notify()
    said(shop)
    shop.known.clear()
    shop.suggestions.clear()
    world.rewrites("A", product_name="Another")
    world.notify()

    assert said(shop) == ["POST A", "PUT acme/A"]


# ── withheld ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_vtex_would_refuse_is_withheld_named_and_healed_by_a_changed_product(world, shop):
    world.sells("A", images="[]")
    world.sells("B")
    report = world.notify()

    assert sorted(said(shop)) == ["POST A", "POST B", "PUT acme/B"]
    assert report.failures == ["shop: SKU A is not suggested: images: there is none (code 9); export at least one image's https address"]
    assert (report.exit_status, report.counts["unlisted"]) == (1, 1)
    assert (world.state("A"), world.untold(), letters.listing(world.app)) == ("withheld", 0, [])
    world.changed(Kind.INVENTORY, "A")
    assert world.notify().failures == [], "said once"
    assert (world.state("A"), world.listing("A").note) == ("withheld", "images: there is none (code 9)")
    said(shop)
    world.rewrites("A", images='[["","https://img.example/a.jpg"]]')
    world.notify()

    assert said(shop) == ["POST A", "PUT acme/A"]
    assert (world.state("A"), world.listing("A").note) == ("suggested", None)


def test_a_suggestion_that_vtex_refused_is_put_again_when_it_changed_or_a_person_wants_it(world, shop):
    refusal = {"errorResponse": {"Code": 12, "Message": "ProductOrSkuHasInvalidSpecificationLength"}}
    shop.fail_next(400, pattern="suggestions/acme/A$", body=refusal, times=1_000_000)
    world.sells("A")
    world.notify()
    (first,) = letters.listing(world.app)
    said(shop)
    for quantity in (4, 3):
        world.stocks("A", quantity)
        world.notify()
    assert said(shop) == ["POST A", "POST A"], "the catalogue alone is asked"
    assert letters.listing(world.app) == [first]

    letters.replay(world.app)
    world.notify()
    assert said(shop) == ["PUT acme/A"]
    resync.resync(world.app, "shop", None, lambda *_: None)
    world.now += timedelta(seconds=1)
    world.notify()
    assert said(shop) == ["POST A", "PUT acme/A"]
    world.rewrites("A", product_name="Mended")
    world.notify()
    assert said(shop) == ["POST A", "PUT acme/A"]
    (letter,) = letters.listing(world.app)
    assert letter["id"] != first["id"], "a newer one takes its place"
    shop.trouble.end()
    world.rewrites("A", product_name="Mended well")
    world.notify()
    assert (world.state("A"), letters.listing(world.app)) == ("suggested", [])


def test_what_has_no_price_is_not_suggested_and_the_pass_says_so_and_where_to_look(world, shop):
    world.sells("A", "B", price=0)
    world.sells("C")
    report = world.notify()

    assert sorted(shop.suggestions) == ["C"]
    assert "shop: 2 not suggested yet, being inactive or without a price (connector listings list)" in report.lines
    assert (report.exit_status, report.counts["unsold"]) == (0, 2)
    assert world.notify().lines == [], "said once"
    assert world.listing("A").remedy == "set it active and give it a price in the ERP"


def test_what_is_priced_in_another_than_the_first_sales_channel_is_suggested_at_that_price(tmp_path, shop):
    world = World(tmp_path, shop, more='sales_channels = ["1", "2", "3"]')
    world.sells("A", price=0)
    with world.app.db.write() as tx:
        for channel, cents in (("2", 700), ("3", 300)):
            price = {"sku": "A", "marketplace": "", "sales_channel": channel, "price_cents": cents, "list_price_cents": cents}
            tx.execute(t.prices.insert().values(price))
    report = world.notify()
    world.app.db.close()

    assert said(shop) == ["POST A", "PUT acme/A"]
    assert shop.suggestions["A"].body["Pricing"]["SalePrice"] == 700
    assert "unsold" not in report.counts


def test_of_many_withheld_the_first_are_named_and_the_rest_counted(world):
    world.sells(*[f"S{n:03}" for n in range(30)], brand="")
    report = world.notify()

    assert len(report.failures) == 21
    assert report.failures[-1] == "shop: and 10 more: connector listings list names them"
    assert report.counts["unlisted"] == 30


def test_a_doubtful_ean_withholds_nothing_and_is_named(world, shop):
    world.sells("A", ean="7891000000011")
    report = world.notify()

    assert shop.suggestions["A"].body["EAN"] == "7891000000011"
    assert report.exit_status == 0
    assert report.lines[-1] == "shop: 1 were suggested with a doubt: A (ean: the check digit of 7891000000011 is wrong)"
    assert world.listing("A").note == "ean: the check digit of 7891000000011 is wrong"


def test_a_marketplace_that_finds_no_ean_in_a_string_is_given_an_array(world, shop):
    shop.on_purpose = {"published"}  # the schema knows a string alone (KI 897301)
    shop.fail_next(400, method="PUT", body={"errorResponse": {"Code": 10, "Message": "EanOrRefIdAreRequired"}})
    shop.fail_next(200, method="PUT")
    world.sells("A")
    world.notify()

    assert [call.body["EAN"] for call in shop.seen(SUGGESTIONS, "PUT")] == ["7890000000017", ["7890000000017"]]
    assert world.state("A") == "suggested"


def test_a_settled_form_of_the_ean_is_sent_at_once(tmp_path, shop):
    world = World(tmp_path, shop, more='ean_form = "array"')
    shop.on_purpose = {"published"}
    shop.fail_next(200, method="PUT")
    world.sells("A")
    world.notify()

    assert [call.body["EAN"] for call in shop.seen(SUGGESTIONS, "PUT")] == [["7890000000017"]]


# ── siblings and urgency ────────────────────────────────────────────────────────────────────────────────────────────────
def test_siblings_are_suggested_one_after_another_and_keep_no_other_product_waiting(world, shop):
    siblings = [f"S{n:02}" for n in range(20)]
    world.sells(*siblings, product_id="P")
    world.sells("T", "U")
    world.notify(by_hand=False)

    first, *others = sorted(call for call in said(shop) if call.startswith("PUT"))
    assert others == ["PUT acme/T", "PUT acme/U"]
    seen = [first]
    for _ in siblings[1:]:
        world.now += timedelta(seconds=30)
        world.notify(by_hand=False)
        (one,) = said(shop)
        seen.append(one)
    assert sorted(seen) == [f"PUT acme/{sku}" for sku in siblings]
    assert world.untold() == 0


def test_a_pass_by_hand_suggests_all_siblings_each_after_the_answer_to_the_one_before(world, shop):
    siblings = [f"S{n:02}" for n in range(20)]
    world.sells(*siblings, product_id="P")
    shop.fail_next(200, method="PUT", delay_seconds=0.02, times=20)
    world.notify()

    puts = sorted((one for one in shop.ledger.newest() if one.call.method == "PUT"), key=lambda one: one.at)
    assert sorted(one.call.parts[-1] for one in puts) == siblings
    assert all(before.at + timedelta(seconds=0.02) <= after.at for before, after in pairwise(puts)), (
        "one began before the last was answered"
    )
    assert world.untold() == 0


def test_sold_out_is_told_first_then_stock_and_price_then_content_then_suggestions(world, shop):
    known = [f"K{n}" for n in range(40)]
    shop.known |= {*known, "empty", "content"}
    world.sells(*known, "empty", "content")
    world.notify()
    said(shop)
    world.sells("new")
    world.changed(Kind.CATALOG, "content")
    for kind in (Kind.PRICE, Kind.INVENTORY):
        world.changed(kind, *known)
    world.stocks("empty", 0)
    kinds = [kind for kind, _ in claimed(world)]

    assert kinds == sorted(kinds, key=["sold-out", "inventory", "price", "catalog", "suggestion"].index)
    assert kinds[0] == "sold-out"


def claimed(world):
    """What passes would take, one at a time."""
    from connector.domain.messages import CATALOG_KINDS
    from connector.storage import outbox

    with world.app.db.write() as tx:
        taken = []
        while batch := outbox.claim(tx, "shop", CATALOG_KINDS, world.now, 1):
            taken += [(message.kind, message.reference) for message in batch]
            outbox.delivered(tx, batch[0], world.now, keep=False)
        return taken


def test_a_sku_whose_last_piece_is_held_by_an_order_or_that_is_gone_is_sold_out(world, shop):
    shop.known |= {"A", "B", "C"}
    world.sells("A", "B", "C")
    world.notify()
    with world.app.db.write() as tx:
        tx.execute(update(t.products).where(t.products.c.sku == "B").values(active=False))
        tx.execute(delete(t.products).where(t.products.c.sku == "C"))
    world.changed(Kind.INVENTORY, "A", "B", "C")

    usual = "price" if world.app.marketplaces[0].protocol == "2017" else "inventory"
    assert sorted(world.messages()) == [(usual, "A"), ("sold-out", "B"), ("sold-out", "C")]


def test_the_2017_dialect_tells_stock_and_price_of_a_sku_in_one_call(tmp_path, shop):
    world = World(tmp_path, shop, protocol="2017")
    shop.known.add("A")
    world.sells("A")
    world.notify()
    said(shop)
    world.changed(Kind.PRICE, "A")
    world.changed(Kind.INVENTORY, "A")
    world.notify()

    assert said(shop) == ["POST A"]


def test_a_known_sku_says_when_it_was_last_told(world, shop):
    shop.known.add("A")
    world.sells("A")
    world.notify()
    world.now += DAY
    world.changed(Kind.PRICE, "A")
    world.notify()

    assert world.listing("A").told_at == world.now

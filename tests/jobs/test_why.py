"""Why a SKU is not on sale, and what an order waits for: in sentences that end with the one thing to do."""

from datetime import timedelta

import pytest
from catalog_world import Catalog, product
from orders_world import Seller

from connector.domain.documents import Ack
from connector.domain.listings import ListingState
from connector.domain.messages import Blocked
from connector.domain.standing import Circuit, Standing
from connector.errors import NotFound
from connector.storage import accounts, dead_letters, listing_states, tables
from connector.usecases import letters, orders
from connector.usecases.why import described, why

GOOD = {"verdict": "It is on sale.", "todo": "Nothing: all is as it should be."}


@pytest.fixture
def shop(tmp_path):
    return Catalog(tmp_path / "shop", more="[stock]\nsafety = 1\n")


@pytest.fixture
def seller(tmp_path):
    one = Seller(tmp_path / "one")
    one.sells("A")
    return one


def sells(shop, sku="000101", price="19,90", stock="5", active="1"):
    """Let the ERP send the three files, and the marketplace know the SKU."""
    shop.export("products/p.csv", product("other"), product(sku, active=active))
    shop.export("prices/v.csv", "other;10,00;", f"{sku};{price};" if price else "another;10,00;")
    shop.export("stock/s.csv", "other;3", f"{sku};{stock}")
    knows(shop, sku)


def knows(shop, sku):
    with shop.app.db.write() as tx:
        listing_states.told(tx, "shop", [sku, "other"], shop.now)
        tx.execute(tables.outbox.delete())


def told(world, reference):
    """Return the story, and make sure that Portuguese and Spanish have each of its sentences."""
    story = why(world.app, reference).as_dict()
    english = {one["text"] for one in story["story"]} | {story["verdict"], story["todo"]}
    for language in ("pt", "es"):
        spoken = described(why(world.app, reference), language)
        said = {one["text"] for one in spoken["story"]} | {spoken["verdict"], spoken["todo"]}
        assert {text for text in english & said if not text.startswith("2026-")} == set()
        assert [text for text in said if "every marketplace" in text] == []
    return story


def texts(story, topic):
    return [one["text"] for one in story["story"] if one["topic"] == topic]


# ── SKUs ────────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_sku_on_sale_is_told_from_the_erp_s_line_to_the_answer(shop):
    sells(shop)
    story = told(shop, "000101")

    assert {name: story[name] for name in GOOD} == GOOD
    assert texts(story, "file")[0] == (
        "The last products line about it is line 3 of archive/products/2026-11-23/p.csv, taken on 2026-11-23 12:01."
    )
    assert texts(story, "stock") == ["The ERP says 5 in stock.", "1 more are kept back by [stock] safety or stale_buffer."]
    assert texts(story, "answer") == ["Asked by shop in sales channel 1 now, we answer 19.90 with 4 to sell."]
    assert "was told everything" in texts(story, "told")[1]
    assert story["last_lines"]["stock"]["line"] == 3


def test_the_line_is_that_of_the_sku_s_own_column_and_of_rows_that_span_lines(shop):
    head = "sku;description;product_id;product_name;brand;category;weight"
    shop.drop("products/p.csv", '8;"A shirt', 'in size 7";P8;Shirt;B;C;1', "7;;P7;Name;B;C;1", head=head)
    shop.export("stock/s.csv", "8;7", "7;8")

    assert told(shop, "7")["last_lines"]["products"]["line"] == 4
    assert told(shop, "7")["last_lines"]["stock"]["line"] == 3


def test_a_price_of_zero_is_held_and_the_story_says_where_to_decide(shop):
    sells(shop)
    shop.export("prices/w.csv", "other;10,00;", "000101;0,00;")
    story = told(shop, "000101")

    assert story["verdict"] == "It is on sale with an older value: its newest prices row is held."
    assert story["todo"] == "Decide: connector held show 1"
    assert texts(story, "answer") == ["Asked by shop in sales channel 1 now, we answer 19.90 with 4 to sell."]


def test_a_refused_row_names_its_line_and_the_reason(shop):
    shop.export("products/p.csv", product("other"), product("000101"))
    shop.export("prices/v.csv", *[f"s{n};1,00;" for n in range(30)], "000101;cheap;")
    story = told(shop, "000101")

    assert story["verdict"] == "It is not on sale: no sales channel has a price of it."
    assert story["todo"].startswith("Let the ERP mend line 32 of prices/v.csv and send it again: it is no number")
    assert texts(story, "refused")[0].startswith("Line 32 of prices/v.csv was refused: price 'cheap'")


def test_a_line_that_was_refused_is_not_said_to_be_in_no_file(shop):
    shop.export("products/p.csv", product("other"), product("000101"))
    shop.export("prices/v.csv", *[f"s{n};1,00;" for n in range(30)], "000101;cheap;")

    assert [text for text in texts(told(shop, "000101"), "file") if "prices" in text] == []
    assert "No prices file of late names it." in texts(told(shop, "other"), "file")


def test_the_line_before_a_refused_one_is_called_the_last_good_one(shop):
    sells(shop)
    shop.export("prices/w.csv", "other;10,00;", *[f"s{n};1,00;" for n in range(30)], "000101;cheap;")
    story = told(shop, "000101")

    assert texts(story, "file")[1].startswith("The last good prices line about it is line 3 of archive/prices/")
    assert texts(story, "refused") == ["Line 33 of prices/w.csv was refused: price 'cheap': it is no number."]


def test_a_file_refused_whole_is_told_of_every_sku_that_lacks_what_it_would_have_said(shop):
    shop.export("products/p.csv", product("other"), product("000101"))
    shop.export("prices/v.csv", "other;cheap;", "000101;1,00;")
    story = told(shop, "000101")

    assert [text for text in texts(story, "file") if "prices" in text] == []
    assert texts(story, "refused")[0].startswith(
        "The whole file prices/v.csv was refused: 1 of 2 (50.0 %) rows are bad, max_rejected allows"
    )
    assert story["todo"] == "Let the ERP mend prices/v.csv and send it again: connector quarantine show 1"


@pytest.mark.parametrize(
    ("how", "verdict", "todo"),
    [
        ({"active": "0"}, "It is not on sale: the ERP says it is not active.", "Set it active in the ERP, and let it send its products."),
        ({"price": ""}, "It is not on sale: no sales channel has a price of it.", "Let the ERP send a prices file with it."),
        ({"stock": "0"}, "It is listed, and cannot be bought: the ERP has none of it.", "Let the ERP send a stock file with it."),
        (
            {"stock": "1"},
            "It is listed, and cannot be bought: what is left is kept back.",
            "Look at [stock] safety and [feeds.stock] stale_buffer in the settings.",
        ),
    ],
)
def test_what_keeps_a_sku_from_sale_is_the_verdict(shop, how, verdict, todo):
    sells(shop, **how)
    story = told(shop, "000101")

    assert (story["verdict"], story["todo"]) == (verdict, todo)


def test_a_marketplace_that_is_paused_or_withholds_or_waits_is_named(shop):
    sells(shop)
    letters.pause(shop.app, "shop")
    assert told(shop, "000101")["todo"] == "Start it again: connector resume shop"

    letters.resume(shop.app, "shop")
    shop.export("stock/t.csv", "other;3", "000101;9")
    assert told(shop, "000101")["todo"] == "Wait for the next pass, or: connector run notify-marketplaces"
    knows(shop, "000101")
    with shop.app.db.write() as tx:
        listing_states.withheld(tx, "shop", "000101", "images: none is over https: http://x", "publish the images under https addresses")
    story = told(shop, "000101")
    assert (story["verdict"], story["todo"]) == ("It is not suggested to shop.", "publish the images under https addresses.")
    assert "About it at shop: images: none is over https: http://x." in texts(story, "listing")


def test_all_that_is_lacking_is_told_in_each_language_as_sentences_of_their_own(shop):
    sells(shop)
    with shop.app.db.write() as tx:
        note, remedy = (
            "images: there is none (code 9); height: it is 0 or missing (code 5)",
            "export the height in cm, or name its column in the layout; compare it with the label",
        )
        listing_states.withheld(tx, "shop", "000101", note, remedy)
    story = described(why(shop.app, "000101"), "pt")

    assert texts(told(shop, "000101"), "listing")[1:] == [
        "About it at shop: images: there is none (code 9).",
        "About it at shop: height: it is 0 or missing (code 5).",
    ]
    assert "Sobre ele em shop: height: é 0 ou falta (código 5)." in texts(story, "listing")
    assert story["todo"] == "exporte a altura em cm, ou nomeie a coluna dela no layout; compare com a etiqueta."


@pytest.mark.parametrize("state", list(ListingState))
def test_every_state_of_a_listing_has_its_sentence(shop, state):
    sells(shop)
    with shop.app.db.write() as tx:
        accounts.know(tx, "shop")
        tx.execute(tables.listings.update().values(state=state.value, suggested_at=shop.now))

    assert texts(told(shop, "000101"), "listing")[0].startswith("shop ")


def test_a_held_file_a_price_that_ends_and_a_blocked_marketplace_are_part_of_the_story(shop):
    sells(shop)
    shop.drop(
        "prices/w.csv",
        "000101;;;19,90;",
        "000101;;1;12,00;31/12/2026",
        "other;;;10,00;",
        head="sku;marketplace;sales_channel;price;valid_until",
    )
    shop.run()
    shop.export("stock/t.csv", "other;0", "000101;0")
    blocked = Blocked("answered 403; check the key", until=shop.now + timedelta(minutes=10), needs_a_person=True)
    with shop.app.db.write() as tx:
        accounts.know(tx, "shop")
        accounts.remember(tx, "shop", Standing(Circuit(blocked)))
    story = told(shop, "000101")

    assert texts(story, "price")[1].startswith("Its price in every marketplace, sales channel 1 is 12.00, valid until 202")
    assert texts(story, "held")[0].startswith("The whole file stock/t.csv is held: ")
    assert texts(story, "marketplace") == ["shop takes nothing now: answered 403, check the key."]
    assert story["todo"] == "Mend the credentials, then: connector run notify-marketplaces"


def test_what_nobody_ever_named_is_said_to_be_neither(shop):
    with pytest.raises(NotFound, match="1234 is no order, and no file"):
        why(shop.app, "1234")


# ── orders ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_order_is_told_from_placement_to_what_it_waits_for(seller):
    order_id = seller.placed("1", ("A", 3))
    story = told(seller, order_id)

    assert story["verdict"] == f"Order {order_id} was placed and waits for its authorization."
    assert texts(story, "order")[1] == "It asks for 3 of A, 35.00 in all, in sales channel 1."
    assert story["todo"] == "Wait for the next pass, or: connector run export-orders"
    assert texts(told(seller, "A"), "stock")[1] == f"Open orders hold 3 of them: {order_id}."

    seller.knows_no_more_messages()
    orders.acknowledge(seller.app, Ack(order_id, is_accepted=True, acked_at=seller.now, erp_order_id="7001", message=""))
    orders.authorize(seller.app, "shop", order_id, {"marketplaceOrderId": "1"})
    seller.knows_no_more_messages()
    assert told(seller, "1")["todo"] == "The ERP ships it and sends its invoice."
    assert "The ERP took it as 7001 on 2026-11-23 12:00." in texts(told(seller, "1"), "erp")


def test_an_order_s_dead_letter_is_what_to_look_at_first(seller):
    order_id = seller.placed("1", ("A", 1))
    with seller.app.db.write() as tx:
        tx.execute(tables.outbox.update().where(tables.outbox.c.reference == order_id).values(state="dead", reason="the disk is full"))
        number = dead_letters.letters(tx)[0]["id"]
    story = told(seller, order_id)

    assert story["todo"] == f"Look at what was given up: connector dead-letters show {number}"
    assert texts(story, "letter") == ["A message was given up (order-file): the disk is full."]


def test_an_expired_order_says_so(seller):
    order_id = seller.placed("1", ("A", 1))
    seller.now += timedelta(days=31)
    orders.expire(seller.app)
    seller.knows_no_more_messages()

    assert told(seller, order_id)["verdict"] == f"Order {order_id} was never authorized and expired."

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.availability import CartLine
from connector.domain.catalog import Offer
from connector.domain.freight import Destination, Rate, RateTable, postal_key
from connector.domain.simulation import Cart, simulate
from connector.domain.ways import Sla, plain
from connector.domain.ways_offered import SlaOffer, goods_cents

OFFER = Offer("A", 7390, 7490, None, 99, 1500, 10.0, 20.0, 30.0, "un", 1.0)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RIO = Destination("BRA", postal_key("22051030"))
RATE = Rate("n.csv", 2, "0", "99999999", "", 0, 30_000, 1000, Decimal(0), Decimal("0.1"), 0, 432_000, "BRA", 0)
NORMAL = Sla("Normal", "Entrega Normal", "bd", RateTable([RATE], "BRA"))
EXPRESS = Sla(
    "Expressa", "Entrega Expressa", "d", RateTable([replace(RATE, cost_cents=2500, weight_end_g=2000, time_cost_seconds=172_800)], "BRA")
)


def cart(*lines, destination=RIO):
    return Cart(tuple(CartLine(i, sku, quantity, "1") for i, (sku, quantity) in enumerate(lines)), "BRA", "22051030", (), destination)


def offers(*found):
    return {offer.sku: offer for offer in found}


def answer(asked, known, *, slas=(NORMAL,), split="item"):
    return simulate(asked, known, plain(slas), split=split, home="BRA", now=NOW)


def counts(simulation):
    return [(found.line.position, found.quantity, found.stock) for found in simulation.lines]


def prices(simulation):
    return [[way.price_cents for way in found.slas] for found in simulation.lines]


# ── availability (facts 3.4) ────────────────────────────────────────────────────────────────────────────────────────────
def test_a_line_in_stock_is_answered_in_full_with_every_way_of_delivery():
    found = answer(cart(("A", 1)), offers(OFFER), slas=(NORMAL, EXPRESS)).lines[0]

    assert (found.quantity, found.stock, found.offer) == (1, 99, OFFER)
    assert found.slas == (SlaOffer("Normal", "Entrega Normal", 1150, "5bd"), SlaOffer("Expressa", "Entrega Expressa", 2650, "2d"))


def test_without_an_address_there_are_no_ways_of_delivery_but_the_stock_stays():
    found = answer(cart(("A", 1), destination=None), offers(OFFER)).lines[0]

    assert (found.quantity, found.stock, found.slas) == (1, 99, ())


def test_a_postal_code_that_is_not_served_leaves_the_stock_and_no_way_of_delivery():
    found = answer(cart(("A", 1), destination=Destination("ARG", "000000001000")), offers(OFFER)).lines[0]

    assert (found.quantity, found.stock, found.slas) == (1, 99, ())


def test_a_line_gets_what_is_left_and_is_priced_for_that():
    found = answer(cart(("A", 5)), offers(OFFER._replace(stock=2))).lines[0]

    assert (found.quantity, found.stock) == (2, 2)
    assert found.slas[0].price_cents == 1000 + 300


def test_a_line_without_stock_stays_with_nothing():
    found = answer(cart(("A", 5)), offers(OFFER._replace(stock=0))).lines[0]

    assert (found.quantity, found.stock, found.slas) == (0, 0, ())


@pytest.mark.parametrize("known", [[], [OFFER._replace(price_cents=0)]])
def test_a_line_that_is_unknown_or_has_no_price_is_left_out_alone(known):
    found = answer(cart(("A", 1), ("B", 1)), offers(*known, OFFER._replace(sku="B")))

    assert counts(found) == [(1, 1, 99)]


@pytest.mark.parametrize(
    ("policy", "answered"),
    [("mixed", [(0, 1, 99), (1, 0, 0)]), ("omit", [(0, 1, 99)]), ("echo_zero", [(0, 1, 99), (1, 0, 0), (2, 0, 0), (3, 0, 0)])],
)
def test_the_policy_says_what_becomes_of_a_line_that_cannot_be_had(policy, answered):
    known = offers(OFFER, OFFER._replace(sku="empty", stock=0), OFFER._replace(sku="free", price_cents=0))
    asked = cart(("A", 1), ("empty", 1), ("free", 1), ("unknown", 1))

    assert counts(simulate(asked, known, plain([NORMAL]), split="item", home="BRA", now=NOW, unavailable=policy)) == answered


def test_lines_of_one_sku_share_its_stock_in_their_order():
    found = answer(cart(("A", 3), ("A", 3), ("A", 1)), offers(OFFER._replace(stock=5)))

    assert counts(found) == [(0, 3, 5), (1, 2, 2), (2, 0, 0)]
    assert found.lines[2].slas == ()


LINES = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 9)), max_size=12)


@given(LINES, st.integers(0, 20))
def test_the_lines_of_one_sku_never_get_more_than_its_stock(lines, stock):
    found = answer(cart(*lines), offers(*(OFFER._replace(sku=sku, stock=stock) for sku in "ABC")))

    given_out = Counter()
    for line in found.lines:
        given_out[line.line.sku] += line.quantity
        assert 0 <= line.quantity <= line.stock
        assert line.stock == 0 or line.quantity > 0, "quantity 0 with stock left lets the marketplace oversell (KI 1316990)"
    assert all(total <= stock for total in given_out.values())


# ── the price of freight ────────────────────────────────────────────────────────────────────────────────────────────────
def test_split_by_item_prices_each_line_by_itself():
    found = answer(cart(("A", 1), ("B", 2)), offers(OFFER, OFFER._replace(sku="B", weight_g=500)))

    assert prices(found) == [[1150], [1100]]


def test_split_by_cart_prices_the_shipment_once_and_shares_it_by_weight():
    found = answer(cart(("A", 1), ("B", 1)), offers(OFFER, OFFER._replace(sku="B", weight_g=500)), split="cart")

    assert prices(found) == [[900], [300]]


def test_a_shipment_that_is_too_heavy_as_a_whole_is_not_offered_for_any_line():
    found = answer(cart(("A", 1), ("B", 1)), offers(OFFER, OFFER._replace(sku="B")), slas=(NORMAL, EXPRESS), split="cart")

    assert [[way.id for way in line.slas] for line in found.lines] == [["Normal"], ["Normal"]]


def test_a_line_without_stock_takes_no_share_of_the_shipment():
    known = offers(OFFER, OFFER._replace(sku="B", stock=0))

    assert prices(answer(cart(("A", 1), ("B", 1)), known, split="cart")) == [[1150], []]


CONTENT = st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 3)), min_size=1, max_size=8)


def loaded(content):
    known = offers(*(OFFER._replace(sku=f"S{i}", weight_g=weight) for i, (weight, _) in enumerate(content)))
    return [(f"S{i}", quantity) for i, (_, quantity) in enumerate(content)], known


WIDE = Sla("Normal", "N", "bd", RateTable([replace(RATE, weight_end_g=10**9, cost_cents=997)], "BRA"))


@given(CONTENT)
def test_the_shares_of_a_shipment_add_up_to_its_price(content):
    lines, known = loaded(content)
    whole = sum(weight * quantity for weight, quantity in content)

    found = answer(cart(*lines), known, slas=(WIDE,), split="cart")

    assert sum(way.price_cents for line in found.lines for way in line.slas) == (2 * (997 * 10 + whole) + 10) // 20


@given(CONTENT, st.sampled_from(["item", "cart"]), st.randoms(use_true_random=False))
def test_the_order_of_items_changes_no_price(content, split, chance):
    lines, known = loaded(content)
    shuffled = list(lines)
    chance.shuffle(shuffled)

    def by_sku(asked):
        return {line.line.sku: line.slas for line in answer(cart(*asked), known, slas=(WIDE,), split=split).lines}

    assert by_sku(lines) == by_sku(shuffled)


@given(LINES, st.sampled_from(["item", "cart"]))
def test_the_same_cart_gets_the_same_answer(lines, split):
    known = offers(OFFER, OFFER._replace(sku="B", weight_g=333))

    assert answer(cart(*lines), known, slas=(NORMAL, EXPRESS), split=split) == answer(
        cart(*lines), known, slas=(NORMAL, EXPRESS), split=split
    )


def test_goods_are_worth_price_times_multiplier_times_quantity():
    assert goods_cents(OFFER._replace(price_cents=199, unit_multiplier=0.3), 3) == 179
    assert goods_cents(OFFER._replace(price_cents=199, unit_multiplier=0.0), 3) == 597


def test_it_ships_to_the_sellers_country_first_and_to_those_the_rates_name():
    abroad = Sla("X", "X", "bd", RateTable([replace(RATE, country="ury"), replace(RATE, country="ARG"), RATE], "BRA"))

    assert answer(cart(("A", 1)), offers(OFFER), slas=(NORMAL, abroad)).ships_to == ("BRA", "ARG", "URY")
    assert answer(cart(("A", 1)), offers(OFFER), slas=()).ships_to == ("BRA",)


def test_nothing_asked_is_nothing_answered():
    assert answer(cart(), {}).lines == ()

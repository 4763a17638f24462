from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.catalog import Offer
from connector.domain.changing import Added, OrderChange, Removed, changed_lines, differences
from connector.domain.orders import OrderItem, totals
from connector.errors import OrderRefused

SIZES = {"weight_g": 1, "height_cm": 1.0, "width_cm": 1.0, "length_cm": 1.0}
OFFERS = {sku: Offer(sku, 700, 700, None, 5, **SIZES, measurement_unit="kg", unit_multiplier=0.5, services=()) for sku in ("C", "D")}
A = OrderItem("A", 3, 1000, "Normal", 500, tags_cents=-300, estimate="5bd", channel="delivery")
B = OrderItem("B", 1, 250, "Express", 900)


def changed(*, removed=(), added=(), adjustment=0, items=(A, B)):
    return changed_lines(items, OrderChange("r", "", tuple(removed), tuple(added), adjustment), OFFERS)


def refusal(**change):
    with pytest.raises(OrderRefused) as caught:
        changed(**change)
    return caught.value.code, caught.value.message


def test_a_line_that_shrinks_keeps_its_freight_and_its_share_of_the_discount():
    assert changed(removed=[Removed("A", 1)]) == (replace(A, quantity=2, tags_cents=-200), B)


def test_a_line_that_goes_takes_its_freight_along():
    assert changed(removed=[Removed("B", 1)]) == (A,)


def test_pieces_join_their_skus_line():
    assert changed(added=[Added("B", 2, freight_cents=100)]) == (A, replace(B, quantity=3, freight_cents=1000))


def test_a_new_line_costs_what_is_offered_today_in_its_own_unit():
    new = changed(added=[Added("C", 2, sla="Normal", freight_cents=400)])[-1]
    assert new == OrderItem("C", 2, 700, "Normal", 400, unit_multiplier=0.5)


def test_a_replacement_goes_as_what_it_replaces_went():
    (rest, new) = changed(removed=[Removed("A", 3)], added=[Added("C", 1, instead_of="A")])
    assert rest == B
    assert (new.sku, new.sla, new.freight_cents, new.estimate, new.channel) == ("C", "Normal", 500, "5bd", "delivery")
    assert new.tags_cents == 0


@pytest.mark.parametrize(("pieces", "discount"), [(1, -100), (3, -300), (5, -300)])
def test_a_sku_in_its_own_place_keeps_its_share_of_the_discount_and_the_gift_stays_one(pieces, discount):
    given = replace(A, is_gift=True)
    (_, line) = changed(items=(given, B), removed=[Removed("A", 3)], added=[Added("A", pieces, instead_of="A")])
    assert line == replace(given, quantity=pieces, tags_cents=discount)


@pytest.mark.parametrize(("off", "more", "discount"), [(2, 2, -300), (2, 1, -200), (1, 5, -300), (3, 1, -100)])
def test_pieces_in_their_own_place_keep_their_share_of_the_discount_beside_those_that_stay(off, more, discount):
    (line, _) = sorted(changed(removed=[Removed("A", off)], added=[Added("A", more, instead_of="A")]), key=lambda one: one.sku)
    assert line == replace(A, quantity=3 - off + more, tags_cents=discount)


def test_pieces_that_join_their_own_place_in_two_parts_keep_the_discount_once_and_at_the_same_price_alone():
    twice = [Added("A", 1, instead_of="A"), Added("A", 3, instead_of="A")]
    assert changed(removed=[Removed("A", 3)], added=twice)[-1].tags_cents == -300
    dearer = [Added("A", 1, price_cents=1100, instead_of="A"), Added("A", 1, price_cents=1100, instead_of="A")]
    assert changed(removed=[Removed("A", 3)], added=dearer)[-1].tags_cents == 0


def test_a_sku_in_its_own_place_at_another_price_has_that_price_alone():
    (_, line) = changed(removed=[Removed("A", 3)], added=[Added("A", 1, price_cents=800, instead_of="A")])
    assert (line.price_cents, line.tags_cents) == (800, 0)


def test_freight_is_inherited_once_and_not_from_a_line_that_stays():
    two = changed(removed=[Removed("B", 1)], added=[Added("C", 1, instead_of="B"), Added("D", 1, price_cents=5, instead_of="B")])
    assert [line.freight_cents for line in two] == [500, 900, 0]
    partly = changed(removed=[Removed("A", 1)], added=[Added("C", 1, instead_of="A")])
    assert [line.freight_cents for line in partly] == [500, 900, 0]


def test_another_weight_of_the_same_sku_is_the_same_line_in_another_unit():
    (_, line) = changed(removed=[Removed("A", 3)], added=[Added("A", 1, unit_multiplier=2.5, instead_of="A")])
    assert (line.quantity, line.unit_multiplier, line.price_cents, line.freight_cents) == (1, 2.5, 1000, 500)


def test_an_adjustment_is_spread_over_the_lines_to_the_cent():
    before = totals((A, B)).total
    assert totals(changed(adjustment=-101)).total == before - 101
    assert totals(changed(adjustment=7)).total == before + 7


def test_a_sku_on_two_lines_cannot_be_changed():
    code, message = refusal(items=(A, A, B), removed=[Removed("B", 1)])
    assert code == "ORD008"
    assert "SKU A stands on several lines" in message
    assert "two lines" in refusal(added=[Added("A", 1, price_cents=900)])[1]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"removed": [Removed("X", 1)]}, "FMT012"),
        ({"removed": [Removed("A", 4)]}, "FMT012"),
        ({"added": [Added("X", 1)]}, "ORD021"),
        ({"removed": [Removed("A", 3), Removed("B", 1)]}, "FMT0026"),
        ({"adjustment": -(10**6)}, "FMT007"),
    ],
)
def test_a_change_that_cannot_be_names_its_code(change, code):
    assert refusal(**change)[0] == code


def test_differences_are_counted_by_sku():
    assert differences((A, B), (replace(A, quantity=5), replace(B, sku="C"))) == {"A": 2, "B": -1, "C": 1}


@given(st.integers(1, 3), st.integers(0, 5), st.integers(-500, 500))
def test_whatever_changes_the_total_is_the_sum_of_its_lines(off, more, adjustment):
    added = [Added("C", more, freight_cents=0)] if more else []
    after = changed(removed=[Removed("A", off)], added=added, adjustment=adjustment)
    # price × unit × quantity of what is left, its share of the discount, its freight, and the adjustment
    a = 0 if off == 3 else 1000 * (3 - off) - 100 * (3 - off) + 500
    assert totals(after).total == a + 250 + 900 + 350 * more + adjustment
    assert differences((A, B), after) == {sku: n for sku, n in (("A", -off), ("C", more)) if n}

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.catalog import Offer, Service
from connector.domain.orders import TRANSITIONS, NewOrder, OrderItem, OrderService, OrderState, line_cents, moved, totals
from connector.domain.placing import NamedSku, Terms, decide
from connector.domain.reserving import after, order_id, reservations
from connector.errors import Conflict, OrderRefused

FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def offer(sku="A", price=1000, stock=5, services=()):
    sizes = {"weight_g": 1, "height_cm": 1.0, "width_cm": 1.0, "length_cm": 1.0}
    return Offer(sku, price, price, None, stock, **sizes, measurement_unit="un", unit_multiplier=1.0, services=tuple(services))


def item(sku="A", quantity=1, price=1000, sla="Normal", **more):
    return OrderItem(sku, quantity, price, sla, 0, **more)


def order(*items, number="1", payment=None):
    return NewOrder("shop", "1", number, "", payment, items, {}, {}, {}, number)


def terms(*offers, known=None, slas=("Normal",), tolerance=0.05):
    return Terms({o.sku: o for o in offers or (offer(),)}, known or {}, slas, tolerance)


def refusal(orders, given_terms):
    with pytest.raises(OrderRefused) as caught:
        decide(orders, given_terms)
    return caught.value.code, caught.value.message


def test_an_order_at_todays_price_and_in_stock_is_taken_without_a_flag():
    assert decide([order(item())], terms()) == [()]


def test_an_unknown_sku_is_refused_by_name():
    assert refusal([order(item("X"))], terms()) == ("ORD021", "order 1: SKU X is unknown: no products file names it")


def test_an_inactive_sku_is_refused_as_not_for_sale():
    code, message = refusal([order(item("X"))], terms(known={"X": NamedSku(is_active=False, stock=9)}))
    assert code == "ORD021"
    assert "SKU X" in message
    assert "inactive" in message


def test_a_known_sku_without_a_price_is_refused_for_its_price():
    code, message = refusal([order(item("X"))], terms(known={"X": NamedSku(is_active=True, stock=9)}))
    assert code == "FMT006"
    assert "SKU X has no price today in sales channel 1" in message


def test_a_sku_priced_at_nothing_is_never_sold():
    assert refusal([order(item(price=0))], terms(offer(price=0)))[0] == "FMT006"


@pytest.mark.parametrize(("price", "code"), [(949, "FMT006"), (950, None), (999, None), (1000, None), (5000, None)])
def test_a_price_below_the_tolerance_is_refused_and_a_higher_one_is_fine(price, code):
    if code:
        assert refusal([order(item(price=price))], terms())[0] == code
    else:
        assert bool(decide([order(item(price=price))], terms())[0]) == (price < 1000)


def test_the_refusal_of_a_price_says_what_is_accepted():
    assert "came at 9.00; today's price is 10.00, and up to 5.00 % less is accepted" in refusal([order(item(price=900))], terms())[1]


def test_a_gift_needs_no_price_but_stock():
    gift = item("G", price=0, is_gift=True)
    assert decide([order(gift)], terms(known={"G": NamedSku(is_active=True, stock=1)})) == [()]
    code, message = refusal([order(gift, gift)], terms(known={"G": NamedSku(is_active=True, stock=1)}))
    assert code == "FMT002"
    assert "1 ordered, 0 left" in message


def test_stock_is_counted_over_lines_and_orders_of_the_request():
    assert decide([order(item(quantity=3)), order(item(quantity=2), number="2")], terms()) == [(), ()]
    code, message = refusal([order(item(quantity=3), item(quantity=1)), order(item(quantity=2), number="2")], terms())
    assert (code, message) == ("FMT002", "order 2: SKU A is out of stock: 2 ordered, 1 left")


def test_a_shipping_service_that_is_not_offered_is_refused():
    assert refusal([order(item(sla="Drone"))], terms())[0] == "FMT010"
    assert decide([order(item(sla="Drone"))], terms(slas=())) == [()]


def test_no_shipping_service_at_all_is_flagged():
    assert decide([order(item(sla=""))], terms()) == [("SKU A names no shipping service",)]


def test_a_payment_that_differs_is_flagged():
    assert decide([order(item(), payment=999)], terms()) == [("the marketplace pays 9.99; the order's lines add up to 10.00",)]
    assert decide([order(item(), payment=1000)], terms()) == [()]
    assert len(decide([order(item(), payment=0)], terms())[0]) == 1


def test_a_payment_that_differs_is_refused_where_the_settings_want_it():
    strict = replace(terms(), refuses_other_totals=True)
    said = ("FMT007", "order 1: the marketplace pays 9.99; the order's lines add up to 10.00")
    assert refusal([order(item(), payment=999)], strict) == said
    assert decide([order(item(), payment=1000), order(item())], strict) == [(), ()]


def test_two_lines_alike_are_flagged_once():
    assert len(decide([order(item(price=990), item(price=990))], terms())[0]) == 1


def test_a_discount_deeper_than_the_tolerance_is_flagged():
    assert decide([order(item(tags_cents=-50))], terms()) == [()]
    assert "takes 0.51 off 10.00" in decide([order(item(tags_cents=-51))], terms())[0][0]


def test_a_multiplier_of_one_that_was_sent_is_flagged_where_another_is_offered_and_one_that_was_not_is_not():
    box = offer()._replace(unit_multiplier=3.0)

    assert decide([order(item())], terms(box)) == [("SKU A came with the unit multiplier 1, offered is 3",)]
    assert decide([replace(order(item()), unitless=frozenset({"A"}))], terms(box)) == [()]


def test_services_and_multipliers_that_are_not_ours_are_flagged():
    ours = offer(services=[Service("gift", "1", "Embalagem", 500)])
    flags = decide(
        [order(item(services=(OrderService("gift", "1", "", 400), OrderService("x", "9", "", 1)), unit_multiplier=0.5))], terms(ours)
    )[0]
    assert len(flags) == 3
    assert "multiplier 0.5" in flags[0]
    assert "came at 4.00, offered at 5.00" in flags[1]
    assert "not offered" in flags[2]


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 4)), min_size=1, max_size=6), st.integers(0, 8), st.integers(0, 8))
def test_a_request_is_taken_exactly_where_every_sku_has_enough(lines, stock_a, stock_b):
    wanted = {sku: sum(quantity for s, quantity in lines if s == sku) for sku in "AB"}
    orders = [order(item(sku, quantity), number=str(n)) for n, (sku, quantity) in enumerate(lines)]
    offers = terms(offer("A", stock=stock_a), offer("B", stock=stock_b))
    if wanted["A"] <= stock_a and wanted["B"] <= stock_b:
        assert decide(orders, offers) == [()] * len(orders)
    else:
        assert refusal(orders, offers)[0] == "FMT002"


def test_final_states_lead_nowhere_and_others_only_where_the_table_says():
    for state in OrderState:
        for to in OrderState:
            if to in TRANSITIONS[state]:
                assert moved("1", state, to) is to
            else:
                with pytest.raises(Conflict, match=f"order 1 is {state}"):
                    moved("1", state, to)
    assert not TRANSITIONS[OrderState.CANCELED]
    assert not TRANSITIONS[OrderState.EXPIRED]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 100), st.integers(0, 10**5), st.integers(-(10**5), 0)), max_size=5))
def test_the_total_is_the_sum_of_its_parts(lines):
    items = tuple(OrderItem("A", q, p, "", f, tags_cents=t) for p, q, f, t in lines)
    assert totals(items).total == sum(p * q + f + t for p, q, f, t in lines)


def test_a_line_rounds_half_up_once():
    assert line_cents(replace(item(price=5), unit_multiplier=0.1)) == 1
    assert line_cents(replace(item(price=199, quantity=3), unit_multiplier=0.3)) == 179


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ("8d", FRIDAY + timedelta(days=8)),
        ("12h", FRIDAY + timedelta(hours=12)),
        ("30m", FRIDAY + timedelta(minutes=30)),
        ("1bd", FRIDAY + timedelta(days=3)),
        ("7bd", FRIDAY + timedelta(days=11)),
        ("0bd", FRIDAY),
    ],
)
def test_durations_end_when_they_say(duration, expected):
    assert after(FRIDAY, duration) == expected


@given(st.integers(0, 300), st.integers(0, 6))
def test_business_days_end_on_weekdays_and_count_no_weekend(number, shift):
    start = FRIDAY + timedelta(days=shift)
    end = after(start, f"{number}bd")
    days = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    assert sum(day.weekday() < 5 for day in days) == number
    assert number == 0 or end.weekday() < 5


@pytest.mark.parametrize("lock_ttl", ["", "soon", "0d", "-1d", "99999d", "8d; drop"])
def test_a_lock_time_that_says_nothing_leaves_the_settings_to_decide(lock_ttl):
    assert reservations([item(lock_ttl=lock_ttl)], FRIDAY, "2d")[0].until == FRIDAY + timedelta(days=2)


def test_one_reservation_per_sku_as_long_as_its_longest_line():
    held = reservations([item(quantity=1, lock_ttl="8D"), item("B", 4), item(quantity=2, lock_ttl="1h")], FRIDAY, "2d")
    assert [(r.sku, r.quantity, r.until - FRIDAY) for r in held] == [("A", 3, timedelta(days=8)), ("B", 4, timedelta(days=2))]


@given(st.integers(0, 2**40 - 1))
def test_an_order_id_is_short_readable_and_says_all_of_its_random_bits(entropy):
    ours = order_id(date(2026, 11, 24), entropy)
    day, letters = ours.split("-")
    assert day == "261124"
    assert len(ours) == 15
    assert sum("0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(letter) << 5 * n for n, letter in enumerate(reversed(letters))) == entropy

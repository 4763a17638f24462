from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.freight import Destination, NoQuote, Parcel, Quote, Rate, RateTable, estimate, postal_key, quote
from connector.domain.ranges import Ranges

RIO = "22051-030"
FLAT = Rate(
    file="freight/normal.csv",
    line=2,
    zip_start="00000000",
    zip_end="99999999",
    polygon="",
    weight_start_g=0,
    weight_end_g=30_000,
    cost_cents=1090,
    percent=Decimal(0),
    extra_per_gram=Decimal(0),
    max_volume_cm3=0,
    time_cost_seconds=5 * 86_400,
    country="BRA",
    minimum_insurance_cents=0,
)


def parcel(weight_g=1500, volume_cm3=6000.0, goods_cents=10_000):
    return Parcel(weight_g, volume_cm3, goods_cents)


def ask(rates, *, code=RIO, country="BRA", what=None):
    return quote(RateTable(rates, "BRA").zone(Destination(country, postal_key(code))), what or parcel())


def price(rates, **asked):
    found = ask(rates, **asked)
    assert isinstance(found, Quote), found
    return found.price_cents


# ── postal codes ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("start", "end"), [("22051030", "22051030"), ("20000-000", "28999-999"), ("22.051-030", "22051031")])
def test_a_range_holds_both_of_its_ends_and_hyphens_do_not_count(start, end):
    assert price([replace(FLAT, zip_start=start, zip_end=end)]) == 1090


def test_a_table_that_lost_its_leading_zeros_still_holds():
    rates = [replace(FLAT, zip_start="1000000", zip_end="5999999")]

    assert price(rates, code="01310-100") == 1090
    assert ask(rates, code="13101000") == NoQuote("no row for postal code 13101000")


def test_codes_with_letters_are_compared_as_text_without_case():
    rates = [replace(FLAT, country="ARG", zip_start="C1000", zip_end="c1499")]

    assert price(rates, code="c1425", country="ARG") == 1090
    assert isinstance(ask(rates, code="B1425", country="ARG"), NoQuote)


def test_a_row_of_a_polygon_without_postal_codes_reaches_nobody():
    assert isinstance(ask([replace(FLAT, zip_start="0", zip_end="0", polygon="Centro")]), NoQuote)


def test_coordinates_alone_are_reached_by_rows_for_the_whole_country():
    assert price([FLAT], code="") == 1090
    assert ask([replace(FLAT, zip_start="20000000")], code="") == NoQuote("no row for the whole country, and no postal code")


def test_a_row_without_country_is_for_the_sellers_own():
    assert price([replace(FLAT, country="")]) == 1090
    assert ask([replace(FLAT, country="")], country="ARG") == NoQuote("no row for country ARG")


def test_a_table_without_rows_says_so():
    assert ask([]) == NoQuote("the table has no rows")


# ── weight ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
SHARED = [
    replace(FLAT, line=2, weight_end_g=1000, cost_cents=900),
    replace(FLAT, line=3, weight_start_g=1000, weight_end_g=2000, cost_cents=800),
]
APART = [
    replace(FLAT, line=2, weight_end_g=1000, cost_cents=900),
    replace(FLAT, line=3, weight_start_g=1001, weight_end_g=2000, cost_cents=800),
]


@pytest.mark.parametrize("rates", [SHARED, APART])
@pytest.mark.parametrize(("grams", "expected"), [(0, 900), (1, 900), (999, 900), (1000, 900), (1001, 800), (2000, 800)])
def test_neighbouring_rows_hold_each_weight_once_however_their_edges_are_written(rates, grams, expected):
    assert price(rates, what=parcel(grams)) == expected


def test_a_weight_above_all_rows_is_not_quoted_and_named():
    assert ask(SHARED, what=parcel(2001)) == NoQuote("no row for 2001 g")


def test_edges_are_shared_within_one_file_only():
    other = replace(FLAT, file="freight/normal-2.csv", weight_end_g=1001, cost_cents=5000)

    assert price([*APART, other], what=parcel(1001)) == 800


# ── volume ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_parcel_that_is_too_large_is_not_quoted_and_the_limit_named():
    found = ask([replace(FLAT, max_volume_cm3=5999)])

    assert found == NoQuote("no row takes 6000 cm³ (the largest MaxVolume is 5999)")


def test_a_volume_of_exactly_the_limit_is_taken_though_floats_are_noisy():
    noisy = 0.1 * 3 * 10_000  # 3000.0000000000005
    assert noisy > 3000
    assert price([replace(FLAT, max_volume_cm3=3000)], what=parcel(volume_cm3=noisy)) == 1090


# ── price ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_percentage_is_of_the_goods_price():
    assert price([replace(FLAT, percent=Decimal("0.5"))]) == 1090 + 50


def test_the_larger_of_percentage_and_minimum_insurance_counts():
    assert price([replace(FLAT, percent=Decimal("0.5"), minimum_insurance_cents=80)]) == 1090 + 80
    assert price([replace(FLAT, percent=Decimal("0.5"), minimum_insurance_cents=20)]) == 1090 + 50
    assert price([replace(FLAT, minimum_insurance_cents=80)]) == 1090 + 80


def test_extra_weight_is_paid_above_the_rows_start():
    assert price([replace(FLAT, weight_start_g=1000, extra_per_gram=Decimal("0.2"))]) == 1090 + 100


def test_a_price_is_rounded_half_up_once_at_the_end():
    rate = replace(FLAT, cost_cents=0, percent=Decimal("0.25"), extra_per_gram=Decimal("0.25"))

    assert price([rate], what=Parcel(1, 1.0, 100)) == 1, "0.25 + 0.25 is half a cent: up, where each alone would be 0"


def test_the_cheapest_row_wins_then_the_fastest_then_the_first():
    dear, slow = replace(FLAT, line=1, cost_cents=2000, time_cost_seconds=1), replace(FLAT, line=3)
    fast = replace(FLAT, line=4, time_cost_seconds=86_400)

    assert ask([dear, slow, fast]) == ask([fast, slow, dear]) == Quote(1090, fast)
    assert ask([FLAT, slow]) == ask([slow, FLAT]) == Quote(1090, FLAT)


def test_several_files_add_up():
    other = replace(FLAT, file="freight/normal-sul.csv", zip_start="80000000", zip_end="99999999", cost_cents=700)
    rio = replace(FLAT, zip_start="20000000", zip_end="28999999")

    assert price([rio, other], code="80250-000") == 700
    assert price([rio, other]) == 1090


def test_a_price_that_no_document_could_carry_is_not_quoted():
    found = ask([replace(FLAT, percent=Decimal("1e40"))])

    assert isinstance(found, NoQuote)


@given(st.decimals(0, 100, places=4), st.decimals(0, 10, places=4), st.integers(0, 30_000), st.integers(0, 10**12), st.integers(0, 10**6))
def test_a_price_is_exact(percent, extra, grams, goods, insurance):
    rate = replace(FLAT, percent=percent, extra_per_gram=extra, minimum_insurance_cents=insurance)
    scaled = 1090 * 10**6 + max(int(percent * 10**4) * goods, insurance * 10**6) + int(extra * 10**4) * grams * 100

    assert price([rate], what=Parcel(grams, 1.0, goods)) == (scaled + 500_000) // 10**6


# ── estimates ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("seconds", "unit", "text"),
    [(5 * 86_400, "bd", "5bd"), (2 * 86_400, "d", "2d"), (86_401, "bd", "2bd"), (0, "bd", "0bd"), (5400, "h", "2h"), (90, "m", "2m")],
)
def test_an_estimate_is_in_whole_units_rounded_up(seconds, unit, text):
    assert estimate(seconds, unit) == text


# ── ranges ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=25)


@given(RANGES, st.integers(-1, 61))
def test_bisection_finds_what_a_walk_along_all_ranges_finds(ranges, key):
    found = Ranges((start, end, i) for i, (start, end) in enumerate(ranges)).at(key)

    assert sorted(found) == [i for i, (start, end) in enumerate(ranges) if start <= key <= end]


RATES = st.builds(
    lambda start, width, weight, cost, line: replace(
        FLAT,
        line=line,
        zip_start=f"{start:08d}",
        zip_end=f"{start + width:08d}",
        weight_start_g=weight,
        weight_end_g=weight + 500,
        cost_cents=cost,
    ),
    st.integers(0, 200),
    st.integers(0, 100),
    st.integers(0, 4).map(lambda n: n * 500),
    st.integers(0, 3000),
    st.integers(1, 10**6),
)


@given(st.lists(RATES, min_size=1, max_size=12), st.integers(0, 300), st.integers(1, 2500), st.randoms(use_true_random=False))
def test_the_order_of_rows_in_a_table_changes_no_quote(rates, code, grams, chance):
    shuffled = list(rates)
    chance.shuffle(shuffled)

    one, other = (ask(r, code=str(code), what=parcel(grams)) for r in (rates, shuffled))

    assert type(one) is type(other)
    assert isinstance(one, NoQuote) or one.price_cents == other.price_cents

"""Freight explained: what it says is what a quote is, its parts add up to the cent, and the rows named are those to look at."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.freight import Destination, NoQuote, Parcel, Quote, Rate, RateTable, postal_key, quote
from connector.domain.freight_explained import Parts, explain
from connector.domain.ranges import Ranges

RATE = Rate(
    file="freight/normal.csv",
    line=2,
    zip_start="20000000",
    zip_end="28999999",
    polygon="",
    weight_start_g=0,
    weight_end_g=1000,
    cost_cents=1090,
    percent=Decimal(0),
    extra_per_gram=Decimal(0),
    max_volume_cm3=0,
    time_cost_seconds=432_000,
    country="BRA",
    minimum_insurance_cents=0,
)
PARCEL = Parcel(weight_g=500, volume_cm3=6000.0, goods_cents=10_000)


def ask(*rates, code="22051030", parcel=PARCEL, country="BRA"):
    return explain(RateTable(rates, "BRA"), Destination(country, postal_key(code)), parcel)


def lines(explained):
    return [rate.line for rate in explained.nearest]


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({}, Parts(1090, 0, 0)),
        ({"minimum_insurance_cents": 75}, Parts(1090, 75, 0)),
        ({"percent": Decimal("0.5"), "minimum_insurance_cents": 75}, Parts(1090, 75, 0)),  # 0.5 % of 100.00 is 50 cents: the minimum holds
        ({"percent": Decimal("1.25"), "minimum_insurance_cents": 75}, Parts(1090, 125, 0)),
        ({"extra_per_gram": Decimal("0.3")}, Parts(1090, 0, 150)),  # 500 g above WeightStart 0
        ({"weight_start_g": 400, "extra_per_gram": Decimal("0.3")}, Parts(1090, 0, 30)),  # 100 g above 400
        ({"percent": Decimal("1.004"), "extra_per_gram": Decimal("0.0008")}, Parts(1090, 100, 1)),  # 100.4 + 0.4 = 100.8: 101
    ],
)
def test_a_price_is_taken_apart_to_the_cent(changes, parts):
    found = ask(replace(RATE, **changes))

    assert found.parts == parts
    assert found.found.price_cents == parts.cost_cents + parts.insurance_cents + parts.extra_weight_cents


def test_of_several_rows_that_take_it_the_number_is_told():
    found = ask(RATE, replace(RATE, file="freight/normal-2.csv", cost_cents=990), replace(RATE, line=9, max_volume_cm3=100))

    assert (found.takers, found.found.rate.file) == (2, "freight/normal-2.csv")


FAR = [
    replace(RATE, line=line, zip_start=start, zip_end=end)
    for line, start, end in ((2, "01000000", "09999999"), (3, "20000000", "28999999"))
]


@pytest.mark.parametrize(("code", "expected"), [("15000000", [2, 3]), ("00000001", [2]), ("99999999", [3])])
def test_a_postal_code_that_no_row_holds_names_the_rows_beside_it(code, expected):
    assert lines(ask(*FAR, code=code)) == expected


def test_a_country_without_rows_has_none_beside_it():
    found = ask(RATE, country="ARG")

    assert (found.found, found.nearest) == (NoQuote("no row for country ARG"), ())


def test_a_weight_that_no_row_holds_names_the_row_that_comes_nearest():
    heavier = replace(RATE, line=3, weight_start_g=1001, weight_end_g=2000)

    assert lines(ask(RATE, heavier, parcel=PARCEL._replace(weight_g=9000))) == [3]


def test_a_volume_that_no_row_takes_names_the_row_that_takes_most():
    limits = [replace(RATE, line=2, max_volume_cm3=1000), replace(RATE, line=3, max_volume_cm3=5000)]

    assert lines(ask(*limits)) == [3]


RATES = st.builds(
    lambda line, start, weights, cost, percent, extra, volume, minimum: replace(
        RATE,
        line=line,
        zip_start=f"{start:08d}",
        zip_end=f"{start + 300:08d}",
        weight_start_g=weights[0],
        weight_end_g=weights[0] + weights[1],
        cost_cents=cost,
        percent=percent,
        extra_per_gram=extra,
        max_volume_cm3=volume,
        minimum_insurance_cents=minimum,
    ),
    st.integers(2, 99),
    st.integers(0, 900),
    st.tuples(st.integers(0, 900), st.integers(0, 900)),
    st.integers(0, 9000),
    st.decimals(0, 9, places=3),
    st.decimals(0, 9, places=4),
    st.sampled_from([0, 100, 5000]),
    st.integers(0, 500),
)
PARCELS = st.builds(Parcel, st.integers(0, 2000), st.floats(0, 9000), st.integers(0, 10**6))


@given(st.lists(RATES, max_size=8), st.integers(0, 1300), PARCELS)
def test_what_is_explained_is_what_is_quoted_and_adds_up(rates, code, parcel):
    table, to = RateTable(rates, "BRA"), Destination("BRA", postal_key(str(code)))
    found = explain(table, to, parcel)

    assert found.found == quote(table.zone(to), parcel)
    assert isinstance(found.found, Quote) == (found.parts is not None) == (found.takers > 0)
    if found.parts is not None:
        assert found.parts.cost_cents + found.parts.insurance_cents + found.parts.extra_weight_cents == found.found.price_cents
        assert min(found.parts.insurance_cents, found.parts.extra_weight_cents) >= 0
        assert found.nearest == ()
    elif rates:
        assert found.nearest


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=12), st.integers(-5, 70))
def test_ranges_beside_a_key_are_the_nearest_below_and_above(spans, key):
    ranges = Ranges((start, start + length, (start, start + length)) for start, length in spans)
    below = [end for _, end in ranges.values() if end < key]
    above = [start for start, _ in ranges.values() if start > key]
    found = ranges.beside(key)

    assert [end for _, end in found if end < key] == ([max(below)] if below else [])
    assert [start for start, _ in found if start > key] == ([min(above)] if above else [])

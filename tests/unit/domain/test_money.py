from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain import money


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("19.90", 1990), ("0.005", 1), ("0.0049", 0), ("1.005", 101), ("-0.005", -1), ("0", 0), ("123456789012.34", 12345678901234)],
)
def test_an_amount_becomes_cents_rounded_half_up(amount, expected):
    assert money.cents(Decimal(amount)) == expected


@pytest.mark.parametrize(("cents", "text"), [(1990, "19.90"), (5, "0.05"), (-5, "-0.05"), (-1990, "-19.90"), (0, "0.00")])
def test_cents_are_written_as_units(cents, text):
    assert money.units(cents) == text


@given(st.integers(-(10**12), 10**12))
def test_what_is_written_reads_back(cents):
    assert money.cents(Decimal(money.units(cents))) == cents


def test_a_spare_cent_goes_to_the_largest_remainder():
    assert money.split(100, [1, 1, 1]) == [34, 33, 33]
    assert money.split(100, [2, 1]) == [67, 33]
    assert money.split(10, [1, 2, 3, 4]) == [1, 2, 3, 4]
    assert money.split(1, [0, 0, 5]) == [0, 0, 1]


def test_weights_that_are_all_zero_share_alike():
    assert money.split(101, [0, 0]) == [51, 50]


def test_nothing_is_split_over_nobody():
    assert money.split(100, []) == []


WEIGHTS = st.lists(st.integers(0, 10**18) | st.decimals(0, 10**6, places=3), min_size=1, max_size=40)


@given(st.integers(-(10**15), 10**15), WEIGHTS)
def test_the_parts_always_add_up_to_the_whole(amount, weights):
    assert sum(money.split(amount, weights)) == amount


@given(st.integers(0, 10**15), WEIGHTS)
def test_no_part_is_a_whole_cent_away_from_its_exact_share(amount, weights):
    total = sum(Decimal(w) for w in weights)
    exact = [amount * Decimal(w) / total if total else Decimal(amount) / len(weights) for w in weights]

    assert all(abs(part - share) < 1 + Decimal("1e-6") for part, share in zip(money.split(amount, weights), exact, strict=True))

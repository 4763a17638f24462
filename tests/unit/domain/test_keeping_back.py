from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.keeping_back import NOTHING, Buffer, Freshness, KeptBack, StockTerms, fingerprint

RULES = KeptBack(everywhere=1, by_sku={"A": 0, "B": 5}, by_category=(("casa/*", 3), ("*", 2)))
TERMS = StockTerms(KeptBack(1), timedelta(hours=6), Buffer(percent=20), timedelta(hours=24))


@pytest.mark.parametrize(
    ("sku", "category", "offered"),
    [("A", "Casa/Cozinha", 10), ("B", "Casa/Cozinha", 5), ("C", "Casa/Cozinha", 7), ("C", "CASA/x", 7), ("C", "Brinquedos", 8)],
)
def test_a_skus_own_rule_counts_before_its_categorys(sku, category, offered):
    assert RULES.offered(10, sku, category) == offered


def test_what_no_rule_names_keeps_what_holds_for_all():
    assert KeptBack(1, {}, (("casa", 3),)).offered(10, "C", "Casa/Cozinha") == 9


@pytest.mark.parametrize(
    ("age", "freshness", "offered"),
    [
        (None, Freshness.FRESH, 9),
        (timedelta(hours=6), Freshness.FRESH, 9),
        (timedelta(hours=6, seconds=1), Freshness.STALE, 7),  # a fifth of nine, rounded up
        (timedelta(hours=24), Freshness.STALE, 7),
        (timedelta(hours=24, seconds=1), Freshness.UNAVAILABLE, 0),
    ],
)
def test_the_older_the_stock_the_less_is_offered(age, freshness, offered):
    assert TERMS.freshness(age) is freshness
    assert TERMS.kept_back(freshness).offered(10, "A", "") == offered


def test_a_buffer_in_units_comes_on_top_of_the_safety_stock():
    stale = StockTerms(KeptBack(2), timedelta(hours=1), Buffer(units=3)).kept_back(Freshness.STALE)

    assert [stale.offered(n, "A", "") for n in (0, 4, 5, 6, 10)] == [0, 0, 0, 1, 5]


def test_the_fingerprint_tells_what_changes_an_offer_and_nothing_else():
    assert fingerprint(NOTHING) == fingerprint(KeptBack()) == ""
    assert fingerprint(KeptBack(0, {"A": 1, "B": 2})) == fingerprint(KeptBack(0, {"B": 2, "A": 1}))
    assert len({fingerprint(TERMS.kept_back(freshness)) for freshness in Freshness}) == 3


@given(
    st.integers(0, 10_000),
    st.builds(
        KeptBack, st.integers(0, 50), st.just({}), st.just(()), st.builds(Buffer, st.integers(0, 50), st.integers(0, 100)), st.booleans()
    ),
    st.integers(0, 50),
)
def test_never_more_than_there_is_nor_below_nothing_and_more_kept_back_is_never_more_offered(quantity, kept_back, more):
    offered = kept_back.offered(quantity, "A", "x")
    other = KeptBack(kept_back.everywhere + more, {}, (), kept_back.buffer, kept_back.all_of_it)

    assert 0 <= offered <= quantity
    assert other.offered(quantity, "A", "x") <= offered

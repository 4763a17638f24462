from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.guards import Apply, Hold, Limits, Plan, Reason, Refuse, judge, price_guard
from connector.domain.keys import key_parts, key_text

LIMITS = Limits(max_removed=0.2, max_rejected=0.05, max_zeroed=0.5, max_price_change=0.8)
PLAN = Plan("stock", "stock.csv", "full", present=100, counting=100, rows_read=100, accepted=100, stocked=10)


def guards(verdict):
    assert not isinstance(verdict, Apply)
    return [reason.guard for reason in verdict.reasons]


def test_a_plan_within_its_limits_is_applied():
    assert judge(PLAN, LIMITS) == Apply()


@pytest.mark.parametrize(("removed", "expected"), [(20, Apply), (21, Hold)])
def test_removing_more_than_the_share_is_held_and_the_share_itself_is_not(removed, expected):
    assert isinstance(judge(replace(PLAN, removed=removed, lost=removed), LIMITS), expected)


def test_removed_rows_that_counted_for_nothing_hold_no_file_and_hide_none():
    dead = replace(PLAN, removed=90, lost=2, counting=10)

    assert judge(dead, LIMITS) == Apply()
    assert judge(replace(dead, lost=3), LIMITS) == Hold(
        (Reason("max_removed", "3 of 10 (30.0 %) rows that count would be removed; max_removed allows 20 %"),)
    )


@pytest.mark.parametrize(("zeroed", "expected"), [(5, Apply), (6, Hold)])
def test_zeroing_more_than_the_share_of_the_skus_in_stock_is_held(zeroed, expected):
    assert isinstance(judge(replace(PLAN, zeroed=zeroed), LIMITS), expected)


@pytest.mark.parametrize(("refused", "expected"), [(5, Apply), (6, Refuse)])
def test_a_file_with_more_bad_rows_than_the_share_is_refused_whole(refused, expected):
    assert isinstance(judge(replace(PLAN, refused=refused), LIMITS), expected)


def test_an_empty_full_export_is_held_even_where_the_limits_allow_everything():
    anything = Limits(max_removed=1, max_rejected=1)
    empty = replace(PLAN, rows_read=0, accepted=0, removed=100, lost=100)

    assert guards(judge(empty, anything)) == ["empty"]


def test_an_empty_full_export_for_an_empty_snapshot_is_nothing():
    assert judge(Plan("stock", "stock.csv", "full"), LIMITS) == Apply()


def test_an_empty_delta_changes_nothing_and_is_applied():
    assert judge(replace(PLAN, mode="delta", rows_read=0, accepted=0), LIMITS) == Apply()


def test_a_refusal_comes_before_a_hold():
    assert guards(judge(replace(PLAN, refused=50, removed=50, lost=50), LIMITS)) == ["max_rejected"]


def test_every_guard_that_holds_is_named_with_its_numbers():
    verdict = judge(replace(PLAN, removed=30, lost=30, zeroed=10), LIMITS)

    assert verdict == Hold(
        (
            Reason("max_removed", "30 of 100 (30.0 %) rows would be removed; max_removed allows 20 %"),
            Reason("max_zeroed", "10 of 10 (100.0 %) SKUs in stock would have none left; max_zeroed allows 50 %"),
        )
    )


@pytest.mark.parametrize(("feed", "how"), [("products", "switched off"), ("prices", "over already (valid_until)")])
def test_rows_that_stay_and_count_no_longer_are_held_as_removed_ones_are(feed, how):
    verdict = judge(replace(PLAN, feed=feed, removed=10, lost=10, ended=11), LIMITS)

    assert verdict == Hold((Reason("max_removed", f"21 of 100 (21.0 %) rows would be removed or {how}; max_removed allows 20 %"),))
    assert judge(replace(PLAN, feed=feed, removed=10, lost=10, ended=10), LIMITS) == Apply()


def test_a_delta_that_counts_pieces_twice_is_held_whatever_the_limits():
    verdict = judge(replace(PLAN, mode="delta", doubled=1), Limits(max_removed=1, max_rejected=1))

    assert verdict == Hold((Reason("doubled", "the stock of 1 SKUs would add up from rows with and without a warehouse"),))
    assert judge(replace(PLAN, mode="delta", doubled=1), LIMITS, waived={"doubled"}) == Apply()


def test_a_waived_guard_holds_no_more_and_the_others_still_do():
    plan = replace(PLAN, removed=30, lost=30, zeroed=10)

    assert guards(judge(plan, LIMITS, waived={"max_removed"})) == ["max_zeroed"]
    assert judge(plan, LIMITS, waived={"max_removed", "max_zeroed"}) == Apply()


@pytest.mark.parametrize(
    ("old", "new", "is_held"),
    [
        (1000, 200, False),
        (1000, 199, True),
        (1000, 0, True),
        (None, 0, True),
        (None, 1, False),
        (0, 0, True),
        (0, 5, False),
        (10, 1000, False),
    ],
)
def test_a_price_of_nothing_or_a_fall_beyond_the_share_is_held(old, new, is_held):
    assert (price_guard(old, new, 0.8) is not None) == is_held


@given(st.integers(1, 10**12), st.integers(1, 10**12), st.integers(0, 100))
def test_the_price_guard_is_exact_to_the_cent(old, new, percent):
    held = price_guard(old, new, percent / 100) is not None

    assert held == (100 * (old - new) > percent * old)


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_a_key_reads_back_as_it_was_written(parts):
    assert key_parts(key_text(parts), len(parts)) == tuple(parts)

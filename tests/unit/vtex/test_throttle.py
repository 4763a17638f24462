from collections import deque
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.pacing import at_full
from connector.vtex.throttle import Throttle

EPOCH = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Account:
    """An account that takes so many calls in any window of time, and tells nobody how many."""

    def __init__(self, calls, seconds=60):
        self.calls, self.seconds, self.taken = calls, seconds, deque()

    def takes(self, at):
        while self.taken and self.taken[0] <= at - self.seconds:
            self.taken.popleft()
        if len(self.taken) >= self.calls:
            return False
        self.taken.append(at)
        return True


class Simulated:
    """Hours of calling in a moment: the throttle on a simulated clock, passes every 30 s, waits as after a real 429."""

    def __init__(self, ceiling, account, wait_seconds=60):
        self.now, self.account, self.wait_seconds = 0.0, account, wait_seconds
        self.pace, self.throttle = at_full(ceiling), Throttle(ceiling, lambda: self.now)
        self.sent, self.refused = [], 0

    def call_for(self, seconds):
        end = self.now + seconds
        while self.now < end:
            self.now += max(0.0, self.throttle.reserve())
            at = EPOCH + timedelta(seconds=self.now)
            self.sent.append(self.now)
            if self.account.takes(self.now):
                self.pace = self.pace.succeeded(at)
            else:
                self.refused += 1
                self.pace = self.pace.refused(at)
                self.now += self.wait_seconds
                self.now += 30 - self.now % 30  # the next pass
            self.throttle.slow_to(self.pace.rate)
        return self


@pytest.mark.parametrize("limit", [60, 300, 600, 1200, 2000])
@pytest.mark.parametrize("wait_seconds", [1, 60])
def test_the_rate_finds_a_hidden_limit_and_uses_four_fifths_of_it_with_few_refusals(limit, wait_seconds):
    run = Simulated(2500, Account(limit), wait_seconds).call_for(1200)
    run.sent.clear()
    run.refused = 0
    run.call_for(3 * 3600)
    taken = len(run.sent) - run.refused

    assert taken / (3 * 60) >= 0.8 * limit
    assert run.refused / len(run.sent) < 0.01


def test_the_first_minutes_at_a_far_too_high_rate_cost_few_refusals():
    run = Simulated(2500, Account(300)).call_for(600)

    assert run.refused <= 6
    assert run.pace.rate < 300


@pytest.mark.parametrize("wait_seconds", [1, 60])
def test_the_first_half_hour_uses_two_thirds_of_a_limit_that_is_an_eighth_of_the_ceiling(wait_seconds):
    run = Simulated(2500, Account(300), wait_seconds).call_for(1800)

    assert (len(run.sent) - run.refused) / 30 >= 200


def test_a_limit_by_the_second_is_found_too():
    run = Simulated(2500, Account(10, seconds=1)).call_for(3600)

    assert run.refused / len(run.sent) < 0.01
    assert (len(run.sent) - run.refused) / 60 >= 0.7 * 600


def test_when_the_limit_is_lifted_the_whole_rate_is_reached_again():
    run = Simulated(2500, Account(300)).call_for(3600)
    run.account.calls = 100_000
    run.call_for(5400)

    assert run.pace.rate == 2500


def test_a_limit_that_nobody_reaches_slows_nothing():
    run = Simulated(600, Account(10_000)).call_for(600)

    assert (run.refused, run.pace.rate) == (0, 600)
    assert len(run.sent) >= 600 * 10 * 0.98


@given(st.integers(1, 3000), st.lists(st.tuples(st.floats(0.01, 1), st.floats(0, 20), st.integers(1, 400)), max_size=8), st.randoms())
def test_whatever_the_rate_does_no_minute_holds_more_than_configured(ceiling, phases, random: Random):
    now = 0.0
    throttle, turns = Throttle(ceiling, lambda: now), []
    for share, pause, calls in phases:
        throttle.slow_to(max(1.0, ceiling * share))
        now += pause
        for _ in range(calls):
            now += max(0.0, throttle.reserve())
            turns.append(now)
            now += random.choice((0, 0, 0.003))
    window = deque()
    for turn in turns:
        window.append(turn)
        while window[0] <= turn - 60 + 1e-6:
            window.popleft()

        assert len(window) <= ceiling


@given(st.integers(1, 3000), st.lists(st.tuples(st.integers(0, 2), st.floats(0, 5), st.integers(1, 200)), max_size=8))
def test_processes_that_send_in_turns_send_no_more_in_a_minute_than_one(ceiling, turns):
    now, sent = 0.0, deque()
    throttles = [Throttle(ceiling, lambda: now) for _ in range(3)]
    for who, pause, calls in turns:
        now += pause
        throttles[who].begin()
        for _ in range(calls):
            now += max(0.0, throttles[who].reserve())
            sent.append(now)
            while sent[0] <= now - 60 + 1e-6:
                sent.popleft()

            assert len(sent) <= ceiling


def test_a_rest_is_kept():
    now = 100.0
    throttle = Throttle(6000, lambda: now)
    throttle.rest(7)

    assert throttle.reserve() == pytest.approx(7)

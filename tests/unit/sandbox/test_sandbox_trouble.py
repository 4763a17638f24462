"""Failures on request and limits: what is ordered comes, as often as ordered, and who does not wait is noticed."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest

from connector.errors import UsageError
from connector.sandbox.calls import Call
from connector.sandbox.trouble import Trouble, read_failure

CALL = Call("PUT", "/shop/suggestions/acme/A", ("shop", "suggestions", "acme", "A"), {}, {}, None)


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def statuses(trouble, times):
    return [failure.status if (failure := trouble.befalls(CALL)) else 200 for _ in range(times)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("503", {"status": 503, "times": 1, "pattern": ""}),
        ("503x5", {"status": 503, "times": 5}),
        ("429:20x2", {"status": 429, "times": 2, "headers": {"Retry-After": "20"}}),
        ("500x3@suggestions", {"status": 500, "times": 3, "pattern": "suggestions"}),
        ("timeout:3", {"status": 0, "delay_seconds": 3}),
        ("drip:4", {"status": 200, "drip_seconds": 4}),
        ("garbage~2.5%@price$", {"garbage": True, "share": 0.025, "pattern": "price$"}),
    ],
)
def test_a_failure_is_written_in_one_word(text, expected):
    failure = read_failure(text)

    assert {name: getattr(failure, name) for name in expected} == expected


@pytest.mark.parametrize("text", ["", "nonsense", "50x3", "700", "503x", "503y2", "503@(", "timeout~%"])
def test_what_is_no_failure_is_refused_with_the_way_to_write_one(text):
    with pytest.raises(UsageError, match=r"is no (failure|pattern)"):
        read_failure(text)


def test_a_failure_comes_as_often_as_ordered_and_only_where_it_was():
    trouble = Trouble()
    trouble.failures += [read_failure("503x2@suggestions"), read_failure("500x9@prices")]

    assert statuses(trouble, 4) == [503, 503, 200, 200]


def test_failures_by_chance_are_the_same_again_with_the_same_seed():
    def played(seed):
        trouble = Trouble(seed)
        trouble.failures.append(read_failure("503~30%"))
        return statuses(trouble, 200)

    assert played(7) == played(7) != played(8)
    assert 30 < played(7).count(503) < 90


def test_what_goes_over_the_limit_is_asked_to_wait_in_seconds_and_by_date():
    clock = Clock()
    trouble = Trouble(clock=clock)
    trouble.per_minute = 2

    assert statuses(trouble, 2) == [200, 200]
    first, second = (trouble.befalls(CALL).headers["Retry-After"] for _ in range(2))
    assert first == "61"
    assert 58 < (parsedate_to_datetime(second) - datetime.now(UTC)).total_seconds() < 63
    clock.now += 61
    assert statuses(trouble, 3) == [200, 200, 429]


def test_who_calls_again_and_again_before_the_time_is_over_is_impatient():
    clock = Clock()
    trouble = Trouble(clock=clock)
    trouble.failures.append(read_failure("429:30"))
    trouble.befalls(CALL)

    assert trouble.impatience() == ""  # it was under way already
    clock.now += 5
    assert trouble.impatience() == ""  # one probe is forgiven
    assert trouble.impatience() == "a call 25 s before the Retry-After was over"
    clock.now += 26
    assert trouble.impatience() == ""


def test_repaired_nothing_fails_and_nobody_waits():
    clock = Clock()
    trouble = Trouble(clock=clock)
    trouble.failures.append(read_failure("429:30x5"))
    trouble.per_minute = 1
    trouble.befalls(CALL)
    trouble.end()
    clock.now += 5

    assert statuses(trouble, 9) == [200] * 9
    assert [trouble.impatience() for _ in range(3)] == [""] * 3

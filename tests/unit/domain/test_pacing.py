from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.pacing import Pace, at_full

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def after_a_minute_of_answers(pace, now):
    for _ in range(int(pace.rate)):
        pace = pace.succeeded(now)
    return pace


def test_a_refusal_halves_the_rate():
    assert at_full(2400).refused(NOW) == Pace(2400, 1200, 2400, NOW)


def test_the_rate_never_falls_below_a_hundredth_of_what_the_settings_allow():
    pace = at_full(2500)
    for _ in range(50):
        pace = pace.refused(NOW)

    assert pace.rate == 25
    assert at_full(1).refused(NOW).rate == 1


def test_half_the_rate_is_kept_until_a_whole_minute_of_it_was_taken():
    halved = at_full(2400).refused(NOW)
    half_a_minute = halved
    for _ in range(600):
        half_a_minute = half_a_minute.succeeded(NOW)

    assert half_a_minute.rate == 1200
    assert after_a_minute_of_answers(after_a_minute_of_answers(halved, NOW), NOW).rate > 1500
    assert half_a_minute.refused(NOW).calm == 0


def test_answers_bring_the_rate_back_quickly_to_near_what_was_refused_and_then_creep():
    pace = Pace(2500, 300, 600, NOW, calm=1)
    first = after_a_minute_of_answers(pace, NOW)
    later = first
    for _ in range(5):
        later = after_a_minute_of_answers(later, NOW + 5 * MINUTE)

    assert 480 <= first.rate <= 560
    assert first.rate < later.rate <= 600


def test_where_more_is_taken_than_was_refused_before_the_rate_climbs_to_the_ceiling():
    pace, now = Pace(2500, 700, 600, NOW, calm=1), NOW
    for _ in range(30):
        now += MINUTE
        pace = after_a_minute_of_answers(pace, now)

    assert pace.rate == 2500


def test_a_storm_that_left_the_slowest_rate_behind_is_climbed_out_of_within_forty_minutes():
    pace, now, minutes = at_full(2500), NOW, 0
    for _ in range(20):
        pace = pace.refused(now)
    while pace.rate < 2500:
        now, minutes = now + MINUTE, minutes + 1
        pace = after_a_minute_of_answers(pace, now)

    assert minutes <= 40


def test_what_was_refused_is_forgotten_after_an_hour():
    pace = Pace(3000, 600, 600, NOW, calm=1)

    assert after_a_minute_of_answers(pace, NOW + timedelta(minutes=59)).rate < 610
    assert after_a_minute_of_answers(pace, NOW + timedelta(minutes=61)).rate > 680


def test_a_lower_setting_holds_at_once():
    assert Pace(2500, 900).under(100) == Pace(100, 100)
    assert Pace(2500, 25).under(100_000).rate == 1000


@given(st.integers(1, 100_000), st.lists(st.tuples(st.booleans(), st.integers(0, 7200)), max_size=200))
def test_whatever_is_answered_the_rate_stays_between_floor_and_ceiling(ceiling, answers):
    pace, now = at_full(ceiling), NOW
    for is_refused, seconds in answers:
        now += timedelta(seconds=seconds)
        pace = pace.refused(now) if is_refused else pace.succeeded(now)

        assert pace.floor <= pace.rate <= ceiling

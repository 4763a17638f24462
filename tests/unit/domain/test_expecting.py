from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.expecting import due, hours, span

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
NEW_YORK = ZoneInfo("America/New_York")
TWO_HOURS = timedelta(hours=2)


def local(day, clock, zone=SAO_PAULO):
    return datetime.fromisoformat(f"2026-11-{day:02d}T{clock}").replace(tzinfo=zone).astimezone(UTC)


def test_without_hours_a_file_is_due_after_the_span():
    assert due(local(23, "23:30"), TWO_HOURS, None, SAO_PAULO) == local(24, "01:30")


@pytest.mark.parametrize(
    ("last", "until"),
    [
        ((23, "10:00"), (23, "12:00")),  # Monday, within
        ((23, "18:00"), (23, "20:00")),  # to the very end of the day
        ((23, "19:30"), (24, "09:30")),  # half an hour is left, the rest is counted tomorrow
        ((23, "22:00"), (24, "10:00")),  # came after hours
        ((23, "03:00"), (23, "10:00")),  # came before them
        ((28, "19:00"), (30, "09:00")),  # Saturday evening: Sunday counts for nothing
    ],
)
def test_only_time_within_the_hours_counts(last, until):
    assert due(local(*last), TWO_HOURS, hours("mon-sat 08:00-20:00"), SAO_PAULO) == local(*until)


def test_a_span_of_several_working_days_goes_over_them():
    assert due(local(27, "12:00"), timedelta(hours=20), hours("mon-fri 08:00-20:00"), SAO_PAULO) == local(30, "20:00")


def test_days_may_go_over_the_weekend_or_be_one():
    assert hours("fri-mon 08:00-09:00").days == {4, 5, 6, 0}
    assert hours("sun 08:00-09:00").days == {6}
    assert hours("08:00-09:00").days == set(range(7))


@pytest.mark.parametrize("text", ["20:00-08:00", "08:00-08:00", "mon-xxx 08:00-20:00", "8-20", "mon 08:00"])
def test_hours_that_make_no_sense_are_refused(text):
    with pytest.raises(ValueError, match=text):
        hours(text)


def test_spans_are_read():
    assert [span(text) for text in ("30m", "2h", "1d", "")] == [timedelta(minutes=30), TWO_HOURS, timedelta(days=1), None]
    with pytest.raises(ValueError, match="2x"):
        span("2x")


@settings(deadline=None)
@given(
    st.integers(0, 3 * 365 * 24 * 60).map(lambda minute: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)),
    st.integers(1, 12 * 60),
    st.sampled_from(["08:00-20:00", "09:00-18:00", "01:00-04:00", "00:00-23:59"]),
)
def test_whatever_the_hours_just_as_much_open_time_has_passed_by_the_instant(start, minutes, text):
    """Counted minute by minute in UTC, over the clock changes of New York."""
    within = hours(text)
    until = due(start, timedelta(minutes=minutes), within, NEW_YORK)
    clocks = [(start + timedelta(minutes=n)).astimezone(NEW_YORK).time() for n in range(int((until - start).total_seconds()) // 60)]

    assert sum(within.opens <= clock < within.closes for clock in clocks) == minutes
    assert not clocks or within.opens <= clocks[-1] < within.closes

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.schedule import Cron, Every, parse

NEW_YORK, SAO_PAULO, SANTIAGO = ZoneInfo("America/New_York"), ZoneInfo("America/Sao_Paulo"), ZoneInfo("America/Santiago")


def fires(text, zone, start, end):
    cron, at, found = parse(text), start, []
    while (at := cron.next_after(at, zone)) is not None and at < end:
        found.append(at)
    return found


def local(text, zone, start, days=1):
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    return [at.astimezone(zone).strftime("%a %d %H:%M") for at in fires(text, zone, begin, begin + timedelta(days=days))]


@pytest.mark.parametrize(("text", "seconds"), [("every 30s", 30), ("every 5m", 300), ("every 2h", 7200), ("EVERY 1 d", 86400)])
def test_every_is_read_in_seconds(text, seconds):
    assert parse(text) == Every(seconds)


def test_an_empty_schedule_is_never():
    assert parse("  ") is None


@pytest.mark.parametrize(
    ("text", "days"), [("0 3 * * 1", ["Mon 23"]), ("0 3 * * 0", ["Sun 29"]), ("0 3 * * 7", ["Sun 29"]), ("0 3 * * fri", ["Fri 27"])]
)
def test_weekdays_count_as_cron_counts_them(text, days):
    assert local(text, SAO_PAULO, "2026-11-23", days=7) == [f"{day} 03:00" for day in days]


def test_a_day_of_month_and_a_weekday_together_mean_either():
    assert local("0 0 1,15 * 5", SAO_PAULO, "2026-05-01 00:00", days=16) == [
        "Fri 01 00:00",
        "Fri 08 00:00",
        "Fri 15 00:00",
    ]


def test_steps_and_ranges():
    assert parse("*/20 8-10 * * *") == parse("0,20,40 8,9,10 * * *")
    assert parse("5/30 * * * *").minutes == {5, 35}


def test_the_repeated_hour_runs_a_daily_job_once():
    assert local("30 1 * * *", NEW_YORK, "2026-11-01 00:00", days=2) == ["Sun 01 01:30", "Mon 02 01:30"]


def test_a_missing_hour_still_runs_a_daily_job():
    assert local("30 2 * * *", NEW_YORK, "2026-03-08 05:00", days=2) == ["Sun 08 03:30", "Mon 09 02:30"]


def test_a_missing_midnight_still_runs_a_daily_job():
    assert local("15 0 * * *", SANTIAGO, "2026-09-05 12:00", days=2) == ["Sun 06 01:15", "Mon 07 00:15"]


@pytest.mark.parametrize("start", ["2026-11-01 00:00", "2026-03-08 00:00"])
def test_a_job_of_every_five_minutes_pauses_over_no_clock_change(start):
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    found = fires("*/5 * * * *", NEW_YORK, begin, begin + timedelta(hours=12))

    assert {b - a for a, b in pairwise(found)} == {timedelta(minutes=5)}


@pytest.mark.parametrize(
    "text", ["61 * * * *", "* * * *", "every", "every 0s", "every 5 weeks", "* * 0 * *", "a * * * *", "*/0 * * * *", "5-1 * * * *"]
)
def test_what_is_no_schedule_is_refused_with_what_is_allowed(text):
    with pytest.raises(ValueError, match=r"allowed|cron"):
        parse(text)


def test_a_date_that_never_comes_has_no_next_time():
    assert parse("0 0 30 2 *").next_after(datetime(2026, 1, 1, tzinfo=UTC), SAO_PAULO) is None


@given(
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    zone=st.sampled_from([NEW_YORK, SAO_PAULO, SANTIAGO, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Europe/Lisbon")]),
    minutes=st.integers(0, 4 * 366 * 24 * 60),
)
def test_a_daily_job_runs_once_per_local_date(hour, minute, zone, minutes):
    begin = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    found = fires(f"{minute} {hour} * * *", zone, begin, begin + timedelta(days=5))
    dates = [at.astimezone(zone).date() for at in found]

    assert len(dates) == len(set(dates))
    assert all(b - a == timedelta(days=1) for a, b in pairwise(dates))
    assert all(isinstance(parse(f"{minute} {hour} * * *"), Cron) and at > begin for at in found)

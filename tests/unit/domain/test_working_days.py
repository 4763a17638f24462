"""Cut-off, handling, weekends and holidays: what an estimate comes to, to the letter."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.domain.working_days import Calendar, Handling, Promise, business_days, departure

ZONE = ZoneInfo("America/Sao_Paulo")
WORKDAYS = frozenset(range(5))
CHRISTMAS = date(2026, 12, 25)
CALENDAR = Calendar(ZONE, WORKDAYS, frozenset({CHRISTMAS}), time(8))
DAY, HOUR = 86400, 3600
AT_TWO = Handling(cut_off=time(14))


def local(day, clock="10:00"):
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE).astimezone(UTC)


def estimate(day, clock="10:00", *, seconds=2 * DAY, unit="bd", handling=AT_TWO, calendar=CALENDAR):
    return Promise(unit, handling, departure(calendar, handling, local(day, clock))).estimate(seconds)


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        ("2026-11-23", "13:59", "2bd"),  # a Monday, in time
        ("2026-11-23", "14:00", "3bd"),  # the cut-off itself is too late
        ("2026-11-27", "13:00", "2bd"),  # a Friday, in time
        ("2026-11-27", "15:00", "3bd"),  # leaves on Monday, comes on Wednesday: three of the marketplace's days
        ("2026-11-28", "10:00", "3bd"),  # a Saturday: the same
        ("2026-11-29", "23:59", "3bd"),
        ("2026-12-23", "10:00", "3bd"),  # Christmas lies on the way: the marketplace does not know it
        ("2026-12-24", "15:00", "4bd"),  # leaves on Monday 28
        ("2026-12-25", "10:00", "3bd"),  # a Friday on which nobody works
    ],
)
def test_business_days_are_counted_as_the_marketplace_counts_them(day, clock, expected):
    assert estimate(day, clock) == expected


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        ("2026-11-23", "13:00", "2d"),
        ("2026-11-23", "15:00", "3d"),
        ("2026-11-27", "15:00", "5d"),  # Friday after the cut-off: leaves on Monday
        ("2026-11-28", "10:00", "4d"),
        ("2026-12-24", "15:00", "6d"),  # Christmas and a weekend before it leaves
    ],
)
def test_days_hold_what_lies_before_a_parcel_leaves(day, clock, expected):
    assert estimate(day, clock, unit="d") == expected


@pytest.mark.parametrize(("day", "expected"), [("2026-11-26", "5d"), ("2026-11-24", "3d"), ("2026-12-22", "6d")])
def test_days_of_travel_can_be_business_days(day, expected):
    handling = Handling(cut_off=time(14), counts_business_days=True)

    assert estimate(day, unit="d", seconds=3 * DAY, handling=handling) == expected


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        ("2026-11-23", "13:00", "6h"),  # open: from the order on
        ("2026-11-23", "06:00", "14h"),  # before opening: reckoned from midnight
        ("2026-11-23", "14:00", "24h"),  # from the cut-off to eight in the morning are 18 hours
        ("2026-11-23", "23:00", "24h"),  # the whole evening is promised the same
        ("2026-11-28", "10:00", "62h"),  # Saturday and Sunday, and eight hours of Monday
    ],
)
def test_hours_are_reckoned_from_the_stretch_of_the_day(day, clock, expected):
    assert estimate(day, clock, unit="h", seconds=6 * HOUR) == expected


def test_minutes_are_as_hours():
    assert estimate("2026-11-23", "15:00", unit="m", seconds=1800) == f"{18 * 60 + 30}m"


@pytest.mark.parametrize(
    ("handling", "expected"),
    [
        (Handling(days=1), "3bd"),
        (Handling(days=2), "4bd"),
        (Handling(seconds=4 * HOUR), "3bd"),  # two days and four hours are no two days
        (Handling(seconds=DAY), "3bd"),
        (Handling(time(9), days=1), "4bd"),
    ],
)
def test_handling_is_added(handling, expected):
    assert estimate("2026-11-23", handling=handling) == expected


def test_a_shop_that_works_on_saturdays_sends_on_saturdays():
    calendar = Calendar(ZONE, frozenset(range(6)), frozenset(), time(8))

    assert estimate("2026-11-28", calendar=calendar) == "2bd"
    assert estimate("2026-11-27", "15:00", calendar=calendar) == "2bd"  # leaves on Saturday, comes on Tuesday


def test_an_arrival_on_a_weekend_is_promised_for_monday():
    assert business_days(date(2026, 11, 27), date(2026, 11, 28)) == 1
    assert business_days(date(2026, 11, 27), date(2026, 11, 30)) == 1
    assert business_days(date(2026, 11, 28), date(2026, 11, 28)) == 0
    assert business_days(date(2026, 11, 23), date(2026, 12, 7)) == 10


def test_without_a_calendar_the_tables_time_is_written_as_it_is():
    assert Promise("bd").estimate(5 * DAY) == "5bd"
    assert Promise("d").estimate(0) == "0d"


def test_a_time_of_thousands_of_years_is_answered_too():
    assert estimate("2026-11-23", "15:00", seconds=10**15) == f"{-(-(10**15) // DAY) + 1}bd"


@pytest.mark.parametrize("clock", ["00:00", "07:59", "08:00", "13:59", "14:00", "23:59"])
@pytest.mark.parametrize("day", ["2026-11-23", "2026-11-27", "2026-11-28", "2026-12-25"])
def test_a_stretch_of_the_day_holds_the_instant_and_what_it_promises(day, clock):
    now = local(day, clock)
    found = departure(CALENDAR, AT_TWO, now)

    assert found.since <= now < found.until
    for instant in (found.since, found.until - timedelta(microseconds=1)):
        assert departure(CALENDAR, AT_TWO, instant) == found
    assert departure(CALENDAR, AT_TWO, found.until) != found


def test_a_cut_off_before_opening_sends_what_comes_later_on_the_next_day():
    early = Handling(cut_off=time(6))

    assert [estimate("2026-11-23", clock, unit="d", handling=early) for clock in ("05:00", "07:00", "12:00")] == ["2d", "3d", "3d"]


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"])
def test_clock_changes_do_not_move_a_days_stretches(zone):
    calendar = Calendar(ZoneInfo(zone), frozenset(range(7)), frozenset(), time(2, 30))
    for hours in range(0, 366 * 24, 5):
        now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
        found = departure(calendar, AT_TWO, now)

        assert found.since <= now < found.until
        assert found.wait_seconds >= 0

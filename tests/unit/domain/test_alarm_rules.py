from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.domain.alarms import Arrival, Expectation, lateness, size, written
from connector.domain.expecting import hours

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # a Tuesday, 12:00 in São Paulo
ZONE = ZoneInfo("America/Sao_Paulo")
EVERY_TWO_HOURS = Expectation(timedelta(hours=2), None, 0.5)


def came(*rows):
    """Files of so many rows, the newest first."""
    return [Arrival(f"stock/s{n}.csv", NOW - timedelta(hours=n), count) for n, count in enumerate(rows)]


def names(found):
    return [alarm.name for alarm in found]


def test_a_feed_is_late_when_its_span_is_over_and_not_before():
    on_time = lateness("stock", NOW - timedelta(hours=2), EVERY_TWO_HOURS, ZONE, NOW)
    (late,) = lateness("stock", NOW - timedelta(hours=3), EVERY_TWO_HOURS, ZONE, NOW)

    assert list(on_time) == []
    assert (late.name, late.subject, late.since, late.count) == ("late", "stock", NOW - timedelta(hours=1), 1)
    assert late.sentence == (
        "stock: the last file came on 2026-11-24 09:00; one is expected every 2h, "
        "and the next was due by 2026-11-24 11:00 (America/Sao_Paulo)"
    )


def test_a_feed_is_not_late_at_night():
    by_day = Expectation(timedelta(hours=2), hours("08:00-20:00"), 0.5)
    at_night = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)

    assert list(lateness("stock", NOW + timedelta(hours=7), by_day, ZONE, at_night)) == []
    assert names(lateness("stock", NOW + timedelta(hours=5), by_day, ZONE, at_night)) == ["late"]


def test_a_feed_that_never_sent_a_file_says_so():
    assert names(lateness("stock", None, EVERY_TWO_HOURS, ZONE, NOW)) == ["never-came"]


def test_nothing_is_late_where_nothing_is_expected():
    assert list(lateness("stock", None, Expectation(None, None, 0.5), ZONE, NOW)) == []


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ((), []),
        ((0,), ["empty"]),
        ((0, 900, 900), ["empty"]),
        ((10, 900, 900), []),  # two files say nothing about what is usual
        ((449, 900, 900, 900), ["small"]),
        ((450, 900, 900, 900), []),  # half of it is not less than half
        ((500, 900, 10, 1100), []),  # the median: one odd file does not move it far
        ((400, 900, 10, 1100), ["small"]),
        ((400, 500, *[500] * 9, *[9000] * 20), []),  # ten files back, no further
        ((2000, 900, 900, 900), []),
    ],
)
def test_a_file_much_smaller_than_the_median_of_those_before_it_is_named(rows, found):
    assert names(size("stock", came(*rows), 0.5)) == found


def test_the_share_zero_names_an_empty_file_alone():
    assert names(size("stock", came(1, 900, 900, 900), 0)) == []
    assert names(size("stock", came(0, 900, 900, 900), 0)) == ["empty"]


def test_the_sentence_tells_rows_and_share():
    (small,) = size("stock", came(90, 900, 900, 900), 0.5)

    assert small.sentence == "stock: stock/s0.csv has 90 rows, 10 % of the usual 900"
    assert small.since == NOW


def test_spans_are_written_as_settings_do():
    assert [written(timedelta(minutes=n)) for n in (30, 90, 120, 1440, 2880)] == ["30m", "90m", "2h", "1d", "2d"]

"""Delivery windows: which are offered, and that all lines of one service have the same."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from connector.domain.catalog import Offer
from connector.domain.freight import Destination, Rate, RateTable, postal_key
from connector.domain.pickup import PickupMap
from connector.domain.ways import Sla, SlaRules, prepare
from connector.domain.ways_offered import ways_offered
from connector.domain.windows import Window, WindowRule, coming
from connector.domain.working_days import Calendar, Handling

ZONE = ZoneInfo("America/Sao_Paulo")
CALENDAR = Calendar(ZONE, frozenset(range(5)), frozenset({date(2026, 11, 25)}), time(8))
MORNING = WindowRule(frozenset({0, 1, 2, 3, 4}), time(8), time(12), 990)
SATURDAY = WindowRule(frozenset({5}), time(9), time(11), 1990)
RIO = Destination("BRA", postal_key("22051030"))
RATE = Rate("n.csv", 2, "0", "99999999", "", 0, 1000, 1000, Decimal(0), Decimal(0), 0, 0, "BRA", 0)
HEAVY = replace(RATE, line=3, weight_start_g=1001, weight_end_g=30_000, time_cost_seconds=2 * 86_400)
LIGHT = Offer("A", 1000, 1000, None, 9, 500, 1.0, 1.0, 1.0, "un", 1.0)
MONDAY = datetime(2026, 11, 23, 13, tzinfo=UTC)  # ten in the morning


def utc(day, hour):
    return datetime.combine(date.fromisoformat(day), time(hour), ZONE).astimezone(UTC)


def offered(*loads, now=MONDAY, unit="d", handling=None, rules=(MORNING, SATURDAY), days=5, split="item"):
    sla = Sla("Agendada", "Agendada", unit, RateTable([RATE, HEAVY], "BRA"))
    ways = prepare([sla], [SlaRules(0, handling, rules, days)], PickupMap(()), CALENDAR, now)
    return ways_offered(loads or [(LIGHT, 1)], ways, RIO, split, now)


def days(way):
    return [window.start.astimezone(ZONE).day for window in way.windows]


def test_windows_come_by_weekday_without_closed_days_and_without_those_that_began():
    (way,) = offered()[0]

    assert way.windows == (
        Window(utc("2026-11-24", 8), utc("2026-11-24", 12), 990),
        Window(utc("2026-11-26", 8), utc("2026-11-26", 12), 990),
        Window(utc("2026-11-27", 8), utc("2026-11-27", 12), 990),
        Window(utc("2026-11-28", 9), utc("2026-11-28", 11), 1990),
    )


def test_a_window_that_has_not_begun_is_still_offered_and_goes_when_it_begins():
    start = utc("2026-11-24", 8)

    assert days(offered(now=start - timedelta(seconds=1))[0][0])[0] == 24
    assert days(offered(now=start)[0][0])[0] == 26


def test_windows_before_the_goods_can_be_there_are_not_offered():
    assert days(offered((LIGHT, 3))[0][0]) == [26, 27, 28]  # two days on the way: from Wednesday on, which is closed
    assert days(offered(handling=Handling(time(9)))[0][0]) == [24, 26, 27, 28]  # late on Monday: leaves on Tuesday
    assert days(offered(handling=Handling(days=1))[0][0]) == [24, 26, 27, 28]
    assert days(offered(handling=Handling(time(9), days=1))[0][0]) == [26, 27, 28]


def test_hours_on_the_way_are_counted_from_the_order():
    noon = WindowRule(frozenset(range(5)), time(14), time(18))
    three_hours = replace(RATE, time_cost_seconds=3 * 3600)
    sla = Sla("Agendada", "Agendada", "h", RateTable([three_hours], "BRA"))

    def starts(now):
        ways = prepare([sla], [SlaRules(0, Handling(time(16)), (noon,), 2)], PickupMap(()), CALENDAR, now)
        return [window.start for way in ways_offered([(LIGHT, 1)], ways, RIO, "item", now)[0] for window in way.windows]

    assert starts(utc("2026-11-23", 11))[0] == utc("2026-11-23", 14)
    assert starts(utc("2026-11-23", 11) + timedelta(seconds=1))[0] == utc("2026-11-24", 14)


def test_all_lines_of_one_service_have_the_same_windows_and_the_slowest_line_says_which():
    light, heavy = offered((LIGHT, 1), (LIGHT._replace(sku="B"), 3))

    assert light[0].windows == heavy[0].windows
    assert days(light[0]) == [26, 27, 28]


def test_a_windows_price_for_the_whole_cart_is_split_to_the_cent():
    lines = offered((LIGHT, 1), (LIGHT._replace(sku="B"), 1), (LIGHT._replace(sku="C"), 1), split="cart")
    spans = {tuple((window.start, window.end) for window in way.windows) for (way,) in lines}

    assert len(spans) == 1
    for found in zip(*(way.windows for (way,) in lines), strict=True):
        assert sum(window.price_cents for window in found) in (990, 1990)


def test_a_scheduled_service_without_a_window_left_is_not_offered():
    assert offered((LIGHT, 3), days=1) == [()]
    assert offered(rules=(WindowRule(frozenset({2}), time(8), time(12)),), days=5) == [()]  # the only Wednesday is closed


def test_the_calendars_days_off_do_not_bind_windows_their_own_weekdays_do():
    assert [w.start.weekday() for w in coming([SATURDAY], CALENDAR, date(2026, 11, 23), 13)] == [5, 5]


def test_of_two_rules_for_the_same_hours_the_cheaper_counts():
    twice = coming([MORNING, replace(MORNING, price_cents=10)], CALENDAR, date(2026, 11, 23), 0)

    assert [window.price_cents for window in twice] == [10]

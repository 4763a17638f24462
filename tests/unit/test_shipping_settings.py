"""Settings of delivery: what is taken, and what is refused in one sentence."""

from datetime import date, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from connector import settings
from connector.configured.calendar import calendar
from connector.configured.slas import handling, rules_of
from connector.domain.windows import WindowRule
from connector.domain.working_days import Handling
from connector.errors import SettingsError
from connector.settings import CalendarSettings, SlaSettings, WindowSettings

SLA = '[[shipping.slas]]\nid = "Normal"\ntable = "freight/*"\n'
POINT = """[[shipping.pickup_points]]
id = "loja"
name = "Loja"
postal_code = "13010-000"
state = "SP"
city = "Campinas"
neighborhood = "Centro"
street = "Rua"
number = "1"
"""
REACH = 'reach = [["01000-000", "05999-999"]]\n'


def load(tmp_path, text):
    path = tmp_path / "connector.toml"
    path.write_text(text, encoding="utf-8")
    return settings.load(path).shipping


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[shipping.calendar]\nholidays = "XX"', "shipping.calendar.holidays: found 'XX', allowed: a country's code of two letters"),
        ('[shipping.calendar]\nholidays = "BR-ZZ"', "allowed: BR alone, or with one of AC, AL,"),
        ('[shipping.calendar]\nholidays = "Brasil"', "shipping.calendar.holidays"),
        ('[shipping.calendar]\nclosed = ["25/12/2026"]', "shipping.calendar.closed"),
        ("[shipping.calendar]\nweekdays = []", "shipping.calendar.weekdays"),
        ('[shipping.calendar]\nweekdays = ["seg"]', "shipping.calendar.weekdays"),
        ('[shipping.calendar]\nopens = "8h"', "shipping.calendar.opens"),
        (SLA + 'cut_off = "24:00"', "shipping.slas.0.cut_off"),
        (SLA + 'handling = "1 day"', "shipping.slas.0.handling"),
        (SLA + "cubic_factor = -1", "shipping.slas.0.cubic_factor"),
        (SLA + '[[shipping.slas.windows]]\nweekdays = ["mon"]\nstart = "12:00"\nend = "08:00"', "allowed: a time after start (12:00)"),
        (SLA + '[[shipping.slas.windows]]\nweekdays = ["mon"]\nstart = "08:00"\nend = "09:00"\nprice = 1.999', "price"),
        (SLA + SLA, "found 'Normal twice', allowed: an id of its own"),
        (SLA.replace("Normal", "loja") + POINT + REACH, "found 'loja twice'"),
        (POINT, "allowed: ranges of postal codes"),
        (POINT + "latitude = -22.9\n" + REACH, "allowed: both latitude and longitude, or neither"),
        (POINT + "reach_km = 5\n", "allowed: a reach in km for points with latitude and longitude alone"),
        (POINT.replace('"loja"', '"loja centro"') + REACH, "shipping.pickup_points.0.id"),
        (POINT + 'reach = ["01000-000"]\n', "shipping.pickup_points.0.reach"),
        (POINT + 'reach = [["05999-999", "01000-000"]]\n', "allowed: the first postal code before the last"),
    ],
)
def test_a_mistake_names_its_key_and_what_is_allowed(tmp_path, text, said):
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)

    assert said in str(caught.value)


def test_what_is_not_set_lays_no_calendar_over_anything(tmp_path):
    (sla,) = load(tmp_path, SLA).slas

    assert rules_of(sla, calendar_kept=False).handling is None
    assert handling(sla, calendar_kept=True) == Handling()


def test_an_amount_is_taken_as_it_is_written():
    window = WindowSettings(weekdays=("mon", "sun"), start="08:00", end="12:30", price=9.90)

    assert window.price == Decimal("9.90")
    assert rules_of(SlaSettings(id="a", table="t", windows=(window,)), calendar_kept=False).windows == (
        WindowRule(frozenset({0, 6}), time(8), time(12, 30), 990),
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"handling": "2bd"}, Handling(None, 2, 0)),
        ({"handling": "1d"}, Handling(None, 0, 86_400)),
        ({"handling": "90m", "cut_off": "14:00"}, Handling(time(14), 0, 5400)),
        ({"transit": "business"}, Handling(None, 0, 0, counts_business_days=True)),
    ],
)
def test_handling_times_are_read_in_every_unit(written, expected):
    assert handling(SlaSettings(id="a", table="t", **written), calendar_kept=False) == expected


def test_holidays_are_those_of_country_and_state_and_the_sellers_own():
    def closed(**keys):
        return calendar(CalendarSettings(**keys), ZoneInfo("America/Sao_Paulo"), 2026).closed

    christmas, revolution, carnival = date(2026, 12, 25), date(2026, 7, 9), date(2027, 2, 9)

    assert closed() == frozenset()
    assert {christmas, date(2030, 12, 25)} <= closed(holidays="BR")
    assert revolution not in closed(holidays="BR")
    assert {christmas, revolution, carnival} <= closed(holidays="BR-SP", closed=["2027-02-09"])
    assert closed(closed=["2027-02-09"]) == {carnival}

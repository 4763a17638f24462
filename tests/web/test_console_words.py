"""The console's words: every key in all three languages, and no prose in a template."""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.domain.listings import ListingState
from connector.domain.messages import Kind
from connector.domain.orders import OrderState
from connector.feeds import FEEDS
from connector.usecases.doers import AT_ONCE, BY_THE_DAEMON, RUN_JOB
from connector.usecases.views import words
from connector.web.ops.pages import NAVIGATION
from connector.web.ops.speech import LANGUAGES, Speech, catalogue, preferred
from connector.web.shown import begun
from jobs import JOBS

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "connector/web/templates").glob("*.html"))
NAMES = re.compile(r"\{([a-z]+)\}")
ALLOWED = {"Connector", "SKU", "SHA-256", "·", "→", "–", "×", "SKUs"}
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


def speech(language):
    return Speech(language, ZoneInfo("America/Sao_Paulo"), NOW)


class Prose(HTMLParser):
    """Collects what a template says by itself: text and spoken attributes."""

    SPOKEN = frozenset({"aria-label", "title", "placeholder", "alt"})

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, _tag, attrs):
        self.found += [value for name, value in attrs if name in self.SPOKEN and value]

    def handle_data(self, data):
        self.found.append(data)


@cache
def alarms():
    """Return the names of every alarm that the code raises."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "connector").rglob("*.py")]
    return {name for source in sources for name in re.findall(r'\b_?[aA]larm\(\s*"([a-z-]+)"', source)}


def test_every_key_stands_in_all_three_languages_with_the_same_names():
    found = {
        language: {key: sorted(NAMES.findall(text)) for key, text in catalogue(language).items() if not key.startswith("event.")}
        for language in LANGUAGES
    }

    assert found["pt"] == found["es"] == found["en"]
    assert all(text.strip() for language in LANGUAGES for text in catalogue(language).values())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_phrase_of_a_template_is_in_the_catalogue(path):
    text = path.read_text(encoding="utf-8")
    said = re.findall(r'(?<![\w.])t\("([a-z0-9.-]+[a-z0-9])"[,)]', text)
    counted = [f"{key}.{end}" for key in re.findall(r't\.many\("([a-z.-]+[a-z])"', text) for end in ("one", "many")]

    assert [key for key in said + counted if key not in catalogue("pt")] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_prose(path):
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    words = {word for said in Prose(bare).found for word in said.split()}

    assert {word for word in words - ALLOWED if any(letter.isalpha() for letter in word)} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_stored_word_has_one_of_people(language):
    acts = [*AT_ONCE, *BY_THE_DAEMON, RUN_JOB, "login", "download-file", "download-errors", "erase-person", "resync-marketplace"]
    states = ["applied", "refused", "held", "superseded", "discarded", "pending", "sending", "publishing", "delivered", "dead"]
    wanted = {
        *(f"feed.{name}" for name in FEEDS),
        *(f"kind.{kind.value}" for kind in Kind),
        *(f"job.{name}" for name in JOBS),
        *(f"job.{name}.does" for name in JOBS),
        *(f"state.{state}" for state in [*(state.value for state in OrderState), *states]),
        *(f"listing.{state.value}" for state in ListingState),
        *(f"act.{name}" for name in acts),
        *(f"alarm.{name}" for name in alarms()),
        *(f"remedy.{name}" for name in alarms()),
        *(f"nav.{name or 'overview'}" for name in NAVIGATION),
    }

    assert wanted - catalogue(language).keys() == set()


@pytest.mark.parametrize(
    ("cookie", "accepted", "spoken"),
    [
        ("", "", "pt"),
        ("", "pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("", "de-DE,es;q=0.5,en;q=0.4", "es"),
        ("", "en;q=0.1,es;q=0.2", "es"),
        ("", "fr", "pt"),
        ("en", "pt-BR", "en"),
        ("xx", "es", "es"),
        ("", "q=;;;,,,en;q=x,\0", "en"),
    ],
)
def test_the_language_is_the_switch_s_else_the_browser_s_else_portuguese(cookie, accepted, spoken):
    assert preferred(cookie, accepted) == spoken


def test_a_schedule_is_said_as_people_do_as_far_as_it_is_a_time_of_each_day():
    pt, en = speech("pt"), speech("en")

    assert (pt.schedule("15 3 * * *"), en.schedule("15 3 * * *")) == ("todo dia às 03:15", "every day at 03:15")
    assert (pt.schedule("every 30s"), pt.schedule("")) == ("a cada 30s", "nunca, só a pedido")
    assert pt.schedule("0 8-18 * * 1-5") == "0 8-18 * * 1-5"


OUTCOMES = (
    "the price of 000109 is 1.90 now",
    "the known value of 000109 stays",
    "prices/1.csv lies in rejected/prices/1.csv now",
    "lojademo is paused: what changes meanwhile waits",
    "lojademo is told again from the next pass on",
    "housekeeping is paused",
    "housekeeping runs again by its schedule",
    "the file of order CT-1 is written again at the next export",
    "3 messages go out again at the next pass",
    "4 dead letters go out again at the next pass",
    "4 dead letters are laid aside",
    "prices/1.csv is laid aside; it lies in rejected/prices/1.csv",
    "the document of line 3 of invoices/1.csv is laid aside",
    "line 3 of prices/1.csv is laid aside, until a file brings it again",
)


@pytest.mark.parametrize("language", ["pt", "es"])
def test_what_an_act_came_to_is_said_in_portuguese_and_spanish(language):
    assert [text for text in OUTCOMES if words.said(text, language) == text] == []


def test_a_sentence_that_stands_alone_begins_with_a_capital_letter_and_a_name_stays():
    assert [begun(text) for text in ("não há essa página", "é 0", "prices/1.csv: 2 novos", "")] == [
        "Não há essa página",
        "É 0",
        "prices/1.csv: 2 novos",
        "",
    ]


def test_numbers_money_and_times_are_written_as_each_language_does():
    pt, en = speech("pt"), speech("en")

    assert (pt.number(1234567), en.number(1234567)) == ("1.234.567", "1,234,567")
    assert (pt.money(123456), en.money(123456), en.money(None)) == ("1.234,56", "1,234.56", "–")
    assert (pt.clock(NOW), en.clock(NOW), pt.clock(None)) == ("24/11/2026 12:00", "2026-11-24 12:00", "nunca")
    assert (pt.ago(NOW - timedelta(minutes=3)), en.ago(NOW + timedelta(hours=2)), en.ago(NOW)) == ("há 3 min", "in 2 h", "now")
    assert [en.size(count) for count in (0, 2048, 3 * 1024**2, 5 * 1024**4)] == ["0 B", "2 kB", "3 MB", "5120 GB"]

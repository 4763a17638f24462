"""How far long work is: what is said of it, and when."""

import sys
from datetime import timedelta

import pytest

from connector.cli import going
from connector.usecases.passes import Going

FAR = Going("shop", 120_000, 880_000, 2400, timedelta(hours=6, minutes=6, seconds=40))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (FAR, "shop: 120,000 settled, 880,000 to go, about 6 h 7 min at 2,400 a minute"),
        (Going("shop", 5, 100, 300, timedelta(seconds=20)), "shop: 5 settled, 100 to go, about a minute at 300 a minute"),
        (Going("shop", 5, 9000, 200, timedelta(minutes=45)), "shop: 5 settled, 9,000 to go, about 45 min at 200 a minute"),
        (Going("shop", 0, 100, 0, None), "shop: 0 settled, 100 to go"),
    ],
)
def test_how_far_a_pass_is_is_said_in_words(said, words):
    assert str(said) == words


def test_without_a_terminal_each_marketplace_is_spoken_of_once_a_minute_and_a_short_pass_not_at_all():
    said, now = [], [0.0]
    speak = going.Spoken(said.append, clock=lambda: now[0])
    for now[0] in (1, 59, 60, 61, 119, 121, 500):
        speak(FAR)
        speak(Going("mall", 1, 1, 0, None))

    assert said == [str(FAR), "mall: 1 settled, 1 to go"] * 3


def test_nothing_is_drawn_where_standard_error_is_no_terminal(capsys):
    assert not sys.stderr.isatty()
    with going.shown() as went_on:
        went_on(FAR)

    assert capsys.readouterr() == ("", "")


def test_a_bar_says_how_many_and_how_long():
    with going.drawn() as bar:
        draw = going.Bars(bar)
        draw(FAR)
        draw(Going("shop", 1_000_000, 0, 2400, timedelta()))
        (task,) = bar.tasks

    assert (task.description, task.completed, task.total, task.finished) == ("shop", 1_000_000, 1_000_000, True)

"""What the workers that serve the console know together, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count, takewhile

import pytest
from documents_world import opened

from connector.usecases import console_door

ADDRESS = "10.0.0.1"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def world(request, tmp_path):
    how = {"url": request.getfixturevalue("postgresql_url")} if request.param == "postgresql" else {}
    with opened(tmp_path / "project", **how) as one:
        yield one


def test_tries_come_back_after_a_minute_and_many_addresses_share_a_limit(world):
    tried = list(takewhile(lambda number: console_door.take_try(world.app, f"10.0.1.{number}"), count()))
    shut = console_door.take_try(world.app, ADDRESS)
    world.now += timedelta(seconds=61)

    assert (len(tried), shut) == (console_door.TRIES_IN_TOTAL, False)
    assert console_door.take_try(world.app, ADDRESS)


def test_tries_counted_by_a_clock_that_was_ahead_are_forgotten(world):
    world.now += timedelta(days=1)
    while console_door.take_try(world.app, ADDRESS):
        pass
    world.now -= timedelta(days=1)

    assert console_door.take_try(world.app, ADDRESS)


def test_tries_at_the_same_moment_are_each_counted(world):
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: console_door.take_try(world.app, ADDRESS), range(12)))

    assert sum(taken) == console_door.TRIES


def test_a_right_password_gives_its_own_try_back(world):
    taken = [console_door.take_try(world.app, ADDRESS) for _ in range(console_door.TRIES)]
    console_door.was_right(world.app, "10.0.0.2")
    shut = console_door.take_try(world.app, ADDRESS)
    console_door.was_right(world.app, ADDRESS)

    assert (taken, shut) == ([True] * console_door.TRIES, False)
    assert [console_door.take_try(world.app, ADDRESS) for _ in range(2)] == [True, False]


def test_an_ended_session_is_kept_until_its_cookie_would_end_and_no_longer(world):
    console_door.end_session(world.app, "first", world.now + timedelta(hours=1))
    console_door.end_session(world.app, "second", world.now + timedelta(hours=12))
    both = [console_door.has_ended(world.app, mark) for mark in ("first", "second", "third")]
    world.now += timedelta(hours=2)
    console_door.end_session(world.app, "third", world.now + timedelta(hours=12))

    assert both == [True, True, False]
    assert [console_door.has_ended(world.app, mark) for mark in ("first", "second", "third")] == [False, True, True]

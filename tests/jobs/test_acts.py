"""What people do is kept by name, and what they ask of the daemon is done once."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from catalog_world import MONDAY, Catalog

from connector.cli import keeping
from connector.errors import NotFound
from connector.storage import acts, hourly
from connector.usecases import acting, job_switches, repair

ZONE = ZoneInfo("America/Sao_Paulo")


@pytest.fixture
def world(tmp_path):
    made = Catalog(tmp_path / "shop")
    yield made
    made.app.db.close()


def kept(world):
    with world.app.db.read() as tx:
        return [(act.who, act.what, act.about, act.state, act.outcome) for act in acts.page(tx, None, 50)]


def hold_a_price(world):
    world.export("prices/p.csv", "A;100;100")
    world.export("prices/p2.csv", "A;1;1")
    return str(world.held()[0]["id"])


def test_what_is_light_is_done_at_once_and_kept_with_its_outcome(world):
    acting.act(world.app, "pause-marketplace", "shop", who="Ana")

    assert kept(world) == [("Ana", "pause-marketplace", "shop", "done", "shop is paused: what changes meanwhile waits")]


def test_what_cannot_be_done_is_kept_as_failed_with_the_reason(world):
    acting.act(world.app, "export-order", "NONE-1", who="Ana")

    assert kept(world) == [("Ana", "export-order", "NONE-1", "failed", "no order has the id NONE-1")]


@pytest.mark.parametrize("what", ["drop-tables", "run-jobs", ""])
def test_an_act_that_is_none_is_refused(world, what):
    with pytest.raises(NotFound):
        acting.act(world.app, what, "x", who="Ana")

    assert kept(world) == []


def test_a_job_that_is_none_cannot_be_asked_for(world):
    with pytest.raises(NotFound):
        acting.act(world.app, "run-job", "../../x", who="Ana")


def test_asked_for_twice_it_is_done_once_by_whom_the_person_named(world):
    hold = hold_a_price(world)
    first = acting.act(world.app, "approve-hold", hold, who="Ana")
    second = acting.act(world.app, "approve-hold", hold, who="Rui")
    asked = acting.taken(world.app)
    taken_again = acting.taken(world.app)
    for one in asked:
        acting.perform(world.app, one)

    assert (first, taken_again, len(asked)) == (second, [], 1)
    assert kept(world) == [("Ana", "approve-hold", hold, "done", "the price of A is 1.00 now")]
    assert world.held() == []


@pytest.mark.parametrize("about", ["x", "-1", "99999999999999999999", "٣", "1\0"])
def test_a_number_that_is_none_fails_the_act_and_nothing_else(world, about):
    acting.act(world.app, "approve-hold", about, who="Ana")
    for one in acting.taken(world.app):
        acting.perform(world.app, one)

    assert [state for *_, state, _ in kept(world)] == ["failed"]


def test_what_a_dead_daemon_had_taken_is_failed_by_the_next_one(world):
    acting.act(world.app, "run-job", "export-orders", who="Ana")
    acting.taken(world.app)
    acting.abandon(world.app)

    assert [(state, outcome) for *_, state, outcome in kept(world)] == [("failed", acting.ABANDONED)]


def test_what_stops_an_act_unforeseen_fails_it_and_it_can_be_asked_for_again(world):
    acting.act(world.app, "run-job", "export-orders", who="Ana")
    one = acting.taken(world.app)[0]
    with pytest.raises(ZeroDivisionError), acting.ending(world.app, one):
        raise ZeroDivisionError
    again = acting.act(world.app, "run-job", "export-orders", who="Ana")

    assert again != one.id
    assert [state for *_, state, _ in kept(world)] == ["asked", "failed"]


def test_a_paused_job_has_no_next_run_and_says_who_paused_it(world):
    job_switches.announce(world.app, {"export-orders": "every 30s", "housekeeping": "15 3 * * *"})
    job_switches.pause(world.app, "housekeeping", "Ana")
    with world.app.db.read() as tx:
        found = {switch.job: switch for switch in job_switches.switches(tx)}
    export, housekeeping = found["export-orders"], found["housekeeping"]
    resumed = job_switches.Switch("housekeeping", housekeeping.schedule, "")

    assert export.next_after(MONDAY, MONDAY, ZONE) == MONDAY + timedelta(seconds=30)
    assert (housekeeping.paused_by, housekeeping.next_after(None, MONDAY, ZONE)) == ("Ana", None)
    assert resumed.next_after(None, MONDAY, ZONE) == MONDAY.replace(hour=6, minute=15) + timedelta(days=1)
    assert found["refresh-snapshot"].next_after(MONDAY, MONDAY, ZONE) is None


def test_the_jobs_of_the_switches_are_the_jobs(world):
    from jobs import JOBS

    assert tuple(JOBS) == job_switches.NAMES
    assert job_switches.daemon_of(world.app) == ""


def test_counts_of_passes_add_up_by_the_hour(world):
    with world.app.db.write() as tx:
        hourly.add(tx, "export-orders", {"delivered": 2, "nothing": 0}, MONDAY)
        hourly.add(tx, "export-orders", {"delivered": 3}, MONDAY + timedelta(minutes=59))
        hourly.add(tx, "export-orders", {"delivered": 7}, MONDAY + timedelta(minutes=60))
    with world.app.db.read() as tx:
        found = hourly.since(tx, MONDAY)

    assert [(hour - MONDAY, count) for hour, _, _, count in found] == [(timedelta(0), 5), (timedelta(hours=1), 7)]


def test_a_user_without_a_name_is_kept_by_its_number(world, monkeypatch):
    def nobody(number):
        raise KeyError(f"getpwuid(): uid not found: {number}")

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.setattr("os.getuid", lambda: 54321)
    done = repair.held_approve(world.app, int(hold_a_price(world)))
    keeping.kept(world.app, "pause-marketplace", "shop")

    assert done["decided_by"] == "uid 54321"
    assert kept(world)[0][:3] == ("uid 54321", "pause-marketplace", "shop")

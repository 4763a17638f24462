"""When the daemon runs a job: at once, again and again, and whatever the clock does."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector import daemon
from connector.domain.schedule import parse
from connector.errors import SettingsError
from connector.settings import ScheduleSettings, Settings
from connector.usecases.schedules import schedules

ZONE = ZoneInfo("America/Sao_Paulo")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def trigger(text):
    return daemon.Trigger(parse(text), ZONE)


def test_an_interval_job_runs_at_the_start_and_then_an_interval_after_each_run():
    every = trigger("every 30s")

    assert every.get_next_fire_time(None, NOON) == NOON
    assert every.get_next_fire_time(NOON, NOON) == NOON + timedelta(seconds=30)


def test_runs_that_were_missed_are_made_up_for_once():
    every, late = trigger("every 30s"), NOON + 5 * HOUR

    assert every.get_next_fire_time(NOON, late) == late + timedelta(seconds=30)


def test_a_daily_job_waits_for_its_time():
    assert trigger("15 3 * * *").get_next_fire_time(None, NOON) == datetime(2026, 11, 25, 6, 15, tzinfo=UTC)


def test_a_daily_job_does_not_run_again_when_the_clock_goes_back_over_it():
    daily, ran = trigger("15 3 * * *"), datetime(2026, 11, 24, 6, 15, tzinfo=UTC)
    daily.get_next_fire_time(ran, ran)

    assert daily.next_after(ran - HOUR) == ran + timedelta(days=1)


def test_a_run_of_a_clock_that_was_days_ahead_does_not_count():
    daily, ran = trigger("15 3 * * *"), datetime(2026, 11, 30, 6, 15, tzinfo=UTC)
    daily.get_next_fire_time(ran, ran)

    assert daily.next_after(NOON) == datetime(2026, 11, 25, 6, 15, tzinfo=UTC)


def test_a_clock_that_goes_back_silences_no_job():
    now = datetime.now(UTC)
    scheduler = daemon.BackgroundScheduler(timezone=UTC)
    for text in ("every 30s", "*/5 * * * *"):
        scheduler.add_job(lambda: None, trigger(text), id=text, next_run_time=now + HOUR)
    scheduler.start(paused=True)
    daemon._plan_anew(scheduler, now)
    waits = {job.id: job.next_run_time - now for job in scheduler.get_jobs()}
    scheduler.shutdown()

    assert waits["every 30s"] == timedelta(seconds=30)
    assert timedelta() < waits["*/5 * * * *"] <= timedelta(minutes=5)


def test_a_jump_of_the_clock_is_noticed_once():
    clock = daemon._Clock()
    still = clock.jumped()
    clock.offset = time.time() - time.monotonic() + 3600

    assert (still, clock.jumped(), clock.jumped()) == (False, True, False)


def test_an_empty_schedule_is_left_out():
    settings = Settings(schedule=ScheduleSettings(export_orders=""))

    assert set(schedules(settings, {"housekeeping": "15 3 * * *", "export-orders": "every 30s"})) == {"housekeeping"}


def test_a_key_that_is_no_job_s_is_an_error_that_says_which_was_meant():
    settings = Settings(schedule=ScheduleSettings(export_order="every 1m"))

    with pytest.raises(SettingsError, match=r"schedule.export_order: .* did you mean export_orders\?"):
        schedules(settings, {"export-orders": "every 30s"})


def test_a_schedule_that_cannot_be_read_names_key_and_what_is_allowed():
    settings = Settings(schedule=ScheduleSettings(export_orders="hourly"))

    with pytest.raises(SettingsError, match=r"schedule.export_orders: found 'hourly', allowed: five cron fields"):
        schedules(settings, {"export-orders": "every 30s"})


def test_systemd_hears_of_life_only_while_the_scheduler_fires():
    pulse = daemon._Pulse()
    alive = pulse.is_there()
    pulse.last -= daemon.SILENCE_SECONDS
    silent = pulse.is_there()
    pulse.beat()

    assert (alive, silent, pulse.is_there()) == (True, False, True)

"""All jobs on their schedules, until SIGTERM. This module alone knows APScheduler.

APScheduler is given its job list anew at each start (memory store), never drops a late run (no misfire limit), runs a job once however many
runs were missed (coalesce), and never twice at a time. It reads the wall clock alone, so a clock that jumps back silences it for as long as
it jumped: `_Clock` compares with the monotonic clock and plans everything anew.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from connector import app as app_module
from connector import garbage
from connector.app import App
from connector.domain.schedule import Every, Schedule
from connector.errors import Busy, ConnectorError, DatabaseDamaged, DatabaseUnreachable, Unreachable
from connector.settings import Settings, notify_socket
from connector.usecases import acting, backups, job_switches, setting_back
from connector.usecases.acting import Act
from connector.usecases.doers import RUN_JOB
from connector.usecases.schedules import schedules, written
from connector.usecases.turns import leaders, turn
from jobs import DEFAULT_SCHEDULES, JOBS, Pass
from jobs.running import run_job

DEADLINE_SECONDS = 25.0
"""After SIGTERM, until the process ends whatever is under way: everything is safe to abandon at any moment, and systemd waits 30 s."""
BEAT_SECONDS = 0.5
WAITS = "the jobs are run by {}; this daemon waits, and takes over when that one ends or is not heard of any more"
LOOK_SECONDS = 1.0
"""So often the daemon looks for what people asked for in the console."""
CLOCK_JUMP_SECONDS = 2.0
BACKUP_LOOK_SECONDS = 60
TIDY_SECONDS = 60
PULSE_SECONDS = 5
SILENCE_SECONDS = 30.0
"""The scheduler fires every `PULSE_SECONDS`; silent for so long, it is not alive, and systemd hears nothing more of it."""
log = logging.getLogger("connector.daemon")


class Trigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Our schedule as APScheduler asks for it."""

    def __init__(self, schedule: Schedule, zone: ZoneInfo) -> None:
        self.schedule, self.zone = schedule, zone
        self.fired: datetime | None = None

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """Return the next instant; `previous` is the one that has just come. What runs every so often runs at the start, too."""
        if previous is None and isinstance(self.schedule, Every):
            return now
        self.fired = previous or self.fired
        return self.next_after(now.astimezone(UTC))

    def next_after(self, now: datetime) -> datetime | None:
        if isinstance(self.schedule, Every):
            return now + timedelta(seconds=self.schedule.seconds)
        if self.fired is not None and not self.schedule.every_hour and now < self.fired < now + timedelta(hours=25):
            now = self.fired.astimezone(UTC)  # the clock went back over a run that was made: once per local date
        return self.schedule.next_after(now, self.zone)


class _Clock:
    """Notices when the wall clock leaves the monotonic one."""

    def __init__(self) -> None:
        self.offset = time.time() - time.monotonic()

    def jumped(self) -> bool:
        offset = time.time() - time.monotonic()
        moved = abs(offset - self.offset) > CLOCK_JUMP_SECONDS
        self.offset = offset
        return moved


class _Pulse:
    """When the scheduler fired last, on the monotonic clock."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def beat(self) -> None:
        self.last = time.monotonic()

    def is_there(self) -> bool:
        return time.monotonic() - self.last < SILENCE_SECONDS


def run(settings: Settings) -> int:
    """Run the jobs until SIGTERM or SIGINT; return the exit status.

    With SQLite, raises Busy where another daemon runs for this project. With PostgreSQL one daemon leads, and the others wait: the
    next one takes over when it has ended, or did not renew its lease.
    """
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    whole = app_module.build(settings)
    if whole.db.is_sqlite:
        return _lead(settings, whole, stop)
    while _may_lead(whole, stop):
        with suppress(Busy):  # another one was quicker
            _lead(settings, whole, stop)
    return 0


def _may_lead(app: App, stop: Event) -> bool:
    """Wait until no other daemon leads, and say for whom this one waits; False where it was told to stop meanwhile."""
    waited_for = ""
    while not stop.is_set():
        with suppress(DatabaseUnreachable):  # with the database the leader, too, comes back
            leader = leaders(app).get("daemon", "")
            if not leader:
                return True
            if leader != waited_for:
                log.info(WAITS.format(leader))
                _notify("READY=1")
            waited_for = leader
        _notify("WATCHDOG=1")
        stop.wait(BEAT_SECONDS)
    return False


def _lead(settings: Settings, whole: App, stop: Event) -> int:
    """Run the jobs until told to stop, or until another daemon took over: the passes under way end then, and can write nothing more."""
    plan, over, pulse = schedules(settings, DEFAULT_SCHEDULES), Event(), _Pulse()
    shared = app_module.build(settings)  # `whole` alone renews our lease: jobs may have every connection of theirs in hand
    garbage.spare_what_stays()
    with turn(whole, "daemon", wait_seconds=0) as lost:
        setting_back.bring_back(whole, jumped=False)
        scheduler = _start(shared, plan, over, pulse)
        _serve_people(shared.beside(), over)
        _notify("READY=1")
        log.info("the daemon runs", extra={"jobs": ", ".join(plan) or "none", "project": str(settings.root)})
        jumped = partial(setting_back.bring_back, shared.beside(), jumped=True)
        _beat_until((stop, lost), over, scheduler, pulse, jumped)
        if lost.is_set():
            log.warning("another daemon runs the jobs now: this one was frozen or cut off from the database; it ends its passes and waits")
        else:
            _notify("STOPPING=1")
        return _end(scheduler, whole)


def _start(app: App, plan: dict[str, Schedule], stop: Event, pulse: _Pulse) -> BackgroundScheduler:
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(len(JOBS) + 3)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=UTC,
    )
    zone = ZoneInfo(app.settings.schedule.timezone)
    for name, schedule in plan.items():
        make = partial(_pass, app.beside(), name, stop)
        scheduler.add_job(make, Trigger(schedule, zone), id=name, name=name)
    scheduler.add_job(pulse.beat, Trigger(Every(PULSE_SECONDS), zone), id="pulse", name="pulse")
    look = Trigger(Every(BACKUP_LOOK_SECONDS), zone)
    scheduler.add_job(partial(_back_up, app.beside(), stop), look, id=backups.JOB, name=backups.JOB)
    scheduler.add_job(garbage.give_back, Trigger(Every(TIDY_SECONDS), zone), id="memory", name="memory")
    scheduler.start()
    return scheduler


def _pass(app: App, name: str, stop: Event) -> None:
    """One scheduled pass. What it did and what failed is logged by `run_job`; here is only what kept it from running."""
    if stop.is_set():
        return
    try:
        if job_switches.is_paused(app, name):
            return
        run_job(app, name, Pass(stop=stop))
    except Busy as error:
        log.info(str(error), extra={"job": name})
    except DatabaseDamaged as error:
        _stop_damaged(error, name, stop)
    except ConnectorError as error:
        log.error(error.logged or str(error), extra={"job": name})  # noqa: TRY400  # a sentence for a person; a traceback says no more


def _back_up(app: App, stop: Event) -> None:
    """Make a backup when one is due."""
    if stop.is_set():
        return
    try:
        made = backups.keep_up(app, uuid.uuid4().hex[:12])
    except Busy as error:
        log.info(str(error), extra={"job": backups.JOB})
    except DatabaseDamaged as error:
        _stop_damaged(error, backups.JOB, stop)
    except ConnectorError as error:
        log.error(str(error), extra={"job": backups.JOB})  # noqa: TRY400  # as above
    else:
        if made:
            log.info(backups.sentence(made), extra={"job": backups.JOB})


def _stop_damaged(error: DatabaseDamaged, name: str, stop: Event) -> None:
    """Nothing can be done with a damaged database but restore it: the daemon ends, and says how."""
    if not stop.is_set():
        log.error(str(error), extra={"job": name})
    stop.set()


# ── what people ask for in the console ──────────────────────────────────────────────────────────────────────────────────
def _serve_people(app: App, stop: Event) -> None:
    """Do what is asked for, beside the schedules: each act in a thread of its own, safe to abandon as any pass is."""
    job_switches.announce(app, written(app.settings, DEFAULT_SCHEDULES))
    acting.abandon(app)
    Thread(target=_watch_for_acts, args=(app, stop), daemon=True).start()


def _watch_for_acts(app: App, stop: Event) -> None:
    while not stop.wait(LOOK_SECONDS):
        with suppress(Unreachable):  # the jobs say so already; what was asked for waits
            for asked in acting.taken(app):
                Thread(target=do_asked, args=(app, asked, stop), daemon=True).start()


def do_asked(app: App, asked: Act, stop: Event) -> None:
    """Do what a person asked for in the console, and keep what it came to."""
    log.info("asked for by a person", extra={"act": asked.what, "about": asked.about, "who": asked.who})
    with suppress(Unreachable), acting.ending(app, asked):  # with no database it stays taken, and the next start says so
        if asked.what == RUN_JOB:
            _run_for_a_person(app, asked, stop)
        else:
            acting.perform(app, asked)


def _run_for_a_person(app: App, asked: Act, stop: Event) -> None:
    try:
        report = run_job(app, asked.about, Pass(by_hand=True, stop=stop))
    except ConnectorError as error:
        acting.ended(app, asked, str(error), failed=True)
        return
    acting.ended(app, asked, "; ".join([*report.lines, *report.failures]), failed=bool(report.failures))


def _beat_until(
    ends: tuple[Event, Event], over: Event, scheduler: BackgroundScheduler, pulse: _Pulse, jumped: Callable[[], object]
) -> None:
    """Go on until one of the ends has come, or a pass found that it is `over`; then it is over for all passes."""
    clock = _Clock()
    while not over.wait(BEAT_SECONDS):
        if any(end.is_set() for end in ends):
            over.set()
        if pulse.is_there():
            _notify("WATCHDOG=1")
        if clock.jumped():
            log.warning("the clock jumped; every job is planned anew")
            Thread(target=jumped, daemon=True).start()
            _plan_anew(scheduler, datetime.now(UTC))


def _plan_anew(scheduler: BackgroundScheduler, now: datetime) -> None:
    for job in scheduler.get_jobs():
        scheduler.modify_job(job.id, next_run_time=job.trigger.next_after(now))
    scheduler.wakeup()


def _end(scheduler: BackgroundScheduler, app: App) -> int:
    """Take no new work, let the passes under way see `stop` and end; after the deadline leave them: each is safe to abandon.

    Raises DatabaseDamaged where that is why it ends.
    """
    log.info("stopping: no new work is taken")
    ending = Thread(target=scheduler.shutdown, daemon=True)
    ending.start()
    ending.join(DEADLINE_SECONDS)
    if not ending.is_alive():
        app.db.refuse_damaged()
        log.info("stopped")
        return 0
    log.warning("what was still under way is abandoned; the next start takes it up")
    sys.stderr.flush()
    os._exit(0)


def _notify(state: str) -> None:
    """Tell systemd, where it asked to be told."""
    address = notify_socket()
    if address:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:  # deaf, it restarts us in time
            channel.sendto(state.encode(), b"\0" + address[1:].encode() if address.startswith("@") else str(Path(address)))

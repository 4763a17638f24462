"""Jumps of the wall clock, an hour and a day there and back, under the real daemon and the real API.

A small library between them and the kernel moves the time of day alone, while they run; time that only passes (sleeps, deadlines) is
left as it is, as a jump leaves it. libfaketime cannot do that: with it Python's sleeps fail.
"""

import contextlib
import mmap
import os
import shutil
import struct
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from connector import app as building
from connector import settings as settings_module
from connector.storage import tables

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "web")]

from web_world import eventually, free_port, order, section, set_up  # noqa: E402  # the tests' own parts, by path

from campaigns.http_fuzz import Client  # noqa: E402  # as above

HOUR, DAY = 3600, 86_400
JUMPS = (HOUR, -HOUR, -HOUR, HOUR, DAY, -DAY, -DAY, DAY)
INTERVAL, GRACE = 2, 5
"""A job may stop for one interval and five seconds."""
WATCHED_SECONDS = 9
BURST = 3
"""Runs beyond those that the watched time holds."""
SETTINGS = """
[erp]
target = "file:outbox"
[schedule]
refresh_snapshot = "every 2s"
notify_marketplaces = ""
report_documents = "every 2s"
housekeeping = "every 2s"
export_orders = "every 2s"
"""
JOBS = ("refresh-snapshot", "report-documents", "housekeeping", "export-orders")
SOURCE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static volatile long long *ahead;
__attribute__((constructor)) static void begin(void) {
    int file = open(getenv("CLOCK_AHEAD"), O_RDONLY);
    ahead = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
    close(file);
}
int clock_gettime(clockid_t id, struct timespec *at) {
    int done = syscall(SYS_clock_gettime, id, at);
    if (!done && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) && ahead != MAP_FAILED) at->tv_sec += *ahead;
    return done;
}
int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""


def compiler():
    """Return the C compiler, or None where there is none."""
    return shutil.which("cc") or shutil.which("gcc")


class Clock:
    """The clock that the services see: `ahead` seconds before the real one."""

    def __init__(self, folder):
        self.place, library = folder / "ahead", folder / "clock.so"
        self.place.write_bytes(bytes(8))
        subprocess.run([compiler(), "-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", library], input=SOURCE, text=True, check=True)
        self.env = os.environ | {"LD_PRELOAD": str(library), "CLOCK_AHEAD": str(self.place), "UNUSED_KEY": "k", "UNUSED_TOKEN": "t"}
        with self.place.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8)
        self.ahead = 0

    def jump(self, seconds):
        self.ahead += seconds
        self._map[:] = struct.pack("q", self.ahead)

    def now(self):
        return datetime.now(UTC) + timedelta(seconds=self.ahead)


class World:
    """A seller's project whose API and daemon see a clock of their own."""

    def __init__(self, root, stack):
        root.mkdir(parents=True)
        self.clock, port = Clock(root), free_port()
        self.project = set_up(root / "project", section(port, workers=1) + SETTINGS)
        (self.project.root / "outbox").mkdir()
        for command in ("serve", "daemon"):
            stack.enter_context(self._running(command))
        self.app = building.build(settings_module.load(self.project.config), clock=self.clock.now)
        stack.callback(self.app.db.close)
        self.client = Client(port, 1, "clock")
        eventually(self._is_up, 60)

    @contextlib.contextmanager
    def _running(self, command):
        line = [Path(sys.executable).with_name("connector"), "--config", self.project.config, command]
        with (self.project.root / f"{command}.log").open("wb") as log:
            process = subprocess.Popen(line, env=self.clock.env, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(40)

    def _is_up(self):
        with contextlib.suppress(OSError):
            return self.place("first") == 200 and all(self.runs()[job] for job in JOBS)
        return False

    def place(self, number):
        return self.client._asked("/pvt/orders?an=acme-market", [order(number)])[0]

    def runs(self):
        """Return how often each job has run."""
        t = tables.job_runs
        with self.app.db.read() as tx:
            return Counter(dict(tx.execute(select(t.c.job, func.count()).group_by(t.c.job)).all()))

    def files(self):
        """Return how many orders the ERP can see."""
        return len(list((self.project.root / "outbox" / "orders").glob("*.json")))

    def ended(self):
        """Return how many orders and reservations ended, though their time had not come."""
        with self.app.db.read() as tx:
            orders = tx.execute(select(func.count()).where(tables.orders.c.state != "placed")).scalar_one()
            held = tx.execute(select(func.count()).where(tables.reservations.c.released_at.is_not(None))).scalar_one()
        return orders + held


def faults(world, seconds, name, grace=GRACE):
    """Jump between two orders, and yield what did not go on as before."""
    files = world.files()
    world.place(f"{name}-before")
    world.clock.jump(seconds)
    world.place(f"{name}-after")
    before = world.runs()
    began, longest, told = time.monotonic(), Gaps(before), None
    while time.monotonic() - began < WATCHED_SECONDS + grace:
        longest.look(world.runs())
        if told is None and world.files() >= files + 2:
            told = time.monotonic() - began
        if told is not None and time.monotonic() - began > WATCHED_SECONDS:
            break
        time.sleep(0.1)
    allowed = INTERVAL + grace
    yield from (f"{job} stopped for {gap:.1f} s" for job, gap in longest.gaps().items() if gap > allowed)
    most = (time.monotonic() - began) / INTERVAL + BURST
    yield from (f"{job} ran {count} times" for job, count in (world.runs() - before).items() if job in JOBS and count > most)
    if told is None or told > allowed:
        yield f"the ERP saw the orders after {told} s"
    if world.ended():
        yield f"{world.ended()} orders or reservations ended early"


class Gaps:
    """The longest time that each job went without a run."""

    def __init__(self, counts):
        self._counts, self._since, self._longest = counts, dict.fromkeys(JOBS, time.monotonic()), dict.fromkeys(JOBS, 0.0)

    def look(self, counts):
        for job in JOBS:
            self._longest[job] = max(self._longest[job], time.monotonic() - self._since[job])
            if counts[job] > self._counts[job]:
                self._since[job] = time.monotonic()
        self._counts = counts

    def gaps(self):
        return self._longest

"""Hours of trade through all jobs with a fault each minute, to see what a short campaign cannot: memory, open files or a WAL that grow.

`make campaign PART=soak ARGS="--times 86400 --seed 1"` (seconds; a day before a release). The daemon and the server's master are frozen at
times and never killed, and of the workers only the youngest is: one worker lives through it all, and what the three hold is followed. The
promises are those of `kills`, and that in the end the marketplace knows every price, invoice and tracking number (`trading.py`). What was
seen so far is written to standard error each hour; SIGTERM or Ctrl-C ends the trade early, and all is judged as ever.
"""

import re
import signal
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from campaigns import kills
from campaigns.standing import signalled
from campaigns.trading import Trade

WARM_SHARE = 3
"""A third of what was seen of a process is left out: caches, pools and threads are filling up."""
LEAST_MINUTES = 30
"""After that third; in less time a page or two of 100 kB, come late, would pass for a megabyte an hour."""
LEAST_LOOKS = 200
"""At open files: who was seen for less is still opening what it needs. What lasts counts, the median: bursts of calls open more."""
MOST_BYTES_AN_HOUR = 2**20
MOST_FILES_MORE = 4
MOST_WAL_BYTES = 64 * 2**20
HOUR = 3600
FROZEN_TURN_AWAY = 1.0
"""Answers for each order: who is frozen with the store's lock in hand keeps it, and all others are told to come again, and do."""


@dataclass(frozen=True)
class Pace:
    """Seconds between two orders of a client, two exports, two looks and two faults, and for how long somebody is frozen."""

    order: float = 2.0
    export: float = 10.0
    look: float = 15.0
    fault: float = 60.0
    frozen: float = 8.0


SHORT = Pace(order=0.4, export=2.0, look=0.5, fault=10.0, frozen=3.0)
"""For a minute of the ordinary tests; that memory does not grow takes hours to see, and is not looked at."""


@dataclass
class Growth:
    """Memory of one process: at first, after its warm-up, at last, and what it grew by since the warm-up."""

    first: int
    warm: int
    last: int
    minutes: float
    bytes_an_hour: float

    def __str__(self):
        held = " → ".join(f"{size / 2**20:.1f}" for size in (self.first, self.warm, self.last))
        return f"{held} MB, {self.bytes_an_hour / 2**20:+.2f} MB an hour in the last {self.minutes:.0f} min"


@dataclass
class Figures:
    """What a soak saw; `growth` of the processes that were seen for long enough to tell."""

    seed: int
    trade: kills.Figures | None = None
    growth: dict[str, Growth] = field(default_factory=dict)
    largest_wal: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self):
        grew = _listed(self.growth) or "none was seen for long enough"
        kept = "nothing grew" if not self.faults else "; ".join(self.faults)
        return f"{self.trade}. Memory: {grew}. Largest WAL {self.largest_wal / 2**20:.1f} MB: {kept}"


def main(seconds=86_400, seed=1, pace=None, folder=None):
    """Trade for so long and return the figures."""
    began, pace = time.monotonic(), pace or Pace()
    with ExitStack() as stack:
        root = Path(folder or stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-"))) / "project"
        world = kills.World(root, stack, seed, place="files", bug="none", trade=Trade(seed, pace.export, pace.order))
        world.turned_away_at_most = FROZEN_TURN_AWAY
        watch = Watch(world)
        with suppress(KeyboardInterrupt):
            _trade(world, watch, pace, began + seconds)
        figures = watch.figures(seed, world.figures())
    figures.trade.seconds = time.monotonic() - began
    return figures


def _trade(world, watch, pace, until):
    fault_at, word_at = time.monotonic() + pace.fault, time.monotonic() + HOUR
    while time.monotonic() < until:
        time.sleep(pace.look)
        watch.look()
        if time.monotonic() >= word_at:
            sys.stderr.write(f"{time.strftime('%H:%M')} {world.done.total()} faults; {_listed(watch.growth())}\n")
            word_at += HOUR
        if time.monotonic() >= fault_at:
            world.done[_harm(world, pace)] += 1
            fault_at += pace.fault


def _harm(world, pace):
    """Do one of what happens on a bad day; returns its name."""
    what = world.chance.choice(["worker killed", "worker frozen", "daemon frozen", "master frozen"])
    workers = sorted(world.api.children(), key=_started)
    frozen = {"worker frozen": world.chance.choice(workers), "daemon frozen": world.daemons[0].pid, "master frozen": world.api.pid}
    if what in frozen:
        _freeze(frozen[what], pace.frozen)
    else:
        signalled(workers[-1], signal.SIGKILL)
    return what


def _started(pid):
    """Return when a process began, in ticks since the machine did."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def _freeze(pid, seconds):
    signalled(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        signalled(pid, signal.SIGCONT)


class Watch:
    """Looks at what processes hold, by their names and numbers: a process that was started again is another."""

    def __init__(self, world):
        self.world, self.wal = world, Path(f"{world.project.root}/var/connector.db-wal")
        self.held, self.files, self.largest_wal = defaultdict(list), defaultdict(list), 0

    def look(self):
        named = {"daemon": self.world.daemons[0].pid, "master": self.world.api.pid}
        named |= {f"worker {pid}": pid for pid in self.world.api.children()}
        for name, pid in named.items():
            with suppress(OSError, LookupError):  # it has just died
                self.files[name].append(len(list(Path(f"/proc/{pid}/fd").iterdir())))
                self.held[name].append((time.monotonic() / 3600, _own_memory(pid)))
        if self.wal.exists():
            self.largest_wal = max(self.largest_wal, self.wal.stat().st_size)

    def figures(self, seed, trade):
        growth = self.growth()
        return Figures(seed, trade, growth=growth, largest_wal=self.largest_wal, faults=[*trade.faults, *self._faults(growth)])

    def growth(self):
        """Return what became of each process that was seen for long enough to tell."""
        grown = {name: _growth(held) for name, held in self.held.items()}
        return {name: found for name, found in grown.items() if found.minutes >= LEAST_MINUTES}

    def _faults(self, growth):
        for name, found in growth.items():
            if found.bytes_an_hour > MOST_BYTES_AN_HOUR:
                yield f"{name} grows by {found.bytes_an_hour / 2**20:.1f} MB an hour"
        for name, files in self.files.items():
            part = len(files) // WARM_SHARE
            if len(files) >= LEAST_LOOKS and (now := median(files[-part:])) > (before := median(files[part:-part])) + MOST_FILES_MORE:
                yield f"{name} had {before:.0f} files open, and has {now:.0f}"
        if self.largest_wal > MOST_WAL_BYTES:
            yield f"the WAL had {self.largest_wal} bytes"


def _own_memory(pid):
    """Return how many bytes a process holds itself: pages of files, its program's, come and go as the machine has room."""
    return 1024 * int(re.findall(r"RssAnon:\s+([0-9]+) kB", Path(f"/proc/{pid}/status").read_text())[0])


def _listed(growth):
    return "; ".join(f"{name} {found}" for name, found in growth.items())


def _growth(held):
    """Return what became of a process's memory, out of pairs of hours and bytes."""
    warmed = held[len(held) // WARM_SHARE :]
    minutes = 60 * (warmed[-1][0] - warmed[0][0])
    return Growth(held[0][1], warmed[0][1], held[-1][1], minutes, _slope(warmed) if minutes else 0.0)


def _slope(points):
    """Return by how much the second of each pair rises while the first rises by one (least squares)."""
    x_mean, y_mean = (sum(values) / len(points) for values in zip(*points, strict=True))
    across = sum((x - x_mean) ** 2 for x, _ in points)
    return sum((x - x_mean) * (y - y_mean) for x, y in points) / across

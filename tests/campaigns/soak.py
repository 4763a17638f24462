"""Hours of ordinary trade with a fault each minute, to see what a short campaign cannot: memory, open files or a WAL that grow.

`make campaign PART=soak ARGS="--times 86400 --seed 1"` (seconds; a day before a release). The daemon and the server's master are frozen at
times and never killed, so that what they hold can be followed; workers are killed and frozen. The promises are those of `kills`.
"""

import random
import signal
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from campaigns import kills
from campaigns.http_fuzz import resident
from campaigns.standing import signalled

PAUSE_SECONDS = 2.0
LOOK_SECONDS = 15
FAULT_SECONDS = 60
FROZEN_SECONDS = 8
LEAST_LOOKS = 40
"""Ten minutes: what is younger is still warming up, and tells nothing."""
WARM_LOOKS = 20
MOST_BYTES_AN_HOUR = 2**20
MOST_FILES_MORE = 4
MOST_WAL_BYTES = 64 * 2**20


@dataclass
class Figures:
    """What a soak saw; `growth` is bytes an hour by process, of those that lived long enough to tell."""

    seed: int
    trade: kills.Figures | None = None
    growth: dict[str, float] = field(default_factory=dict)
    largest_wal: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self):
        grew = ", ".join(f"{name} {rate / 2**20:+.2f}" for name, rate in self.growth.items()) or "none lived for long enough"
        kept = "nothing grew" if not self.faults else "; ".join(self.faults)
        return f"{self.trade}; MB an hour: {grew}; largest WAL {self.largest_wal / 2**20:.1f} MB: {kept}"


def main(seconds=86_400, seed=1):
    """Trade for so long and return the figures."""
    began = time.monotonic()
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-"))) / "project"
        world = kills.World(root, stack, seed, "files", "none")
        for client in world.clients:
            client.pause = PAUSE_SECONDS
        watch = Watch(world)
        _trade(world, watch, random.Random(seed), began + seconds)
        figures = watch.figures(seed, world.figures())
    figures.trade.seconds = time.monotonic() - began
    return figures


def _trade(world, watch, chance, until):
    fault_at = time.monotonic() + FAULT_SECONDS
    while time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        watch.look()
        if time.monotonic() >= fault_at:
            world.done[_harm(world, chance)] += 1
            fault_at += FAULT_SECONDS


def _harm(world, chance):
    """Do one of what happens on a bad day; returns its name."""
    what = chance.choice(["worker killed", "worker frozen", "daemon frozen", "master frozen"])
    workers = world.api.children()
    if what == "worker killed":
        signalled(chance.choice(workers), signal.SIGKILL)
    else:
        _freeze({"worker frozen": chance.choice(workers), "daemon frozen": world.daemons[0].pid, "master frozen": world.api.pid}[what])
    return what


def _freeze(pid):
    signalled(pid, signal.SIGSTOP)
    time.sleep(FROZEN_SECONDS)
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
            with suppress(OSError):
                self.files[name].append(len(list(Path(f"/proc/{pid}/fd").iterdir())))
                self.held[name].append((time.monotonic() / 3600, resident(pid)))
        if self.wal.exists():
            self.largest_wal = max(self.largest_wal, self.wal.stat().st_size)

    def figures(self, seed, trade):
        growth = {name: _slope(held[WARM_LOOKS:]) for name, held in self.held.items() if len(held) >= LEAST_LOOKS}
        return Figures(seed, trade, growth, self.largest_wal, [*trade.faults, *self._faults(growth)])

    def _faults(self, growth):
        yield from (f"{name} grows by {rate / 2**20:.1f} MB an hour" for name, rate in growth.items() if rate > MOST_BYTES_AN_HOUR)
        for name in growth:
            before, after = max(self.files[name][:WARM_LOOKS]), max(self.files[name][-WARM_LOOKS:])
            if after > before + MOST_FILES_MORE:
                yield f"{name} had {before} files open, and has {after}"
        if self.largest_wal > MOST_WAL_BYTES:
            yield f"the WAL had {self.largest_wal} bytes"


def _slope(points):
    """Return by how much the second of each pair rises while the first rises by one (least squares)."""
    x_mean, y_mean = (sum(values) / len(points) for values in zip(*points, strict=True))
    across = sum((x - x_mean) ** 2 for x, _ in points)
    return sum((x - x_mean) * (y - y_mean) for x, y in points) / across

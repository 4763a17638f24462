"""How long the slowest answers take while files are imported: beside nothing, beside a neighbour that takes a core, beside a refresh."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median
from threading import Event, Thread

from connector.bench import contenders, projects, show
from connector.bench.carts import CARTS, carts, requests
from connector.bench.exports import COLUMNS, WRITTEN_AT, Variant
from connector.bench.load import Load, Slice
from connector.bench.processes import Wrong, connector, run
from connector.bench.rows import Row
from connector.bench.serving import free_port, served
from connector.bench.terms import Terms

GROUP = "simulation"
WORK = "p99 of a simulation while"
CONNECTIONS = 16
RATE = 100.0
"""Requests a second: a busy hour of a mid-sized seller, far from what the server can do."""
ITEMS = 10
LEAST_SECONDS = 5.0
LOADS = 2
"""Loads of everything that are measured; each takes as long as it takes."""
QUIET, NEIGHBOUR, REFRESH, LOAD = "quiet", "neighbour", "refresh", "load"


def rows(terms: Terms, root: Path, reserved: Sequence[str]) -> Iterator[Row]:
    """Measure: answers of carts of 10 items, asked for at a steady rate, as the server is set by default."""
    if not terms.wants(WORK):
        return
    show.progress("simulations while files are imported")
    port = free_port()
    projects.configure(root, port=port, workers=2)
    files = Files(terms, root)
    asked = cycle(requests(carts(terms.size, ITEMS, min(CARTS, terms.size), reserved)))
    load = Load(port, asked, CONNECTIONS, RATE)
    with served(connector(root, "serve"), port, root / "var" / "serve.log"):
        load.drive(terms.seconds)
        seconds = max(LEAST_SECONDS * terms.seconds, terms.seconds)
        some = _rounds(load, terms.rounds, seconds, {QUIET: None, NEIGHBOUR: _burn, REFRESH: files.refresh})
        all_of_it = _rounds(load, LOADS, seconds, {NEIGHBOUR: _burn, LOAD: files.load})
    yield _row(f"{WORK} 1 % is refreshed", some, REFRESH, QUIET, 1.3)
    yield _row(f"{WORK} 1 % is refreshed", some, REFRESH, NEIGHBOUR, None)
    yield _row(f"{WORK} everything is loaded", all_of_it, LOAD, NEIGHBOUR, 1.7)
    failed = sum(one.failed for found in (some, all_of_it) for slices in found.values() for one in slices)
    asked_for = sum(len(one.answers) for found in (some, all_of_it) for slices in found.values() for one in slices)
    yield Row(GROUP, "failed answers meanwhile", f"of {asked_for:,}", failed, 0, unit="answers")


class Files:
    """Exports on their way into the project: each pass is given other lines than the one before, written later."""

    def __init__(self, terms: Terms, root: Path) -> None:
        self._terms, self._root, self._at = terms, root, WRITTEN_AT + 100_000
        self._now = Variant(terms.size)
        for variant in (Variant(terms.size, 0.01), Variant(terms.size, 1.0)):
            contenders.files(terms.work, variant)

    def refresh(self, stop: Event) -> None:
        """Refresh 1 % to and fro until told to stop, at least once."""
        while True:
            self._pass(0.01)
            if stop.is_set():
                return

    def load(self, _stop: Event) -> None:
        """Load exports of which no line is what it was."""
        self._pass(1.0)

    def _pass(self, share: float) -> None:
        self._now = Variant(self._terms.size, 0.0 if self._now.share else share)
        given, self._at = contenders.files(self._terms.work, self._now), self._at + 3600
        for feed in COLUMNS:
            part = self._root / "inbox" / feed / f"{feed}.csv.part"
            shutil.copyfile(given / f"{feed}.csv", part)
            os.utime(part, (self._at, self._at))
            part.rename(part.with_suffix(""))
        projects.counts(run(projects.refresh(self._root)))


def _burn(stop: Event) -> None:
    """Take a core, as any other program on the machine may."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        stop.wait()
        process.kill()


def _rounds(load: Load, rounds: int, seconds: float, besides: dict[str, Callable[[Event], None] | None]) -> dict[str, list[Slice]]:
    found: dict[str, list[Slice]] = {name: [] for name in besides}
    for number in range(rounds):
        for name, beside in besides.items():
            found[name].append(load.drive(seconds) if beside is None else _beside(load, seconds, beside))
        show.progress(f"  round {number + 1}: " + ", ".join(f"{name} p99 {found[name][-1].p99:.1f} ms" for name in besides))
    return found


def _beside(load: Load, seconds: float, beside: Callable[[Event], None]) -> Slice:
    """Ask while something else goes on, to its end."""
    stop, failures = Event(), list[Wrong]()
    thread = Thread(target=partial(_noted, beside, stop, failures))
    thread.start()
    until = time.monotonic() + seconds
    found = load.drive(seconds, lambda: _told_after(stop, until) and thread.is_alive())
    if failures:
        raise failures[0]
    return found


def _told_after(stop: Event, until: float) -> bool:
    if time.monotonic() > until:
        stop.set()
    return True


def _noted(beside: Callable[[Event], None], stop: Event, failures: list[Wrong]) -> None:
    try:
        beside(stop)
    except Wrong as error:
        failures.append(error)


def _row(work: str, found: dict[str, list[Slice]], ours: str, theirs: str, goal: float | None) -> Row:
    pairs = list(zip(found[ours], found[theirs], strict=True))
    figures = f"{median(one.p99 for one, _ in pairs):.1f} ms, {median(other.p99 for _, other in pairs):.1f} ms"
    beside = {QUIET: "the same without", NEIGHBOUR: "beside a neighbour that takes a core"}[theirs]
    return Row(GROUP, work, beside, median(one.p99 / other.p99 for one, other in pairs), goal, figures=figures)

"""What it costs to start: commands beside an empty Python, and the memory of a web worker that has answered carts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from statistics import median

from connector.bench import contenders, projects, show
from connector.bench.carts import carts, requests, serving_project
from connector.bench.exports import Variant
from connector.bench.load import Load
from connector.bench.processes import MIB, Wrong, connector, run
from connector.bench.rows import Row
from connector.bench.serving import free_port, served
from connector.bench.terms import Terms

GROUP = "start"
ROUNDS = 2
"""Times the rounds of other groups: a start is short, and differences of a few ms are asked for."""
PEER = "python -c pass"
GOALS_MS = {"--help": 150.0, "status": 400.0}
WORKER_MIB = 60.0
WORKERS = 2
HEAVY = "pandas"


def rows(terms: Terms) -> Iterator[Row]:
    """Measure starts in alternating rounds, then a server's workers."""
    root, reserved = serving_project(terms.work, terms.size)
    show.progress("start")
    told = projects.loaded(terms.work, contenders.files(terms.work, Variant(terms.size)), Variant(terms.size))
    ways = {PEER: [sys.executable, "-c", "pass"], **{word: connector(told, word) for word in GOALS_MS}}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS * terms.rounds):
        for name, argv in ways.items():
            seconds[name].append(run(argv, allowed=(0, 1)).seconds)  # status ends with 1 where something waits for a person
    for word, goal in GOALS_MS.items():
        more = median(a - b for a, b in zip(seconds[word], seconds[PEER], strict=True)) * 1000
        figures = f"{median(seconds[word]) * 1000:.0f} ms, {median(seconds[PEER]) * 1000:.0f} ms"
        yield Row(GROUP, f"connector {word}", f"more than {PEER}", more, goal, unit="ms", figures=figures)
    yield from _workers(root, terms, list(reserved))


def _workers(root: Path, terms: Terms, reserved: list[str]) -> Iterator[Row]:
    port = free_port()
    projects.configure(root, port=port, workers=WORKERS)
    asked = cycle(requests(carts(terms.size, 10, min(5000, terms.size), reserved)))
    with served(connector(root, "serve"), port, root / "var" / "serve.log") as pid:
        if Load(port, asked, 8).drive(2 * terms.seconds).failed:
            raise Wrong("the server failed to answer a cart")
        workers = _children(pid)
        peaks = [_peak_mib(worker) for worker in workers]
        heavy = sum(HEAVY in Path(f"/proc/{worker}/maps").read_text(encoding="utf-8") for worker in workers)
    if len(workers) != WORKERS:
        raise Wrong(f"the server has {len(workers)} workers, and should have {WORKERS}")
    figures = ", ".join(f"{peak:.0f} MiB" for peak in peaks)
    yield Row(GROUP, "web worker after carts of 10 items", "peak of memory", max(peaks), WORKER_MIB, unit="MiB", figures=figures)
    yield Row(GROUP, f"web workers that have {HEAVY} in memory", "none", heavy, 0, unit="workers")


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def _peak_mib(pid: int) -> float:
    """Return the most memory that a process held at once."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / MIB
    raise Wrong(f"the kernel says nothing of the memory of process {pid}")

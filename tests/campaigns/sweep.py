"""Every durable system call of each job, and of a placement, is made to kill its process, to fail once, or to fail from then on.

`make campaign PART=sweep ARGS="--times 2000 --seed 1"`. A clean run is traced (strace) for the calls that touch the project; for each of
them the project is put back as it was, the run repeated with the fault at that very call, an ERP takes what it finds, and clean runs
follow. In the end everything is as if nothing had happened: applied once, told, written once, reported once.
"""

import json
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from campaigns.greedy import GreedyErp
from connector.demo import stage as stages
from connector.demo import story
from connector.sandbox import documents

CALLS = ("openat", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "renameat2", "link", "unlink", "unlinkat", "mkdirat")
FAULTS = {
    "killed": "signal=KILL:when={n}",
    "EIO": "error=EIO:when={n}",
    "ENOSPC": "error=ENOSPC:when={n}",
    "ENOSPC from then on": "error=ENOSPC:when={n}+",
}
LINE = re.compile(r"(?:\[pid +)?(\d+)\]? +(?:\d+:\d+:\d+ )?(\w+)\((.*)")
DEADLINE_SECONDS = 60
PLACED = "9990000000001-01"


@dataclass
class Figures:
    """What a sweep saw; `faults` is empty where everything was as if nothing had happened."""

    seed: int
    points: Counter = field(default_factory=Counter)
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self):
        seen = ", ".join(f"{job} {count}" for job, count in self.points.items())
        kept = "as if nothing had happened" if not self.faults else "; ".join(self.faults[:20])
        return f"seed {self.seed}: {self.points.total()} points ({seen}) in {self.seconds:.0f} s: {kept}"


def main(points=2000, seed=1, jobs=()):
    """Sweep a sample of `points` over the jobs, or over all there are; returns the figures."""
    began, figures, chance = time.monotonic(), Figures(seed), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="sweep-") as kept, forker(kept) as fork, stages.built() as stage:
        play = story.Play(stage)
        scenes = [scene for scene in SCENES if not jobs or scene.job in jobs]
        for scene in SCENES:
            scene.set(play, Path(kept))
            if scene in scenes:
                _sweep(Bench(play, fork, scene, Path(kept) / scene.job), max(1, points // len(scenes)), chance, figures)
            scene.go_on(play)
    figures.seconds = time.monotonic() - began
    return figures


def _sweep(bench, most, chance, figures):
    every = [(name, n, fault) for name, n in bench.points() for fault in FAULTS]
    for name, n, fault in sorted(chance.sample(every, min(most, len(every)))):
        found = bench.tried(name, FAULTS[fault].format(n=n))
        figures.points[bench.scene.job] += 1
        figures.faults += [f"{bench.scene.job}, {name} {n} {fault}: {fault_found}" for fault_found in found]


# ── what is swept ───────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Scene:
    """`set` brings the stage to where the job has work, `faults` says what is not as it should be, `go_on` plays what follows."""

    job: str
    set: object
    faults: object
    go_on: object


def _steps(*names):
    def played(play, _beside=None):
        for step in story.STEPS:
            if step.name in names:
                step.act(play)
                step.verify(play)

    return played


def _nothing(*_):
    return None


def _not_refreshed(bench):
    yield from bench.unless(
        bench.rows("SELECT sku, price_cents FROM prices ORDER BY sku") == [("000187", 7390), ("000188", 8990)], "the prices"
    )
    states = bench.rows("SELECT state, count(*) FROM files WHERE moved_at IS NOT NULL GROUP BY state")
    yield from bench.unless(states == [("applied", 4)], f"four files applied once and moved: {states}")
    yield from bench.unless(not list(bench.root.glob("inbox/*/*.csv")), "an empty inbox")
    yield from bench.unless(len(list(bench.root.glob("archive/*/*/*.csv*"))) == 4, "four files in the archive")


def _not_told(bench):
    marketplace = bench.play.stage.marketplace
    yield from bench.unless(marketplace.seen("/000187/price$"), "the price of 000187 told")
    yield from bench.unless(marketplace.seen("/000187/inventory$"), "the stock of 000187 told")
    yield from bench.unless("000188" in marketplace.suggestions, "000188 suggested")
    yield from bench.unless(
        bench.rows("SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending')") == [(0,)], "nothing left to tell"
    )


def _not_placed(bench):
    answers = [line.partition(" ")[2] for line in bench.answers() if line.startswith("200 ")]
    yield from bench.unless(len(set(answers)) == 1, f"one answer, always the same: {answers}")
    rows = bench.rows(f"SELECT order_id, answer FROM orders WHERE marketplace_order_id = '{PLACED}'")
    yield from bench.unless(len(rows) == 1, f"one order: {rows}")
    messages = bench.rows(f"SELECT count(*) FROM outbox WHERE reference = '{rows[0][0] if rows else ''}'")
    yield from bench.unless(messages == [(1,)], f"one file to be written: {messages}")


def _not_exported(bench):
    yield from bench.unless(list(bench.erp.taken.values()) == [1], f"the order once: {dict(bench.erp.taken)}")
    yield from bench.unless(not bench.erp.broken, f"whole files: {bench.erp.broken}")
    left = [path.name for path in bench.root.glob("outbox/.partial/*.json.*")]
    yield from bench.unless(not left, f"nothing left in .partial: {left}")


def _not_reported(bench):
    invoice = bench.play.stage.marketplace.invoices.get(story.NUMBER, {}).get(story.INVOICE)
    yield from bench.unless(invoice, "the invoice at the marketplace")
    yield from bench.unless(not list(bench.root.glob("inbox/*/*.csv")), "an empty inbox")
    yield from bench.unless(bench.rows("SELECT count(*) FROM documents WHERE kind = 'invoice'") == [(1,)], "one invoice")
    yield from bench.unless(bench.rows("SELECT count(*) FROM outbox WHERE state = 'dead'") == [(0,)], "no dead letter")


def _not_tidied(bench):
    yield from bench.unless(bench.rows("SELECT count(*) FROM orders") == [(1,)], "the order")


def _order(play, beside):
    """Leave beside the project the order that is placed."""
    cart = play.stage.shopper.simulate([("000187", 1)])
    order = documents.order(PLACED, cart, play.stage.marketplace.services_endpoint)
    (beside / "order.json").write_text(json.dumps(order))


def _drop_invoice(play, _beside):
    play.stage.erp.invoice(play.order, story.INVOICE)


SCENES = (
    Scene("refresh-snapshot", _steps("the ERP exports"), _not_refreshed, _steps("refresh-snapshot")),
    Scene("notify-marketplaces", _nothing, _not_told, _steps("notify-marketplaces", "a price changes", "simulation")),
    Scene("place", _order, _not_placed, _steps("order")),
    Scene("export-orders", _nothing, _not_exported, _steps("export-orders", "dispatch")),
    Scene("report-documents", _drop_invoice, _not_reported, _nothing),
    Scene("housekeeping", _nothing, _not_tidied, _nothing),
)


# ── how ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
class Bench:
    """A copy of the stage's project, made anew before each try."""

    def __init__(self, play, fork, scene, template):
        self.play, self.fork, self.scene, self.template = play, fork, scene, template
        self.root, self.erp = template.with_suffix(".tried") / "project", None
        shutil.copytree(play.stage.root, template)

    def points(self):
        """Trace a clean run; returns (call, n-th) for all that touches the project."""
        self._put_back()
        trace = self.template.with_suffix(".trace")
        self._run(f"-y -o {trace} -e trace={','.join(CALLS)}".split())
        self.erp.take()
        found = list(self.scene.faults(self))
        assert not found, f"{self.scene.job} does not work without faults: {found}"
        counts, found = Counter(), []
        for thread, call in _traced(trace):
            counts[thread, call[0]] += 1
            if str(self.root) in call[1]:
                found.append((call[0], counts[thread, call[0]]))
        return sorted(set(found))

    def tried(self, call, how):
        """Run with the fault, then without; returns what is not as if nothing had happened."""
        self._put_back()
        ended = self._run(["-e", f"trace={call}", "-e", f"inject={call}:{how}", "-o", "/dev/null"])
        self.erp.take()
        for _ in range(3):
            if self._run() == 0:
                break
        self.erp.take()
        found = [*self.scene.faults(self), *self.unless(self.rows("PRAGMA integrity_check") == [("ok",)], "a whole database")]
        return [f"{one} (the run ended with {ended})" for one in found]

    def unless(self, holds, what):
        if not holds:
            yield f"not found: {what}"

    def rows(self, sql):
        connection = sqlite3.connect(self.root / "var" / "connector.db")
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def answers(self):
        path = self.template.parent / "answers.txt"
        return path.read_text().splitlines() if path.exists() else []

    def _put_back(self):
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.template, self.root)
        (self.template.parent / "answers.txt").unlink(missing_ok=True)
        marketplace = self.play.stage.marketplace
        marketplace.calls.clear()
        if self.scene.job == "notify-marketplaces":
            marketplace.suggestions.clear()
        self.erp = GreedyErp(self.root / "outbox")

    def _run(self, strace=None):
        """Run the scene's job in a fork, under strace where asked for; returns how it ended."""
        pid = self.fork.begin(self.root / "config" / "connector.toml", self.scene.job, stopped=bool(strace))
        if strace:
            tracer = subprocess.Popen(["strace", "-f", "-p", str(pid), *strace], stderr=subprocess.PIPE, text=True)
            tracer.stderr.readline()  # "Process N attached"
            subprocess.run(["kill", "-CONT", str(pid)], check=True)
            ended = self.fork.ended()
            tracer.communicate(timeout=DEADLINE_SECONDS)
            return ended
        return self.fork.ended()


def _traced(path):
    for line in path.read_text(errors="replace").splitlines():
        matched = LINE.match(line)
        if matched:
            yield matched[1], (matched[2], matched[3])


class Forker:
    def __init__(self, process):
        self.process = process

    def begin(self, config, what, *, stopped):
        self.process.stdin.write(f"{config}\t{what}\t{'stopped' if stopped else ''}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def ended(self):
        return int(self.process.stdout.readline())


@contextmanager
def forker(beside):
    """Start a forker whose children find the order to place, and leave their answers and logs, in the folder `beside`."""
    argv = [sys.executable, str(Path(__file__).with_name("forker.py")), str(beside)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            yield Forker(process)
        finally:
            process.send_signal(signal.SIGKILL)

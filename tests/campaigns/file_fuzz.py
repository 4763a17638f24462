"""Spoiled files through the reading that the intake uses, and a share of them through whole passes.

`make campaign PART=file-fuzz ARGS="--times 100000 --seed 1"`. Each file ends in rows and refused rows, or is refused by a sentence that
names it and says what to do; in a few seconds, in bounded memory, and without a value that its lines do not hold.
"""

import io
import os
import random
import resource
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from connector.errors import FileRefused
from connector.feeds import CATALOG_FEEDS, FEEDS, unpacked_reading
from connector.usecases.passes import Pass
from jobs import refresh_snapshot, report_documents

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))

from catalog_world import Catalog  # the tests' own world, by path

from campaigns.file_bases import Base, bases  # as above
from campaigns.file_oracle import Said, unsaid  # as above
from campaigns.file_spoiling import damaged, repacked  # as above

ZONE = ZoneInfo("America/Sao_Paulo")
KINDS = {"delimited": 45, "fixed": 18, "nfe": 15, "ocoren": 12, "packed": 10}
CPU_SECONDS = 10
GROWTH_BYTES = 100 * 2**20
IN_PASSES = 0.02
BATCH = 20
ANYTHING_GOES = "\n".join(f"[feeds.{feed}]\nmax_rejected = 1\nmax_removed = 1" for feed in CATALOG_FEEDS)


@dataclass
class Figures:
    seed: int
    files: Counter = field(default_factory=Counter)
    ends: Counter = field(default_factory=Counter)
    grown: int = 0
    slowest: float = 0.0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self):
        kept = "; ".join(self.faults[:20]) or "each ended in rows or a sentence, with no value that its lines do not hold"
        kinds, ends = (", ".join(f"{name} {count}" for name, count in found.most_common()) for found in (self.files, self.ends))
        seen = f"{self.files.total()} files ({kinds}) in {self.seconds:.0f} s: {ends}; the slowest took {self.slowest:.2f} s of CPU"
        return f"seed {self.seed}: {seen}, memory grew by {self.grown / 2**20:.0f} MB: {kept}"


def main(times=100_000, seed=1):
    """Run the campaign and return its figures."""
    began, figures, dice = time.monotonic(), Figures(seed), random.Random(seed)
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="campaign-", dir=place) as folder:
        reader, passes = Reader(Path(folder), figures), Passes(Path(folder) / "project", figures)
        warm = 0
        for number in range(times):
            name, base = spoiled(dice, reader.kinds, number)
            figures.files[base.kind] += 1
            if dice.random() < IN_PASSES:
                passes.drop(name, base)
            else:
                reader.read(name, base)
            warm = _peak() if number == times // 5 else warm
        passes.go()
        passes.world.app.db.close()
    figures.grown = _peak() - warm
    if figures.grown > GROWTH_BYTES:
        figures.faults.append(f"the reading grew by {figures.grown} bytes")
    figures.seconds = time.monotonic() - began
    return figures


def spoiled(dice, kinds, number):
    """Return a spoiled file's name and what it is."""
    base = dice.choice(kinds[dice.choices(list(KINDS), list(KINDS.values()))[0]])
    is_zip = zipfile.is_zipfile(io.BytesIO(base.data))
    data = repacked(dice, base.data) if is_zip and dice.random() < 0.7 else damaged(dice, base.data, dice.choice([1, 1, 2, 6]))
    ending = base.ending if dice.random() < 0.95 else dice.choice([".csv", ".txt", "", ".CSV", ".xml", ".xlsx", ".xls", ".zip", ".gz"])
    return f"f{number}{ending}", base._replace(data=data, ending=ending)


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class OverTime(Exception):
    """A file took longer than any file may."""


@contextmanager
def deadline(seconds):
    """Raise OverTime in what is done within, after so many seconds of this process's work."""

    def ring(*_):
        raise OverTime

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


class Reader:
    """Reads files one at a time, and judges what came of it."""

    def __init__(self, folder, figures):
        self.folder, self.figures, self.kinds = folder, figures, bases()
        self.skipped = {}
        for base in (base for kind, found in self.kinds.items() for base in found if kind != "packed"):
            self.skipped.setdefault(base.feed + base.layout.name, set()).update(self._translated(base))

    def _translated(self, base):
        """Fields whose values a layout makes out of what the file says: units, constants, translations."""
        rows = self._read(self.folder / f"sound{base.ending}", base)
        wrong = unsaid(Said(base.data, by_line=base.kind != "nfe"), FEEDS[base.feed].fields, rows)
        return {name for _, name, _ in wrong}

    def read(self, name, base):
        began = time.process_time()
        try:
            with deadline(CPU_SECONDS):
                rows = self._read(self.folder / name, base)
        except OverTime:
            self._fault(name, base, f"it took over {CPU_SECONDS} s")
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the finding
            self._fault(name, base, repr(error))
        else:
            if rows and base.kind != "packed" and base.ending not in {".zip", ".gz"}:
                self._compare(name, base, rows)
        self.figures.slowest = max(self.figures.slowest, time.process_time() - began)

    def _read(self, path, base):
        path.write_bytes(base.data)
        rows = []
        try:
            with unpacked_reading(FEEDS[base.feed], path, base.layout, timezone=ZONE, folder=self.folder / "work") as reading:
                for batch in reading.batches():
                    rows += batch.rows
                    self.figures.ends["rows"] += len(batch.rows)
                    self.figures.ends["refused rows"] += len(batch.rejections)
                    if not all(one.reason and one.line >= 1 for one in batch.rejections):
                        self._fault(path.name, base, "a refused row without line or reason")
        except FileRefused as error:
            self.figures.ends["refused files"] += 1
            is_told = error.remedy or error.message.endswith(")")  # of several files in an archive the first one's own, in brackets
            if not (is_told and path.name in error.message):
                self._fault(path.name, base, f"a refusal without name or remedy: {error}")
            return []
        finally:
            path.unlink()
        return rows

    def _compare(self, name, base, rows):
        said, skipped = Said(base.data, by_line=base.kind != "nfe"), self.skipped[base.feed + base.layout.name]
        empty = {column.field: column.empty for column in FEEDS[base.feed].columns}
        found = [one for one in unsaid(said, FEEDS[base.feed].fields, rows, skipped) if one[2] != empty.get(one[1])]
        for line, column, value in found[:1]:
            self._fault(name, base, f"line {line} does not say {column} {value!r}")

    def _fault(self, name, base, what):
        """Note a fault, and keep the file where $FUZZ_KEEP names a folder."""
        self.figures.faults.append(f"{name} ({base.feed}, {base.layout.name}): {what}")
        if kept := os.environ.get("FUZZ_KEEP"):
            (Path(kept) / f"{base.feed}-{base.layout.name}-{name}").write_bytes(base.data)


class Passes:
    """A project whose jobs take files as they come, some at a time."""

    def __init__(self, root, figures):
        os.environ.update(CATALOG_KEY="key", CATALOG_TOKEN="token")
        self.world, self.figures, self.waiting = Catalog(root, more=ANYTHING_GOES), figures, []

    def drop(self, name, base):
        path = self.world.root / "inbox" / base.feed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base.data)
        self.waiting.append(path)
        if len(self.waiting) >= BATCH:
            self.go()

    def go(self):
        """Run both jobs; every file must have left the source, its line in the ledger."""
        self.world.now += timedelta(minutes=1)
        before = len(self.world.ledger())
        for job in (refresh_snapshot, report_documents):
            self._judge(job.run(self.world.app, Pass(by_hand=True)))
        left = [path.name for path in self.waiting if path.exists()]
        recorded = len(self.world.ledger()) - before
        if left or recorded < len(set(self.waiting)):
            self.figures.faults.append(f"of {len(self.waiting)} files {recorded} were recorded, and {left} were left")
        self.figures.ends["passed"] += recorded
        self.waiting.clear()

    def _judge(self, report):
        wrong = [line for line in (*report.failures, *report.lines) if "nexpected" in line or "Traceback" in line]
        if wrong or report.exit_status not in (0, 1):
            self.figures.faults.append(f"a pass ended {report.exit_status}: {wrong[:3]}")


__all__ = ["Base", "Figures", "Reader", "main", "spoiled"]

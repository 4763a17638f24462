"""Contenders in alternating rounds: what disturbs the machine disturbs them all, and ratios within a round stay comparable."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from connector.bench import show
from connector.bench.processes import Run, run

BUDGET_SECONDS = 40.0
LEAST_ROUNDS = 2
"""Whoever has taken longer than the budget in all takes part in no more rounds than these: its ratio is not close."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way of doing the work. `prepare` sets its state back, `check` raises Wrong where the result is not right; neither is timed."""

    name: str
    argv: Sequence[str]
    prepare: Callable[[], object] = lambda: None
    check: Callable[[Run], object] = lambda _run: None


@dataclass
class Runs:
    """A contender's rounds; the first `n` rounds of two contenders were run side by side."""

    of: list[Run] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return median(one.seconds for one in self.of)

    @property
    def cpu_seconds(self) -> float:
        return median(one.cpu_seconds for one in self.of)

    @property
    def peak_mib(self) -> float:
        return max(one.peak_mib for one in self.of)

    def ratio_to(self, other: Runs) -> float:
        """Return the median of the rounds' ratios."""
        return median(a.seconds / b.seconds for a, b in zip(self.of, other.of, strict=False))


def alternate(contenders: Sequence[Contender], rounds: int) -> dict[str, Runs]:
    """Run each contender once a round, in turn; returns the runs by name."""
    found = {one.name: Runs() for one in contenders}
    for number in range(rounds):
        for one in contenders:
            runs = found[one.name]
            if number >= LEAST_ROUNDS and sum(done.seconds for done in runs.of) > BUDGET_SECONDS:
                continue
            one.prepare()
            os.sync()  # what preparing wrote is not to be paid for by whoever syncs next
            done = run(one.argv)
            one.check(done)
            runs.of.append(done)
            show.progress(f"  round {number + 1}: {one.name} {done.seconds:.2f} s, cpu {done.cpu_seconds:.2f} s, {done.peak_mib:.0f} MiB")
    return found

"""The wall clock: jumps of an hour and a day under the real services, and every change of six zones' clocks in 2025 to 2028.

`make campaign PART=clocks`: `--times` is how many jumps (8 are all of them).
"""

import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from campaigns import clock_changes, clock_jumps


@dataclass
class Figures:
    seed: int
    jumps: list[int] = field(default_factory=list)
    changes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self):
        kept = "; ".join(self.faults[:20]) or "no job stopped, no burst, nothing ended early, cut-offs, validities and quiet hours right"
        zones = ", ".join(f"{name} {count}" for name, count in self.changes.items())
        return f"jumps by {', '.join(map(str, self.jumps))} s; changes of {zones}; {self.seconds:.0f} s: {kept}"


def main(times=8, seed=1, grace=clock_jumps.GRACE, folder=None):
    """Jump so many times, look at every change, and return the figures. Nothing is left to chance: the seed changes nothing."""
    began, figures = time.monotonic(), Figures(seed, list(clock_jumps.JUMPS[:times]))
    figures.changes, figures.faults = clock_changes.main()
    with ExitStack() as stack:
        root = Path(folder or stack.enter_context(tempfile.TemporaryDirectory(prefix="campaign-"))) / "clocks"
        world = clock_jumps.World(root, stack)
        for number, seconds in enumerate(figures.jumps):
            found = clock_jumps.faults(world, seconds, f"jump{number}", grace)
            figures.faults += [f"jump {number + 1}, by {seconds} s: {fault}" for fault in found]
    figures.seconds = time.monotonic() - began
    return figures

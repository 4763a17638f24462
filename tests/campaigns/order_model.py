"""Orders placed, repeated, changed, authorized, cancelled, invoiced, acknowledged and expired in any sequence, against a model.

`make campaign PART=order-model ARGS="--times 2000 --seed 1"`: so many runs of 50 steps in one database; after each step stock and every
order are what the model says, after each run every file was written once.
"""

import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))

from orders_machine import tried  # the tests' own machine, by path

STEPS = 50


@dataclass
class Figures:
    seed: int
    did: Counter = field(default_factory=Counter)
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self):
        seen = f"{self.did['runs']} runs of up to {STEPS} steps, {self.did['states']} states compared, {self.did['orders']} orders"
        kept = "; ".join(self.faults) or "as the model says"
        return f"seed {self.seed}: {seen}, {self.did['files']} files in {self.seconds:.0f} s: {kept}"


def main(times=2000, seed=1):
    """Run the model and return its figures; a fault is the steps that led to it."""
    figures, began = Figures(seed), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        try:
            figures.did = tried(Path(folder) / "machine", times, STEPS, seed)
        except Exception:  # noqa: BLE001  # whatever broke is the finding
            figures.faults.append(traceback.format_exc())
    figures.seconds = time.monotonic() - began
    return figures

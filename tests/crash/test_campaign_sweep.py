"""The short form of the sweep: a sample of its points. `make campaign PART=sweep` takes them all."""

import shutil

from campaigns import sweep
from cases import SEED, cases
from servers import missing


def test_a_fault_at_a_durable_call_of_a_job_changes_nothing_in_the_end():
    if not shutil.which("strace"):
        missing("strace is not there: install strace")

    figures = sweep.main(cases(12), SEED)

    assert figures.faults == [], figures
    assert figures.points.total() >= 6

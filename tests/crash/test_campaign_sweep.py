"""The short form of the sweep over what reads files and tidies: a sample of its points. `make campaign PART=sweep` takes them all."""

import shutil

from campaigns import sweep
from cases import SEED, cases
from servers import missing

JOBS = ("refresh-snapshot", "report-documents", "housekeeping")


def test_a_fault_at_a_durable_call_of_what_reads_files_changes_nothing_in_the_end():
    if not shutil.which("strace"):
        missing("strace is not there: install strace")

    figures = sweep.main(cases(150), SEED, JOBS)

    assert figures.faults == [], figures
    assert set(figures.points) == set(JOBS)

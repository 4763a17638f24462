"""The soak's short form: trade through all jobs with faults, and the WAL; and what the soak would say of processes that grow.

That memory and open files do not grow takes hours to see: here nobody is seen for long enough, and the campaign does not judge them.
`make campaign PART=soak` is the long one.
"""

from types import SimpleNamespace

import pytest
from campaigns import soak
from cases import SEED

SECONDS = 40
MB = 2**20
LOOKS = 480
"""Two hours, one look in fifteen seconds."""


def test_while_processes_freeze_and_die_all_that_is_traded_gets_where_it_belongs_and_the_wal_stays_small(tmp_path):
    figures = soak.main(SECONDS, SEED, soak.SHORT, folder=tmp_path)

    assert figures.faults == [], figures
    assert figures.trade.done.total() > 0
    assert figures.trade.acknowledged > 0


@pytest.fixture
def watch(tmp_path):
    return soak.Watch(SimpleNamespace(project=SimpleNamespace(root=tmp_path)))


def judged(watch, megabytes_an_hour=0.0, files_an_hour=0.0):
    """Return what is said of a daemon that grows evenly."""
    hours = [look / 240 for look in range(LOOKS)]
    watch.held["daemon"] = [(hour, int(80 * MB + megabytes_an_hour * hour * MB)) for hour in hours]
    watch.files["daemon"] = [30 + int(files_an_hour * hour) for hour in hours]
    return watch.figures(1, SimpleNamespace(faults=[])).faults


def test_a_process_that_grows_by_more_than_a_megabyte_an_hour_is_named(watch):
    assert judged(watch, megabytes_an_hour=1.2) == ["daemon grows by 1.2 MB an hour"]


def test_a_process_that_opens_more_and_more_files_is_named(watch):
    assert judged(watch, files_an_hour=9) == ["daemon had 38 files open, and has 44"]


def test_a_process_that_grows_by_less_is_not_named(watch):
    assert judged(watch, megabytes_an_hour=0.9, files_an_hour=2) == []

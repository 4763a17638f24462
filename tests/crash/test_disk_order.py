"""The short form of the look at the order of disk and answer, and of its own test. `make campaign PART=disk-order` is the long one."""

import shutil

import pytest
from campaigns import disk_order
from cases import SEED
from servers import missing


@pytest.fixture(autouse=True)
def _strace():
    if not shutil.which("strace"):
        missing("strace is not there: install strace")


def test_no_order_is_answered_before_it_is_on_the_disk(tmp_path):
    figures = disk_order.main(5, SEED, folder=tmp_path)

    assert figures.faults == [], figures
    assert figures.seen["syncs"] >= figures.seen["answers"] == 5


def test_a_commit_that_is_not_synced_is_found(tmp_path):
    assert disk_order.main(2, SEED, bug="normal-sync", folder=tmp_path).faults == ["2 answers went out before what they promise was synced"]

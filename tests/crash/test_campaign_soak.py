"""The soak's short form: trade with faults, open files and the WAL. `make campaign PART=soak` is the long one.

That memory does not grow takes hours to see: here nobody is seen for long enough, and the campaign does not judge it.
"""

from campaigns import soak
from cases import SEED

SECONDS = 40


def test_while_orders_come_and_processes_freeze_and_die_no_files_stay_open_and_the_wal_stays_small(tmp_path):
    figures = soak.main(SECONDS, SEED, soak.SHORT, folder=tmp_path)

    assert figures.faults == [], figures
    assert figures.trade.done.total() >= 3
    assert figures.trade.acknowledged > 100

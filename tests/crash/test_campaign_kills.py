"""The kill campaign's short form: real daemon and server, random kill -9, a greedy ERP. `make campaign PART=kills` is the long one."""

from campaigns import kills
from cases import SEED, cases


def test_every_acknowledged_order_reaches_the_erp_once_and_whole_whatever_is_killed(tmp_path):
    figures = kills.main(cases(60), SEED, folder=tmp_path, trade=kills.OrdersAlone(kills.CALM))

    assert figures.faults == [], figures
    assert figures.acknowledged > 0

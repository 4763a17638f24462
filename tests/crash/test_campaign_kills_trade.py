"""The short form of `make campaign PART=kills-trade`: with the orders, all is traded that the ERP and a marketplace tell each other."""

from campaigns import kills
from campaigns.trading import Trade
from cases import SEED, cases


def test_every_price_invoice_and_tracking_number_is_told_whatever_is_killed(tmp_path):
    figures = kills.main(cases(20), SEED, folder=tmp_path, trade=Trade(SEED))

    assert figures.faults == [], figures
    assert figures.acknowledged > 0

"""The short form of `make campaign PART=kills-postgresql`: backends are killed, and the server ends without a word and starts again."""

import pytest
from campaigns import kills
from cases import SEED, cases
from servers import missing, postgresql_programs


@pytest.mark.postgresql
def test_every_acknowledged_order_reaches_the_erp_once_and_whole_whatever_becomes_of_the_database_server(tmp_path):
    if postgresql_programs() is None:
        missing("PostgreSQL's programs are not there: install postgresql")

    figures = kills.main(cases(30), SEED, place="postgresql", folder=tmp_path, trade=kills.OrdersAlone(kills.CALM))

    assert figures.faults == [], figures
    assert figures.acknowledged > 0
    assert figures.done[kills.CRASHED] > 0

"""The several-nodes campaign's short form; `make campaign PART=several-nodes` is the long one."""

import pytest
from campaigns import several_nodes
from cases import SEED, cases
from servers import missing, postgresql_programs


@pytest.mark.postgresql
def test_nothing_is_lost_or_doubled_whatever_becomes_of_nodes_backends_and_the_database(tmp_path):
    if postgresql_programs() is None:
        missing("PostgreSQL's programs are not there: install postgresql")
    figures = several_nodes.main(SEED, cases(15), folder=tmp_path)

    assert figures.faults == [], figures
    assert figures.acknowledged > 0

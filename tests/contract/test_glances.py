"""Statements that read one row in a view of their own: few at once, whoever asks."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import OperationalError

from connector.errors import DatabaseUnreachable
from connector.storage.database import Database
from connector.storage.driver import MOST_GLANCES, Glances


def test_many_threads_share_a_few_connections_and_each_is_answered(tmp_path):
    db = Database(f"sqlite:///{tmp_path}/c.db")
    glances = Glances(db.engine)
    long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT max(i) + :more FROM n"
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda more: glances.ask(long, {"more": more})[0][0], range(64)))
    assert answers == [20000 + more for more in range(64)]
    assert 1 <= len(glances.idle) <= MOST_GLANCES
    glances.close()
    db.close()


def test_a_statement_that_fails_takes_no_room_for_ever(tmp_path):
    db = Database(f"sqlite:///{tmp_path}/c.db")
    for _ in range(2 * MOST_GLANCES):
        with pytest.raises(DatabaseUnreachable) as failure:
            db.ask("SELECT 1 FROM nowhere", {})
        assert isinstance(failure.value.__cause__, OperationalError)
    assert db.ask("SELECT 1", {}) == [(1,)]
    db.close()

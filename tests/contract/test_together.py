"""Pieces of work that share a transaction: each keeps its own outcome, and none is told before the commit."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, String, Table, insert, select

from connector.errors import Conflict, DatabaseUnreachable
from connector.storage.database import Database
from connector.storage.together import Together

ROWS = Table("rows", MetaData(), Column("name", String, primary_key=True))
PATIENT_SECONDS = 20


@pytest.fixture
def db(tmp_path):
    one = Database(f"sqlite:///{tmp_path}/c.db", wait_seconds=PATIENT_SECONDS)
    with one.write() as tx:
        ROWS.metadata.create_all(tx)
    yield one
    one.close()


class Crowd:
    """Pieces that all wait while one before them holds the turn, and are then let go at once."""

    def __init__(self, together):
        self.together = together
        self.transactions = []

    def do(self, works):
        """Do them; returns what each returned or raised."""
        go, begun = threading.Event(), threading.Event()

        def first(_tx):
            begun.set()
            assert go.wait(PATIENT_SECONDS)

        with ThreadPoolExecutor(len(works) + 1) as threads:
            blocking = threads.submit(self.together.do, first)
            assert begun.wait(PATIENT_SECONDS)
            waiting = [threads.submit(self.together.do, self._noted(work)) for work in works]
            wait_for(lambda: len(self.together.waiting) == len(works))
            go.set()
            blocking.result()
            return [one.exception() or one.result() for one in waiting]

    def _noted(self, work):
        def noted(tx):
            self.transactions.append(tx)
            return work(tx)

        return noted


def wait_for(condition):
    deadline = time.monotonic() + PATIENT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def writes(name, then=None):
    def work(tx):
        tx.execute(insert(ROWS).values(name=name))
        if then is not None:
            raise then
        return name

    return work


def written(db):
    with db.read() as tx:
        return set(tx.scalars(select(ROWS.c.name)))


def test_what_waits_at_the_same_time_shares_one_transaction(db):
    crowd = Crowd(db.placing)
    assert crowd.do([writes(str(n)) for n in range(8)]) == [str(n) for n in range(8)]
    assert len(set(map(id, crowd.transactions))) == 1
    assert written(db) == {str(n) for n in range(8)}


FATES = st.lists(st.sampled_from([None, Conflict("no"), DatabaseUnreachable("away"), ValueError("a bug")]), min_size=1, max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(FATES)
def test_each_keeps_its_own_outcome_whatever_becomes_of_the_others(db, fates):
    prefix = str(time.monotonic_ns())
    found = Crowd(db.placing).do([writes(f"{prefix}-{n}", fate) for n, fate in enumerate(fates)])
    names = [f"{prefix}-{n}" for n in range(len(fates))]
    assert found == [fate or name for fate, name in zip(fates, names, strict=True)]
    assert {name for name in written(db) if name.startswith(prefix)} == {n for n, fate in zip(names, fates, strict=True) if fate is None}


def test_nobody_is_told_of_a_transaction_that_could_not_be_committed(db):
    @contextmanager
    def fails_for_several(wait_seconds):
        with db.write(wait_seconds) as tx:
            yield tx
            if crowd.transactions.count(tx) > 1:
                raise OSError("the disk")

    crowd = Crowd(Together(fails_for_several, PATIENT_SECONDS))
    assert crowd.do([writes("a"), writes("b")]) == ["a", "b"]
    assert len(crowd.transactions) == 4  # both together in vain, then each alone
    assert written(db) == {"a", "b"}


def test_who_comes_while_another_process_writes_takes_part(db):
    transactions = []

    def noted(name):
        return lambda tx: transactions.append(tx) or writes(name)(tx)

    with ThreadPoolExecutor(2) as threads:
        with db.write():
            found = [threads.submit(db.placing.do, noted(name)) for name in ("first", "second")]
            wait_for(lambda: len(db.placing.waiting) == 2)
        assert [one.result() for one in found] == ["first", "second"]
    assert len(set(map(id, transactions))) == 1


def test_what_could_not_begin_is_told_so_and_is_never_done(db):
    together = Together(db.write, 0.1)
    with db.write(), pytest.raises(DatabaseUnreachable, match="locked"):
        together.do(writes("refused"))
    assert together.do(writes("later")) == "later"
    assert written(db) == {"later"}


def test_whose_turn_does_not_come_is_told_so_and_nothing_of_it_is_ever_done(db):
    together, go, begun = Together(db.write, 0.1), threading.Event(), threading.Event()

    def holds(_tx):
        begun.set()
        assert go.wait(PATIENT_SECONDS)

    with ThreadPoolExecutor(1) as threads:
        holding = threads.submit(together.do, holds)
        assert begun.wait(PATIENT_SECONDS)
        with pytest.raises(DatabaseUnreachable, match="turn did not come"):
            together.do(writes("late"))
        go.set()
        holding.result()
    assert together.do(writes("later")) == "later"
    assert written(db) == {"later"}


def test_a_writer_waits_for_another_connections_lock_and_no_longer_than_it_may(db):
    with db.write():
        began = time.monotonic()
        with pytest.raises(DatabaseUnreachable, match="locked"), db.write(wait_seconds=0.2):
            pass
        assert time.monotonic() - began >= 0.2
    with db.write(wait_seconds=0) as tx:
        assert tx.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == PATIENT_SECONDS * 1000

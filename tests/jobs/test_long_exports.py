"""A pass that writes order files for as long as orders come."""

import pytest
from documents_world import Papers, opened
from sqlalchemy import text

from connector.storage import health
from connector.usecases import upkeep
from connector.usecases.passes import Pass
from jobs import export_orders


@pytest.fixture
def world(tmp_path):
    with opened(tmp_path / "project", Papers) as one:
        (one.root / "outbox").mkdir()
        yield one


def test_a_large_log_is_brought_home_in_the_middle_of_a_pass_and_does_not_wait_for_its_end(world):
    world.ordered("m1")
    with world.app.db.write() as tx:
        tx.execute(text("CREATE TABLE filled AS SELECT zeroblob(:size) AS content"), {"size": upkeep.LARGE_WAL_BYTES})
    before = health.wal_bytes(world.app.db)

    export_orders.run(world.app, Pass())

    assert before > upkeep.LARGE_WAL_BYTES
    assert health.wal_bytes(world.app.db) < upkeep.LARGE_WAL_BYTES
    assert len(list((world.root / "outbox" / "orders").iterdir())) == 1

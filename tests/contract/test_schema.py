"""The migrations make the tables that the code names, on both databases."""

from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from connector.log import redact
from connector.storage.database import MIGRATIONS, Database, migrate
from connector.storage.tables import holds, metadata, orders


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request, tmp_path):
    made = Database(
        request.getfixturevalue("empty_postgresql_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/connector.db"
    )
    migrate(made)
    yield made
    made.close()


ORDER = """
INSERT INTO orders (order_id, account, marketplace_order_id, sales_channel, state, placed_at, content_hash, services_endpoint, total_cents,
    document, client, address, raw, answer, flags)
VALUES (:order_id, :account, :order_id, :sales_channel, :state, :placed_at, :content_hash, '', :total, '', '{}', '{}', '{}', '{}', '[]')
"""
EVENT = "INSERT INTO order_events (order_id, at, what, detail) VALUES (:order_id, :at, :what, '')"

FILE = """
INSERT INTO files (id, feed, name, size, sha256, state, modified_at, taken_at)
VALUES (1, 'prices', 'p.csv', 1, '', 'applied', '2026-11-30 09:00:00', '2026-11-30 09:00:00')
"""
HOLD = """
INSERT INTO holds (id, what, feed, file_id, key, row, reasons, state, held_at)
VALUES (:id, 'row', 'prices', 1, 'A', :row, '[]', 'approved', '2026-11-30 09:00:00')
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_before(request, tmp_path):
    """An empty database, and what brings it to a version."""
    made = Database(
        request.getfixturevalue("empty_postgresql_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/connector.db"
    )
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    def upgrade(tx, revision):
        config.attributes["connection"] = tx
        command.upgrade(config, revision)

    yield made, upgrade
    made.close()


def test_migrations_make_every_table_with_its_columns_keys_and_indexes(database):
    with database.read() as tx:
        found = inspect(tx)
        for table in metadata.sorted_tables:
            columns = {column["name"]: bool(column["nullable"]) for column in found.get_columns(table.name)}
            assert columns == {column.name: bool(column.nullable) for column in table.columns}, table.name
            assert found.get_pk_constraint(table.name)["constrained_columns"] == [c.name for c in table.primary_key.columns], table.name
            indexes = {index["name"]: index["column_names"] for index in found.get_indexes(table.name) if not index["unique"]}
            assert indexes == {str(index.name): [c.name for c in index.columns] for index in table.indexes if not index.unique}, table.name


def test_an_order_that_was_erased_before_is_known_as_such_after_the_upgrade(database_before):
    """What housekeeping looks for are final orders that nobody erased."""
    db, upgrade = database_before
    order = {
        "account": "shop",
        "sales_channel": "1",
        "state": "canceled",
        "placed_at": "2026-01-01 00:00:00",
        "content_hash": "",
        "total": 1,
    }
    with db.write() as tx:
        upgrade(tx, "0014")
        for number in ("erased", "other"):
            tx.execute(text(ORDER), {**order, "order_id": number})
            tx.execute(text(EVENT), {"order_id": number, "what": "placed", "at": "2026-01-01 00:00:00"})
        tx.execute(text(EVENT), {"order_id": "erased", "what": "personal data erased", "at": "2026-02-01 00:00:00"})
        upgrade(tx, "head")
        found = dict(tx.execute(select(orders.c.order_id, orders.c.erased_at)).all())

    assert {number: at and at.isoformat()[:10] for number, at in found.items()} == {"erased": "2026-02-01", "other": None}


def test_when_a_decision_ended_is_kept_through_the_upgrade_and_its_price_says_prices_alone(database_before):
    db, upgrade = database_before
    with db.write() as tx:
        upgrade(tx, "0016")
        tx.execute(text(FILE))
        for number, row in (1, '{"sku": "A", "ended_at": "2026-11-30T10:00:00+00:00"}'), (2, '{"sku": "A"}'), (3, None):
            tx.execute(text(HOLD), {"id": number, "row": row})
        upgrade(tx, "head")
        found = {one.id: (one.row, one.ended_at) for one in tx.execute(select(holds.c.id, holds.c.row, holds.c.ended_at))}

    assert found == {1: ({"sku": "A"}, datetime(2026, 11, 30, 10, tzinfo=UTC)), 2: ({"sku": "A"}, None), 3: (None, None)}


def test_the_log_tells_of_a_statement_that_failed_without_its_values(database):
    with pytest.raises(SQLAlchemyError) as failed, database.write() as tx:
        tx.execute(text("INSERT INTO orders (order_id) VALUES (:name)"), {"name": "Ana Prado"})

    assert "INSERT INTO orders" in str(failed.value)
    assert "Ana Prado" not in redact(str(failed.value))

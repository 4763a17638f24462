"""The migrations make the tables that the code names, on both databases."""

import pytest
from sqlalchemy import inspect

from connector.storage.database import Database, migrate
from connector.storage.tables import metadata


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request, tmp_path):
    made = Database(request.getfixturevalue("postgresql_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/connector.db")
    migrate(made)
    yield made
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

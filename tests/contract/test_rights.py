"""What a PostgreSQL role may not do, and what is not there yet: each in a sentence, none in SQL."""

import uuid
from contextlib import contextmanager

import psycopg
import pytest

from connector import app as building
from connector import settings as settings_module
from connector.errors import DatabaseForbidden, SchemaBehind
from connector.storage import health
from connector.storage.database import Database, migrate, ready
from connector.usecases import doctor, readiness
from jobs import DEFAULT_SCHEDULES

pytestmark = pytest.mark.postgresql


@pytest.fixture
def as_stranger(empty_postgresql_url):
    """The address for a role without any right on the database's tables."""
    role = f"stranger_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(empty_postgresql_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM public")  # as from PostgreSQL 15 on
        yield empty_postgresql_url.replace("postgres@", f"{role}@")
        connection.execute(f"DROP OWNED BY {role}")
        connection.execute(f"DROP ROLE {role}")


@contextmanager
def opened(url):
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def fresh(tmp_path, empty_postgresql_url):
    """A project whose database is empty."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/connector.toml").write_text(f'[database]\nurl = "{empty_postgresql_url}"\n')
    made = building.build(settings_module.load(tmp_path / "config/connector.toml"))
    yield made
    made.db.close()


def test_a_role_without_rights_on_the_tables_is_told_what_to_grant_it(empty_postgresql_url, as_stranger):
    with opened(empty_postgresql_url) as owners:
        migrate(owners)
    with (
        opened(as_stranger) as database,
        pytest.raises(DatabaseForbidden, match="permission denied for table alembic_version") as refused,
    ):
        ready(database)

    assert "GRANT" in refused.value.remedy
    assert "SQL" not in refused.value.message


def test_a_role_that_may_make_no_table_is_told_so_by_migrate(as_stranger):
    with opened(as_stranger) as database, pytest.raises(DatabaseForbidden, match="permission denied for schema public") as refused:
        migrate(database)

    assert "GRANT" in refused.value.remedy


def test_a_table_that_is_not_there_means_a_schema_that_is_behind(fresh):
    with pytest.raises(SchemaBehind) as behind:
        health.freight_rows(fresh.db)

    assert "connector migrate" in behind.value.remedy


def test_check_looks_at_all_there_is_before_the_first_migration(fresh):
    checks = {check.name: check for check in doctor.examine(fresh, DEFAULT_SCHEDULES)}

    assert (checks["database"].state, checks["database"].remedy) == ("unreachable", "run: connector migrate")
    assert {"API credentials", "alarm channels", "freight tables", "free disk", "backup"} <= checks.keys()
    assert readiness.reasons(fresh) == ["the database is unreachable, takes no writes, or lacks its schema"]

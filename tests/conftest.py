"""General fixtures: real servers. A test that uses one carries its marker; without the programs it is skipped (with CI=true: fails)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from hypothesis import settings
from servers import SSHD, Sshd, missing, postgresql_programs, running_postgresql, running_sshd

from connector.storage.database import Database, migrate

settings.register_profile("untimed", settings(), deadline=None)  # how long a draw takes is the machine's load
settings.load_profile("untimed")

MARKED_FIXTURES = {"sshd": "sshd", "postgresql_url": "postgresql", "empty_postgresql_url": "postgresql"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture, marker in MARKED_FIXTURES.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A real OpenSSH server on loopback. Tests share it: work in a folder of your own below `sshd.home`, or anywhere else."""
    if not SSHD.exists():
        missing(f"{SSHD} is not there: install openssh-server")
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(scope="session")
def _postgresql_server() -> Iterator[str]:
    programs = postgresql_programs()
    if programs is None:
        missing("PostgreSQL's programs are not there: install postgresql")
    with running_postgresql(programs) as address:
        yield address


@pytest.fixture(scope="session")
def _postgresql_schema(_postgresql_server: str) -> Iterator[str]:
    """The name of a database as migrations leave it, for others to begin as a copy of."""
    with _fresh_database(_postgresql_server, "schema", "template1"):
        db = Database(f"{_postgresql_server}/schema")
        migrate(db)
        db.close()
        yield "schema"


@pytest.fixture
def postgresql_url(_postgresql_server: str, _postgresql_schema: str) -> Iterator[str]:
    """The address of a fresh database on a real server, as settings write it (postgresql+psycopg://…): our tables, and nothing in them."""
    with _fresh_database(_postgresql_server, f"test_{uuid.uuid4().hex}", _postgresql_schema) as url:
        yield url


@pytest.fixture
def empty_postgresql_url(_postgresql_server: str) -> Iterator[str]:
    """The address of a database without tables."""
    with _fresh_database(_postgresql_server, f"test_{uuid.uuid4().hex}", "template1") as url:
        yield url


@contextmanager
def _fresh_database(server: str, name: str, like: str) -> Iterator[str]:
    with psycopg.connect(f"{server.replace('+psycopg', '')}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        yield f"{server}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

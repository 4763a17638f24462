"""PostgreSQL ends a connection in the middle of something, or only follows another server: a sentence with a remedy, never a bug."""

import secrets
import time

import psycopg
import pytest
from sqlalchemy import insert, text

from connector.errors import DatabaseUnreachable, TooLong
from connector.storage import database
from connector.storage.bulk import bulk_insert
from connector.storage.driver import rows
from connector.storage.tables import watermarks

IDLE_SECONDS = 1


@pytest.fixture
def db(postgresql_url):
    db = database.Database(postgresql_url, idle_seconds=IDLE_SECONDS)
    database.migrate(db)
    yield db
    db.close()


def put(tx, name):
    tx.execute(insert(watermarks), {"name": name, "value": ""})


def slow(tx):
    put(tx, "a")
    time.sleep(IDLE_SECONDS + 0.5)
    put(tx, "b")


def ended(db, tx):
    """End the transaction's own backend, and give it back as if nothing were."""
    number = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with db.read() as other:
        other.execute(text(f"SELECT pg_terminate_backend({number})"))
    time.sleep(0.2)
    return tx


def test_a_backend_ended_in_a_transaction(db):
    with pytest.raises(DatabaseUnreachable, match="cannot be used"), db.write() as tx:
        put(ended(db, tx), "a")


def test_a_backend_ended_before_a_copy(db):
    with pytest.raises(DatabaseUnreachable, match="cannot be used"), db.write() as tx:
        bulk_insert(ended(db, tx), watermarks, ["name", "value"], [("a",), ("",)])


def test_a_transaction_that_slept_too_long_holds_nothing_any_more(db):
    with pytest.raises(DatabaseUnreachable, match="cannot be used"), db.write() as tx:
        slow(tx)
    with db.write() as tx:
        put(tx, "a")


def test_a_server_that_takes_no_writes_is_never_asked(db, postgresql_url):
    """As a read replica does: `SHOW transaction_read_only` says on."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    other = database.Database(postgresql_url)
    with pytest.raises(DatabaseUnreachable, match="is a read replica") as refused, other.read():
        pass
    assert refused.value.remedy == "set database.url to the primary"
    other.close()


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_letter_is_refused_with_what_to_do(postgresql_url, encoding):
    server = postgresql_url.replace("+psycopg", "").rpartition("/")[0]
    name = f"narrow_{encoding.lower()}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
        db = database.Database(f"{postgresql_url.rpartition('/')[0]}/{name}")
        with pytest.raises(DatabaseUnreachable, match=f"{name} is encoded in {encoding}") as refused:
            database.migrate(db)
        db.close()
        connection.execute(f"DROP DATABASE {name}")

    assert "createdb --encoding UTF8 --template template0" in refused.value.remedy


def turned_read_only(db):
    """Have the server take no writes on the connection that is open, as one does that was made a replica or whose disk is full."""
    with db.read() as tx:
        tx.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
        tx.commit()


WRITES = {
    "by SQLAlchemy": lambda tx: put(tx, "a"),
    "by the driver": lambda tx: rows(tx, "INSERT INTO watermarks VALUES ('a', '') RETURNING name"),
    "by COPY": lambda tx: bulk_insert(tx, watermarks, ["name", "value"], [("a",), ("",)]),
}


@pytest.mark.parametrize("way", WRITES)
def test_a_server_that_takes_no_writes_any_more_is_left_for_one_that_does(db, way):
    turned_read_only(db)

    with pytest.raises(DatabaseUnreachable, match="takes no writes"), db.write() as tx:
        WRITES[way](tx)
    with db.write() as tx:
        WRITES[way](tx)


def test_a_server_that_takes_no_writes_any_more_is_noticed_before_anything_is_written(db):
    turned_read_only(db)

    with pytest.raises(DatabaseUnreachable, match="takes no writes"):
        db.demand_writes()
    db.demand_writes()


def test_a_text_too_long_for_an_index_is_no_trouble_of_the_server(db):
    with pytest.raises(TooLong, match="shorten it") as refused, db.write() as tx:
        put(tx, secrets.token_hex(4000))
    assert "start it" not in str(refused.value)

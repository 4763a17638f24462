"""`connector migrate --to URL`: everything from SQLite to PostgreSQL, compared, and refused where it could do harm."""

import json
import random
import string
import time
from datetime import UTC, datetime
from threading import Thread

import psycopg
import pytest
from sqlalchemy import delete, insert, select

from connector import app as building
from connector.errors import DatabaseUnreachable, Misuse
from connector.settings.masking import masked
from connector.storage import copying, tables
from connector.storage.database import Database, migrate, reading
from connector.usecases import letters, moving
from connector.usecases.turns import share, turn

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
FILE = {"feed": "prices", "name": "p.csv", "size": 2**40, "modified_at": NOW, "sha256": "a", "state": "applied", "taken_at": NOW}


@pytest.fixture
def sqlite(project):
    app = building.load(project.config)
    migrate(app.db)
    with app.db.write() as tx:
        tx.execute(insert(tables.files), [{**FILE, "id": 41, "plan": {"é": [1, 2.5, None]}}, {**FILE, "id": 7, "plan": None}])
        tx.execute(
            insert(tables.rejections),
            {
                "file_id": 41,
                "feed": "prices",
                "key": "",
                "line": 1,
                "column": "c",
                "value": "tab\t\\N",
                "reason": "",
                "record": {"b": 1, "a": 2},
                "refused_at": NOW,
            },
        )
        tx.execute(insert(tables.orders), an_order("O-1"))
        tx.execute(insert(tables.listings), [{"account": "loja", "sku": f"{n:06}", "state": "known"} for n in range(12_000)])
        tx.execute(
            insert(tables.prices),
            {"sku": "NA", "marketplace": "", "sales_channel": "", "price_cents": 2**53, "list_price_cents": 1, "valid_until": None},
        )
        tx.execute(insert(tables.marketplaces), {"account": "loja", "paused": True, "rate": 1 / 3})
    yield app
    app.db.close()


def an_order(number):
    texts = dict.fromkeys(("sales_channel", "services_endpoint", "document", "content_hash"), "")
    rest = {"client": {"name": "João"}, "address": {}, "flags": [], "total_cents": 1, "raw": b"\x00\xff{}", "answer": b"", "placed_at": NOW}
    return {"order_id": number, "account": "loja", "marketplace_order_id": number, "state": "placed", **texts, **rest}


def rows(db, table):
    with db.connection() as connection, reading(connection):
        return sorted(map(tuple, connection.execute(select(*table.columns))), key=repr)


def test_everything_arrives_as_it_was_and_numbers_go_on(project, sqlite, empty_postgresql_url):
    done = project.call("migrate", "--to", empty_postgresql_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Copied and compared 12006 rows" in done.stdout.replace("12,006", "12006")
    assert f'set database.url = "{masked(empty_postgresql_url)}"' in done.stdout

    sqlite.db.use_though_moved()
    target = Database(empty_postgresql_url)
    for table in copying.tables():
        assert rows(target, table) == rows(sqlite.db, table), table.name
    with target.write() as tx:
        assert tx.execute(insert(tables.files).values(**FILE).returning(tables.files.c.id)).scalar_one() == 42
        assert (
            tx.execute(
                insert(tables.acts).values(at=NOW, who="a", via="cli", what="w", about="", state="done").returning(tables.acts.c.id)
            ).scalar_one()
            == 1
        )
    target.close()
    moved = project.config.read_text() + f'[database]\nurl = "{empty_postgresql_url}"\n'
    project.config.write_text(moved)
    assert json.loads(project.call("status", "--json").stdout)["orders"]["by_state"] == {"placed": 1}


@pytest.mark.usefixtures("sqlite")
def test_a_target_that_holds_anything_is_refused_and_left_alone(project, empty_postgresql_url):
    assert project.call("migrate", "--to", empty_postgresql_url).returncode == 0
    again = project.call("migrate", "--to", empty_postgresql_url)

    assert again.returncode == 1
    assert "the target is not empty: its table" in again.stderr
    target = Database(empty_postgresql_url)
    assert len(rows(target, tables.listings)) == 12_000
    target.close()


@pytest.mark.parametrize("service", ["serve", "daemon"])
def test_nothing_is_copied_while_something_runs(project, sqlite, empty_postgresql_url, service):
    held = share(sqlite, "serve") if service == "serve" else turn(sqlite, "daemon")
    with held:
        done = project.call("migrate", "--to", empty_postgresql_url)
    assert done.returncode == 1
    assert f"{service} is running elsewhere: pid" in done.stderr


def test_a_command_by_hand_writes_nothing_while_everything_is_copied(sqlite, empty_postgresql_url):
    other, refused = building.load(sqlite.settings.config_path, wait_seconds=0), []

    def pause(_copied):
        with pytest.raises(DatabaseUnreachable, match="database is locked") as found:
            letters.pause(other, "loja")
        refused.append(found.value)

    moving.move(sqlite, empty_postgresql_url, pause)

    assert len(refused) == len(copying.tables())
    with pytest.raises(Misuse, match="moved to PostgreSQL"):
        letters.pause(other, "loja")
    other.db.close()


def test_whoever_waited_for_the_copy_s_end_writes_nothing_to_what_was_left(sqlite, empty_postgresql_url):
    other, refused = building.load(sqlite.settings.config_path, wait_seconds=30), []

    def pause():
        with pytest.raises(Misuse, match="moved to PostgreSQL"):
            letters.pause(other, "loja")
        refused.append("pause")

    waiting = Thread(target=pause)
    moving.move(sqlite, empty_postgresql_url, lambda _copied: None if waiting.ident else (waiting.start(), time.sleep(0.5)))
    waiting.join()

    assert refused == ["pause"]
    other.db.close()


@pytest.mark.usefixtures("sqlite")
def test_what_was_moved_is_used_by_no_command_until_a_person_says_so(project, empty_postgresql_url):
    secret = f"{empty_postgresql_url}?application_name=hidden"
    assert project.call("migrate", "--to", secret).returncode == 0
    (mark,) = (project.root / "var").glob("*-moved")
    before = [project.call(*words) for words in (["run", "export-orders"], ["status"], ["daemon"], ["serve"], ["restore"], ["migrate"])]
    again = project.call("migrate", "--to", empty_postgresql_url)
    text = mark.read_text()
    mark.unlink()

    assert [one.returncode for one in before] == [2] * 6
    assert all("this database moved to PostgreSQL on 20" in one.stderr and str(mark) in one.stderr for one in before)
    assert "Traceback" not in "".join(one.stderr for one in before)
    assert "hidden" not in text + "".join(one.stderr for one in before)
    assert "the target is not empty" in again.stderr
    assert project.call("run", "export-orders").returncode == 0


def test_where_copying_came_to_nothing_the_old_database_goes_on(project, sqlite, empty_postgresql_url):
    with sqlite.db.write() as tx:
        tx.execute(insert(tables.watermarks), {"name": "a\x00b", "value": ""})

    assert project.call("migrate", "--to", empty_postgresql_url).returncode == 1
    assert project.call("run", "export-orders").returncode == 0


@pytest.mark.parametrize("letters_more", [1, 3000])
def test_what_postgresql_does_not_take_is_named_and_nothing_is_kept(project, sqlite, empty_postgresql_url, letters_more):
    with sqlite.db.write() as tx:
        tx.execute(insert(tables.watermarks), {"name": "a\x00" + letters_more * "b", "value": ""})
    done = project.call("migrate", "--to", empty_postgresql_url)

    assert done.returncode == 1
    assert "watermarks: PostgreSQL does not take a value" in done.stderr
    assert "Traceback" not in done.stderr
    with psycopg.connect(empty_postgresql_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM listings").fetchone() == (0,)


def test_a_key_that_no_index_of_postgresql_takes_is_named_before_anything_is_copied(project, sqlite, empty_postgresql_url):
    """Taken before keys had a limit; one that PostgreSQL can press together goes over."""
    long = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=3000))
    with sqlite.db.write() as tx:
        common = {"marketplace": "", "sales_channel": "", "price_cents": 1, "list_price_cents": 1, "valid_until": None}
        tx.execute(insert(tables.prices), [{"sku": sku, **common} for sku in (long, "A" * 3000)])
    done = project.call("migrate", "--to", empty_postgresql_url)

    assert done.returncode == 1
    assert f"prices.sku: a key of 3,000 letters ({long[:40]}…) is too long for PostgreSQL's indexes; nothing was copied" in done.stderr
    assert "at most 255 letters" in done.stderr
    assert "Traceback" not in done.stderr
    assert "listings" not in done.stdout, "nothing was copied before"
    with sqlite.db.write() as tx:
        tx.execute(delete(tables.prices).where(tables.prices.c.sku == long))
    assert project.call("migrate", "--to", empty_postgresql_url).returncode == 0


@pytest.mark.usefixtures("sqlite")
def test_other_ways_are_refused(project):
    done = project.call("migrate", "--to", "mysql://somewhere/db")
    assert done.returncode == 2
    assert "name a PostgreSQL database" in done.stderr

"""What a person decides by command: dead letters, pause and resume, erasing; and what the tables show."""

import json
import sqlite3

import pytest
from ready_made import lay


@pytest.fixture
def shop(project):
    lay(project.root / "var" / "connector.db")
    rows = [
        ("loja", "price", "SKU-1", "dead", "the marketplace says 400: no such seller"),
        ("loja", "invoice", "ORDER-1", "dead", "\x1b[31mred"),
        ("loja", "price", "SKU-2", "pending", None),
        ("loja", "inventory", "SKU-2", "sending", None),
        ("erp", "order-file", "ORDER-2", "publishing", None),
    ]
    with sqlite3.connect(project.root / "var" / "connector.db") as connection:
        connection.executemany(
            "INSERT INTO outbox (destination, kind, reference, state, reason, due_at, put_at)"
            " VALUES (?, ?, ?, ?, ?, '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
            rows,
        )
    connection.close()
    return project


def ids(shop):
    return [letter["id"] for letter in shop.document("dead-letters", "list")[1]]


def test_dead_letters_are_listed_with_their_reason(shop):
    _, found = shop.document("dead-letters", "list")
    said = shop.call("dead-letters", "list").stdout

    assert [(one["kind"], one["reference"]) for one in found] == [("price", "SKU-1"), ("invoice", "ORDER-1")]
    assert "the marketplace says 400: no such seller" in said
    assert "\x1b" not in said


def test_one_dead_letter_is_shown(shop):
    assert shop.document("dead-letters", "show", ids(shop)[0])[1]["reference"] == "SKU-1"


def test_a_dead_letter_that_is_replayed_waits_again(shop):
    done = shop.call("dead-letters", "replay", ids(shop)[0])

    assert (done.returncode, ids(shop)) == (0, [2])
    assert shop.document("status")[1]["notifications"]["pending"] == 2


def test_all_dead_letters_are_replayed_only_when_that_is_said(shop):
    nothing = shop.call("dead-letters", "replay")
    everything = shop.call("dead-letters", "replay", "--all", "--json")

    assert (nothing.returncode, everything.returncode) == (2, 0)
    assert json.loads(everything.stdout) == {"replayed": 2}
    assert ids(shop) == []


def test_all_dead_letters_are_all_however_many(shop):
    with sqlite3.connect(shop.root / "var" / "connector.db") as connection:
        connection.executemany(
            "INSERT INTO outbox (destination, kind, reference, state, due_at, put_at)"
            " VALUES ('loja', 'price', ?, 'dead', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
            [(f"S-{number}",) for number in range(1100)],
        )
    connection.close()
    named = [number for (number,) in connect(shop, "SELECT id FROM outbox WHERE state = 'dead'")]
    some = shop.document("dead-letters", "discard", *named[:1001])
    rest = shop.document("dead-letters", "replay", "--all")

    assert (some, rest) == ((0, {"discarded": 1001}), (0, {"replayed": 101}))


def connect(shop, question):
    with sqlite3.connect(shop.root / "var" / "connector.db") as connection:
        found = connection.execute(question).fetchall()
    connection.close()
    return found


def test_a_dead_letter_is_discarded(shop):
    assert shop.document("dead-letters", "discard", ids(shop)[0]) == (0, {"discarded": 1})
    assert ids(shop) == [2]


def test_a_dead_letter_that_is_not_there_is_named(shop):
    done = shop.call("dead-letters", "replay", "99")

    assert done.returncode == 1
    assert "no dead letter 99" in done.stderr


def test_a_marketplace_is_paused_and_resumed(shop):
    shop.call("pause", "loja")
    paused = shop.document("status")[1]["notifications"]["marketplaces"]["loja"]["paused"]
    shop.call("resume", "loja")

    assert paused
    assert not shop.document("status")[1]["notifications"]["marketplaces"]["loja"]["paused"]


def test_a_marketplace_that_is_not_in_the_settings_cannot_be_paused(shop):
    done = shop.call("pause", "lojo")

    assert done.returncode == 1
    assert "loja" in done.stderr


def test_status_counts_pairs_and_names_what_is_stuck(shop):
    _, found = shop.document("status")

    assert found["notifications"]["pending"] == 1
    assert found["notifications"]["messages"] == {"loja": {"price": 1, "inventory": 1}, "erp": {"order-file": 1}}
    assert found["orders"] == {"by_state": {}, "publishing": ["ORDER-2"], "not_exported": {"order-file": 1}}
    assert found["dead_letters"] == {"loja": {"price": 1, "invoice": 1}}


def test_status_for_people_says_the_same(shop):
    said = shop.call("status").stdout

    assert [w for w in ("Notifications pending: 1", "Dead letters: loja", "Quarantine: none", "ORDER-2") if w not in said] == []


def test_erasing_somebody_unknown_says_what_is_kept(shop):
    status, found = shop.document("erase", "--document", "111.444.777-35")

    assert (status, found["erased"]) == (0, [])
    assert found["kept"]


def test_erasing_again_names_the_line_of_the_list_that_it_cannot_read(shop):
    backups = shop.root / "var" / "backups"
    backups.mkdir(parents=True)
    (backups / "erased.jsonl").write_text('{"orders": ["1"], "rows": []}\nspoiled\n{"orders": ["2"], "rows": []}\n')
    done = shop.call("erase", "--again")

    assert done.returncode == 1
    assert "erased.jsonl, line 2 cannot be read" in done.stderr


def test_erasing_again_on_postgresql_where_this_machine_has_no_list_is_a_person_s_to_look_into(project, postgresql_url):
    there = {"CONNECTOR__DATABASE__URL": postgresql_url}
    project.call("migrate", **there)
    without = project.call("erase", "--again", **there)
    path = project.root / "var" / "backups" / "erased.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"orders": ["1", "2"], "rows": []}\n')
    listed = project.call("erase", "--again", **there)
    found = json.loads(project.call("erase", "--again", "--json", **there).stdout)

    assert (without.returncode, listed.returncode) == (1, 0)
    assert [word for word in (str(path), "on each machine") if word not in without.stderr] == []
    assert "2 orders" in listed.stdout
    assert found == {"erased_again": 0, "listed": 2}


def test_erasing_needs_a_document(shop):
    assert shop.call("erase").returncode == 2
    assert shop.call("erase", "--document", "Jonas").returncode == 2

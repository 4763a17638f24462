"""The outbox on SQLite and on PostgreSQL: coalescing, leases, fences, twins."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from ready_made import migrate
from rival import rival
from sqlalchemy import select

from connector.domain.messages import ERP, MAX_ATTEMPTS, Kind
from connector.storage import batches, dead_letters, doubts, outbox
from connector.storage.database import Database
from connector.storage.tables import outbox as table

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def db(request, tmp_path):
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/connector.db"
    database = Database(url)
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def postgresql(postgresql_url):
    database = Database(postgresql_url)
    migrate(database)
    yield database
    database.close()


def rows(db):
    with db.read() as tx:
        return [(r.kind, r.reference, r.state, r.attempt) for r in tx.execute(select(table).order_by(table.c.id))]


def put(db, *references, kind=Kind.PRICE, destination="shop", at=NOW):
    with db.write() as tx:
        outbox.put(tx, destination, kind, references, at)


def claim(db, *, at=NOW, limit=10, kinds=(Kind.INVENTORY, Kind.PRICE), **options):
    with db.write() as tx:
        return outbox.claim(tx, "shop", kinds, at, limit, **options)


def test_a_second_pending_message_of_the_same_kind_and_reference_is_the_same_message(db):
    put(db, "A", "A", "B")
    put(db, "A")

    assert rows(db) == [("price", "A", "pending", 0), ("price", "B", "pending", 0)]


def test_a_change_while_its_message_is_being_sent_is_told_again(db):
    put(db, "A")
    (first,) = claim(db)
    put(db, "A")
    with db.write() as tx:
        assert outbox.delivered(tx, first, NOW, keep=False)

    assert rows(db) == [("price", "A", "pending", 0)]


def test_the_most_urgent_kinds_are_claimed_first_and_never_more_than_asked_for(db):
    put(db, "A", "B", kind=Kind.PRICE)
    put(db, "C", kind=Kind.INVENTORY)

    assert [(m.kind, m.reference, m.attempt) for m in claim(db, limit=2)] == [(Kind.INVENTORY, "C", 1), (Kind.PRICE, "A", 1)]


def test_a_claimed_message_is_claimed_by_nobody_else(db):
    put(db, *map(str, range(200)))
    taken, lock = [], threading.Lock()

    def work():
        while batch := claim(db, limit=7):
            with lock:
                taken.extend(m.reference for m in batch)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken, key=int) == [str(n) for n in range(200)]


def test_a_worker_that_woke_too_late_changes_nothing(db):
    put(db, "A")
    (late,) = claim(db)
    with db.write() as tx:
        outbox.reclaim(tx, "shop", [Kind.PRICE], LATER, expired_only=True)
    (now_mine,) = claim(db, at=LATER)
    with db.write() as tx:
        assert not outbox.delivered(tx, late, LATER, keep=False)
        assert not outbox.bury(tx, late, "too late", LATER)
        assert not outbox.again(tx, late, LATER, "too late", LATER)
        assert outbox.delivered(tx, now_mine, LATER, keep=True)

    assert rows(db) == [("price", "A", "delivered", 2)]


def test_a_lease_that_has_not_run_out_is_left_alone_where_others_may_hold_it(db):
    put(db, "A")
    claim(db)
    with db.write() as tx:
        outbox.reclaim(tx, "shop", [Kind.PRICE], NOW + timedelta(seconds=59), expired_only=True)

    assert rows(db) == [("price", "A", "sending", 1)]


def test_a_message_that_goes_back_while_its_twin_waits_is_superseded(db):
    put(db, "A")
    (first,) = claim(db)
    put(db, "A")
    with db.write() as tx:
        assert outbox.again(tx, first, LATER, "answered 500", NOW)

    assert rows(db) == [("price", "A", "superseded", 1), ("price", "A", "pending", 0)]


def test_a_blocked_destination_costs_no_attempt(db):
    put(db, "A")
    for _ in range(3 * MAX_ATTEMPTS):
        (message,) = claim(db)
        with db.write() as tx:
            outbox.again(tx, message, NOW, "credentials refused", NOW, counts=False)

    assert rows(db) == [("price", "A", "pending", 0)]


def test_a_message_waits_for_its_next_attempt_unless_a_person_runs_the_job(db):
    put(db, "A")
    (message,) = claim(db)
    with db.write() as tx:
        outbox.again(tx, message, LATER, "answered 500", NOW)

    assert claim(db, at=NOW + timedelta(seconds=1)) == []
    assert len(claim(db, at=NOW + timedelta(seconds=1), also_before=NOW + timedelta(seconds=1))) == 1


def test_a_pass_by_hand_tries_each_failing_message_once(db):
    put(db, "A")
    started = NOW
    (message,) = claim(db, also_before=started)
    with db.write() as tx:
        outbox.again(tx, message, LATER, "answered 500", NOW)

    assert claim(db, also_before=started) == []


def test_a_dispatch_never_overtakes_its_order(db):
    put(db, "1", kind=Kind.DISPATCH_FILE, destination=ERP)
    put(db, "1", kind=Kind.ORDER_FILE, destination=ERP)
    kinds = (Kind.DISPATCH_FILE, Kind.ORDER_FILE)
    with db.write() as tx:
        (first,) = outbox.claim(tx, ERP, kinds, NOW, 10, after=Kind.ORDER_FILE)
        assert first.kind is Kind.ORDER_FILE
        assert outbox.claim(tx, ERP, kinds, NOW, 10, after=Kind.ORDER_FILE) == []
        outbox.delivered(tx, first, NOW, keep=True)

        assert [m.kind for m in outbox.claim(tx, ERP, kinds, NOW, 10, after=Kind.ORDER_FILE)] == [Kind.DISPATCH_FILE]


def test_what_is_told_at_last_settles_the_dead_letters_about_the_same_thing(db):
    put(db, "A", "B")
    for message in claim(db):
        with db.write() as tx:
            outbox.bury(tx, message, "answered 400", NOW)
    put(db, "A")
    (message,) = claim(db)
    with db.write() as tx:
        outbox.delivered(tx, message, NOW, keep=False)

    assert rows(db) == [("price", "A", "superseded", 1), ("price", "B", "dead", 1)]


BACK = {
    "again": lambda tx, messages: [outbox.again(tx, message, NOW, "answered 500", NOW) for message in messages],
    "at once": lambda tx, messages: batches.back(tx, messages, "blocked", NOW, behind=True),
    "reclaimed": lambda tx, _: outbox.reclaim(tx, "shop", [Kind.PRICE], NOW, expired_only=False),
    "replayed": lambda tx, messages: dead_letters.replay(
        tx, [message.id for message in messages if outbox.bury(tx, message, "x", NOW)], NOW
    ),
}


@pytest.mark.parametrize("how", BACK)
def test_a_message_goes_back_beside_an_order_that_is_putting_it(postgresql, how):
    put(postgresql, "A", "B", "C")
    messages = claim(postgresql)
    is_put, may_commit = threading.Event(), threading.Event()

    def order():
        with postgresql.write() as tx:
            outbox.put(tx, "shop", Kind.PRICE, ["A", "B"], NOW)
            is_put.set()
            may_commit.wait(10)

    ordering = threading.Thread(target=order)
    ordering.start()
    is_put.wait(10)
    threading.Timer(0.5, may_commit.set).start()
    with postgresql.write() as tx:
        BACK[how](tx, messages)
    ordering.join()

    ended = [(reference, state) for _, reference, state, _ in rows(postgresql)]
    assert [one for one in ended if one[1] == "pending"] == [("C", "pending"), ("A", "pending"), ("B", "pending")]
    assert [one for one in ended if one[1] != "pending"] == [("A", "superseded"), ("B", "superseded")]


def test_a_dead_letter_that_is_replayed_begins_anew_or_is_superseded_by_its_twin(db):
    put(db, "A", "B")
    with db.write() as tx:
        for message in outbox.claim(tx, "shop", [Kind.PRICE], NOW, 10):
            outbox.bury(tx, message, "answered 400", NOW)
    put(db, "B")
    with db.write() as tx:
        dead_letters.replay(tx, [letter["id"] for letter in dead_letters.letters(tx)], LATER)

    assert rows(db) == [("price", "A", "pending", 0), ("price", "B", "superseded", 1), ("price", "B", "pending", 0)]


def test_settled_messages_are_forgotten_and_dead_letters_are_not(db):
    put(db, "A", "B", "C")
    a, b, _ = claim(db)
    with db.write() as tx:
        outbox.delivered(tx, a, NOW, keep=True)
        outbox.bury(tx, b, "answered 400", NOW)
        batches.forget_settled(tx, LATER)

    assert rows(db) == [("price", "B", "dead", 1), ("price", "C", "sending", 1)]


def test_what_comes_back_unsent_keeps_its_place_and_what_was_refused_for_all_goes_behind(db):
    put(db, "A", "B")
    refused, unsent = claim(db, at=LATER)
    with db.write() as tx:
        batches.back(tx, [refused], "answered 404", LATER, behind=True)
        batches.back(tx, [unsent], "answered 404", LATER, behind=False)

    assert [message.reference for message in claim(db, at=LATER, limit=1)] == ["B"]
    assert [row[3] for row in rows(db)] == [0, 1]


PUTTERS = {
    "at once": lambda tx: outbox.put(tx, "shop", Kind.PRICE, ["B", "A", "a"], NOW),
    "for later": lambda tx: outbox.put_later(tx, "shop", [(Kind.PRICE, sku, LATER) for sku in ("B", "a", "A")], NOW),
}


@pytest.mark.parametrize("put", PUTTERS.values(), ids=PUTTERS)
def test_messages_of_one_statement_are_put_in_one_order_whatever_order_they_come_in(db, put):
    with db.write() as tx:
        put(tx)

    assert [reference for _, reference, _, _ in rows(db)] == ["A", "B", "a"]


@pytest.mark.parametrize("put", PUTTERS.values(), ids=PUTTERS)
def test_two_that_put_the_same_messages_never_wait_for_each_other(postgresql, put):
    """Whoever put B first, and then A, was ended by the other, which does so in the other order."""

    def puts(sku):
        return lambda tx: outbox.put(tx, "shop", Kind.PRICE, [sku], NOW)

    with rival(postgresql, puts("A"), puts("B")), postgresql.write() as tx:
        put(tx)

    assert sorted(reference for _, reference, _, _ in rows(postgresql)) == ["A", "B", "a"]


def test_a_file_in_doubt_is_given_up_with_its_mark_and_taken_up_again_unless_a_person_has_decided(db):
    put(db, "A", "B", kind=Kind.ORDER_FILE, destination=ERP)
    with db.write() as tx:
        for message in outbox.claim(tx, ERP, [Kind.ORDER_FILE], NOW, 10):
            outbox.mark_publishing(tx, message, {"name": message.reference})
            doubts.give_up(tx, message, NOW)
    with db.write() as tx:
        (first, mark), (second, _) = doubts.given_up(tx, ERP)
        dead_letters.discard(tx, [second.id], NOW)
        taken, decided = doubts.take_up(tx, first), doubts.take_up(tx, second)
        again = outbox.publishing(tx, ERP)
        settled = outbox.delivered(tx, taken, NOW, keep=True)

    assert mark == {"name": "A"}
    assert (again, decided, settled) == ([(taken, mark)], None, True)
    assert rows(db) == [("order-file", "A", "delivered", 1), ("order-file", "B", "discarded", 1)]

"""Documents as rows, and the outbox's promise of one message about an order at a time; on SQLite and PostgreSQL alike."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from ready_made import migrate
from sqlalchemy.exc import IntegrityError

from connector.domain.documents import (
    Cancellation,
    CarrierEvent,
    Delivery,
    DocumentKind,
    DocumentState,
    Invoice,
    InvoiceItem,
    Tracking,
)
from connector.domain.messages import DOCUMENT_KINDS, Kind
from connector.storage import batches, database, outbox
from connector.storage import documents as store
from connector.storage.tables import orders

NOW = datetime(2026, 1, 2, 15, 0, tzinfo=UTC)
SOLD = Invoice("N1", "Output", NOW, 8480, (InvoiceItem("A", 1, 7390),), "35" * 22, "Correios", "SR1", "https://t.example/SR1")
CONTENTS = [
    (DocumentKind.INVOICE, SOLD),
    (DocumentKind.INVOICE, replace(SOLD, type="Input")),
    (DocumentKind.TRACKING, Tracking("N1", "Correios", "SR1", "", date(2026, 1, 3))),
    (DocumentKind.TRACKING, Tracking("N1", "", "SR1", "")),
    (DocumentKind.DELIVERY, Delivery("N1", True, NOW, (CarrierEvent(date(2026, 1, 3), "São Paulo", "SP", "entregue"),))),
    (DocumentKind.DELIVERY, Delivery("N1", False, None, ())),
    (DocumentKind.CANCEL, Cancellation("sem estoque", "R1", NOW)),
    (DocumentKind.CANCEL, Cancellation("sem estoque")),
]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def db(request, tmp_path):
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/one.db"
    opened = database.Database(url)
    migrate(opened)
    texts = ("account", "marketplace_order_id", "sales_channel", "state", "content_hash", "services_endpoint", "document")
    with opened.write() as tx:
        for name in ("O1", "O2"):
            values = {**dict.fromkeys(texts, name), "client": {}, "address": {}, "raw": b"{}", "answer": b"{}", "flags": []}
            tx.execute(orders.insert().values(order_id=name, placed_at=NOW, total_cents=0, **values))
    yield opened
    opened.close()


def draft(content=SOLD, kind=DocumentKind.INVOICE, key="N1"):
    return store.Draft(kind, "N1", key, "hash", content, None)


@pytest.mark.parametrize(("kind", "content"), CONTENTS)
def test_a_document_comes_back_as_it_was_kept(db, kind, content):
    with db.write() as tx:
        store.add(tx, "O1", draft(content, kind), NOW)
        (kept,) = store.of_order(tx, "O1")
    assert (kept.kind, kept.content, kept.said, kept.state) == (kind, content, "hash", DocumentState.WAITING)


def test_an_order_has_one_document_of_a_kind_and_key(db):
    with db.write() as tx:
        store.add(tx, "O1", draft(), NOW)
        store.add(tx, "O2", draft(), NOW)
    with pytest.raises(IntegrityError), db.write() as tx:
        store.add(tx, "O1", draft(), NOW)


def test_a_corrected_document_waits_anew_in_the_place_of_the_other(db):
    with db.write() as tx:
        number = store.add(tx, "O1", draft(), NOW)
        store.set_state(tx, [number], DocumentState.GIVEN_UP, "answered 400")
        store.replace(tx, number, draft(replace(SOLD, value_cents=1)), NOW)
        (kept,) = store.of_order(tx, "O1")
    assert (kept.id, kept.content.value_cents, kept.state, kept.reason) == (number, 1, DocumentState.WAITING, "")


def test_what_waits_is_abandoned_with_its_order_and_what_was_reported_stays(db):
    with db.write() as tx:
        waits, told = store.add(tx, "O1", draft(), NOW), store.add(tx, "O1", draft(key="N2"), NOW)
        other = store.add(tx, "O2", draft(), NOW)
        store.reported(tx, [told], "receipt", NOW)
        store.abandon_waiting(tx, "O1", "the order is canceled")
        found = {d.id: (d.state, d.reason) for order in ("O1", "O2") for d in store.of_order(tx, order)}
    assert found == {
        waits: (DocumentState.GIVEN_UP, "the order is canceled"),
        told: (DocumentState.REPORTED, ""),
        other: (DocumentState.WAITING, ""),
    }


# ── one at a time ───────────────────────────────────────────────────────────────────────────────────────────────────────
def put(tx, kind, reference, order_id):
    outbox.put(tx, "shop", kind, [reference], NOW, order_id=order_id)


def claim(tx, now=NOW, **how):
    return [m.reference for m in outbox.claim(tx, "shop", DOCUMENT_KINDS, now, 10, **how)]


def test_messages_about_one_order_are_claimed_one_at_a_time(db):
    with db.write() as tx:
        put(tx, Kind.TRACKING, "O1/N1", "O1")
        put(tx, Kind.INVOICE, "O1/N1", "O1")
        put(tx, Kind.INVOICE, "O1/N2", "O1")
        put(tx, Kind.INVOICE, "O2/N1", "O2")
        outbox.put(tx, "shop", Kind.INVOICE, ["of no order", "of none either"], NOW)
        first = outbox.claim(tx, "shop", DOCUMENT_KINDS, NOW, 10)
        meanwhile = claim(tx)
        for message in first:
            outbox.delivered(tx, message, NOW, keep=True)
        then = claim(tx)
    assert [m.reference for m in first] == ["O1/N1", "O2/N1", "of no order", "of none either"]
    assert (first[0].kind, meanwhile, then) == (Kind.INVOICE, [], ["O1/N2"])


def test_a_cancellation_goes_before_all_else_about_its_order(db):
    with db.write() as tx:
        put(tx, Kind.INVOICE, "O1/N1", "O1")
        put(tx, Kind.CANCEL, "O1", "O1")
        assert claim(tx) == ["O1"]


def test_a_message_that_waits_for_its_next_attempt_stops_no_other(db):
    with db.write() as tx:
        put(tx, Kind.INVOICE, "O1/N1", "O1")
        put(tx, Kind.INVOICE, "O1/N2", "O1")
        (first,) = outbox.claim(tx, "shop", DOCUMENT_KINDS, NOW, 10)
        outbox.again(tx, first, NOW + timedelta(minutes=1), "answered 500", NOW)
        assert claim(tx) == ["O1/N2"]


def test_by_hand_too_an_order_has_one_message_in_hand(db):
    later = NOW + timedelta(seconds=1)
    with db.write() as tx:
        put(tx, Kind.INVOICE, "O1/N1", "O1")
        put(tx, Kind.INVOICE, "O1/N2", "O1")
        (first,) = outbox.claim(tx, "shop", DOCUMENT_KINDS, NOW, 10)
        outbox.again(tx, first, NOW + timedelta(minutes=1), "answered 500", NOW)
        assert claim(tx, later, also_before=later) == ["O1/N1"]


def test_the_same_order_number_at_two_destinations_is_two_matters(db):
    with db.write() as tx:
        put(tx, Kind.INVOICE, "O1/N1", "O1")
        outbox.put(tx, "mall", Kind.INVOICE, ["O1/N2"], NOW, order_id="O1")
        assert claim(tx) == ["O1/N1"]
        assert [m.reference for m in outbox.claim(tx, "mall", DOCUMENT_KINDS, NOW, 10)] == ["O1/N2"]


@pytest.mark.parametrize("ending", ["sending", "again", "failing", "blocked", "delivered", "untried"])
def test_an_invoice_was_tried_while_the_marketplace_may_have_it(db, ending):
    with db.write() as tx:
        put(tx, Kind.INVOICE, "O1/N1", "O1")
        if ending != "untried":
            (message,) = outbox.claim(tx, "shop", DOCUMENT_KINDS, NOW, 10)
        if ending == "again":
            outbox.again(tx, message, NOW, "no answer", NOW)
        if ending == "failing":
            outbox.again(tx, message, NOW, "answered 500", NOW, counts=False)
        if ending == "blocked":
            batches.back(tx, [message], "answered 401", NOW, behind=False)
        if ending == "delivered":
            outbox.delivered(tx, message, NOW, keep=True)
        assert store.was_tried(tx, "O1", "N1") == (ending in {"sending", "again", "failing"})
        assert not store.was_tried(tx, "O1", "N2")

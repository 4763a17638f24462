"""Archived documents taken once more are known, and reported once."""

import pytest
from documents_world import opened

from connector.usecases import replaying


@pytest.fixture
def world(tmp_path):
    with opened(tmp_path / "project") as one:
        yield one


def test_a_replayed_invoice_is_known_and_not_reported_twice(world):
    order = world.ordered("m1", ("A", 2))
    path = world.drop("invoices", f"{order};N1;2026-01-02;25,00;A;2;10,00")
    world.run()
    report = replaying.replay(world.app, f"invoices/{path.name}")
    world.run()

    assert report.failures == []
    assert report.lines[0].startswith(f"invoices/{path.name}: 0 taken, 1 known before")
    assert world.papers(order) == [("invoice", "N1", "reported")]
    assert [message[1] for message in world.messages()] == ["invoice"]


def test_a_refused_document_is_taken_by_a_replay_once_its_order_is_there(world):
    path = world.drop("invoices", "m9;N1;2026-01-02;25,00;A;2;10,00")
    world.run()
    order = world.ordered("m9", ("A", 2))
    report = replaying.replay(world.app, f"invoices/{path.name}")

    assert report.exit_status == 0
    assert world.papers(order) == [("invoice", "N1", "pending")]

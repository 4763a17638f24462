"""Housekeeping clears away what is over, and nothing else."""

import os
import time
from datetime import timedelta

import pytest
from orders_world import MONDAY, Seller
from query_plans import plans_of
from sqlalchemy import insert, select, update

from connector import app as building
from connector import settings as settings_module
from connector.erp import intake
from connector.storage import health, order_story
from connector.storage.tables import files, job_runs, outbox, rejections
from connector.storage.tables import orders as orders_table
from connector.usecases import orders, personal_days, privacy, upkeep
from connector.usecases.turns import turn
from jobs import JOBS, Pass

DAY = timedelta(days=1)


@pytest.fixture
def seller(tmp_path):
    return Seller(tmp_path / "shop")


def keep_house(seller, **how):
    return JOBS["housekeeping"].run(seller.app, Pass(**how))


def message(seller, reference, **values):
    row = {"destination": "shop", "kind": "price", "reference": reference, "due_at": seller.now, "put_at": seller.now, **values}
    with seller.app.db.write() as tx:
        tx.execute(insert(outbox).values(row))


def states(seller):
    with seller.app.db.read() as tx:
        return {row.reference: row.state for row in tx.execute(select(outbox.c.reference, outbox.c.state))}


def test_a_lease_that_ran_out_goes_back_to_waiting(seller):
    message(seller, "dead-sender", state="sending", attempt=1, lease="x", lease_until=seller.now - timedelta(seconds=1))
    message(seller, "alive", state="sending", attempt=1, lease="y", lease_until=seller.now + timedelta(seconds=50))

    assert keep_house(seller).exit_status == 0
    assert states(seller) == {"dead-sender": "pending", "alive": "sending"}


def test_settled_messages_go_after_fourteen_days_and_dead_letters_stay(seller):
    message(seller, "old", state="delivered", settled_at=seller.now - 15 * DAY)
    message(seller, "young", state="delivered", settled_at=seller.now - 13 * DAY)
    message(seller, "given-up", state="dead", settled_at=seller.now - 300 * DAY)
    keep_house(seller)

    assert set(states(seller)) == {"young", "given-up"}


def test_runs_go_after_thirty_days_but_each_job_s_last(seller):
    rows = [
        {"job": job, "run_id": f"{job}{days}", "holder": "x", "started_at": seller.now - days * DAY}
        for job, days in (("a", 40), ("a", 5), ("b", 50), ("b", 40))
    ]
    with seller.app.db.write() as tx:
        tx.execute(insert(job_runs), rows)
    keep_house(seller)
    with seller.app.db.read() as tx:
        left = set(tx.execute(select(job_runs.c.run_id)).scalars())

    assert left == {"a5", "b40"}


def test_stray_working_files_go_and_fresh_ones_stay(seller, monkeypatch):
    work, retry = (seller.app.root / "var" / name for name in ("work", "retry/acks"))
    for folder in (work, retry):
        folder.mkdir(parents=True)
        (folder / "left").touch()
    later = time.time() + 25 * 3600
    monkeypatch.setattr(upkeep.time, "time", lambda: later)
    dry = keep_house(seller, dry_run=True)

    assert dry.lines == ["would remove the stray file var/work/left", "would remove the stray file var/retry/acks/left"]
    assert (work / "left").exists()
    assert keep_house(seller).lines == ["2 stray working files removed"]
    assert [*work.iterdir(), *retry.iterdir()] == []


def test_the_copy_of_an_old_file_that_is_being_read_is_no_stray(seller):
    old = seller.app.root / "inbox" / "stock" / "s.csv"
    old.parent.mkdir(parents=True, exist_ok=True)
    old.write_text("sku;quantity\n")
    os.utime(old, (0, 0))
    (file,) = seller.app.source.listing("stock")
    taken = intake.take(seller.app.source, file, seller.app.root / "var" / "work")

    assert keep_house(seller).lines == []
    assert taken.path.exists()


def test_nothing_to_do_says_nothing(seller):
    report = keep_house(seller)

    assert (report.lines, report.failures) == ([], [])


def test_the_write_ahead_log_is_brought_home(seller):
    message(seller, "x")
    before = health.wal_bytes(seller.app.db)
    keep_house(seller)

    assert before > 0
    assert health.wal_bytes(seller.app.db) == 0


def test_only_one_process_at_a_time_brings_the_log_home(seller):
    message(seller, "x")
    with turn(seller.app, "checkpoint"):
        upkeep.checkpoint(seller.app, wait_seconds=0)
        during = health.wal_bytes(seller.app.db)

    assert during > 0


def test_a_reader_holds_the_log_back_for_a_moment_only(seller):
    message(seller, "x")
    with seller.app.db.read() as tx:
        tx.execute(select(outbox)).all()
        message(seller, "y")
        started = time.monotonic()
        upkeep.checkpoint(seller.app)
        took = time.monotonic() - started

    assert took < 10
    assert set(states(seller)) == {"x", "y"}


# ── personal data past its days ─────────────────────────────────────────────────────────────────────────────────────────
NINETY = timedelta(days=90)
WHO = {"email": "quiet@example.test", "document": "11144477735", "firstName": "Jonas"}


@pytest.fixture(params=["sqlite", "postgresql"])
def both(tmp_path, request):
    made = Seller(tmp_path / "shop", url=request.getfixturevalue("postgresql_url") if request.param == "postgresql" else "")
    made.sells("A", quantity=1000)
    yield made
    made.app.db.close()


def with_settings(seller, before, after):
    seller.config.write_text(seller.config.read_text().replace(before, after))
    seller.app.db.close()
    seller.app = building.build(settings_module.load(seller.config), clock=lambda: seller.now)


def cancelled(seller, number="1"):
    """Place an order, have the marketplace cancel it, and everybody told."""
    order_id = seller.placed(number, clientProfileData=WHO)
    orders.cancel(seller.app, "shop", order_id, {"reason": "Jonas gave up"})
    seller.knows_no_more_messages()
    return order_id


def is_kept(seller, order_id):
    return seller.order(order_id).client == WHO


def test_personal_data_goes_ninety_days_after_an_order_was_final_and_not_a_moment_before(both):
    order_id = cancelled(both)
    both.now += NINETY - timedelta(seconds=1)
    early, kept = keep_house(both), is_kept(both, order_id)
    both.now += timedelta(seconds=1)
    dry, still = keep_house(both, dry_run=True), is_kept(both, order_id)
    report, again = keep_house(both), keep_house(both)
    order = both.order(order_id)

    assert (early.counts["personal_overwritten"], kept) == (0, True)
    assert (dry.lines, still) == (["would overwrite the personal data of 1 orders, whose days are over"], True)
    assert report.counts["personal_overwritten"] == 1
    assert "1 orders whose personal data was overwritten after its days" in report.lines
    assert again.counts["personal_overwritten"] == 0
    assert (order.client, order.cancel_request["reason"]) == ({"erased": True}, "***")
    assert [(event.what, event.detail) for event in order.history][-1] == ("personal data erased", "after 90 days")
    assert not any("Jonas" in event.detail for event in order.history)


def test_an_overwritten_order_that_is_sent_again_is_still_the_same_order(both):
    order_id = cancelled(both)
    both.now += NINETY
    keep_house(both)

    assert both.placed("1", clientProfileData=WHO) == order_id
    assert both.count() == 1


def test_an_invoiced_order_keeps_its_data_until_ninety_days_after_the_last_that_happened(both):
    order_id = both.placed("1", clientProfileData=WHO)
    both.knows_no_more_messages()
    with both.app.db.write() as tx:
        tx.execute(update(orders_table).values(state="invoiced"))
    both.now += 10 * DAY
    with both.app.db.write() as tx:
        order_story.event(tx, order_id, both.now, "delivery reported")
    keep_house(both)  # sets free what it held
    both.now += NINETY - DAY
    early = keep_house(both).counts["personal_overwritten"]
    both.now += DAY

    assert (early, keep_house(both).counts["personal_overwritten"]) == (0, 1)


@pytest.mark.parametrize(
    ("waiting", "goes"),
    [
        ({"destination": "erp", "kind": "cancellation-file", "state": "pending"}, 0),
        ({"destination": "erp", "kind": "cancellation-file", "state": "publishing"}, 0),
        ({"destination": "erp", "kind": "cancellation-file", "state": "dead"}, 0),
        ({"destination": "shop", "kind": "cancel", "state": "pending"}, 0),
        ({"destination": "shop", "kind": "cancel", "state": "dead"}, 1),
        ({"destination": "erp", "kind": "cancellation-file", "state": "delivered", "settled_at": MONDAY}, 1),
    ],
)
def test_what_somebody_is_still_to_be_told_of_keeps_its_data(both, waiting, goes):
    order_id = cancelled(both)
    message(both, order_id, **waiting)
    both.now += NINETY

    assert keep_house(both).counts["personal_overwritten"] == goes
    assert is_kept(both, order_id) is not bool(goes)


def test_an_order_that_is_open_keeps_its_data_for_years(both):
    order_id = both.placed("1", clientProfileData=WHO)
    orders.authorize(both.app, "shop", order_id, {})
    both.knows_no_more_messages()
    both.now += timedelta(days=900)

    assert keep_house(both).counts["personal_overwritten"] == 0
    assert is_kept(both, order_id)


def test_what_is_written_of_an_order_after_it_was_erased_goes_when_it_is_final(both):
    order_id = both.placed("1", clientProfileData=WHO)
    both.knows_no_more_messages()
    erased = privacy.erase(both.app, WHO["document"])["erased"]
    orders.cancel(both.app, "shop", order_id, {"reason": "Jonas gave up"})
    both.knows_no_more_messages()
    both.now += NINETY
    counts = [keep_house(both).counts["personal_overwritten"] for _ in range(2)]

    assert (erased, counts) == ([order_id], [1, 0])
    assert not any("Jonas" in event.detail for event in both.order(order_id).history)


def test_many_orders_go_in_parts_and_the_rest_in_the_next_pass(both, monkeypatch):
    monkeypatch.setattr(personal_days, "MOST", 45)
    for number in range(50):
        cancelled(both, str(number))
    both.now += NINETY

    assert [keep_house(both).counts["personal_overwritten"] for _ in range(3)] == [45, 5, 0]


def test_with_0_days_personal_data_stays(both):
    with_settings(both, "[orders]", "[orders]\npersonal_days = 0")
    order_id = cancelled(both)
    both.now += timedelta(days=4000)

    assert keep_house(both).counts["personal_overwritten"] == 0
    assert is_kept(both, order_id)


def refused(seller, *healed):
    """List refused rows of one file, healed at these instants; None: never."""
    file = {"feed": "acks", "name": "a.csv", "size": 1, "modified_at": MONDAY, "sha256": "", "state": "applied", "taken_at": MONDAY}
    row = {"feed": "acks", "key": "K", "column": "message", "value": "de Jonas", "reason": "x", "record": {"message": "de Jonas"}}
    with seller.app.db.write() as tx:
        number = tx.execute(insert(files).values(file).returning(files.c.id)).scalar_one()
        rows = [{**row, "file_id": number, "line": line, "refused_at": MONDAY, "healed_at": at} for line, at in enumerate(healed)]
        tx.execute(insert(rejections), rows)


def shown(seller):
    with seller.app.db.read() as tx:
        r = rejections.c
        return [tuple(row) for row in tx.execute(select(r.key, r.value, r.record).order_by(r.line))]


@pytest.mark.parametrize(("setting", "days"), [("", 180), ("[erp]\nrejected_days = 30\n", 30), ("[erp]\nrejected_days = 0\n", 90)])
def test_healed_rows_are_emptied_when_refused_files_go_and_open_ones_stay(both, setting, days):
    with_settings(both, "[orders]", f"{setting}[orders]")
    refused(both, MONDAY, MONDAY + timedelta(seconds=1), None)
    both.now = MONDAY + days * DAY
    report, again = keep_house(both), keep_house(both)
    full = ("K", "de Jonas", {"message": "de Jonas"})

    assert (report.counts["rows_emptied"], again.counts["rows_emptied"]) == (1, 0)
    assert report.lines == ["1 healed refused rows emptied after their days"]
    assert shown(both) == [("", "***", None), full, full]


def test_more_healed_rows_than_go_at_a_time_are_emptied(both):
    refused(both, *[MONDAY] * 1201)
    both.now = MONDAY + 180 * DAY

    assert keep_house(both).counts["rows_emptied"] == 1201


def test_looking_for_what_may_go_looks_through_nothing_that_went_already(seller):
    def look():
        personal_days.overwrite_outlived(seller.app)
        personal_days.empty_healed_rows(seller.app)

    steps = [step for _, plan in plans_of(seller.app, look) for step in plan]

    assert [step for step in steps if "orders_personal" in step]
    assert [step for step in steps if "rejections_healed" in step]
    assert [step for step in steps if step.startswith("SCAN")] == []


# ── the ERP's documents ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_documents_go_from_the_archive_after_their_days_whatever_their_names(seller, monkeypatch):
    monkeypatch.setenv("K", "key")
    monkeypatch.setenv("T", "token")
    seller.config.write_text("[erp]\nsettle_seconds = 0\n" + seller.config.read_text())
    seller.app = building.build(settings_module.load(seller.config), clock=lambda: seller.now)
    seller.sells("A")
    for number in ("1", "2"):
        path = seller.app.root / "inbox" / "acks" / f"acks_{number}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"order_id;status\n{seller.placed(number, ('A', 1))};accepted\n")
        JOBS["report-documents"].run(seller.app, Pass())
    seller.now += 181 * DAY

    assert keep_house(seller).counts["archive_removed"] == 2
    assert [path for path in (seller.app.root / "archive").rglob("*") if path.is_file()] == []

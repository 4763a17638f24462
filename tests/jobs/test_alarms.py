"""Alarms: found from what the database knows, kept with their beginning, logged once when raised and once when over."""

import json
import logging
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from catalog_world import Catalog
from orders_world import Seller, order, target_in

from connector import settings as settings_module
from connector.domain.documents import Ack
from connector.domain.messages import ERP, FILE_KINDS, Blocked, Kind
from connector.domain.standing import Circuit, Standing
from connector.errors import ConnectorError
from connector.storage import accounts, outbox, runs
from connector.storage.tables import outbox as outbox_table
from connector.usecases import alarms, job_switches, orders, readiness
from connector.usecases.passes import Pass
from connector.usecases.status import status
from connector.web.metrics import Metrics
from jobs import export_orders
from jobs.running import run_job

STOCK = """
[feeds.stock]
expected_every = "2h"
[feeds.freight]
alarm_below = 0.9
"""


@pytest.fixture
def shop(tmp_path):
    return Catalog(tmp_path / "shop", more=STOCK)


def on(world):
    with world.app.db.read() as tx:
        return {(alarm.name, alarm.subject): alarm for alarm in alarms.current(tx, world.app)}


@contextmanager
def written():
    """The lines that the log of alarms takes meanwhile."""
    lines, logger = [], logging.getLogger("connector.alarms")
    catching = logging.Handler()
    catching.emit = lines.append
    logger.addHandler(catching)
    before = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        logger.setLevel(before)
        logger.removeHandler(catching)


def look(world):
    """One look of the daemon's: what it logs."""
    with written() as logged:
        alarms.watch(world.app)
    return [(line.levelname.lower(), line.alarm, line.subject) for line in logged]


def rows(count):
    return [f"{n};5" for n in range(count)]


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_feed_that_never_came_is_an_alarm_until_its_first_file(shop):
    assert list(on(shop)) == [("never-came", "stock")]

    shop.export("stock/s.csv", *rows(3))
    assert on(shop) == {}


def test_a_late_feed_is_logged_once_keeps_its_beginning_and_is_over_with_the_next_file(shop):
    shop.export("stock/s1.csv", *rows(3))
    due = shop.now + timedelta(hours=2)
    assert look(shop) == []

    shop.now = due + timedelta(minutes=5)
    assert look(shop) == [("warning", "late", "stock")]
    shop.now += timedelta(hours=3)
    assert look(shop) == []  # it lasts: said once
    assert on(shop)["late", "stock"].since == due

    shop.export("stock/s2.csv", *rows(3))
    assert look(shop) == [("info", "late", "stock")]
    assert look(shop) == []


def test_the_file_applied_last_sent_again_came_in_time_and_is_as_large_as_ever(shop):
    for n in range(5):
        shop.export(f"stock/s{n}.csv", *rows(3), at=shop.now + timedelta(seconds=n))
        shop.now += timedelta(hours=1, minutes=50)

    assert on(shop) == {}


def test_a_refused_file_came_too_and_is_another_alarm(shop):
    shop.export("stock/s.csv", "1;many")

    assert set(on(shop)) == {("quarantined", "stock")}


def test_the_remedy_fits_what_was_refused_a_row_a_file_or_both(shop):
    good = [f"{n};1,00;" for n in range(40)]
    shop.export("prices/rows.csv", "bad;cheap;", *good)
    row = on(shop)["quarantined", "prices"]
    shop.export("stock/whole.csv", "1;many")
    whole = on(shop)["quarantined", "stock"]
    shop.export("prices/whole.csv", "bad;cheap;", "worse;cheap;")
    both = on(shop)["quarantined", "prices"]

    assert [alarm.sentence for alarm in (row, whole, both)] == [
        "prices: 1 refused row, not mended yet",
        "stock: 1 file refused whole, not mended yet",
        "prices: 1 refused row and 1 file refused whole, not mended yet",
    ]
    assert row.remedy == "connector quarantine list; a good row in the next export mends a row"
    assert "good row" not in whole.remedy
    assert "send it again" in whole.remedy
    assert "connector quarantine retry ID" in whole.remedy
    assert ("good row" in both.remedy, "send it again" in both.remedy) == (True, True)


def test_an_export_much_smaller_than_usual_is_named_and_over_with_a_usual_one(shop):
    for n in range(4):
        shop.export(f"stock/s{n}.csv", *rows(100 + n))
    shop.export("stock/s5.csv", *rows(30))
    found = on(shop)

    assert found["small", "stock"].sentence == "stock: stock/s5.csv has 30 rows, 30 % of the usual 102"
    assert set(found) == {("small", "stock"), ("held", "stock")}
    shop.export("stock/s6.csv", *rows(101))
    assert on(shop) == {}


def test_an_empty_export_is_named_though_the_guard_holds_it(shop):
    shop.export("stock/s1.csv", *rows(3))
    shop.export("stock/s2.csv")

    assert set(on(shop)) == {("empty", "stock"), ("held", "stock")}


def test_freight_files_are_compared_with_those_of_their_own_name(shop):
    line = "{0:08d};{0:08d};0;1000;10,00;2"
    for n in range(5):
        shop.export("stock/s.csv", *rows(n + 1))
        shop.export("freight/normal.csv", *[line.format(row) for row in range(100 + n)])
        shop.export("freight/express.csv", *[line.format(row) for row in range(3 + n // 4)])
    assert on(shop) == {}

    shop.export("freight/normal.csv", *[line.format(row) for row in range(85)])
    assert set(on(shop)) == {("small", "freight/normal.csv")}


def test_a_delta_may_be_as_small_as_it_likes(tmp_path):
    shop = Catalog(tmp_path / "shop", more='[feeds.stock]\nmode = "delta"\n')
    for n in range(5):
        shop.export(f"stock/s{n}.csv", *rows(100))
    shop.export("stock/s9.csv", *rows(1))
    shop.export("stock/s10.csv")

    assert on(shop) == {}


def test_at_night_nothing_is_late(tmp_path):
    shop = Catalog(tmp_path / "shop", more='[feeds.stock]\nexpected_every = "2h"\nexpected_between = "mon-sat 08:00-20:00"\n')
    shop.now = shop.now.replace(hour=22, minute=30)  # Monday, 19:30 in São Paulo
    shop.export("stock/s.csv", *rows(3))

    shop.now += timedelta(hours=13)  # 08:31
    assert on(shop) == {}
    shop.now += timedelta(hours=2)
    assert set(on(shop)) == {("late", "stock")}


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ('expected_every = "soon"', "a time such as 30m, 2h or 1d"),
        ('expected_between = "20:00-08:00"', "hours of a day such as"),
        ('expected_between = "mon-fry 08:00-20:00"', "hours of a day such as"),
        ("alarm_below = 2", "less than or equal to 1"),
    ],
)
def test_an_expectation_that_makes_no_sense_is_a_wrong_setting(tmp_path, line, allowed):
    (tmp_path / "connector.toml").write_text(f"[feeds.stock]\n{line}\n")

    with pytest.raises(ConnectorError, match=allowed):
        settings_module.load(tmp_path / "connector.toml")


# ── what waits for a person, and what does not go on ────────────────────────────────────────────────────────────────────
def test_held_rows_refused_rows_and_their_ages_are_told(shop):
    shop.export("stock/s.csv", *rows(3))
    shop.export("prices/p1.csv", "1;100;100", "2;100;100")
    shop.export("prices/p2.csv", "1;1;100", "2;1;100")
    began = shop.now
    shop.now += timedelta(minutes=30)

    held = on(shop)["held", "prices"]
    assert (held.count, held.since, held.sentence) == (2, began, "prices: 2 files and rows wait for a yes or a no")


def test_a_blocked_marketplace_is_an_alarm_until_a_call_succeeds(shop):
    shop.export("stock/s.csv", *rows(1))
    with shop.app.db.write() as tx:
        accounts.know(tx, "shop")
        refused = Blocked("credentials refused", until=shop.now + timedelta(minutes=10), needs_a_person=True)
        accounts.remember(tx, "shop", Standing(Circuit(refused, failures=1)))
    assert look(shop) == [("warning", "blocked", "shop")]
    began = shop.now

    shop.now += timedelta(minutes=20)  # the wait is over, but no call has succeeded yet
    assert on(shop)["blocked", "shop"].since == began
    with shop.app.db.write() as tx:
        accounts.unblock(tx, "shop")
    assert look(shop) == [("info", "blocked", "shop")]


def test_alarms_survive_a_restart_of_the_daemon(shop):
    look(shop)
    began = shop.now
    shop.configure(more=STOCK)
    shop.now += timedelta(hours=1)

    assert look(shop) == []
    assert on(shop)["never-came", "stock"].since == began


# ── orders ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(params=["file", "sftp"])
def seller(request, tmp_path):
    """A seller whose ERP takes its files from a local folder, or from a real SFTP server."""
    made = Seller(tmp_path / "shop")
    target = tmp_path / "target"
    lines = target_in(target, request.getfixturevalue("sshd") if request.param == "sftp" else None)
    made.config.write_text(made.config.read_text().replace("[orders]\n", f"[erp]\n{lines}[orders]\npickup_minutes = 30\n"))
    made.app = type(made.app)(settings_module.load(made.config), made.app.db, made.app.clock)
    made.target = target
    made.sells("A")
    yield made
    made.app.target.close()


def export(world):
    return export_orders.run(world.app, Pass())


def test_an_order_file_that_lies_for_too_long_is_an_alarm_until_the_erp_takes_it(seller):
    order_id = seller.placed()
    export(seller)
    written = seller.now
    seller.now += timedelta(minutes=29)
    export(seller)
    assert on(seller) == {}

    seller.now += timedelta(minutes=2)
    export(seller)
    alarm = on(seller)["not-picked-up", "orders"]
    assert alarm.sentence == f"the ERP has not taken 1 file within 30 minutes: orders/{order_id}.json"
    assert alarm.since == written + timedelta(minutes=30)

    (seller.target / "orders" / f"{order_id}.json").unlink()
    export(seller)
    assert on(seller) == {}


def test_an_order_that_the_erp_acknowledged_was_taken_though_its_file_still_lies_there(seller):
    order_id = seller.placed()
    export(seller)
    seller.now += timedelta(hours=1)
    export(seller)
    assert ("not-picked-up", "orders") in on(seller)

    orders.acknowledge(seller.app, Ack(order_id, is_accepted=True, erp_order_id="77", message="", acked_at=seller.now))
    assert on(seller) == {}
    export(seller)
    assert on(seller) == {}


def test_files_of_others_and_a_target_that_is_away_change_nothing(seller):
    order_id = seller.placed()
    export(seller)
    (seller.target / "orders" / "readme.txt").write_text("not ours")
    seller.now += timedelta(hours=1)
    export(seller)
    assert on(seller)["not-picked-up", "orders"].count == 1

    seller.target.rename(seller.target.with_name("away"))
    export(seller)
    assert order_id in on(seller)["not-picked-up", "orders"].sentence


def test_order_files_that_no_pass_writes_are_an_alarm_until_one_does(seller):
    order_id = seller.placed()
    due = seller.now
    job_switches.pause(seller.app, "export-orders", "ana")
    seller.now += timedelta(minutes=29)
    assert on(seller) == {}

    seller.now += timedelta(minutes=3)
    alarm = on(seller)["not-written", "orders"]
    assert alarm.sentence == f"1 file for the ERP has waited for more than 30 minutes to be written: order-file {order_id}"
    assert alarm.since == due + timedelta(minutes=30)

    export(seller)
    assert on(seller) == {}


def test_what_waits_behind_an_order_file_that_is_tried_again_is_no_alarm_of_the_daemons(seller):
    order_id = seller.placed()
    with seller.app.db.write() as tx:
        (message,) = outbox.claim(tx, ERP, FILE_KINDS, seller.now, 10)
        outbox.again(tx, message, seller.now + timedelta(hours=1), "internal: KeyError", seller.now)
        outbox.put(tx, ERP, Kind.DISPATCH_FILE, [order_id], seller.now, order_id=order_id)
    seller.now += timedelta(minutes=40)

    assert ("not-written", "orders") not in on(seller)


@pytest.mark.parametrize(("schedule", "early", "late"), [("every 2h", 149, 151), ("0 12 * * *", 29, 31)])
def test_files_that_wait_for_a_pass_that_is_seldom_made_are_no_alarm_before_it_was_due(tmp_path, schedule, early, late):
    shop = Seller(tmp_path / "shop")
    shop.config.write_text(f'{shop.config.read_text()}[schedule]\ntimezone = "UTC"\nexport_orders = "{schedule}"\n')
    shop.app = type(shop.app)(settings_module.load(shop.config), shop.app.db, shop.app.clock)
    shop.sells("A")
    shop.placed()
    due = datetime(2026, 11, 24, 12, tzinfo=UTC) if "*" in schedule else shop.now
    shop.now = due + timedelta(minutes=early)
    assert on(shop) == {}

    shop.now = due + timedelta(minutes=late)
    assert list(on(shop)) == [("not-written", "orders")]


def test_what_waits_behind_a_dead_letter_and_what_waits_for_a_target_that_is_away_is_the_alarm_of_that(seller):
    order_id = seller.placed()
    seller.target.rename(seller.target.with_name("away"))
    export_by_job(seller)
    seller.now += timedelta(hours=1)
    assert list(on(seller)) == [("erp-unreachable", "target")]

    seller.target.with_name("away").rename(seller.target)
    with seller.app.db.write() as tx:
        tx.execute(outbox_table.delete().where(outbox_table.c.destination != ERP))
        tx.execute(outbox_table.update().values(state="dead", reason="no template", settled_at=seller.now))
        outbox.put(tx, ERP, Kind.CANCELLATION_FILE, [order_id], seller.now)
    export_by_job(seller)
    seller.now += timedelta(hours=1)
    assert list(on(seller)) == [("dead-letters", "erp")]


def export_by_job(world):
    return run_job(world.app, "export-orders", Pass())


def test_a_pass_that_is_under_way_or_was_killed_changes_nothing_of_what_the_last_one_found(seller):
    with seller.app.db.write() as tx:
        runs.start(tx, "export-orders", "first", "daemon", seller.now)
    seller.placed()
    assert on(seller) == {}

    seller.target.rename(seller.target.with_name("away"))
    export_by_job(seller)
    seller.now += timedelta(hours=1)
    look(seller)
    with seller.app.db.write() as tx:
        runs.start(tx, "export-orders", "second", "daemon", seller.now)

    assert (list(on(seller)), look(seller)) == ([("erp-unreachable", "target")], [])


def test_an_order_that_the_erp_rejected_is_an_alarm_for_a_day(seller):
    order_id = json.loads(seller.place(order("9", ("A", 1)))[0])["orderId"]
    orders.acknowledge(seller.app, Ack(order_id, is_accepted=False, erp_order_id=None, message="no credit", acked_at=seller.now))

    assert on(seller)["rejected-by-erp", "orders"].sentence == f"the ERP rejected 1 order within a day: {order_id}"
    seller.now += timedelta(days=1, minutes=1)
    assert ("rejected-by-erp", "orders") not in on(seller)


@pytest.mark.parametrize("by_hand", [True, False], ids=["by cron or by hand", "by the daemon"])
def test_each_pass_looks_whoever_makes_it_and_an_alarm_is_logged_once(shop, by_hand):
    (shop.root / "inbox").mkdir()
    (shop.root / "outbox").mkdir()
    with written() as logged:
        run_job(shop.app, "refresh-snapshot", Pass(by_hand=by_hand))
        run_job(shop.app, "export-orders", Pass(by_hand=by_hand))

    (said,) = logged
    assert (said.levelname, said.alarm, said.subject) == ("WARNING", "never-came", "stock")
    assert said.getMessage().startswith("alarm: stock: no file has ever come; one is expected every 2h -> ")


def test_an_erp_that_cannot_be_reached_is_an_alarm_until_a_pass_reaches_it(shop):
    run_job(shop.app, "refresh-snapshot", Pass())
    assert on(shop)["erp-unreachable", "source"].sentence.startswith("the ERP's source cannot be reached: ")

    (shop.root / "inbox").mkdir()
    run_job(shop.app, "refresh-snapshot", Pass())
    assert ("erp-unreachable", "source") not in on(shop)


# ── where they are shown ────────────────────────────────────────────────────────────────────────────────────────────────
def test_status_and_metrics_tell_them(shop):
    shop.export("stock/s.csv", "1;many")
    shop.now += timedelta(hours=3)

    told = status(shop.app).as_dict()["alarms"]
    assert [(alarm["name"], alarm["subject"], alarm["count"]) for alarm in told] == [("quarantined", "stock", 1), ("late", "stock", 1)]
    assert all(alarm["since"] and alarm["sentence"] and alarm["remedy"] for alarm in told)
    text = Metrics().text(readiness.numbers(shop.app)).decode()
    assert 'connector_alarms{alarm="late",subject="stock"} 1\n' in text

"""One file or folder of the ERP's that cannot be used: it is named with its remedy, and all others are taken."""

import errno
import os
import shutil
from datetime import timedelta

import pytest
from catalog_world import Catalog
from documents_world import opened

from connector.usecases import alarms, disk, doctor, readiness
from connector.usecases.passes import Pass
from connector.usecases.status import status
from jobs import DEFAULT_SCHEDULES
from jobs.running import run_job

PRODUCT = "A;P;Caneca;Acme;Casa;1,5;1"


@pytest.fixture
def shop(tmp_path):
    os.environ.update(CATALOG_KEY="key", CATALOG_TOKEN="token")
    one = Catalog(tmp_path / "project")
    yield one
    one.app.db.close()


@pytest.fixture
def forbidden(monkeypatch):
    """Names that the connector's user may not open: tests may run as root, whom no mode keeps out."""
    names, opened_before = set(), os.open

    def opening(path, *given, **how):
        if os.fsdecode(path).rpartition("/")[2] in names:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return opened_before(path, *given, **how)

    monkeypatch.setattr(os, "open", opening)
    return names


def run(shop, job="refresh-snapshot"):
    shop.now += timedelta(minutes=1)
    return run_job(shop.app, job, Pass(by_hand=True))


def on(shop):
    with shop.app.db.read() as tx:
        return {alarm.name: alarm.sentence for alarm in alarms.current(tx, shop.app)}


def drop_all(shop):
    shop.drop("products/p.csv", PRODUCT)
    shop.drop("prices/a.csv", "A;10,00;12,00")
    shop.drop("stock/s.csv", "A;5")


def test_a_file_that_may_not_be_read_is_named_with_its_remedy_and_all_others_are_taken(shop, forbidden):
    drop_all(shop)
    forbidden.add("p.csv")
    shop.drop("products/q.csv", PRODUCT)
    report = run(shop)

    (failure,) = report.failures
    assert report.exit_status == 1
    assert failure.startswith(f"products/p.csv: {shop.root}/inbox/products/p.csv cannot be used: Permission denied (give the connector")
    assert (shop.prices(), shop.stock(), len(shop.known("products", "sku"))) == ({"A": 1000}, {"A": 5}, 1)
    assert on(shop)["erp-unreachable"] == "of the ERP's source 1 file or folder cannot be used; the others are taken"

    forbidden.clear()
    assert run(shop).exit_status == 0
    assert "erp-unreachable" not in on(shop)
    assert not any((shop.root / "inbox/products").iterdir())


@pytest.mark.parametrize("how", ["may not be entered", "is a file"])
def test_a_feeds_folder_that_cannot_be_used_is_that_feeds_failure_and_all_others_are_taken(shop, forbidden, how):
    drop_all(shop)
    if how == "is a file":
        shutil.rmtree(shop.root / "inbox/products")
        (shop.root / "inbox/products").write_text("put here by mistake")
    else:
        forbidden.add("products")
    report, seen = run(shop), status(shop.app)

    (failure,) = report.failures
    assert report.exit_status == 1
    assert failure.startswith(f"products: {shop.root}/inbox/products cannot be used: ")
    assert failure.endswith(")")
    assert (shop.prices(), shop.stock()) == ({"A": 1000}, {"A": 5})
    assert (seen.files["waiting"], f"{shop.root}/inbox/products" in seen.files["unreachable"]) == (0, True)


def test_the_sources_own_folder_that_cannot_be_used_ends_the_pass(shop, forbidden):
    drop_all(shop)
    forbidden.add("inbox")
    report = run(shop)

    assert report.exit_status == 3
    assert report.failures[0].startswith(f"{shop.root}/inbox cannot be used: Permission denied")
    assert len(report.failures) == 1


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOTCONN, errno.ESTALE])
def test_a_source_that_cannot_even_be_looked_at_is_told_and_takes_neither_alarms_nor_status_nor_numbers_with_it(shop, monkeypatch, number):
    """As below a folder that the connector's user may not enter, or on a mount whose server is gone."""
    drop_all(shop)
    for name in ("open", "stat", "statvfs"):
        monkeypatch.setattr(os, name, failing_in(shop.root / "inbox", number, getattr(os, name)))
    report = run(shop)

    assert report.exit_status == 3
    assert report.failures[0].startswith(f"{shop.root}/inbox cannot be used: {os.strerror(number)}")
    assert "cannot be reached" in on(shop)["erp-unreachable"]
    assert "inbox" in status(shop.app).files["unreachable"]
    assert [place["folder"] for place in status(shop.app).disk] == [str(shop.root)]
    assert list(readiness.numbers(shop.app)["disk_free_bytes"]) == [str(shop.root)]
    assert "free disk" in {check.name for check in doctor.examine(shop.app, DEFAULT_SCHEDULES)}


def failing_in(folder, number, before):
    def doing(path, *given, **how):
        if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(str(folder)):
            raise OSError(number, os.strerror(number))
        return before(path, *given, **how)

    return doing


def test_alarms_that_cannot_be_looked_at_are_logged_and_end_no_pass(shop, monkeypatch, caplog):
    def broken(_app):
        raise OSError(errno.EIO, "nobody knows why")

    drop_all(shop)
    monkeypatch.setattr(alarms, "watch", broken)

    assert run(shop).exit_status == 0
    assert "the alarms could not be looked at" in caplog.text


def test_a_folder_of_documents_that_may_not_be_entered_keeps_no_other_from_being_taken(tmp_path, forbidden):
    with opened(tmp_path / "project") as world:
        order = world.ordered("m1")
        world.drop("invoices", f"{order};N1;2026-01-02;25,00;A;2;10,00")
        world.drop("acks", f"{order};accepted;77;")
        forbidden.add("invoices")
        report = world.run()

        assert report.exit_status == 1
        assert report.failures[0].startswith(f"invoices: {world.root}/inbox/invoices cannot be used: Permission denied (give the")
        assert "accepted by the ERP" in world.story(order)


def test_a_file_larger_than_all_room_is_named_with_its_size_and_all_others_are_taken(shop):
    drop_all(shop)
    there = os.statvfs(shop.root)
    size = there.f_blocks * there.f_frsize + 10**9
    os.truncate(shop.root / "inbox/products/p.csv", size)
    report = run(shop)

    (failure,) = report.failures
    assert report.exit_status == 1
    assert failure.startswith(f"products/p.csv has {size / 10**6:.1f} MB, for which there is no room in {shop.root}")
    assert failure.endswith("(make room, or let the ERP write less into one file; it is taken by itself then)")
    assert (shop.prices(), shop.stock()) == ({"A": 1000}, {"A": 5})
    assert "cannot be reached" not in on(shop)["erp-unreachable"]


def test_a_disk_that_is_short_without_any_file_ends_the_pass_and_is_not_called_an_unreachable_source(shop, monkeypatch):
    drop_all(shop)
    monkeypatch.setattr(disk, "look", lambda _, folder: disk.Place(folder, free=10**6, total=10**9, least=10**8))
    report = run(shop)

    assert report.exit_status == 3
    assert len(report.failures) == 1
    assert report.failures[0].startswith(f"{shop.root}: 1.0 MB free (0%), and 100.0 MB must stay free (make room; ")
    assert shop.prices() == {}
    assert ("disk-short" in on(shop), "erp-unreachable" in on(shop)) == (True, False)

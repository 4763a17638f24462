"""What was refused is taken again: whole files, documents by themselves, all of it at once."""

import errno
import os
import shutil
from pathlib import Path

import pytest
from catalog_world import Catalog
from documents_world import HEADS, opened

from connector.errors import ErpUnreachable
from connector.usecases import disk, repair, retrying, upkeep
from connector.usecases.disk import Place

LENIENT = "[feeds.stock]\nmax_rejected = 0.9\n[feeds.prices]\nmax_rejected = 0.9"
DELTA = '[feeds.stock]\nmode = "delta"\n'


@pytest.fixture
def shop(tmp_path):
    catalog = Catalog(tmp_path / "shop")
    yield catalog
    catalog.app.db.close()


@pytest.fixture
def office(tmp_path):
    with opened(tmp_path / "project") as papers:
        yield papers


def numbers(shop, what="file"):
    return [row["id"] for row in shop.quarantine() if row["what"] == what]


def test_a_refused_file_is_taken_again_once_its_cause_is_mended(shop):
    shop.export("stock/1.csv", "A;6", "B;7", "C;x")
    shop.configure(more=LENIENT)
    done = retrying.retry(shop.app, numbers(shop))

    assert shop.stock() == {"A": 6, "B": 7}
    assert numbers(shop) == []
    assert "stock/1.csv, line 4, quantity 'x'" in done["refused"][0]["reasons"][0]
    assert "2 added" in done["refused"][0]["outcome"]
    assert [name.endswith(".errors.csv") for name in shop.lies("rejected/stock")] == [True]


def test_a_file_refused_again_stays_listed_and_lies_where_it_lay(shop):
    shop.export("stock/1.csv", "A;6", "B;x")
    done = retrying.retry(shop.app, numbers(shop))

    assert (done["taken"], len(done["refused"])) == ([], 1)
    assert "max_rejected" in done["refused"][0]["reasons"][0]
    assert len(numbers(shop)) == 1
    assert shop.lies("rejected/stock") == ["1.csv", "1.csv.errors.csv"]


def test_a_file_refused_again_is_still_found_by_the_number_that_it_had(shop):
    shop.export("stock/1.csv", "A;6", "B;x")
    before = numbers(shop)
    retrying.retry(shop.app, before)
    shop.configure(more=LENIENT)
    done = retrying.retry(shop.app, before)

    assert "1 added" in done["refused"][0]["outcome"]
    assert (shop.stock(), numbers(shop)) == ({"A": 6}, [])


def test_all_that_can_be_taken_again_is_and_what_is_refused_still_is_named(shop):
    shop.export("stock/1.csv", "A;6", head="sku;colour")
    shop.export("prices/1.csv", "A;10;10", "B;x;x")
    shop.configure(more=LENIENT.replace("[feeds.prices]\nmax_rejected = 0.9", '[feeds.prices]\nlayout = "mended"\nmax_rejected = 1'))
    (shop.root / "config" / "layouts").mkdir()
    (shop.root / "config" / "layouts" / "mended.toml").write_text("")
    done = retrying.retry(shop.app, None)

    assert [one["id"] for one in done["refused"]] == [1, 2]
    assert shop.prices() == {"A": 1000}
    assert [row["file"] for row in shop.quarantine() if row["what"] == "file"] == ["stock/1.csv"]


def test_a_row_of_the_catalogue_cannot_be_taken_again_and_what_is_not_there_is_named(shop):
    shop.configure(more=LENIENT)
    shop.export("stock/1.csv", "A;6", "B;x")
    (row,) = numbers(shop, "row")
    done = retrying.retry(shop.app, [row, 99])

    assert [one["id"] for one in done["refused"]] == [row, 99]
    assert "heals it" in done["refused"][0]["reasons"][0]
    assert "there is no refused row 99" in done["refused"][1]["reasons"][0]
    assert retrying.retry(shop.app, None) == {"taken": [], "refused": []}


def test_a_row_that_was_settled_is_said_to_be(shop):
    shop.export("stock/1.csv", "A;x")
    (number,) = numbers(shop)
    shop.export("stock/2.csv", "A;1")
    done = retrying.retry(shop.app, [number])

    assert "was settled already" in done["refused"][0]["reasons"][0]


# ── corrected where it lies ─────────────────────────────────────────────────────────────────────────────────────────────
def corrected(shop, was, now):
    path = shop.root / "rejected" / "stock" / "1.csv"
    path.write_text(path.read_text().replace(was, now))


def test_a_file_that_a_person_corrected_in_its_place_is_taken_as_what_it_is_now(shop):
    shop.export("stock/1.csv", "A;6", "B;x")
    corrected(shop, "B;x", "B;7")
    done = retrying.retry(shop.app, None)

    assert ([len(done["taken"]), done["refused"]], shop.stock()) == ([1, []], {"A": 6, "B": 7})
    assert (numbers(shop), shop.lies("rejected/stock")) == ([], [])
    assert shop.ledger() == [("stock/1.csv", "superseded"), ("stock/1.csv", "applied")]


def test_a_file_corrected_badly_is_refused_as_what_it_is_now_and_may_be_corrected_again(shop):
    shop.export("stock/1.csv", "A;6", "B;x")
    corrected(shop, "B;x", "B;y")
    again = retrying.retry(shop.app, None)["refused"]
    (path,) = [shop.root / "rejected" / "stock" / name for name in shop.lies("rejected/stock") if not name.endswith(".errors.csv")]
    path.write_text(path.read_text().replace("B;y", "B;7"))
    retrying.retry(shop.app, None)

    assert len(again) == 1
    assert (shop.stock(), numbers(shop), shop.lies("rejected/stock")) == ({"A": 6, "B": 7}, [], [])


def test_a_corrected_file_that_was_delivered_and_refused_twice_is_taken_once(shop):
    at = shop.now
    for _ in range(2):
        shop.export("stock/1.csv", "A;6", "B;x", at=at)
    corrected(shop, "B;x", "B;7")
    done = retrying.retry(shop.app, None)

    assert ([one["id"] for one in done["taken"]], shop.stock()) == ([1], {"A": 6, "B": 7})
    assert "settled already" in done["refused"][0]["reasons"][0]
    assert (numbers(shop), shop.lies("rejected/stock")) == ([], [])


# ── a disk without room ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_file_for_which_there_is_no_room_is_named_and_the_others_are_taken(shop, monkeypatch):
    shop.configure(more=DELTA)
    shop.export("stock/large.csv", "A;6", *["B;x"] * 20_000)
    shop.export("stock/small.csv", "C;6", "D;x")
    shop.configure(more=DELTA + "max_rejected = 0.9\n")
    monkeypatch.setattr(disk, "places", lambda app: [Place(app.root, 100_000, 10**9, 0)])
    done = retrying.retry(shop.app, None)

    assert "there is no room in" in done["refused"][0]["reasons"][0]
    assert (shop.stock(), len(numbers(shop))) == ({"C": 6}, 1)


def test_housekeeping_takes_no_copy_that_is_being_taken_for_a_stray(shop, monkeypatch):
    shop.configure(more=DELTA)
    shop.export("stock/1.csv", "A;6", "B;x")
    shop.configure(more=DELTA + "max_rejected = 0.9\n")
    copy = shutil.copyfile

    def copied(source, target):
        copy(source, target)
        upkeep.remove_stray_files(shop.app)  # of what lies there for longer than a day, as the refused file does

    monkeypatch.setattr(retrying.shutil, "copyfile", copied)
    os.utime(shop.root / "rejected" / "stock" / "1.csv", (0, 0))

    retrying.retry(shop.app, None)
    assert shop.stock() == {"A": 6}


def test_a_disk_that_is_full_all_the_same_is_said_and_keeps_no_copy(shop, monkeypatch):
    def full(_source, to):
        Path(to).write_bytes(b"sku")
        raise OSError(errno.ENOSPC, "No space left on device")

    shop.export("stock/1.csv", "A;6", "B;x")
    monkeypatch.setattr(retrying.shutil, "copyfile", full)
    with pytest.raises(ErpUnreachable, match=r"var/retry.* cannot be used: No space left on device"):
        retrying.retry(shop.app, None)

    assert [path for path in (shop.root / "var" / "retry").rglob("*") if path.is_file()] == []
    assert len(numbers(shop)) == 1


# ── several machines with one database ──────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def two(shop, tmp_path):
    """Two machines that refused a file each: other bytes, at the same place of their own folders."""
    url = f"sqlite:///{shop.root}/var/connector.db"
    other = Catalog(tmp_path / "other", url=url)
    for machine, rows in ((shop, ("A;6", "B;x")), (other, ("C;7", "D;x"))):
        machine.configure(url=url, more=DELTA)
        machine.export("stock/1.csv", *rows)
        machine.configure(url=url, more=DELTA + "max_rejected = 0.9\n")
    yield shop, other
    other.app.db.close()


def test_another_machine_s_file_is_not_taken_for_the_one_that_lies_at_its_place_here(two):
    here, other = two
    mine, theirs = numbers(here)
    (refused,) = retrying.retry(here.app, [theirs])["refused"]
    (taken,) = retrying.retry(here.app, [mine])["refused"]

    assert "stock/1.csv lies on another machine, or was replaced" in refused["reasons"][0]
    assert "1 added" in taken["outcome"]
    assert here.stock() == {"A": 6}
    assert here.lies("rejected/stock") == ["1-2.csv.errors.csv"]

    retrying.retry(other.app, None)

    assert here.stock() == {"A": 6, "C": 7}
    assert numbers(here) == []


def test_what_was_put_in_the_place_of_a_file_that_another_machine_refused_too_is_not_taken(two):
    here, _ = two
    corrected(here, "B;x", "B;7")
    done = retrying.retry(here.app, None)

    assert ["was replaced" in one["reasons"][0] for one in done["refused"]] == [True, True]
    assert here.stock() == {}


def test_a_file_in_which_a_person_was_masked_is_the_one_that_was_refused(office):
    office.report("acks", "late;accepted;E1;maria", "soon;accepted;E2;", head=f"{HEADS['acks']};x;x")
    (path,) = [path for path in office.root.glob("rejected/acks/*.csv") if not path.name.endswith(".errors.csv")]
    at = path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes().replace(b"late;accepted;E1;maria", b"****;********;**;*****"))
    os.utime(path, ns=(at, at))
    (one,) = retrying.retry(office.app, None)["refused"]

    assert "was replaced" not in one["reasons"][0]


# ── documents ───────────────────────────────────────────────────────────────────────────────────────────────────────────
INVOICE = "{order};N{number};2026-01-02;25,00;{sku};1;10,00"


def test_the_rows_of_one_document_are_one_and_documents_still_unknown_stay_listed(office):
    rows = [INVOICE.format(order=order, number=1, sku=sku) for order in ("late", "never") for sku in ("A", "B")]
    office.report("invoices", *rows, "late;N 2;2026-01-02;25,00;A;1;10,00")
    listed = repair.quarantine_list(office.app)
    office.place("late", ("A", 1), ("B", 1))
    done = retrying.retry(office.app, None)

    assert (len(done["taken"]), len(done["refused"])) == (1, 1)
    assert "invoice N1" in done["taken"][0]["outcome"]
    assert "never" in done["refused"][0]["reasons"][0]
    assert {row["key"] for row in listed} == {"late/N1", "never/N1", "late/N 2"}
    assert {row["key"] for row in repair.quarantine_list(office.app)} == {"never/N1", "late/N 2"}


def test_a_row_that_could_not_be_read_is_refused_still_when_it_is_named(office):
    office.report("acks", "late;perhaps;;")
    (row,) = repair.quarantine_list(office.app)

    assert "could not be read" in retrying.retry(office.app, [row["id"]])["refused"][0]["reasons"][0]
    assert retrying.retry(office.app, None) == {"taken": [], "refused": []}

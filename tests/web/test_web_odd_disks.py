"""The ERP's folders on file systems of their own: read-only, without room for one more name, and another than the project's."""

import contextlib
import subprocess

import pytest
from test_web_small_disk import SETTINGS, place, small
from web_world import set_up

from jobs import Pass
from jobs.running import run_job

__all__ = ["small"]


@pytest.fixture
def app(tmp_path_factory, small):
    """A project elsewhere, whose inbox and outbox lie on the disk."""
    places = f'source = "file:{small}/inbox"\ntarget = "file:{small}/outbox"\n'
    found = set_up(tmp_path_factory.mktemp("other") / "project", SETTINGS.replace("[erp]\n", f"[erp]\n{places}")).app()
    for folder in ("inbox/stock", "outbox"):
        (small / folder).mkdir(parents=True)
    yield found
    found.db.close()


@contextlib.contextmanager
def read_only(disk):
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


@contextlib.contextmanager
def without_inodes(disk):
    subprocess.run(["mount", "-o", "remount,nr_inodes=40", disk], check=True)
    taken, number = disk / "taken", 0
    taken.mkdir()
    with contextlib.suppress(OSError):
        while True:
            (taken / str(number)).touch()
            number += 1
    yield
    assert number
    for path in taken.iterdir():
        path.unlink()


def run(app, job):
    return run_job(app, job, Pass(by_hand=True))


@pytest.mark.parametrize("spoiled", [read_only, without_inodes])
def test_an_order_waits_while_its_folder_takes_no_file_and_is_written_once_when_it_does(app, small, spoiled):
    assert place(app, "1").status_code == 200
    with spoiled(small):
        report = run(app, "export-orders")
        assert (report.exit_status, len(list(small.glob("outbox/orders/*.json")))) == (3, 0)
        assert str(small / "outbox") in report.failures[0]

    assert [run(app, "export-orders").exit_status for _ in range(2)] == [0, 0]
    assert len(list(small.glob("outbox/orders/*.json"))) == 1


def test_an_export_that_cannot_be_taken_away_is_applied_once_and_leaves_when_it_can(app, small):
    (small / "inbox/stock/s.csv").write_text("sku;quantity\n100;3\n200;5\n")
    with read_only(small):
        first, second = run(app, "refresh-snapshot"), run(app, "refresh-snapshot")
    healed = run(app, "refresh-snapshot")

    assert (first.exit_status, second.exit_status, healed.exit_status) == (3, 3, 0)
    assert list((small / "inbox/stock").iterdir()) == []
    assert [path.name for path in app.root.glob("archive/stock/*/*")] == ["s.csv"]


def test_a_file_from_another_file_system_lies_in_the_archive_whole(app, small):
    (small / "inbox/stock/s.csv").write_text("sku;quantity\n100;3\n200;5\n")
    assert run(app, "refresh-snapshot").exit_status == 0

    (kept,) = app.root.glob("archive/stock/*/*")
    assert kept.read_text() == "sku;quantity\n100;3\n200;5\n"
    assert list((small / "inbox/stock").iterdir()) == []
    assert kept.stat().st_dev != small.stat().st_dev

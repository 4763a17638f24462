"""A file of documents is taken in parts: killed between them, again and again, it is gone on with exactly where it stopped."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

sys.path.insert(0, str(Path(__file__).parents[1] / "jobs"))
from documents_world import opened

from connector.storage.tables import documents, files, outbox, rejections
from connector.usecases import document_files

ROOT = Path(__file__).parents[2]
ORDERS = 90
RUN = """
import sys
from pathlib import Path
from connector import app
from connector.usecases import document_files
from connector.usecases.passes import Pass
from connector.usecases.report import Report
from connector.usecases import documents
document_files.HOLD_SECONDS = 0.005
document_files.REST_SECONDS = 0.05
documents.take(app.load(Path(sys.argv[1])), Report("report-documents"), Pass())
"""


@pytest.fixture
def world(tmp_path):
    with opened(tmp_path / "project") as one:
        yield one


def rows_of(orders):
    """Each order's invoice; every tenth names a SKU that it has not, every fifteenth no quantity that can be read."""
    for number, order in enumerate(orders):
        sku = "B" if number % 10 == 9 else "A"
        quantity = "two" if number % 15 == 14 else "2"
        yield f"{order};N{number};2026-01-02;25,00;{sku};{quantity};10,00"


def progress(world):
    with world.app.db.read() as tx:
        row = tx.execute(select(files.c.plan, files.c.settled_at)).first()
    return (0, False) if row is None else (row.plan.get("done", 0), row.settled_at is not None)


def start(world):
    return subprocess.Popen([sys.executable, "-c", RUN, str(world.config)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})


def kill_when_it_has_gone_on(world, process):
    """Kill as soon as another part is committed; False where the whole file was taken first."""
    before, deadline = progress(world)[0], time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        done, is_settled = progress(world)
        if done > before and not is_settled:
            os.kill(process.pid, signal.SIGKILL)
            break
        time.sleep(0.003)
    process.wait()
    return process.returncode != 0


def test_a_file_killed_between_its_parts_is_taken_once_and_its_refusals_are_listed_once(world):
    orders = [world.ordered(f"m{n}") for n in range(ORDERS)]
    world.drop("invoices", *rows_of(orders))
    kills = 0
    while kills < 4 and kill_when_it_has_gone_on(world, start(world)):
        kills += 1
        done, is_settled = progress(world)
        with world.app.db.read() as tx:
            taken = tx.execute(select(func.count()).select_from(documents)).scalar_one()
        assert not is_settled
        assert done - done // 10 - done // 15 <= taken <= done
    assert start(world).wait(60) == 0

    unread = {n for n in range(ORDERS) if n % 15 == 14}
    bad = unread | {n for n in range(ORDERS) if n % 10 == 9}
    with world.app.db.read() as tx:
        numbers = sorted(tx.scalars(select(documents.c.number)))
        told = tx.execute(select(func.count()).select_from(outbox).where(outbox.c.kind == "invoice")).scalar_one()
        listed = sorted(tx.scalars(select(rejections.c.line).where(rejections.c.healed_at.is_(None))))
        (file,) = tx.execute(select(files)).all()
    assert kills >= 2
    assert numbers == sorted(f"N{n}" for n in range(ORDERS) if n not in bad)
    assert told == ORDERS - len(bad)
    assert listed == sorted(n + 2 for n in bad)
    assert file.plan == {"taken": ORDERS - len(bad), "known": 0, "refused": len(bad), "notes": file.plan["notes"]}
    (errors,) = world.root.rglob("*.errors.csv")
    assert len(errors.read_text(encoding="utf-8").splitlines()) == 1 + len(bad)
    assert world.left("inbox") == []


def test_orders_are_placed_while_a_large_file_of_documents_is_taken(world, monkeypatch):
    monkeypatch.setattr(document_files, "HOLD_SECONDS", 0.02)
    orders = [world.ordered(f"m{n}") for n in range(100)]
    world.drop("invoices", *(f"{order};N{n};2026-01-02;25,00;A;2;10,00" for n, order in enumerate(orders)))
    taking = threading.Thread(target=world.run)
    taking.start()
    placed_between, placed = 0, 0
    while placed_between < 3 and taking.is_alive() and not progress(world)[1]:
        if progress(world)[0]:
            world.place(f"new{placed}")
            placed += 1
            placed_between += not progress(world)[1]
        time.sleep(0.01)
    taking.join()

    assert placed_between == 3
    assert len(world.shop.invoices) == 100


def test_a_dry_run_of_a_large_file_says_what_the_run_does(world, monkeypatch):
    monkeypatch.setattr(document_files, "HOLD_SECONDS", 0.0)
    orders = [world.ordered(f"m{n}", ("A", 4)) for n in range(10)]
    halves = [f"{order};{half}{n};2026-01-02;22,50;A;2;10,00" for half in "NM" for n, order in enumerate(orders)]
    world.drop("invoices", *halves, f"{orders[0]};X1;2026-01-02;10,00;A;1;10,00")
    tried = world.run(dry_run=True)
    assert world.count(documents) == 0
    done = world.run()

    assert (tried.counts["documents"], tried.counts["refused_rows"]) == (done.counts["documents"], done.counts["refused_rows"]) == (20, 1)

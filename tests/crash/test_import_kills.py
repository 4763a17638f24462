"""A process that imports an export is killed, wherever that may be; the next pass ends what it began, and applies it once."""

import random
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cases import SEED, cases

from connector.usecases import offers

WORLD = Path(__file__).parents[1] / "jobs"
VICTIM = """
import os, signal, sys
sys.path.insert(0, {world!r})
from sqlalchemy import event
from connector import app as building, settings
from connector.app import utc_now
from connector.erp.local import LocalStore
from connector.storage import generations
from connector.usecases.passes import Pass
from jobs import refresh_snapshot

calls = commits = 0

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def clock():
    global calls
    calls += 1
    if calls == {call}:
        die()
    return utc_now()

class Deadly(LocalStore):
    def remove(self, file):
        return die() if {on_remove} else super().remove(file)

def committing(_connection):
    global commits
    commits += 1
    if commits == {commit}:
        die()

if {commit}:
    generations.LARGE, generations.PART = 0, 2

app = building.build(settings.load({config!r}), clock=clock)
event.listen(app.db.engine, "commit", committing)
app = app.taking_from(Deadly(app.root / "inbox"))
refresh_snapshot.run(app, Pass())
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(WORLD))
    from catalog_world import Catalog, product

    catalog = Catalog(tmp_path / "shop")
    catalog.now = datetime.now(UTC)
    catalog.drop("products/1.csv", product("A"), product("B"), product("C"))
    yield catalog
    catalog.app.db.close()


def killed(shop, *, call=0, commit=0, on_remove=False):
    """Run a pass in a process of its own; tell whether it was killed."""
    config = str(shop.root / "config" / "connector.toml")
    script = VICTIM.format(world=str(WORLD), call=call, commit=commit, on_remove=on_remove, config=config)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode != 0


def killed_after(shop, seconds):
    """Start a pass in a process of its own and kill it that long after it has begun; tell whether it was still at work."""
    config = str(shop.root / "config" / "connector.toml")
    script = VICTIM.format(world=str(WORLD), call=0, commit=0, on_remove=False, config=config)
    script = script.replace("refresh_snapshot.run(", 'print("begun", flush=True)\nrefresh_snapshot.run(')
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait(20) == -signal.SIGKILL


def applied_once(shop, *, refused=False):
    shop.run()
    states = [state for _, state in shop.ledger()]
    moved = [at is not None for (at,) in shop.known("files", "moved_at")]
    assert (states, moved) == ((["refused"] if refused else ["applied"]), [True])
    assert shop.lies("inbox") == []


def test_a_kill_between_commit_and_removal_is_healed_with_one_application(shop):
    assert killed(shop, on_remove=True)
    assert (shop.ledger(), shop.lies("inbox")) == ([("products/1.csv", "applied")], ["products/1.csv"])
    with shop.app.db.write() as tx:
        tx.exec_driver_sql("DELETE FROM outbox")  # what was told is told: a second application would tell it again

    shop.now += timedelta(days=1)  # the archive's folder is that of the day it was taken
    applied_once(shop)
    assert shop.messages() == []
    assert [Path(place).name for place in shop.lies("archive")] == ["1.csv"]


def test_a_kill_between_commit_and_removal_of_a_refused_file_is_healed_too(shop):
    shop.drop("products/1.csv", "A;P;x")
    assert killed(shop, on_remove=True)

    applied_once(shop, refused=True)
    assert shop.lies("rejected") == ["products/1.csv", "products/1.csv.errors.csv"]


def test_a_kill_at_any_look_at_the_clock_is_healed(shop):
    kills = 0
    while killed(shop, call=kills + 1):
        kills += 1
        applied_once(shop)
        assert shop.known("products", "sku") == [("A",), ("B",), ("C",)]
        assert shop.messages() == [("catalog", "A"), ("catalog", "B"), ("catalog", "C")]
        _start_over(shop)

    assert kills > 3


def test_a_large_change_killed_before_any_of_its_commits_is_applied_and_told_once(shop):
    """Laid down in parts, shown, brought home in parts: carts see the old price or the new one of all, and each change is told."""
    shop.run()
    shop.export("stock/1.csv", *[f"{sku};1" for sku in "ABC"])
    shop.export("prices/0.csv", *[f"{sku};1,00;1,00" for sku in "ABC"])
    kills, seen = 0, set()
    while True:
        with shop.app.db.write() as tx:
            tx.exec_driver_sql("DELETE FROM outbox")
        shop.drop("prices/1.csv", *[f"{sku};{kills + 2},00;1,00" for sku in "ABC"])
        if not killed(shop, commit=kills + 1):
            break
        kills += 1
        asked = sold_at(shop)
        assert len(asked) == 1, "half an export"
        seen.add(asked == {100 * (kills + 1)})
        shop.run()
        assert set(shop.prices().values()) == sold_at(shop) == {100 * (kills + 1)}
        assert shop.messages() == [("catalog", "A"), ("catalog", "B"), ("catalog", "C")]
        assert shop.lies("inbox") == []
        assert {shown for (shown,) in shop.known("generations", "shown")} <= {None}

    assert kills > 10
    assert seen == {True, False}


def sold_at(shop):
    """The prices that carts see, whichever they are."""
    with shop.app.db.read() as tx:
        return {offer.price_cents for offer in offers.on_offer(shop.app, tx, "shop", "1", ["A", "B", "C"]).values()}


ROWS = 4000
KILLS = cases(20)


def priced(number):
    return [f"{n:05};{10 + number},00;{10 + number},00" for n in range(ROWS)]


def test_exports_are_applied_once_each_however_often_the_import_is_killed(shop):
    """Seeded: kills fall into reading, staging, planning, committing and archiving, wherever the pass is after that long."""
    chance, kills, exports = random.Random(SEED), 0, 0
    for _ in range(KILLS):
        shop.drop(f"prices/{exports}.csv", *priced(exports), at=shop.now + timedelta(seconds=exports))
        exports += 1
        span = 0.35
        while killed_after(shop, chance.uniform(0, span)):
            kills, span = kills + 1, span * 1.2  # on a slow machine, too, the pass gets through at last
            assert len(set(shop.prices().values())) <= 1, "half an export"
    shop.run()

    assert kills > KILLS // 4
    assert [row for row in shop.ledger() if row[0].startswith("prices/")] == [(f"prices/{n}.csv", "applied") for n in range(exports)]
    assert shop.prices() == {f"{n:05}": 100 * (10 + exports - 1) for n in range(ROWS)}
    assert [place.rpartition("/")[2] for place in shop.lies("archive/prices")] == sorted(f"{n}.csv" for n in range(exports))
    assert (shop.lies("inbox"), shop.lies("held"), shop.lies("rejected")) == ([], [], [])
    assert [place for place in shop.lies("var/work") if not place.startswith("differing-")] == []  # those go with the daily tidying
    with shop.app.db.read() as tx:
        assert tx.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


def _start_over(shop):
    from catalog_world import product

    with shop.app.db.write() as tx:
        for table in ("products", "files", "outbox", "looks", "watermarks"):
            tx.exec_driver_sql(f"DELETE FROM {table}")
    shop.drop("products/1.csv", product("A"), product("B"), product("C"))


def test_a_kill_between_removal_and_its_note_is_noted_by_the_next_pass(shop):
    """Nothing in the source leads to that line any more."""
    config = str(shop.root / "config" / "connector.toml")
    script = VICTIM.format(world=str(WORLD), call=0, commit=0, on_remove=False, config=config)
    script = script.replace("else super().remove(file)", "else (super().remove(file), die())")
    assert subprocess.run([sys.executable, "-c", script], timeout=60, check=False).returncode == -signal.SIGKILL
    assert (shop.lies("inbox"), shop.known("files", "moved_at")) == ([], [(None,)])

    applied_once(shop)
    assert [Path(place).name for place in shop.lies("archive")] == ["1.csv"]

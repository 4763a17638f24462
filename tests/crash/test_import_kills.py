"""A process that imports an export is killed, wherever that may be; the next pass ends what it began, and applies it once."""

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

WORLD = Path(__file__).parents[1] / "jobs"
VICTIM = """
import os, signal, sys
sys.path.insert(0, {world!r})
from connector import app as building, settings
from connector.app import utc_now
from connector.erp.local import LocalStore
from connector.usecases.passes import Pass
from jobs import refresh_snapshot

calls = 0

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

app = building.build(settings.load({config!r}), clock=clock)
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


def killed(shop, *, call=0, on_remove=False):
    """Run a pass in a process of its own; tell whether it was killed."""
    config = str(shop.root / "config" / "connector.toml")
    script = VICTIM.format(world=str(WORLD), call=call, on_remove=on_remove, config=config)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode != 0


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


def _start_over(shop):
    from catalog_world import product

    with shop.app.db.write() as tx:
        for table in ("products", "files", "outbox", "looks", "watermarks"):
            tx.exec_driver_sql(f"DELETE FROM {table}")
    shop.drop("products/1.csv", product("A"), product("B"), product("C"))

"""A process that imports an export is killed, wherever that may be; the next pass ends what it began, and applies it once."""

import json
import os
import random
import select
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cases import SEED, cases

from connector.usecases import offers

WORLD = Path(__file__).parents[1] / "jobs"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(WORLD))
    from catalog_world import Catalog, product

    catalog = Catalog(tmp_path / "shop")
    catalog.now = datetime.now(UTC)
    catalog.drop("products/1.csv", product("A"), product("B"), product("C"))
    yield catalog
    catalog.app.db.close()


@pytest.fixture(scope="module")
def zygote():
    argv = [sys.executable, Path(__file__).with_name("import_zygote.py")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        yield process
        os.killpg(process.pid, signal.SIGKILL)  # and whatever child of it a failed test left


class Passes:
    """Passes of the shop's import, each in a process of its own."""

    def __init__(self, zygote, config):
        self.zygote, self.config = zygote, str(config)

    def killed(self, *, call=0, commit=0, removal=""):
        """Run one that kills itself where it is told; tell whether it was killed."""
        self._begin(call=call, commit=commit, removal=removal)
        return self._was_killed()

    def killed_after(self, seconds):
        """Kill one so long after it was begun; tell whether it was still at work."""
        process = self._begin(call=0, commit=0, removal="")
        if not select.select([self.zygote.stdout], [], [], seconds)[0]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return self._was_killed()

    def _begin(self, **where):
        self.zygote.stdin.write(json.dumps({"config": self.config, **where}) + "\n")
        self.zygote.stdin.flush()
        return int(self.zygote.stdout.readline())

    def _was_killed(self):
        status = int(self.zygote.stdout.readline())
        assert status in {0, -signal.SIGKILL}
        return status != 0


@pytest.fixture
def passes(shop, zygote):
    return Passes(zygote, shop.root / "config" / "connector.toml")


def applied_once(shop, *, refused=False):
    shop.run()
    states = [state for _, state in shop.ledger()]
    moved = [at is not None for (at,) in shop.known("files", "moved_at")]
    assert (states, moved) == ((["refused"] if refused else ["applied"]), [True])
    assert shop.lies("inbox") == []


def test_a_kill_between_commit_and_removal_is_healed_with_one_application(shop, passes):
    assert passes.killed(removal="before")
    assert (shop.ledger(), shop.lies("inbox")) == ([("products/1.csv", "applied")], ["products/1.csv"])
    with shop.app.db.write() as tx:
        tx.exec_driver_sql("DELETE FROM outbox")  # what was told is told: a second application would tell it again

    shop.now += timedelta(days=1)  # the archive's folder is that of the day it was taken
    applied_once(shop)
    assert shop.messages() == []
    assert [Path(place).name for place in shop.lies("archive")] == ["1.csv"]


def test_a_kill_between_commit_and_removal_of_a_refused_file_is_healed_too(shop, passes):
    shop.drop("products/1.csv", "A;P;x")
    assert passes.killed(removal="before")

    applied_once(shop, refused=True)
    assert shop.lies("rejected") == ["products/1.csv", "products/1.csv.errors.csv"]


def test_a_kill_at_any_look_at_the_clock_is_healed(shop, passes):
    kills = 0
    while passes.killed(call=kills + 1):
        kills += 1
        applied_once(shop)
        assert shop.known("products", "sku") == [("A",), ("B",), ("C",)]
        assert shop.messages() == [("catalog", "A"), ("catalog", "B"), ("catalog", "C")]
        _start_over(shop)

    assert kills > 3


def test_a_large_change_killed_before_any_of_its_commits_is_applied_and_told_once(shop, passes):
    """Laid down in parts, shown, brought home in parts: carts see the old price or the new one of all, and each change is told."""
    shop.run()
    shop.export("stock/1.csv", *[f"{sku};1" for sku in "ABC"])
    shop.export("prices/0.csv", *[f"{sku};1,00;1,00" for sku in "ABC"])
    kills, seen = 0, set()
    while True:
        with shop.app.db.write() as tx:
            tx.exec_driver_sql("DELETE FROM outbox")
        shop.drop("prices/1.csv", *[f"{sku};{kills + 2},00;1,00" for sku in "ABC"])
        if not passes.killed(commit=kills + 1):
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


def test_exports_are_applied_once_each_however_often_the_import_is_killed(shop, passes):
    """Seeded: kills fall into reading, staging, planning, committing and archiving, wherever the pass is after that long."""
    chance, kills, exports = random.Random(SEED), 0, 0
    for _ in range(KILLS):
        shop.drop(f"prices/{exports}.csv", *priced(exports), at=shop.now + timedelta(seconds=exports))
        exports += 1
        span = 0.35
        while passes.killed_after(chance.uniform(0, span)):
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


def test_a_kill_between_removal_and_its_note_is_noted_by_the_next_pass(shop, passes):
    """Nothing in the source leads to that line any more."""
    assert passes.killed(removal="after")
    assert (shop.lies("inbox"), shop.known("files", "moved_at")) == ([], [(None,)])

    applied_once(shop)
    assert [Path(place).name for place in shop.lies("archive")] == ["1.csv"]

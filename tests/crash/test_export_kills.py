"""The exporter is killed, again and again, while an ERP takes every file within a millisecond: once each, whole, in the end."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from campaigns.greedy import GreedyErp
from cases import SEED, cases

from connector import app as building
from connector.domain.messages import ERP, Kind
from connector.erp.names import FOLDER_ID
from connector.storage import database, outbox
from connector.storage import orders as store
from connector.vtex.orders import read
from jobs import Pass
from jobs.running import run_job

KILLS = cases(60)
CONFIG = """
[[marketplaces]]
account = "shop"
seller_id = "acme"
base_url = "https://shop.example"
app_key = "env:K"
app_token = "env:T"
"""


@pytest.fixture
def app(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "outbox").mkdir()
    (tmp_path / "config" / "connector.toml").write_text(CONFIG)
    one = building.load(tmp_path / "config" / "connector.toml")
    database.migrate(one.db)
    yield one
    one.db.close()


@pytest.fixture
def zygote():
    argv = [sys.executable, Path(__file__).with_name("zygote.py")]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    yield process
    os.killpg(process.pid, signal.SIGKILL)  # and whatever child of it a failed test left
    process.wait(10)
    process.stdin.close()
    process.stdout.close()


def start(zygote, app, where=""):
    zygote.stdin.write(f"{app.settings.config_path}\t{where}\n")
    zygote.stdin.flush()
    return int(zygote.stdout.readline())


def place(app, number):
    """Put an order and its message into the store, as placement does in one transaction."""
    document = {"marketplaceOrderId": str(number), "items": [{"id": "A", "quantity": 1, "price": 100, "seller": "1"}]}
    (new,) = read([document], "shop", "1")
    with app.db.write() as tx:
        store.add(tx, new, f"T-{number}", answer=b"{}", flags=(), now=app.now)
        outbox.put(tx, ERP, Kind.ORDER_FILE, [f"T-{number}"], app.now)
    return f"T-{number}"


def ends(pid, deadline=20):
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.002)
    return False


def drain(app, erp, placed):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        run_job(app, "export-orders", Pass(by_hand=True))
        erp.take()
        if not set(placed) - set(erp.taken):
            return
    pytest.fail(f"not written: {sorted(set(placed) - set(erp.taken))[:5]}")


def test_every_order_reaches_the_erp_once_and_whole_however_often_the_exporter_is_killed(app, zygote):
    """Seeded: the same seed kills at the same distances."""
    chance, placed = random.Random(SEED), []
    erp = GreedyErp(app.root / "outbox")
    erp.start()
    for kill in range(KILLS):
        placed += [place(app, f"{kill}-{n}") for n in range(chance.randint(0, 6))]
        pid = start(zygote, app)
        time.sleep(chance.uniform(0.005, 0.15))
        os.kill(pid, signal.SIGKILL)
        assert ends(pid)
    drain(app, erp, placed)
    erp.end()

    assert erp.broken == []
    assert set(erp.taken) == set(placed)
    assert {order: times for order, times in erp.taken.items() if times != 1} == {}


def test_killed_between_publishing_and_settling_an_order_that_was_taken_is_not_written_again(app, zygote):
    erp = GreedyErp(app.root / "outbox")
    placed = [place(app, n) for n in range(5)]
    for _ in placed:
        assert ends(start(zygote, app, "published"))
        erp.take()
    drain(app, erp, placed)

    assert erp.taken == Counter(placed)
    assert [path.name for path in (app.root / "outbox" / ".partial").iterdir()] == [FOLDER_ID]

"""Turns: one process at a time, and the kernel gives the turn back whatever happens to its holder."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from connector import app as app_module
from connector.errors import Busy
from connector.settings import Settings
from connector.usecases.turns import turn

HOLDER = """
import sys, time
from pathlib import Path
from connector import app
from connector.settings import Settings
from connector.usecases.turns import turn
with turn(app.build(Settings(config_path=Path(sys.argv[1]))), "export-orders"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def shop(tmp_path):
    return app_module.build(Settings(config_path=tmp_path / "config" / "connector.toml"))


@pytest.fixture
def holder(shop):
    line = [sys.executable, "-c", HOLDER, str(shop.settings.config_path)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_turn_held_elsewhere_is_refused_naming_the_holder(shop, holder):
    with (
        pytest.raises(Busy, match=rf"export-orders is running elsewhere: pid {holder.pid} on .*, since 20"),
        turn(shop, "export-orders", wait_seconds=0),
    ):
        pass


def test_another_job_s_turn_is_free(shop, holder):
    with turn(shop, "housekeeping", wait_seconds=0):
        assert holder.poll() is None


def test_a_killed_holder_gives_its_turn_back_at_once(shop, holder):
    holder.send_signal(signal.SIGKILL)

    with turn(shop, "export-orders", wait_seconds=10):
        assert str(holder.pid) not in (shop.root / "var/locks/export-orders.lock").read_text()


def test_a_turn_is_waited_for(shop, holder):
    threading.Timer(0.5, holder.kill).start()
    started = time.monotonic()

    with turn(shop, "export-orders", wait_seconds=30):
        assert 0.3 < time.monotonic() - started < 20


@pytest.mark.usefixtures("holder")
def test_waiting_ends_when_the_process_is_told_to_stop(shop):
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    started = time.monotonic()

    with pytest.raises(Busy), turn(shop, "export-orders", wait_seconds=60, stop=stop):
        pass
    assert time.monotonic() - started < 20


def test_two_threads_of_one_process_exclude_each_other(shop):
    with turn(shop, "export-orders"), pytest.raises(Busy), turn(shop, "export-orders", wait_seconds=0):
        pass


def test_a_turn_is_free_again_after_an_error(shop):
    with pytest.raises(ZeroDivisionError), turn(shop, "export-orders"):
        _ = 1 / 0
    with turn(shop, "export-orders", wait_seconds=0):
        pass

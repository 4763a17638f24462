"""Turns on PostgreSQL: a lease in the database, a fence before every commit, whatever becomes of the holder."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
from ready_made import migrate
from servers import missing, wait_for

from connector import app as app_module
from connector.errors import Busy, TurnLost
from connector.settings import Settings
from connector.storage import accounts, fences, leases
from connector.storage.tables import leases as t
from connector.storage.tables import marketplaces
from connector.usecases.turns import holder_name, leaders, turn

SECONDS = 2
HOLDER = """
import sys
from pathlib import Path
from connector import app
from connector.errors import ConnectorError
from connector.settings import Settings
from connector.storage import accounts
from connector.usecases.turns import turn
shop = app.build(Settings(config_path=Path(sys.argv[1]), database={"url": sys.argv[2], "lease_seconds": 2}))
with turn(shop, "export-orders"):
    print("held", flush=True)
    for line in sys.stdin:
        try:
            with shop.db.write() as tx:
                accounts.know(tx, line.strip())
        except ConnectorError as error:
            print(f"refused: {error}", flush=True)
        else:
            print("written", flush=True)
"""


def shop_of(folder, url):
    return app_module.build(Settings(config_path=folder / "config" / "connector.toml", database={"url": url, "lease_seconds": SECONDS}))


@pytest.fixture
def shop(tmp_path, postgresql_url):
    shop = shop_of(tmp_path, postgresql_url)
    migrate(shop.db)
    yield shop
    shop.db.close()


@contextmanager
def holding(shop, tmp_path, *shut_in):
    line = [*shut_in, sys.executable, "-c", HOLDER, str(tmp_path / "other" / "config" / "connector.toml"), shop.settings.database.url]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def holder(shop, tmp_path):
    with holding(shop, tmp_path) as process:
        yield process


def under_proc(options):
    """The command before another one by which the kernel shows it of /proc what systemd's ProcSubset= and ProtectProc= leave."""
    line = ["unshare", "-m", "sh", "-c", f'mount -t proc -o {options} proc /proc && exec "$@"', "unit"]
    if subprocess.run([*line, "true"], capture_output=True, check=False).returncode != 0:
        missing("unshare and mount need root here")
    return line


def asked(holder, account):
    holder.stdin.write(f"{account}\n")
    holder.stdin.flush()
    return holder.stdout.readline().strip()


def known(shop):
    with shop.db.read() as tx:
        return set(tx.execute(marketplaces.select()).scalars())


def of_another_machine(shop):
    """As if the holder ran on another machine, of whose processes nothing is known here."""
    with shop.db.write() as tx:
        tx.execute(t.update().values(process="another machine/1/1"))


def test_a_turn_held_elsewhere_is_refused_naming_the_holder_and_shown(shop, holder):
    with (
        pytest.raises(Busy, match=rf"export-orders is running elsewhere: pid {holder.pid} on .*, since 20"),
        turn(shop, "export-orders", wait_seconds=0),
    ):
        pass
    assert list(leaders(shop)) == ["export-orders"]
    assert f"pid {holder.pid} on " in leaders(shop)["export-orders"]


def test_a_holder_that_lives_keeps_its_turn_beyond_its_lease(shop, holder):
    with pytest.raises(Busy), turn(shop, "export-orders", wait_seconds=2 * SECONDS):
        pass
    assert asked(holder, "one") == "written"


def test_a_killed_holder_of_this_machine_is_replaced_at_once(shop, holder):
    holder.kill()
    holder.wait()
    begun = time.monotonic()
    with turn(shop, "export-orders", wait_seconds=30):
        assert time.monotonic() - begun < SECONDS / 2


def test_a_killed_holder_of_another_machine_is_replaced_within_its_lease(shop, holder):
    of_another_machine(shop)
    holder.kill()
    holder.wait()
    begun = time.monotonic()
    with turn(shop, "export-orders", wait_seconds=30):
        assert 0.2 < time.monotonic() - begun < SECONDS + 1.5


def test_a_turn_is_taken_where_of_proc_only_processes_are_seen_and_a_killed_holder_is_replaced_within_its_lease(shop, tmp_path):
    unit = under_proc("subset=pid")
    with holding(shop, tmp_path, *unit) as holder:
        assert asked(holder, "one") == "written"
        rival = subprocess.run([*unit, *rival_line(shop, tmp_path)], capture_output=True, text=True, check=False)
    begun = time.monotonic()
    with turn(shop, "export-orders", wait_seconds=30):
        assert 0.2 < time.monotonic() - begun < SECONDS + 1.5

    assert f"export-orders is running elsewhere: pid {holder.pid} on " in rival.stderr


def test_a_living_holder_whose_process_is_hidden_is_not_taken_for_dead(shop, tmp_path, holder):
    """As by ProtectProc=invisible with PrivateUsers=yes: of one user, and hidden all the same."""
    unit = [*under_proc("hidepid=invisible"), "setpriv", "--regid=65534", "--clear-groups", "unshare", "-r"]
    rival = subprocess.run([*unit, *rival_line(shop, tmp_path)], capture_output=True, text=True, check=False)
    hidden = subprocess.run([*unit, "ls", f"/proc/{holder.pid}"], capture_output=True, check=False)

    assert hidden.returncode != 0
    assert f"export-orders is running elsewhere: pid {holder.pid} on " in rival.stderr
    assert asked(holder, "one") == "written"


def rival_line(shop, tmp_path):
    at_once = HOLDER.replace('"export-orders")', '"export-orders", wait_seconds=0)')
    return [sys.executable, "-c", at_once, str(tmp_path / "rival" / "config" / "connector.toml"), shop.settings.database.url]


def test_a_frozen_holder_is_replaced_and_what_it_writes_late_is_refused_with_a_clear_sentence(shop, holder):
    assert asked(holder, "before") == "written"
    os.kill(holder.pid, signal.SIGSTOP)
    with turn(shop, "export-orders", wait_seconds=30):
        os.kill(holder.pid, signal.SIGCONT)
        said = asked(holder, "late")
        with shop.db.write() as tx:
            accounts.know(tx, "mine")

    assert said.startswith("refused: export-orders is not this process's any more")
    assert holder_name() in said
    assert known(shop) == {"before", "mine"}


def test_a_transaction_that_was_open_when_the_turn_went_is_refused_at_its_commit(shop):
    with turn(shop, "export-orders"):
        with shop.db.write() as tx:
            accounts.know(tx, "before")
        with pytest.raises(TurnLost), shop.db.write() as tx:
            robbed(shop, tx)
        with pytest.raises(TurnLost), shop.db.write() as tx:
            accounts.know(tx, "later still")

    assert known(shop) == {"before"}


def robbed(shop, tx):
    accounts.know(tx, "late")
    taken_away(shop)


def taken_away(shop):
    with fences.unfenced(), shop.db.write() as tx:
        tx.execute(t.update().values(fence=t.c.fence + 1, holder="pid 1 on another", process="another/1/1"))


def test_nobody_takes_a_turn_between_its_holder_s_look_and_its_commit(shop):
    with turn(shop, "export-orders"), shop.db.write() as tx:
        fences.check(tx)
        thief = threading.Thread(target=taken_away, args=(shop,))
        thief.start()
        thief.join(0.5)
        assert thief.is_alive(), "it waits for the commit"
    thief.join(10)
    assert not thief.is_alive()


def test_threads_write_behind_the_fence_of_whoever_started_them(shop):
    def write(account):
        with shop.db.write() as tx:
            accounts.know(tx, account)

    with turn(shop, "export-orders"):
        work = fences.carried(write)
        taken_away(shop)
        refused = []

        def late():
            try:
                work("late")
            except TurnLost as error:
                refused.append(error)

        thread = threading.Thread(target=late)
        thread.start()
        thread.join()
    assert len(refused) == 1
    assert known(shop) == set()


def test_what_is_done_outside_the_database_is_asked_for_again_when_the_lease_may_be_over(shop):
    with turn(shop, "export-orders") as lost:
        fences.demand()
        taken_away(shop)
        wait_for(lost.is_set, "the renewal's look", 10)
        with pytest.raises(TurnLost):
            fences.demand()


def test_a_renewal_that_fails_unforeseen_is_logged_and_made_again(shop, monkeypatch, caplog):
    renew, failed = leases.renew, []

    def fail_once(*given):
        if failed:
            return renew(*given)
        failed.append(given)
        raise ZeroDivisionError

    monkeypatch.setattr(leases, "renew", fail_once)
    with turn(shop, "export-orders") as lost:
        with pytest.raises(Busy), turn(shop, "export-orders", wait_seconds=2 * SECONDS):
            pass
        taken_away(shop)
        wait_for(lost.is_set, "the renewal's look", 10)

    assert "the lease of export-orders could not be renewed" in caplog.text


def test_two_threads_of_one_process_exclude_each_other_and_a_turn_is_free_after_an_error(shop):
    with turn(shop, "export-orders"), pytest.raises(Busy), turn(shop, "export-orders", wait_seconds=0):
        pass
    with pytest.raises(ZeroDivisionError), turn(shop, "export-orders"):
        _ = 1 / 0
    with turn(shop, "export-orders", wait_seconds=0):
        assert list(leaders(shop)) == ["export-orders"]
    assert leaders(shop) == {}

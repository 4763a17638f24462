"""The ERP's server over SFTP fails, in every phase of a pass: what is taken is taken once, what is written appears once and whole.

A relay between us and a real sshd cuts each connection after so many bytes: while connecting, logging in, listing, reading, writing,
renaming, removing. A full disk is a small one; a killed process is one.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from cases import cases
from relay import Relay
from servers import missing, wait_for

from connector import settings as settings_module
from connector.usecases.passes import Pass
from jobs import export_orders

WORLD = Path(__file__).parents[1] / "jobs"
POINTS = cases(12)


@pytest.fixture
def relay(sshd, tmp_path):
    made = Relay(sshd.port)
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{made.port} {sshd.host_public_key}\n")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _worlds(monkeypatch):
    monkeypatch.syspath_prepend(str(WORLD))


def erp(sshd, port, known_hosts, *, what, folder):
    address = f"sftp://{sshd.user}@127.0.0.1:{port}{folder}"
    return f'{what} = "{address}"\nprivate_key = "file:{sshd.user_key}"\nknown_hosts = "{known_hosts}"\n'


@pytest.fixture
def shop(sshd, relay, tmp_path):
    from catalog_world import Catalog, product

    root = tmp_path / "shop"
    (root / "inbox").mkdir(parents=True)
    made = Catalog(root, more=erp(sshd, relay.port, tmp_path / "known_hosts", what="source", folder=root / "inbox"))
    made.export("products/p.csv", product("A"))
    yield made
    made.app.source.close()
    made.app.db.close()


@pytest.fixture
def seller(sshd, relay, tmp_path):
    from orders_world import Seller

    target = tmp_path / "target"
    target.mkdir()
    made = Seller(tmp_path / "shop")
    written = made.config.read_text()
    made.config.write_text(f"[erp]\n{erp(sshd, relay.port, tmp_path / 'known_hosts', what='target', folder=target)}{written}")
    made.app = type(made.app)(settings_module.load(made.config), made.app.db, made.app.clock)
    made.sells("A", quantity=1000)
    made.target = target
    yield made
    made.app.target.close()
    made.app.db.close()


def points(longest):
    """Where to cut: spread over all the bytes that a whole pass needs, and a few beyond."""
    return [longest * n // POINTS + n for n in range(POINTS + 1)]


# ── connections that drop ───────────────────────────────────────────────────────────────────────────────────────────────
def test_wherever_a_connection_drops_each_export_is_applied_once_and_leaves_the_source(shop, relay):
    for n, cut in enumerate(points(relay.longest)):
        shop.app.source.close()
        shop.drop(f"stock/s{n}.csv", f"A;{n + 1}")
        relay.cut_after = cut
        shop.run()
        relay.cut_after = None
        shop.run()

        assert shop.ledger()[1:] == [(f"stock/s{m}.csv", "applied") for m in range(n + 1)], cut
        assert (shop.stock(), shop.lies("inbox")) == ({"A": n + 1}, []), cut
    assert len([name for name in shop.lies("archive") if "stock" in name]) == POINTS + 1


def test_a_drop_while_the_pass_is_under_way_is_named_and_nothing_is_half_taken(shop, relay):
    shop.app.source.close()
    shop.drop("stock/s.csv", "A;5")
    relay.cut_after = 200  # while keys are agreed

    report = shop.run()
    assert report.exit_status == 3
    assert "cannot be reached" in report.failures[0]
    assert (shop.stock(), shop.lies("inbox")) == ({}, ["stock/s.csv"])


def test_wherever_a_connection_drops_each_order_reaches_a_greedy_erp_once_and_whole(seller, relay):
    taken = Counter()
    first = seller.placed("first")
    export(seller)
    take(seller, taken)
    placed = [first]
    for n, cut in enumerate(points(relay.longest)):
        seller.app.target.close()
        placed.append(seller.placed(f"order-{n}"))
        relay.cut_after = cut
        export(seller)
        take(seller, taken)  # what was published though its answer was lost is gone before the next pass looks
        relay.cut_after = None
        export(seller)
        take(seller, taken)

        assert taken == Counter(placed), cut
    assert [path.name for path in (seller.target / ".partial").iterdir()] == [".folder-id"]


def export(seller):
    return export_orders.run(seller.app, Pass(by_hand=True))


def take(seller, taken):
    for path in seller.target.glob("orders/*"):
        taken[json.loads(path.read_bytes())["orderId"]] += 1
        path.unlink()


# ── a process that is killed ────────────────────────────────────────────────────────────────────────────────────────────
VICTIM = """
import os, signal, sys
from connector import app as building, settings
from connector.erp.sftp import SftpStore
from connector.usecases.passes import Pass
from jobs import refresh_snapshot

def deadly(name, *, before):
    real = getattr(SftpStore, name)
    def call(self, *given):
        if before:
            os.kill(os.getpid(), signal.SIGKILL)
        real(self, *given)
        os.kill(os.getpid(), signal.SIGKILL)
    return call

app = building.build(settings.load(sys.argv[1]))
store = app.source
verb = sys.argv[2]
app.source.__class__ = type("Deadly", (SftpStore,), {{verb: deadly(verb, before=sys.argv[3] == "before")}})
refresh_snapshot.run(app, Pass())
""".replace("{{", "{").replace("}}", "}")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("verb", ["fetch", "remove"])
def test_a_kill_around_the_download_or_the_removal_is_healed_and_the_export_applied_once(shop, verb, when):
    shop.drop("stock/s.csv", "A;5")
    config = shop.root / "config" / "connector.toml"
    done = subprocess.run([sys.executable, "-c", VICTIM, config, verb, when], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr

    shop.run()
    shop.run()
    assert (shop.ledger()[1:], shop.stock(), shop.lies("inbox")) == ([("stock/s.csv", "applied")], {"A": 5}, [])


# ── a server that is full, or another ───────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def small_disk(seller):
    """A target of 64 kB in all."""
    if os.getuid() != 0 or shutil.which("mount") is None:
        missing("a small disk needs root and mount")
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", seller.target], capture_output=True, text=True, check=False)
    if mount.returncode:  # a container that forbids it: there is nothing to install that would help
        pytest.skip(f"a small disk cannot be mounted here: {mount.stderr.strip()}")
    yield seller.target
    seller.app.target.close()
    subprocess.run(["umount", "-l", seller.target], check=True)


def test_a_server_whose_disk_is_full_gets_no_part_of_an_order_and_the_whole_of_it_when_there_is_room(seller, small_disk):
    order_id = seller.placed()
    (small_disk / "ballast").write_bytes(b"x" * 60_000)
    with (small_disk / "ballast").open("ab") as ballast, contextlib.suppress(OSError):
        while True:
            os.write(ballast.fileno(), b"x" * 512)

    report = export(seller)
    assert report.exit_status == 3
    assert "orders wait for the ERP's folder" in report.failures[0]
    assert list(small_disk.glob("orders/*")) == []

    (small_disk / "ballast").unlink()
    assert export(seller).exit_status == 0
    assert json.loads((small_disk / "orders" / f"{order_id}.json").read_bytes())["orderId"] == order_id
    assert [path.name for path in (small_disk / ".partial").iterdir()] == [".folder-id"]


def test_a_server_with_a_new_host_key_gets_and_gives_nothing_until_a_person_has_looked(shop, relay, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    known, key = tmp_path / "known_hosts", (tmp_path / "other.pub").read_text().split()
    trusted = known.read_text()
    shop.drop("stock/s.csv", "A;5")
    known.write_text(f"[127.0.0.1]:{relay.port} {key[0]} {key[1]}\n")
    shop.app.source.close()

    report = shop.run()
    assert report.exit_status == 3
    assert "shows another host key than before" in report.failures[0]
    assert (shop.stock(), shop.lies("inbox")) == ({}, ["stock/s.csv"])

    known.write_text(trusted)
    shop.run()
    assert (shop.stock(), shop.lies("inbox")) == ({"A": 5}, [])


def test_a_name_that_is_not_utf8_is_applied_over_sftp_and_blocks_no_other(shop):
    shop.drop("stock/s1.csv", "A;5").rename(os.fsdecode(os.fsencode(shop.root) + b"/inbox/stock/caf\xe9.csv"))
    shop.drop("stock/s2.csv", "A;6", at=shop.now.replace(minute=59))
    shop.run()

    assert sorted(shop.ledger()[1:]) == [("stock/caf%E9.csv", "applied"), ("stock/s2.csv", "applied")]
    assert shop.lies("inbox") == []


def test_a_session_that_is_killed_between_passes_is_made_anew(shop, sshd):
    for pid in sshd.sessions():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not sshd.sessions(), "the end of the sessions")
    shop.export("stock/s.csv", "A;5")

    assert shop.stock() == {"A": 5}

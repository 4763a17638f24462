"""The same ten situations, each caused for real, for a person who looks at the console alone: it says what is amiss, and what helps."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from at_the_console import Person
from situation import PRODUCT, Situation

from connector.sandbox import Sandbox

BALLAST = 40 * 10**6


@pytest.fixture(scope="module")
def market():
    with Sandbox(account="loja", app_key="key", app_token="token", known={"000101", "000102"}) as server:
        yield server


@pytest.fixture(scope="module")
def first_day(tmp_path_factory, market):
    """Make a shop whose first day is over, once: each test works on a copy."""
    with pytest.MonkeyPatch.context() as patch:
        shop = Situation(tmp_path_factory.mktemp("first") / "shop", market, patch)
        shop.opens()
    return shop.root


@pytest.fixture
def sandbox(market):
    yield market
    market.trouble.failures.clear()
    market.calls.clear()


@pytest.fixture
def shop(tmp_path, first_day, sandbox, monkeypatch):
    return copied(first_day, tmp_path / "shop", sandbox, monkeypatch)


def copied(first_day, root, sandbox, monkeypatch):
    shop = Situation(root, sandbox, monkeypatch)
    settings = shop.config.read_text()
    shutil.copytree(first_day, root, dirs_exist_ok=True)
    shop.config.write_text(settings)
    return shop


@pytest.fixture
def person():
    """Let people sit down at a shop's console."""
    seated = []

    def made(shop):
        seated.append(Person(shop))
        return seated[-1]

    yield made
    for one in seated:
        one.leaves()


def test_the_export_is_late(shop, person):
    shop.configure(more='[feeds.stock]\nexpected_every = "2h"\n')
    shop.ages("stock", 3)
    ana = person(shop)
    assert "Something has stopped" in ana.page.text
    assert "one is expected every 2h" in ana.page.text
    assert "Did the ERP's export run, and does it still write to the source?" in ana.page.text

    shop.erp_sends("stock/s2.csv", "000101;4", "000102;5")
    ana.follows("Jobs")
    assert "stock/s2.csv: 0 added, 1 changed" in ana.presses("Run now Read the ERP")
    assert "one is expected" not in ana.opens("")


def test_half_a_file_came(shop, person):
    shop.configure(more='[feeds.stock]\ntrailer = "TRL;{rows}"\n')
    shop.erp_sends("stock/s2.csv", "000101;4")
    shop.types("connector run refresh-snapshot")
    ana = person(shop)
    assert "TRL" in ana.follows("Refused")
    assert "stock/s2.csv" in ana.page.text
    assert "The ERP says 5 in stock." in ana.finds("000101")

    shop.erp_sends("stock/s2.csv", "000101;4", "000102;5", end="TRL;2")
    ana.follows("Jobs")
    ana.presses("Run now Read the ERP")
    assert "No file was refused whole." in ana.follows("Refused")
    assert "The ERP says 4 in stock." in ana.finds("000101")


@pytest.mark.parametrize("decision", ["Discard", "Approve"])
def test_a_price_of_zero_came(shop, person, decision):
    shop.erp_sends("prices/p2.csv", "000101;0,00", "000102;5,00")
    shop.types("connector run refresh-snapshot")
    ana = person(shop)
    assert "19.90 → 0.00" in ana.follows("Held")
    assert "It is on sale with an older value: its newest prices row is held." in ana.finds("000101")
    assert "the price is 0" in ana.follows("Held")

    ana.follows("Held")
    ana.presses(f"{decision} 000101")
    assert "Nothing is held." in ana.follows("Held")
    assert ("19.90" in ana.finds("000101")) == (decision == "Discard")


def test_the_credentials_expired(shop, person, monkeypatch):
    monkeypatch.setenv("VTEX_APP_TOKEN", "expired")
    shop.erp_sends("stock/s2.csv", "000101;1", "000102;5")
    shop.types("connector run refresh-snapshot")
    shop.types("connector run notify-marketplaces")
    ana = person(shop)
    assert "loja takes nothing" in ana.page.text
    assert "refused by the marketplace" in ana.follows("Marketplaces")
    assert "Mend the credentials" in ana.finds("000101")

    monkeypatch.setenv("VTEX_APP_TOKEN", "token")
    ana.follows("Jobs")
    assert "told inventory 1" in ana.presses("Run now Tell the marketplaces")
    assert "accepted" in ana.follows("Marketplaces")
    assert "No alarm" in ana.opens("")


def test_vtex_is_down_for_an_hour(shop, person, sandbox):
    sandbox.fail_next(503, times=10**6)
    shop.erp_sends("stock/s2.csv", "000101;0", "000102;5")
    shop.types("connector run refresh-snapshot")
    shop.types("connector run notify-marketplaces")
    ana = person(shop)
    assert "1 notices" in ana.follows("Marketplaces")
    assert "503" in ana.follows("Jobs")

    sandbox.trouble.failures.clear()
    sandbox.calls.clear()
    ana.presses("Run now Tell the marketplaces")
    assert "0 notices" in ana.follows("Marketplaces")
    assert len(sandbox.seen("000101")) == 1  # once, however often it was tried


def test_the_erp_rejects_an_order(shop, person, sandbox):
    order = shop.is_ordered("1318070600124-01")
    shop.types("connector run export-orders")
    shop.erp_sends("acks/a.csv", f"{order};rejected;cliente bloqueado")
    ana = person(shop)
    ana.follows("Jobs")
    ana.presses("Run now Report invoices and tracking")
    assert f"the ERP rejected 1 order within a day: {order}" in ana.opens("")
    ana.follows("Orders")
    story = ana.follows(order)
    assert f"Order {order} is cancelled. What to do: Nothing: all is as it should be." in story
    assert "rejected by the ERP cliente bloqueado" in story
    assert sandbox.cancellations["1318070600124-01"] == "cliente bloqueado"


def test_an_invoice_is_refused(shop, person, sandbox):
    order = shop.is_ordered("1318070600125-01")
    shop.types("connector run export-orders")
    sandbox.fail_next(400, pattern="invoice", body={"error": {"code": "1", "message": "Invoice value is invalid"}})
    shop.erp_sends("invoices/i.csv", f"{order};1001;2026-11-24;24,90")
    shop.types("connector run report-documents")
    ana = person(shop)
    assert "Invoice value is invalid" in ana.follows("Given up")
    assert "Look at what was given up" in ana.finds(order)
    assert "Invoice value is invalid" in ana.follows("Given up")

    ana.presses("Send again")
    ana.follows("Jobs")
    ana.presses("Run now Report invoices and tracking")
    assert "Nothing was given up." in ana.follows("Given up")
    assert "invoice reported invoice 1001" in ana.finds(order)


def test_the_disk_is_nearly_full(first_day, tmp_path, sandbox, monkeypatch, person):
    memory = Path("/dev/shm")  # a disk that others hardly write to
    room = memory / f"console-{os.getpid()}" if memory.is_dir() and shutil.disk_usage(memory).free > 2 * BALLAST else tmp_path
    try:
        shop = copied(first_day, room / "shop", sandbox, monkeypatch)
        ballast = shop.root / "var" / "work" / "left-behind.csv"
        ballast.parent.mkdir(parents=True, exist_ok=True)
        ballast.write_bytes(b"x" * BALLAST)
        os.utime(ballast, (time.time() - 2 * 86_400,) * 2)
        least = (shutil.disk_usage(room).free + BALLAST // 2) // 10**6
        shop.configure(more=f"[disk]\nleast_free_mb = {least}\nleast_free_share = 1\n")
        ana = person(shop)
        assert "MB must stay free: imports and orders stand still" in ana.page.text
        assert "the job Housekeeping removes what was left behind, and connector check says which disk" in ana.page.text

        ana.follows("Jobs")
        ana.presses("Run now Housekeeping")
        assert not ballast.exists()
        assert "No alarm" in ana.opens("")
    finally:
        if room != tmp_path:
            shutil.rmtree(room, ignore_errors=True)


def test_the_erp_s_server_shows_another_host_key(shop, person, sshd, tmp_path):
    folder = sshd.home / f"console-{os.getpid()}"
    folder.mkdir()
    shop.configure(erp=f'source = "{sshd.url(folder)}"\nprivate_key = "file:config/key"\n')
    (shop.root / "config" / "key").write_text(sshd.user_key.read_text())
    (shop.root / "config" / "key").chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "old"], check=True, stdin=subprocess.DEVNULL)
    known = shop.root / "config" / "known_hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {' '.join((tmp_path / 'old.pub').read_text().split()[:2])}\n")
    shop.types("connector run refresh-snapshot")
    ana = person(shop)
    assert "shows another host key than before" in ana.page.text
    assert "ask who runs it before you change the line in config/known_hosts" in ana.page.text

    known.write_text(sshd.known_hosts.read_text())
    ana.follows("Jobs")
    ana.presses("Run now Read the ERP")
    assert "No alarm" in ana.opens("")


def test_a_sku_is_not_on_sale(shop, person):
    others = [PRODUCT.format(sku=f"00010{number}") for number in range(2, 7)]  # of two SKUs one switched off would be held
    shop.erp_sends("products/p1.csv", PRODUCT.format(sku="000101"), *others)
    shop.types("connector run refresh-snapshot")
    shop.erp_sends("products/p2.csv", PRODUCT.format(sku="000101").removesuffix("1") + "0", *others)
    shop.types("connector run refresh-snapshot")
    ana = person(shop)
    assert "It is not on sale: the ERP says it is not active. What to do: Set it active in the ERP" in ana.finds("000101")

    shop.erp_sends("products/p3.csv", PRODUCT.format(sku="000101"), *others)
    ana.follows("Jobs")
    ana.presses("Run now Read the ERP")
    ana.presses("Run now Tell the marketplaces")
    assert "It is on sale." in ana.finds("000101")

"""Ten situations of an ordinary year: each caused for real, and mended by the commands of its section of docs/runbook.md alone."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from situation import PRODUCT, Situation

from connector.sandbox import Sandbox

BALLAST = 40 * 10**6


@pytest.fixture
def sandbox():
    with Sandbox(account="loja", app_key="key", app_token="token", known={"000101", "000102"}) as server:
        yield server


@pytest.fixture
def trouble(tmp_path, sandbox, monkeypatch):
    """Make a shop whose first day is over."""

    def made(**how):
        found = Situation(how.pop("root", tmp_path) / "shop", sandbox, monkeypatch, **how)
        found.opens()
        return found

    return made


def test_the_export_is_late(trouble):
    shop = trouble(more='[feeds.stock]\nexpected_every = "2h"\n')
    shop.ages("stock", 3)
    alarms, checked = shop.follows("late", "look")
    assert "late (stock), since" in alarms
    assert "connector check" in alarms
    assert "ERP source" in checked

    shop.erp_sends("stock/s2.csv", "000101;4", "000102;5")
    (taken,) = shop.follows("late", "do")
    assert taken.status == 0
    alarms, status = shop.follows("late", "done")
    assert "Alarms: none" in alarms
    assert "stock/s2.csv" in status


def test_half_a_file_came(trouble):
    shop = trouble(more='[feeds.stock]\ntrailer = ""\n')
    shop.configure(more='[feeds.stock]\ntrailer = "TRL;{rows}"\n')
    shop.erp_sends("stock/s2.csv", "000101;4")
    assert shop.types("connector run refresh-snapshot").status == 1
    listed, shown = shop.follows("quarantined", "look")
    assert "stock/s2.csv" in listed
    assert "TRL" in shown
    assert "5" in shop.types("connector why SKU")

    shop.erp_sends("stock/s2.csv", "000101;4", "000102;5", end="TRL;2")
    (taken,) = shop.follows("quarantined", "do")
    assert taken.status == 0, taken
    listed, alarms = shop.follows("quarantined", "done")
    assert "Quarantine: none" in listed
    assert "Alarms: none" in alarms


@pytest.mark.parametrize("decision", ["discard", "approve"])
def test_a_price_of_zero_came(trouble, decision):
    shop = trouble()
    shop.erp_sends("prices/p2.csv", "000101;0,00", "000102;5,00")
    shop.types("connector run refresh-snapshot")
    listed, shown = shop.follows("held", "look")
    assert "prices" in listed
    assert "000101" in shown

    if decision == "discard":
        assert "19.90" in shop.types("connector why SKU")
        shop.erp_sends("prices/p3.csv", "000101;17,90", "000102;5,00")
    shop.follows("held", decision)
    listed, story = shop.follows("held", "done")
    assert "Held: none" in listed
    assert ("It is on sale" in story) == (decision == "discard")
    assert ("17.90" in story) == (decision == "discard")


def test_the_credentials_expired(trouble, monkeypatch):
    shop = trouble()
    monkeypatch.setenv("VTEX_APP_TOKEN", "expired")
    shop.erp_sends("stock/s2.csv", "000101;1", "000102;5")
    shop.types("connector run refresh-snapshot")
    assert shop.types("connector run notify-marketplaces").status != 0
    status, _ = shop.follows("blocked", "look")
    assert "blocked" in status
    assert "credentials" in shop.types("connector why SKU")

    monkeypatch.setenv("VTEX_APP_TOKEN", "token")
    _, told = shop.follows("blocked", "credentials")
    assert told.status == 0, told
    status, alarms = shop.follows("blocked", "done")
    assert "Notifications pending: 0" in status
    assert "Alarms: none" in alarms


def test_vtex_is_down_for_an_hour(trouble, sandbox):
    shop = trouble()
    sandbox.fail_next(503, times=10**6)
    shop.erp_sends("stock/s2.csv", "000101;0", "000102;5")
    shop.types("connector run refresh-snapshot")
    assert shop.types("connector run notify-marketplaces").status != 0
    status, _ = shop.follows("blocked", "look")
    assert "Notifications pending: 1" in status

    sandbox.trouble.failures.clear()
    sandbox.calls.clear()
    _, told = shop.follows("blocked", "away")
    assert told.status == 0, told
    status, alarms = shop.follows("blocked", "done")
    assert "Notifications pending: 0" in status
    assert "Alarms: none" in alarms
    assert len(sandbox.seen("000101")) == 1  # once, however often it was tried


def test_the_erp_rejects_an_order(trouble, sandbox):
    shop = trouble()
    order = shop.is_ordered()
    shop.types("connector run export-orders")
    shop.erp_sends("acks/a.csv", f"{order};rejected;cliente bloqueado")
    shop.types("connector run report-documents")
    alarms, story = shop.follows("rejected-by-erp", "look")
    assert f"the ERP rejected 1 order within a day: {order}" in alarms
    assert "rejected by the ERP: cliente bloqueado" in story

    shop.follows("rejected-by-erp", "do")
    (story,) = shop.follows("rejected-by-erp", "done")
    assert f"Order {order} is cancelled." in story
    assert "-> Nothing: all is as it should be." in story
    assert sandbox.cancellations == {"1318070600123-01": "cliente bloqueado"}


def test_an_invoice_is_refused(trouble, sandbox):
    shop = trouble()
    order = shop.is_ordered()
    shop.types("connector run export-orders")
    sandbox.fail_next(400, pattern="invoice", body={"error": {"code": "1", "message": "Invoice value is invalid"}})
    shop.erp_sends("invoices/i.csv", f"{order};1001;2026-11-24;24,90")
    assert shop.types("connector run report-documents").status == 1
    listed, shown, story = shop.follows("dead-letters", "look")
    assert "invoice" in listed
    assert "Invoice value is invalid" in shown
    assert f"connector dead-letters show {shop.names['ID']}" in story

    _, reported = shop.follows("dead-letters", "do")
    assert reported.status == 0, reported
    listed, story = shop.follows("dead-letters", "done")
    assert "Dead letters: none" in listed
    assert "invoice 1001 was taken on" in story
    assert "and reported on" in story
    assert set(sandbox.invoices["1318070600123-01"]) == {"1001"}


def test_the_disk_is_nearly_full(trouble, tmp_path):
    memory = Path("/dev/shm")  # a disk that others hardly write to
    room = memory / f"connector-{os.getpid()}" if memory.is_dir() and shutil.disk_usage(memory).free > 2 * BALLAST else tmp_path
    try:
        shop = trouble(root=room)
        ballast = shop.root / "var" / "work" / "left-behind.csv"
        ballast.parent.mkdir(parents=True, exist_ok=True)
        ballast.write_bytes(b"x" * BALLAST)
        os.utime(ballast, (time.time() - 2 * 86_400,) * 2)
        least = (shutil.disk_usage(room).free + BALLAST // 2) // 10**6
        shop.configure(more=f"[disk]\nleast_free_mb = {least}\nleast_free_share = 1\n")
        shop.erp_sends("stock/s2.csv", "000101;1", "000102;5")
        assert shop.types("connector run refresh-snapshot").status != 0
        status, checked = shop.follows("disk-short", "look")
        assert "disk-short" in status
        assert "MB free" in checked

        shop.follows("disk-short", "do")
        assert not ballast.exists()
        assert shop.types("connector run refresh-snapshot").status == 0
        _, alarms = shop.follows("disk-short", "done")
        assert "Alarms: none" in alarms
    finally:
        if room != tmp_path:
            shutil.rmtree(room, ignore_errors=True)


def test_the_erp_s_server_shows_another_host_key(trouble, sshd, tmp_path):
    folder = sshd.home / f"situation-{os.getpid()}"
    folder.mkdir()
    shop = trouble()
    shop.configure(erp=f'source = "{sshd.url(folder)}"\nprivate_key = "file:config/key"\n')
    (shop.root / "config" / "key").write_text(sshd.user_key.read_text())
    (shop.root / "config" / "key").chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "old"], check=True, stdin=subprocess.DEVNULL)
    known = shop.root / "config" / "known_hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {' '.join((tmp_path / 'old.pub').read_text().split()[:2])}\n")
    assert shop.types("connector run refresh-snapshot").status == 3
    checked, status = shop.follows("erp-unreachable", "look")
    assert "shows another host key than before" in checked
    assert "erp-unreachable" in status

    known.write_text(sshd.known_hosts.read_text())
    checked, *_ = shop.follows("erp-unreachable", "do")
    assert "shows another host key" not in checked
    (alarms,) = shop.follows("erp-unreachable", "done")
    assert "Alarms: none" in alarms


def test_a_sku_is_not_on_sale(trouble):
    shop = trouble()
    others = [PRODUCT.format(sku=f"00010{number}") for number in range(2, 7)]  # of two SKUs one switched off would be held
    shop.erp_sends("products/p1.csv", PRODUCT.format(sku="000101"), *others)
    shop.types("connector run refresh-snapshot")
    shop.erp_sends("products/p2.csv", PRODUCT.format(sku="000101").removesuffix("1") + "0", *others)
    shop.types("connector run refresh-snapshot")
    (story,) = shop.follows("not-on-sale", "look")
    assert "It is not on sale: the ERP says it is not active." in story
    assert "-> Set it active in the ERP" in story

    shop.erp_sends("products/p3.csv", PRODUCT.format(sku="000101"), *others)
    shop.follows("not-on-sale", "do")
    (story,) = shop.follows("not-on-sale", "done")
    assert story.out.startswith("It is on sale.")

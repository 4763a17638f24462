"""Packed exports through the whole pass."""

import os
import zipfile

import pytest
from catalog_world import Catalog


@pytest.fixture
def world(tmp_path):
    os.environ.update(CATALOG_KEY="key", CATALOG_TOKEN="token")
    one = Catalog(tmp_path / "project")
    yield one
    one.app.db.close()


def pack(world, name, files):
    path = world.root / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in files.items():
            archive.writestr(member, content)
    os.utime(path, (world.now.timestamp(),) * 2)


def test_a_packed_export_is_applied_and_archived_as_it_came(world):
    pack(world, "stock/s.zip", {"s.csv": "sku;quantity\n001;5\n002;x\n" + "".join(f"1{n};1\n" for n in range(40))})
    report = world.run()

    assert world.stock()["001"] == 5
    assert [line for line in report.failures if "line 3, quantity 'x'" in line]
    assert world.lies("archive") == ["stock/2026-11-23/s.zip"]
    assert world.lies("rejected") == ["stock/s.zip.errors.csv"]
    assert world.lies("var/work") == []


def test_a_packed_export_is_held_and_approved_like_any_other(world):
    world.export("stock/a.csv", *(f"{n};1" for n in range(10)))
    pack(world, "stock/b.zip", {"s.csv": "sku;quantity\n1;1\n"})
    world.run()
    from connector.usecases import repair

    repair.held_approve(world.app, world.held()[0]["id"], by="me")

    assert world.stock() == {"1": 1}


def test_a_damaged_archive_is_refused_with_its_reason(world):
    path = world.drop("stock/s.zip", "1;2")
    path.write_bytes(b"PK\x03\x04 and nothing else")
    report = world.run()

    assert "stock/s.zip was refused: the ZIP archive has no end" in report.failures[0]
    assert world.lies("rejected") == ["stock/s.zip", "stock/s.zip.errors.csv"]

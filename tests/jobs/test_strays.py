"""Files that lie flat in the ERP's folder: they are taken where a feed's pattern says so, and else named with the remedy."""

import os

import pytest
from catalog_world import MONDAY, Catalog
from servers import Sshd

from connector import settings as settings_module
from connector.usecases import doctor


@pytest.fixture(params=["file", "sftp"])
def shop(request, tmp_path):
    made = Catalog(tmp_path / "shop")
    if request.param == "sftp":
        sshd: Sshd = request.getfixturevalue("sshd")
        config = made.root / "config" / "connector.toml"
        keys = f'private_key = "file:{sshd.user_key}"\nknown_hosts = "{sshd.known_hosts}"\n'
        config.write_text(config.read_text().replace("[erp]\n", f'[erp]\nsource = "{sshd.url(made.root / "inbox")}"\n{keys}'))
    yield again(made)
    made.app.source.close()
    made.app.db.close()


def again(shop, **patterns):
    """Read the settings anew, with a pattern for some feeds."""
    config = shop.root / "config" / "connector.toml"
    with config.open("a") as file:
        file.writelines(f'[feeds.{feed}]\npattern = "{pattern}"\n' for feed, pattern in patterns.items())
    shop.app = type(shop.app)(settings_module.load(config), shop.app.db, shop.app.clock)
    return shop


def lay(shop, name, text="sku;price\nA;9,90\n"):
    path = shop.root / "inbox" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (MONDAY.timestamp(),) * 2)


def source_checks(shop):
    return [(check.state, check.found, check.remedy) for check in doctor.examine(shop.app, {}) if check.name == "ERP source"]


def test_a_file_that_lies_flat_is_named_with_the_remedy_which_then_takes_it(shop, monkeypatch):
    monkeypatch.setenv("CATALOG_KEY", "key")
    monkeypatch.setenv("CATALOG_TOKEN", "token")
    lay(shop, "EXPORTACAO_20261123.CSV")
    lay(shop, "half.csv.tmp")
    url, names = shop.app.source.url, "no feed takes what lies in its own folder: EXPORTACAO_20261123.CSV"
    remedy = 'put it into products/, prices/, stock/ …, or write pattern = "EXPORTACAO*.CSV" in the feed whose file it is'

    report = shop.run(by_hand=True)
    assert (report.exit_status, report.lines) == (0, [f"nothing to do; in {url} {names} ({remedy})"])
    assert source_checks(shop)[1:] == [("warn", names, remedy)]

    again(shop, prices="EXPORTACAO*.CSV")
    assert len(source_checks(shop)) == 1
    report = shop.run(by_hand=True)
    assert report.lines[0].startswith("EXPORTACAO_20261123.CSV as prices: 1 added")
    assert shop.prices() == {"A": 990}
    assert shop.lies("inbox") == ["half.csv.tmp"]


def test_the_daemons_passes_and_those_that_did_something_say_nothing_of_it(shop):
    lay(shop, "EXPORTACAO.CSV")

    assert shop.run().lines == []
    assert len(shop.export("stock/s.csv", "A;1").lines) == 1


def test_of_many_files_three_are_named(shop):
    for number in range(5):
        lay(shop, f"{number}.csv")

    (line,) = shop.run(by_hand=True).lines
    assert "0.csv, 1.csv, 2.csv and 2 more (" in line
    assert 'pattern = "*.csv"' in line

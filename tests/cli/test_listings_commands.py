"""The installed command against a sandbox over HTTP: what marketplaces know, what is withheld, and everything told again."""

import shutil
from pathlib import Path

import pytest

from connector.sandbox import Sandbox

HEAD = "sku;product_id;product_name;brand;category;ean;ref_id;height;width;length;weight;images;active"
GOOD = "{sku};{product};Cafeteira;Casa Boa;Casa/Cozinha;{ean};REF-{sku};20;12;15;0,85;{images};1"
SHOWN = "https://img.example/1.jpg"


@pytest.fixture(params=["current", "2017"])
def shop(request, project):
    with Sandbox(account="loja", app_key="key-of-acme", app_token="token-of-acme", known={"K"}) as sandbox:
        text = project.config.read_text().replace("http://127.0.0.1:9/loja", sandbox.suggestions_url)
        project.config.write_text(text.replace("http://127.0.0.1:9", sandbox.url) + f'protocol = "{request.param}"\n')
        export(project, K={}, A={}, B={"images": "http://img.example/1.jpg"}, C={"ean": "7891000000011"})
        yield project, sandbox


def export(project, **skus):
    usual = {"product": "P", "ean": "7891000000014", "images": SHOWN}
    rows = [GOOD.format(sku=sku, **{**usual, "product": f"P-{sku}", **changes}) for sku, changes in skus.items()]
    write(project.root / "inbox" / "products" / "products.csv", HEAD, *rows)
    write(project.root / "inbox" / "prices" / "prices.csv", "sku;price", *(f"{sku};19,90" for sku in skus))
    write(project.root / "inbox" / "stock" / "stock.csv", "sku;quantity", *(f"{sku};5" for sku in skus))
    done = project.call("run", "refresh-snapshot")
    assert done.returncode == 0, done.stderr


def write(path: Path, *lines):
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir(parents=True)
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def test_what_marketplaces_know_is_told_and_what_is_withheld_heals(shop):
    project, sandbox = shop
    done = project.call("run", "notify-marketplaces")

    assert done.returncode == 1
    assert "SKU B is not suggested: images: none is over https: http://img.example/1.jpg (code 11)" in done.stderr
    assert "1 were suggested with a doubt: C (ean: the check digit of 7891000000011 is wrong)" in done.stdout
    assert set(sandbox.suggestions) == {"A", "C"}
    _, listed = project.document("listings", "list")
    assert {one["sku"]: one["state"] for one in listed} == {"K": "known", "A": "suggested", "B": "withheld", "C": "suggested"}
    _, withheld = project.document("listings", "list", "--state", "withheld", "--marketplace", "loja")
    assert [(one["sku"], one["remedy"]) for one in withheld] == [("B", "publish the images under https addresses")]
    _, seen = project.document("status")
    assert seen["notifications"]["marketplaces"]["loja"]["listings"] == {"known": 1, "suggested": 2, "withheld": 1}
    assert "Listings: loja (known 1, suggested 2, withheld 1)" in project.call("status").stdout

    export(project, K={}, A={}, B={}, C={"ean": "7891000000011"})
    assert project.call("run", "notify-marketplaces").returncode == 0
    assert "B" in sandbox.suggestions


def test_one_sku_is_told_with_all_that_is_to_be_said_of_it(shop):
    project, _ = shop
    project.call("run", "notify-marketplaces")
    _, seen = project.document("listings", "show", "B")
    said = project.call("listings", "show", "B").stdout

    assert (seen["marketplaces"]["loja"]["state"], seen["in_snapshot"], seen["doubtful"]) == ("withheld", True, [])
    assert [one["field"] for one in seen["refused"]] == ["images"]
    assert "state: withheld" in said
    assert "remedy: publish the images under https addresses" in said


def test_everything_is_told_again_and_a_second_time_adds_nothing(shop):
    project, sandbox = shop
    project.call("run", "notify-marketplaces")
    sandbox.calls.clear()
    status, done = project.document("resync", "loja")
    _, again = project.document("resync", "loja")

    assert (status, done["skus"], done["put"] > 0, again["put"]) == (0, 4, True, 0)
    project.call("run", "notify-marketplaces")
    told = {call.parts[-1] if call.parts[-1] not in ("price", "inventory") else call.parts[-2] for call in sandbox.calls}
    assert told >= {"K", "A", "B", "C"}


def test_what_cannot_be_said_is_named(shop):
    project, _ = shop
    calls = {
        ("listings", "show", "Z"): "neither in the snapshot nor known",
        ("listings", "list", "--state", "lost"): "no state of a listing",
        ("resync", "mall"): "no marketplace mall in the settings",
        ("resync", "loja", "--only", "prices"): "one of: price, inventory, content",
    }
    for words, sentence in calls.items():
        done = project.call(*words)

        assert done.returncode != 0
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr

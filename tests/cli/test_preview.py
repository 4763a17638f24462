"""`connector preview`: what a file would change, for people and for machines; nothing is changed."""

import json

import pytest

PRICES = "sku;price\nA;10,00\nB;20,00\nC;30,00\nD;40,00\nE;50,00\nF;60,00\n"


@pytest.fixture
def stocked(project):
    folder = project.root / "inbox" / "prices"
    folder.mkdir(parents=True)
    (folder / "first.csv").write_text(PRICES)
    project.config.write_text("[erp]\nsettle_seconds = 0\n[feeds.prices]\nmax_rejected = 0.5\n")
    assert project.call("run", "refresh-snapshot").returncode == 0
    return project


@pytest.fixture
def export(stocked):
    path = stocked.root / "new.csv"
    path.write_text("sku;price\nA;11,00\nB;0\nC;x\nD;40,00\nE;50,00\nG;1,00\n")
    return path


def test_a_person_reads_what_would_be_added_changed_removed_refused_and_held(stocked, export):
    done = stocked.call("preview", str(export), "--feed", "prices")

    assert done.returncode == 1
    assert done.stderr == "prices/new.csv: 1 refused (line 4); 1 held (B)\n"
    assert "1 added, 1 changed (price 1, list_price 1), 1 removed, 1 refused, 1 held" in done.stdout
    for said in ("10.00 → 11.00", "it is no number", "the price is 0", "G", "F"):
        assert said in done.stdout


def test_a_machine_reads_one_document_and_nothing_is_changed(stocked, export):
    before = stocked.call("status", "--json").stdout
    found = json.loads(stocked.call("preview", str(export), "--feed", "prices", "--json").stdout)
    after = stocked.call("status", "--json").stdout

    assert {name: found[name] for name in ("added", "changed", "removed", "refused", "held")} == dict.fromkeys(
        ("added", "changed", "removed", "refused", "held"), 1
    )
    assert found["rejected"] == [{"line": 4, "column": "price", "value": "x", "reason": "it is no number"}]
    assert json.loads(before)["snapshot"]["prices"] == json.loads(after)["snapshot"]["prices"] == 6


def test_what_would_be_applied_whole_ends_with_status_0_and_what_would_be_held_with_1(stocked, export):
    export.write_text(PRICES.replace("60,00", "61,00"))
    good = stocked.call("preview", export, "--feed", "prices")
    export.write_text("sku;price\nA;10,00\n")
    held = stocked.call("preview", export, "--feed", "prices")

    assert (good.returncode, good.stderr) == (0, "")
    assert (held.returncode, held.stderr) == (1, "prices/new.csv: it would be held\n")


def test_each_sku_is_one_line_and_what_has_no_room_is_named(project):
    export = project.root / "products.csv"
    head = "sku;product_id;product_name;description;brand;category;weight;height;width;length"
    rows = [f"{n};P{n};Camiseta {n};{'Uma descrição longa. ' * 20};Acme;Casa;1;10;20;30" for n in range(3)]
    export.write_text("\n".join([head, *rows]), encoding="utf-8")
    done = project.call("preview", export, "--feed", "products")
    lines = done.stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("Added"))

    assert done.returncode == 0, done.stderr
    assert lines[at].startswith("Added; --json tells ")
    assert lines[at].endswith(" too")
    assert [line.split()[0] for line in lines[at + 1 :]] == ["sku", "0", "1", "2"]
    assert max(map(len, lines[at + 1 :])) <= 160


@pytest.mark.parametrize(
    ("words", "said"), [(["nowhere.csv", "--feed", "prices"], "nowhere.csv"), (["{new}", "--feed", "price"], "prices")]
)
def test_a_file_or_feed_that_is_not_there_is_a_wrong_call(stocked, export, words, said):
    done = stocked.call("preview", *[word.format(new=export) for word in words])

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr

"""The installed command decides of what was held, and takes what was refused again."""

import json

import pytest

PRICES = "sku;price\nA;100,00\nB;20,00\nC;30,00\n"


@pytest.fixture
def shop(project):
    export(project, "prices/1.csv", PRICES)
    return project


def export(project, name, text):
    path = project.root / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return project.call("run", "refresh-snapshot")


def listed(project, what):
    return project.document(what, "list")[1]


def test_a_held_price_is_listed_shown_and_approved(shop):
    done = export(shop, "prices/2.csv", PRICES.replace("100,00", "1,00"))
    (hold,) = listed(shop, "held")
    shown = shop.call("held", "show", hold["id"]).stdout
    said = shop.call("held", "approve", hold["id"])
    again = shop.call("held", "approve", hold["id"])

    assert done.returncode == 1
    assert "prices/2.csv, A: held: the price falls by 99.0 %" in done.stderr
    assert "the price falls by 99.0 %" in shown
    assert (said.returncode, listed(shop, "held")) == (0, [])
    assert "the price of A is 1.00 now" in said.stdout
    assert again.returncode == 1
    assert "no longer held: it was approved" in again.stderr


def test_a_held_file_is_discarded(shop):
    export(shop, "prices/2.csv", "sku;price\nA;100,00\n")
    (hold,) = listed(shop, "held")
    status, done = shop.document("held", "discard", hold["id"])

    assert (status, done["outcome"]) == (0, "prices/2.csv lies in rejected/prices/2.csv now")
    assert (shop.root / "rejected/prices/2.csv").is_file()


def test_a_table_of_the_quarantine_shows_a_files_reason_and_a_rows_place(shop):
    export(shop, "stock/1.csv", "sku;colour\nA;1\n")
    shop.config.write_text(shop.config.read_text() + "[feeds.prices]\nmax_rejected = 0.5\n")
    export(shop, "prices/2.csv", PRICES.replace("20,00", "many"))
    said = shop.call("quarantine", "list").stdout

    for word in ("stock/1.csv", "quantity", "prices/2.csv", "price", "many", "it is no number"):
        assert word in said


def test_several_files_are_taken_again_and_what_is_refused_still_is_named(shop):
    for feed in ("stock", "services"):
        export(shop, f"{feed}/1.csv", "sku;colour\nA;1\n")
    ids = [row["id"] for row in listed(shop, "quarantine")]
    (shop.root / "config" / "layouts").mkdir()
    (shop.root / "config" / "layouts" / "mended.toml").write_text('[columns]\n"colour" = "quantity"\n')
    shop.config.write_text(shop.config.read_text() + '[feeds.stock]\nlayout = "mended"\n')
    done = shop.call("quarantine", "retry", *ids)

    assert done.returncode == 1
    assert "stock/1.csv: 1 added" in done.stdout
    assert "it is refused still: services/1.csv" in done.stderr
    assert [row["file"] for row in listed(shop, "quarantine")] == ["services/1.csv"]


def test_a_file_taken_again_with_a_bad_row_is_said_to_be_taken_but_for_that_row(shop):
    export(shop, "prices/2.csv", PRICES.replace("20,00", "many").replace("30,00", "31,00"))
    (refused,) = listed(shop, "quarantine")
    shop.config.write_text(shop.config.read_text() + "[feeds.prices]\nmax_rejected = 0.5\n")
    done = shop.call("quarantine", "retry", refused["id"])

    assert done.returncode == 1
    assert f"{refused['id']}: prices/2.csv: 0 added, 1 changed" in done.stdout
    assert done.stderr.endswith(f"{refused['id']}: its good rows were taken, but not prices/2.csv, line 3, price 'many': it is no number\n")
    assert [(row["what"], row["key"]) for row in listed(shop, "quarantine")] == [("row", "B")]


def test_all_is_said_or_ids_are_named(shop):
    nothing = shop.call("quarantine", "retry")
    both = shop.call("quarantine", "retry", 1, "--all")
    everything = shop.call("quarantine", "retry", "--all")
    status, found = shop.document("quarantine", "retry", "--all")

    assert (nothing.returncode, both.returncode, everything.returncode) == (2, 2, 0)
    assert "Nothing that was refused can be taken again" in everything.stdout
    assert (status, found) == (0, {"taken": [], "refused": []})


def test_a_number_that_is_not_there_is_named(shop):
    done = shop.call("quarantine", "retry", 99, "--json")

    assert done.returncode == 1
    assert "there is no refused row 99" in done.stderr
    assert json.loads(done.stdout)["taken"] == []


@pytest.mark.parametrize(
    "words",
    [("held", "show"), ("held", "approve"), ("quarantine", "show"), ("quarantine", "retry"), ("quarantine", "discard"),
     ("dead-letters", "show"), ("dead-letters", "replay"), ("dead-letters", "discard")],
)  # fmt: skip
def test_a_number_that_none_can_have_is_said_to_be_none(project, words):
    done = project.call(*words, 9 * 10**22)

    assert (done.returncode, done.stdout) == (1, "")
    assert f"there is none with the number {9 * 10**22}" in done.stderr

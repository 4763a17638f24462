"""What is refused is counted as it is listed, in status and alarm alike, and can still be looked at when it is settled."""

from catalog_world import Catalog

from connector.usecases import alarms, repair
from connector.usecases.status import status


def test_a_file_refused_whole_counts_as_one_whatever_number_of_its_rows_are_bad(tmp_path):
    shop = Catalog(tmp_path / "shop")
    shop.export("stock/1.csv", *[f"{n};many" for n in range(5)])
    shop.export("prices/1.csv", "bad;cheap;", *[f"{n};1,00;" for n in range(40)])

    assert [(one["what"], one["feed"]) for one in shop.quarantine()] == [("file", "stock"), ("row", "prices")]
    assert status(shop.app).quarantine == {"stock": {"files": 1, "rows": 0}, "prices": {"files": 0, "rows": 1}}
    with shop.app.db.read() as tx:
        found = {alarm.subject: alarm.count for alarm in alarms.current(tx, shop.app) if alarm.name == "quarantined"}
    assert found == {"stock": 1, "prices": 1}


def test_what_is_settled_is_shown_with_when(tmp_path):
    shop = Catalog(tmp_path / "shop")
    shop.export("prices/1.csv", "bad;cheap;", *[f"{n};1,00;" for n in range(40)])
    (refused,) = shop.quarantine()
    assert "settled_at" not in repair.quarantine_show(shop.app, refused["id"])[0]

    shop.export("prices/2.csv", "bad;1,00;", *[f"{n};1,00;" for n in range(40)])
    (settled,) = repair.quarantine_show(shop.app, refused["id"])
    assert (settled["value"], settled["settled_at"]) == ("cheap", shop.now.isoformat())

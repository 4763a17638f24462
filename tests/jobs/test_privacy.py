"""A person is erased: nothing of theirs is left in the database's files, and what the law keeps stays."""

import json
import re
import subprocess

import pytest
from orders_world import Seller, order
from sqlalchemy import insert

from connector.errors import UsageError
from connector.storage.tables import files, rejections
from connector.usecases import orders, privacy
from jobs import Pass
from jobs.running import run_job

ADDRESS = {
    "receiverName": "Jonas Alves",
    "street": "JOAO DAMAZIO GOMES",
    "postalCode": "13476-103",
    "state": "SP",
    "country": "BRA",
    "geoCoordinates": [-47.25, -22.75],
}
PERSONAL = ["Jonas", "DAMAZIO", "quiet@example.test", "13476-103", "997125826", "22.75", "ring twice", "JONINHAS", "Jonjon"]


@pytest.fixture
def seller(tmp_path):
    made = Seller(tmp_path / "shop")
    made.sells("A")
    return made


def bought(seller, number="1", document="324.423.985-1"):
    sent = order(
        number,
        ("A", 1),
        clientProfileData={"email": "quiet@example.test", "document": document, "phone": "997125826", "firstName": "Jonas"},
    )
    sent["shippingData"]["address"] = ADDRESS
    sent["openTextField"] = "ring twice at Jonas"
    sent["items"][0]["attachments"] = [{"name": "shirt", "content": {"back": "JONINHAS 10"}}]
    sent["customData"] = {"customFields": [{"fields": [{"name": "nickname", "value": "Jonjon"}]}]}
    return json.loads(seller.place(sent)[0])["orderId"]


def end(seller, order_id):
    orders.cancel(seller.app, "shop", order_id, {"reason": "gave up"})
    seller.knows_no_more_messages()


def bytes_of_the_database(seller):
    """Read by another process: opening the files in this one would drop SQLite's locks."""
    names = sorted((seller.app.root / "var").glob("connector.db*"))
    return subprocess.run(["cat", *names], capture_output=True, check=True).stdout


def test_nothing_of_the_person_is_left_in_the_files(seller):
    order_id = bought(seller)
    end(seller, order_id)
    before = bytes_of_the_database(seller)
    done = privacy.erase(seller.app, "324.423.985-1")
    after = bytes_of_the_database(seller)

    assert done["erased"] == [order_id]
    assert [word for word in PERSONAL if word.encode() in after] == []
    assert [word for word in PERSONAL if word.encode() not in before] == []


def test_what_the_law_keeps_stays(seller):
    order_id = bought(seller)
    end(seller, order_id)
    total = seller.order(order_id).raw["items"][0]["price"]
    privacy.erase(seller.app, "3244239851")
    kept = seller.order(order_id)

    assert (kept.marketplace_order_id, kept.items[0].sku, kept.raw["items"][0]["price"]) == ("1", "A", total)
    assert kept.address == {"country": "BRA", "state": "SP", "erased": True, "postalCode": "13476***"}
    assert orders.show(seller.app, order_id)["order_id"] == order_id


def test_erasing_again_changes_nothing(seller):
    order_id = bought(seller)
    end(seller, order_id)
    privacy.erase(seller.app, "3244239851")
    once = seller.order(order_id)
    done = privacy.erase(seller.app, "3244239851")

    assert (done["erased"], done["already_erased"]) == ([], [order_id])
    assert seller.order(order_id) == once


def test_an_open_order_keeps_its_data_until_the_erp_has_it(seller):
    order_id = bought(seller)
    before = privacy.erase(seller.app, "3244239851")
    (seller.app.root / "outbox").mkdir()
    run_job(seller.app, "export-orders", Pass(by_hand=True))
    after = privacy.erase(seller.app, "3244239851")

    assert (before["erased"], before["still_open"]) == ([], [order_id])
    assert (after["erased"], after["still_open"]) == ([order_id], [])


def test_a_person_is_erased_on_postgresql_too(tmp_path, postgresql_url):
    seller = Seller(tmp_path / "shop", url=postgresql_url)
    seller.sells("A")
    order_id = bought(seller)
    end(seller, order_id)
    done = privacy.erase(seller.app, "3244239851")
    shown = json.dumps(orders.show(seller.app, order_id))
    seller.app.db.close()

    assert done["erased"] == [order_id]
    assert [word for word in PERSONAL if word in shown] == []


COMPANY = {
    "email": "quiet@example.test",
    "document": "32442398511",
    "firstName": "Jonas",
    "isCorporate": True,
    "corporateName": "Padaria Damazio ME",
    "tradeName": "Pão Damazio",
    "corporateDocument": "11.222.333/0001-81",
    "stateInscription": "110.042.490.114",
}


@pytest.mark.parametrize("document", ["11.222.333/0001-81", "11222333000181", "324.423.985-11"])
def test_a_company_is_found_by_its_own_document_and_by_its_buyers(seller, document):
    order_id = json.loads(seller.place(order("1", ("A", 1), clientProfileData=COMPANY))[0])["orderId"]
    end(seller, order_id)
    path = seller.app.root / "archive" / "invoices" / "i.csv"
    path.parent.mkdir(parents=True)
    path.write_text("order_id;customer\n1;11222333/0001-81\n2;PADARIA DAMAZIO ME\n3;110042490114\n4;PAO DAMAZIO\n5;32442398511\n6;Maria\n")
    done = privacy.erase(seller.app, document)

    assert done["erased"] == [order_id]
    assert re.findall("[0-9A-Za-z]{2,}", path.read_text()) == ["order", "id", "customer", "Maria"]
    assert b"Padaria" not in bytes_of_the_database(seller)


def test_a_company_is_found_on_postgresql_too(tmp_path, postgresql_url):
    seller = Seller(tmp_path / "shop", url=postgresql_url)
    seller.sells("A")
    order_id = json.loads(seller.place(order("1", ("A", 1), clientProfileData=COMPANY))[0])["orderId"]
    end(seller, order_id)
    done = privacy.erase(seller.app, "11222333000181")
    seller.app.db.close()

    assert done["erased"] == [order_id]


def test_digits_that_stand_elsewhere_in_a_client_are_no_document(seller):
    client = COMPANY | {"corporateDocument": "", "stateInscription": "11222333000181"}
    order_id = json.loads(seller.place(order("1", ("A", 1), clientProfileData=client))[0])["orderId"]
    end(seller, order_id)

    assert privacy.erase(seller.app, "11222333000181")["erased"] == []


def test_other_people_stay_as_they_are(seller):
    mine, other = bought(seller, "1"), bought(seller, "2", document="11144477735")
    end(seller, mine)
    end(seller, other)
    privacy.erase(seller.app, "3244239851")

    assert seller.order(other).client["firstName"] == "Jonas"


def test_leading_zeros_are_no_difference(seller):
    order_id = bought(seller)
    end(seller, order_id)

    assert privacy.erase(seller.app, "032.442.398-51")["erased"] == [order_id]


def test_refused_rows_that_show_the_document_are_masked(seller):
    now = seller.now
    with seller.app.db.write() as tx:
        file = {"feed": "acks", "name": "a.csv", "size": 1, "modified_at": now, "sha256": "", "state": "applied", "taken_at": now}
        number = tx.execute(insert(files).values(file).returning(files.c.id)).scalar_one()
        row = {"file_id": number, "feed": "acks", "key": "", "line": 2, "column": "message", "reason": "x", "refused_at": now}
        tx.execute(
            insert(rejections), [{**row, "value": "cpf 3244239851", "record": None}, {**row, "line": 3, "value": "another", "record": None}]
        )

    assert privacy.erase(seller.app, "3244239851")["refused_rows"] == 1
    assert b"cpf 3244239851" not in bytes_of_the_database(seller)


@pytest.mark.parametrize("document", ["", "Jonas", "1", "123456789012345"])
def test_what_is_no_document_is_a_wrong_call(seller, document):
    with pytest.raises(UsageError, match="CPF"):
        privacy.erase(seller.app, document)

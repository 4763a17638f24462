"""After `erase` every file of the project is searched: nothing of the person is left, in no encoding and no archive of ours."""

import gzip
import io
import json
import logging
import re
import subprocess
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest
from orders_world import Seller, order
from sqlalchemy import insert

from connector import log
from connector.app import utc_now
from connector.domain.personal import masked
from connector.storage.tables import files, job_runs, rejections
from connector.usecases import backups, orders, privacy, restoring, tombstones
from jobs import Pass
from jobs.running import run_job

CPF, DOTTED = "32442398511", "324.423.985-11"
PERSON = {
    "email": "joao.alves@quiet.example",
    "phone": "+5519997125826",
    "firstName": "João",
    "lastName": "Alves Conceição",
    "document": CPF,
}
ADDRESS = {
    "receiverName": "Conceição Alves",
    "street": "RUA DAMAZIO GOMES",
    "postalCode": "13476-103",
    "state": "SP",
    "country": "BRA",
}
WORDS = ["joao.alves", "997125826", "DAMAZIO", "13476-103", "João Alves", "Jo\\u00e3o Alves", "Conceição Alves"]
IN_FILES = [CPF, DOTTED, *WORDS]
OTHER = "11144477735"


@pytest.fixture
def seller(tmp_path):
    made = Seller(tmp_path / "shop")
    made.app = replace(made.app, clock=utc_now)
    (made.app.root / "outbox").mkdir()
    made.sells("A")
    return made


def bought(seller, number="1", document=CPF):
    sent = order(number, ("A", 1), clientProfileData={**PERSON, "document": document})
    sent["shippingData"]["address"] = ADDRESS
    ours = json.loads(seller.place(sent)[0])["orderId"]
    run_job(seller.app, "export-orders", Pass(by_hand=True))
    orders.cancel(seller.app, "shop", ours, {"reason": "João Alves Conceição gave up"})
    run_job(seller.app, "export-orders", Pass(by_hand=True))
    return ours


def packed(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.csv", content)
    return buffer.getvalue()


def lay(seller, place, content):
    path = seller.app.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def shelves(seller):
    """Put files that name the person, and others, where the ERP's documents lie after they were taken."""
    lines = f"order_id;cpf;nome\r\n1;{DOTTED};João Alves Conceição\r\n2;{OTHER};Maria\r\n"
    nfe = f"<nfeProc><dest><CPF>{CPF}</CPF><xNome>JOÃO ALVES CONCEIÇÃO</xNome></dest></nfeProc>".encode()
    return {
        "lines": lay(seller, "archive/invoices/2026-11-24/a.csv", lines.encode("cp1252")),
        "fixed": lay(seller, "archive/acks/2026-11-24/f.txt", f"000{CPF}JOAO\n000{OTHER}MARI\n".encode()),
        "xml": lay(seller, "archive/invoices/2026-11-24/n.xml", nfe),
        "utf16": lay(seller, "archive/tracking/2026-11-24/u.csv", lines.encode("utf-16")),
        "zip": lay(seller, "archive/invoices/2026-11-24/z.zip", packed(lines.encode())),
        "gz": lay(seller, "held/acks/g.csv.gz", gzip.compress(lines.encode())),
        "errors": lay(
            seller,
            "rejected/tracking/t.csv.errors.csv",
            f"line;column;value;reason\n2;description;joao.alves@quiet.example\n3;x;{OTHER}\n".encode(),
        ),
        "other": lay(seller, "archive/invoices/2026-11-24/other.csv", f"order_id;cpf\n2;{OTHER}\n".encode()),
    }  # fmt: skip


def spoken(seller):
    """Have the database repeat the person's texts where it repeats what files said."""
    now = seller.app.now
    with seller.app.db.write() as tx:
        file = {"feed": "acks", "name": "a.csv", "size": 1, "modified_at": now, "sha256": "f00", "state": "applied", "taken_at": now}
        number = tx.execute(insert(files).values(file).returning(files.c.id)).scalar_one()
        row = {"file_id": number, "feed": "acks", "key": CPF, "line": 2, "column": "message", "reason": "x", "refused_at": now}
        tx.execute(insert(rejections).values({**row, "value": f"cpf {CPF}", "record": {"nome": "João Alves Conceição"}}))
        report = {"failures": [f"acks/a.csv, line 2, message 'de João Alves Conceição <{PERSON['email']}>': no", f"cpf {DOTTED}"]}
        tx.execute(insert(job_runs).values(job="report-documents", run_id="r", holder="h", started_at=now, report=report))


def left(seller, words, *, but=()):
    """Return which words are found in which files, searched by another program, packed ones unpacked; `but`: not below these."""
    found = set()
    for path in sorted(seller.app.root.rglob("*")):
        if not path.is_file() or any(str(path.relative_to(seller.app.root)).startswith(place) for place in but):
            continue
        content = subprocess.run(["cat", path], capture_output=True, check=True).stdout
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        elif path.suffix == ".zip":
            content = zipfile.ZipFile(io.BytesIO(content)).read("inner.csv")
        for word in words:
            if any(word.encode(encoding, "ignore").lower() in content.lower() for encoding in ("utf-8", "cp1252", "utf-16-le")):
                found.add((word, str(path.relative_to(seller.app.root))))
    return found


def test_nothing_is_left_on_disk_but_what_the_law_keeps(seller):
    bought(seller)
    lying = shelves(seller)
    spoken(seller)
    before = {word for word, _ in left(seller, IN_FILES)}
    done = privacy.erase(seller.app, DOTTED)
    seller.app.db.close()

    assert before == set(IN_FILES)
    assert left(seller, WORDS) == set()
    assert left(seller, IN_FILES, but=["var/connector.db"]) == set()
    assert [lying[name].exists() for name in ("lines", "fixed", "errors", "other")] == [True] * 4
    assert [lying[name].exists() for name in ("xml", "utf16", "zip", "gz")] == [False] * 4
    assert len(done["files_masked"]) == 3
    assert done["files_unknown"] == []


def test_other_people_s_lines_stay_to_the_letter_and_the_file_keeps_its_shape_and_time(seller):
    bought(seller)
    path = shelves(seller)["lines"]
    before, at = path.read_bytes(), path.stat().st_mtime_ns
    privacy.erase(seller.app, CPF)
    first, mine, other = path.read_bytes().splitlines()

    assert (path.stat().st_mtime_ns, len(path.read_bytes())) == (at, len(before))
    assert (first, other) == (b"order_id;cpf;nome", b"2;11144477735;Maria")
    assert re.fullmatch(rb"\*;\*+\.\*+\.\*+-\*+;[* ]+", mine)


def test_an_order_file_of_an_open_order_stays_where_the_erp_looks_for_it(seller):
    sent = order("1", ("A", 1), clientProfileData=PERSON)
    ours = json.loads(seller.place(sent)[0])["orderId"]
    run_job(seller.app, "export-orders", Pass(by_hand=True))
    privacy.erase(seller.app, CPF)

    assert [path.name for path in (seller.app.root / "outbox" / "orders").iterdir()] == [f"{ours}.json"]


def test_a_backup_made_before_is_erased_again_when_it_is_restored_and_gone_in_thirty_days(seller):
    bought(seller)
    shelves(seller)
    spoken(seller)
    backups.make(seller.app)
    privacy.erase(seller.app, CPF)
    tombstones = (seller.app.root / "var/backups/erased.jsonl").read_text()
    restoring.restore(seller.app, None, force=True)
    seller.app.db.close()
    in_use = left(seller, WORDS, but=["var/backups", "var/damaged"])
    later = replace(seller.app, clock=lambda: utc_now() + timedelta(days=31))
    backups.make(later)
    run_job(later, "housekeeping", Pass(by_hand=True))
    seller.app.db.close()

    assert [word for word in IN_FILES if word in tombstones] == []
    assert in_use == set()
    assert left(seller, WORDS) == set()


def two_erased(seller):
    """Have a backup of two persons who were erased since, and return the list of that and their orders."""
    mine, theirs = bought(seller), bought(seller, "2", OTHER)
    backups.make(seller.app)
    privacy.erase(seller.app, CPF)
    privacy.erase(seller.app, OTHER)
    return tombstones.place(seller.app), mine, theirs


def restored(seller):
    """Restore where nothing can be taken over, so that the list alone knows who was erased."""
    seller.app.db.close()
    seller.app.db.path.unlink()
    return restoring.restore(seller.app, None)


def is_erased(seller, ours):
    return seller.order(ours).client == privacy.ERASED


@pytest.mark.parametrize("torn", [b'{"at": "2026-11-24T12:00:00+00:00", "orders": ["26', b"\0\0\0\0"])
def test_a_torn_last_line_of_the_list_stops_no_restore_and_the_next_begins_on_a_line_of_its_own(seller, torn):
    path, mine, theirs = two_erased(seller)
    with path.open("ab") as file:
        file.write(torn)
    done = restored(seller)
    tombstones.add(seller.app, ["third"], [])
    after = tombstones.known(seller.app)

    assert (is_erased(seller, mine), is_erased(seller, theirs), done.erased_again) == (True, True, 2)
    assert any("not written to its end" in said for said in restoring.sentences(done))
    assert tombstones.warnings(done.tombstones) == []
    assert (after.orders, after.unreadable, after.torn) == ({mine, theirs, "third"}, (), False)


@pytest.mark.parametrize("spoiled", [b'{"orders": [', b"\xff\xfe", b"[]", b'{"orders": [], "rows": [["f00"]]}'])
def test_an_unreadable_line_of_the_list_is_named_and_all_others_are_erased_again(seller, spoiled):
    path, mine, theirs = two_erased(seller)
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([lines[0], spoiled, lines[1]]))  # by hand, without a newline at its end
    done = restored(seller)
    tombstones.add(seller.app, ["third"], [])
    (warning,) = tombstones.warnings(done.tombstones)

    assert (is_erased(seller, mine), is_erased(seller, theirs), done.erased_again) == (True, True, 2)
    assert f"{path}, line 2 cannot be read" in warning
    assert "connector erase --again" in warning
    assert warning in restoring.warnings(done)
    assert tombstones.known(seller.app).orders == {mine, theirs, "third"}


def test_the_log_of_it_all_names_nobody(seller, capfd):
    log.configure(logging.DEBUG)
    bought(seller)
    shelves(seller)
    spoken(seller)
    privacy.erase(seller.app, CPF)
    run_job(seller.app, "housekeeping", Pass())
    said = capfd.readouterr().err

    assert [word for word in IN_FILES if word in said] == []


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("document", CPF, "***.423.985-**"),
        ("corporateDocument", "12345678000195", "**.345.678/****-**"),
        ("email", "joao@quiet.example", "j***@q***"),
        ("phone", "+5519997125826", "***5826"),
        ("postalCode", "13476-103", "13476-***"),
        ("firstName", "João", "J***"),
        ("receiverName", "João Alves Conceição", "J*** A*** C***"),
        ("state", "SP", "SP"),
        ("geoCoordinates", [-47.1, -22.9], ["***", "***"]),
    ],
)
def test_what_may_be_shown_of_a_person(name, text, shown):
    assert masked({name: text}) == {name: shown}

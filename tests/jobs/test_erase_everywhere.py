"""After `erase` every file of the project is searched: nothing of the person is left, in no encoding and no archive of ours."""

import gzip
import hashlib
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
from sqlalchemy import insert, select

from connector import app as building
from connector import log
from connector import settings as settings_module
from connector.app import utc_now
from connector.domain.messages import Kind
from connector.domain.personal import masked
from connector.storage import outbox, postgresql_dumps
from connector.storage.tables import files, job_runs, metadata, rejections
from connector.usecases import backups, erasing_files, letters, orders, privacy, restoring, tombstones
from connector.usecases.turns import turn
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


def test_a_person_whom_housekeeping_overwrote_is_found_in_older_files_by_the_orders_numbers_and_the_rest_is_named(tmp_path):
    seller = Seller(tmp_path / "shop")
    (seller.app.root / "outbox").mkdir()
    seller.sells("A")
    ours = bought(seller)
    other = f"2;{ours}7;Maria\n"
    path = lay(seller, "archive/tracking/2026-11-24/t.csv", f"1;{ours};Entregue a JOAO, irmao\n{other}".encode())
    seller.knows_no_more_messages()
    seller.now += timedelta(days=91)
    run_job(seller.app, "housekeeping", Pass(by_hand=True))
    assert seller.order(ours).client == {"erased": True}
    done = privacy.erase(seller.app, DOTTED)

    assert path.read_text().splitlines(keepends=True)[1] == other
    assert "irmao" not in path.read_text()
    assert (done["already_erased"], len(done["to_do"])) == ([ours], 1)
    assert [word for word in (ours, "personal_days", "archive/tracking") if word not in done["to_do"][0]] == []
    assert tombstones.known(seller.app).orders == {ours}
    assert privacy.erase(seller.app, DOTTED)["to_do"] == done["to_do"]

    path.unlink()
    assert privacy.erase(seller.app, DOTTED)["to_do"] == []


def test_who_was_erased_while_the_orders_told_the_name_has_nothing_to_look_for_the_second_time(seller):
    ours = bought(seller)
    shelves(seller)
    privacy.erase(seller.app, CPF)
    again = privacy.erase(seller.app, CPF)

    assert (again["already_erased"], again["to_do"]) == ([ours], [])


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


def test_whoever_was_erased_by_another_machine_of_the_database_first_is_in_the_list_of_each_that_was_told(tmp_path, postgresql_url):
    one, other = (Seller(tmp_path / name, url=postgresql_url) for name in ("one", "other"))
    (one.app.root / "outbox").mkdir()
    one.sells("A")
    ours = bought(one)
    made = backups.make(one.app)
    for told in (one, other, other):
        privacy.erase(told.app, CPF)
    for machine in (one, other):
        machine.app.db.close()
    subprocess.run(["sh", "-c", postgresql_dumps.restore_command(other.app.db, made.path)], check=True)
    came_back = not is_erased(other, ours)
    count = privacy.erase_again(other.app)
    is_gone = is_erased(other, ours)
    other.app.db.close()

    assert (came_back, count, is_gone) == (True, 1, True)
    assert len(tombstones.place(other.app).read_text().splitlines()) == 1


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


# ── as an ERP writes: capitals, no accents, no +55 ──────────────────────────────────────────────────────────────────────
LOUD = {**PERSON, "document": OTHER, "phone": "+5519988887777", "firstName": "José", "lastName": "Conceição da Silva"}
SPOKEN = ("JOSÉ CONCEIÇÃO DA SILVA", "JOSE CONCEICAO DA SILVA", "98888-7777", "19988887777")
ERRORS = f"line;column;value;reason\r\n2;x;{SPOKEN[0]};no\r\n3;x;MARIA;no\r\n"


@pytest.fixture(params=["sqlite", "postgresql"])
def loud(tmp_path, request, monkeypatch):
    """A seller whose ERP wrote of a person, in an ack of the person's order and in one that belongs to none."""
    monkeypatch.setenv("K", "key")
    monkeypatch.setenv("T", "token")
    how = {"url": request.getfixturevalue("postgresql_url")} if request.param == "postgresql" else {}
    made = Seller(tmp_path / "shop", **how)
    made.config.write_text(f"[erp]\nsettle_seconds = 0\nerrors_on_target = true\n{made.config.read_text()}")
    made.app.db.close()
    made.app = building.build(settings_module.load(made.config))
    made.sells("A")
    letters.pause(made.app, "shop")
    for folder in ("outbox", "inbox/acks"):
        (made.app.root / folder).mkdir(parents=True)
    made.ours = made.placed(clientProfileData=LOUD)
    run_job(made.app, "export-orders", Pass(by_hand=True))
    rows = (f"rejected;{made.ours};CLIENTE {SPOKEN[0]} (19) {SPOKEN[2]} SEM CREDITO", f"rejected;X;CLIENTE {SPOKEN[1]} TEL {SPOKEN[3]}")
    lay(made, "inbox/acks/a.csv", "\r\n".join(["status;order_id;message", *rows, ""]).encode("cp1252"))
    run_job(made.app, "report-documents", Pass(by_hand=True))
    run_job(made.app, "export-orders", Pass(by_hand=True))
    yield made
    made.app.db.close()


def cancel_was_answered_with_404(seller):
    """Have the marketplace not know the order: its cancellation is a dead letter."""
    with seller.app.db.write() as tx:
        table = metadata.tables["outbox"]
        mine = (table.c.kind == "cancel", table.c.order_id == seller.ours)
        said = f"404: no order of {SPOKEN[1]}"
        return tx.execute(
            table.update().where(*mine).values(state="dead", reason=said, settled_at=seller.app.now).returning(table.c.id)
        ).scalar()


def whole_database(seller):
    with seller.app.db.read() as tx:
        return "\n".join(repr(tuple(row)) for table in metadata.sorted_tables for row in tx.execute(select(table)))


def test_nothing_is_left_of_capitals_without_accents_and_numbers_without_a_country(loud):
    cancel_was_answered_with_404(loud)
    lay(loud, "var/errors/9.csv", ERRORS.encode("cp1252"))
    lay(loud, "var/work/0f-a.csv", f"1;{SPOKEN[1]}\n".encode())
    before = whole_database(loud)
    told = lay(loud, "outbox/errors/acks/b.csv.errors.csv", ERRORS.encode())
    done = privacy.erase(loud.app, OTHER)
    after = whole_database(loud)
    seen = [event.detail for event in loud.order(loud.ours).history if event.what == "rejected by the ERP"]
    loud.app.db.close()

    assert [text in before for text in SPOKEN] == [True] * 4
    assert [text for text in SPOKEN if text in after] == []
    assert told.read_bytes().splitlines()[2] == b"3;x;MARIA;no"
    assert left(loud, SPOKEN) == set()
    assert (done["erased"], done["refused_rows"] > 0, done["still_open"], seen) == ([loud.ours], True, [], ["***"])
    assert (loud.app.root / "var/errors/9.csv").read_bytes().splitlines()[2] == b"3;x;MARIA;no"


def test_what_the_erp_wrote_of_a_persons_order_goes_even_where_it_names_nobody_we_know(loud):
    with loud.app.db.write() as tx:
        events = metadata.tables["order_events"]
        tx.execute(events.update().where(events.c.what == "rejected by the ERP").values(detail="ZEZINHO DA ESQUINA NAO PAGA"))
        tx.execute(rejections.update().where(rejections.c.line == 3).values(key=loud.ours, value="ZEZINHO", record={"message": "ZEZINHO"}))
    cancel_was_answered_with_404(loud)
    privacy.erase(loud.app, OTHER)

    assert "ZEZINHO" not in whole_database(loud)
    assert loud.order(loud.ours).cancel_request["seller_reason"] == "***"


def test_a_person_is_found_where_two_windows_of_a_large_file_meet(loud, monkeypatch):
    monkeypatch.setattr(erasing_files, "WINDOW", 2**13)
    text = "".join(f"{n:06};MARIA\n" for n in range(2000))
    lines = lay(loud, "archive/acks/2026-11-24/large.csv", f"{text[: 2**13 - 10]}\n{SPOKEN[0]}\n{text}".encode("cp1252"))
    wide = lay(loud, "archive/acks/2026-11-24/wide.csv", f"{text[: 2**12 - 10]}\n{SPOKEN[0]}\n{text}".encode("utf-16"))
    privacy.erase(loud.app, OTHER)

    assert b"CONCEI" not in lines.read_bytes()
    assert lines.read_bytes().count(b"MARIA") > 2000
    assert not wide.exists()


def test_the_folders_of_other_machines_are_named(tmp_path, postgresql_url):
    seller = Seller(tmp_path / "shop", url=postgresql_url)
    (seller.app.root / "outbox").mkdir()
    here = lay(seller, "archive/acks/2026-11-24/here.csv", b"order_id\n1\n")
    taken = {"size": 1, "modified_at": seller.now, "state": "applied", "taken_at": seller.now, "settled_at": seller.now}
    lines = {
        "archive/acks/2026-11-24/here.csv": ("acks", hashlib.sha256(here.read_bytes()).hexdigest()),
        "archive/acks/2026-11-24/other.csv": ("acks", "f00"),
        "rejected/invoices/other.csv": ("invoices", "f00"),
        "archive/stock/2026-11-24/catalogues-name-nobody.csv": ("stock", "f00"),
    }
    told = []
    for place, (feed, sha256) in lines.items():
        with seller.app.db.write() as tx:
            tx.execute(insert(files).values(**taken, feed=feed, name=place, place=place, sha256=sha256))
        done = privacy.erase(seller.app, OTHER)
        told.append((done["files_unknown"], len(done["to_do"])))
    seller.app.db.close()

    assert [unknown for unknown, _ in told] == [
        [],
        ["archive/acks: files lie on another machine, or are gone"],
        *[["archive/acks: files lie on another machine, or are gone", "rejected/invoices: files lie on another machine, or are gone"]] * 2,
    ]
    assert [count for _, count in told] == [0, 1, 1, 1]
    assert "archive/acks, rejected/invoices" in done["to_do"][0]


def test_a_copy_that_is_being_read_is_named_and_not_touched(loud, monkeypatch):
    path = lay(loud, "var/work/0f-a.csv", f"1;{SPOKEN[1]}\n".encode())
    monkeypatch.setattr(erasing_files, "PATIENCE_SECONDS", 0.0)
    with turn(loud.app, "report-documents"):
        done = privacy.erase(loud.app, OTHER)

    assert [line.partition(":")[0] for line in done["files_unknown"]] == ["var/work"]
    assert SPOKEN[1] in path.read_text()


def test_a_person_is_found_among_more_rows_than_are_looked_at_at_a_time(loud):
    cancel_was_answered_with_404(loud)
    alarm = {"subject": "x", "since": loud.app.now, "seen_at": loud.app.now, "count": 1, "remedy": ""}
    run = {"job": "x", "holder": "h", "started_at": loud.app.now}
    with loud.app.db.write() as tx:
        tables = metadata.tables
        tx.execute(insert(job_runs), [{**run, "run_id": str(n), "report": {"n": [f"run {n}"]}} for n in range(1200)])
        tx.execute(insert(job_runs).values(**run, run_id="last", report={"failures": [f"acks: {SPOKEN[1]}"]}))
        tx.execute(insert(tables["alarms"]), [{**alarm, "name": f"a{n}", "sentence": SPOKEN[n % 4]} for n in range(600)])
    privacy.erase(loud.app, OTHER)
    after = whole_database(loud)

    assert [text for text in SPOKEN if text in after] == []
    assert "run 1199" in after


# ── what keeps an order's data from being erased ────────────────────────────────────────────────────────────────────────
def test_a_dead_letter_of_the_marketplace_keeps_nobody_s_data(loud):
    cancel_was_answered_with_404(loud)

    assert privacy.erase(loud.app, OTHER)["erased"] == [loud.ours]


def test_a_cancellation_that_waits_is_told_with_its_reason_first(loud):
    done = privacy.erase(loud.app, OTHER)
    kept = loud.order(loud.ours)

    assert (done["erased"], done["still_open"]) == ([], [loud.ours])
    assert done["to_do"] == [f"order {loud.ours}: shop was not told of its cancel yet; erase again after `connector run report-documents`"]
    assert kept.client["firstName"] == "José"


def test_a_dead_letter_of_the_erp_is_named_with_what_helps_and_it_helps(loud):
    cancel_was_answered_with_404(loud)
    with loud.app.db.write() as tx:
        outbox.put(tx, "erp", Kind.CANCELLATION_FILE, [loud.ours], loud.app.now)
        table = metadata.tables["outbox"]
        number = tx.execute(table.update().where(table.c.kind == "cancellation-file").values(state="dead").returning(table.c.id)).scalar()
    before = privacy.erase(loud.app, OTHER)
    letters.discard(loud.app, [number])
    after = privacy.erase(loud.app, OTHER)

    assert before["still_open"] == [loud.ours]
    assert f"`connector dead-letters discard {number}`" in before["to_do"][0]
    assert (after["erased"], after["to_do"]) == ([loud.ours], [])


def test_files_of_a_person_are_masked_although_an_order_still_waits(loud):
    done = privacy.erase(loud.app, OTHER)
    lying = {place for _, place in left(loud, SPOKEN, but=["var/connector.db", "outbox/orders"])}

    assert done["still_open"] == [loud.ours]
    assert lying == set()


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

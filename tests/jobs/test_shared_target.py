"""Several projects (brands, or a copy for trying) whose files one folder of the ERP's takes: each leaves the others' alone."""

import json
import shutil

import pytest
from orders_world import Seller, target_in

from connector import app as building
from connector import settings as settings_module
from connector.domain.messages import ERP, Kind
from connector.storage import outbox, project, tables, watermarks
from connector.storage.database import Database, migrate
from connector.usecases.passes import Pass
from jobs import export_orders


@pytest.fixture(params=["file", "sftp"])
def erp(request, tmp_path):
    """Returns how a project is made whose files a local folder takes, or a real SFTP server."""
    target = tmp_path / "target"
    lines = target_in(target, request.getfixturevalue("sshd") if request.param == "sftp" else None)
    opened = []

    def made_project(name):
        made = Seller(tmp_path / name)
        made.config.write_text(f"[erp]\n{lines}{made.config.read_text()}")
        made.app = building.App(settings_module.load(made.config), made.app.db, made.app.clock)
        made.target = target
        made.sells("A", 100)
        opened.append(made)
        return made

    yield made_project
    for one in opened:
        one.app.target.close()
        one.app.db.close()


def export(shop):
    return export_orders.run(shop.app, Pass(by_hand=True))


def written(shop):
    return sorted(path.stem for path in (shop.target / "orders").glob("*.json"))


def unfinished(shop):
    return sorted(path.name for path in (shop.target / ".partial").iterdir() if path.name != ".folder-id")


class Killed(BaseException):
    """The process ended here."""


def killed_at(monkeypatch, where, name, shop):
    """Export until the process is killed where it calls that."""

    def die(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(where, name, die)
        with pytest.raises(Killed):
            export(shop)


def own_id(db):
    with db.write() as tx:
        return project.own_id(tx, db)


def test_a_file_that_is_about_to_be_published_is_cleared_by_no_other_project(erp, monkeypatch):
    ours, other = erp("ours"), erp("other")
    placed = [ours.placed("1", ("A", 1)), other.placed("2", ("A", 1))]
    publish = ours.app.target.publish
    with monkeypatch.context() as patched:
        patched.setattr(ours.app.target, "publish", lambda partial: (export(other), publish(partial)))
        export(ours)

    assert written(ours) == sorted(placed)
    assert unfinished(ours) == []


def test_a_finished_file_whose_mark_was_never_made_is_cleared_by_the_next_pass_of_its_own_project(erp, monkeypatch):
    ours, other = erp("ours"), erp("other")
    placed = [ours.placed("1", ("A", 1)), other.placed("2", ("A", 1))]
    killed_at(monkeypatch, outbox, "mark_publishing", ours)
    left = unfinished(ours)
    export(other)
    after_the_other = unfinished(ours)
    export(ours)

    assert len(left) == 1
    assert after_the_other == left
    assert unfinished(ours) == []
    assert written(ours) == sorted(placed)


def test_a_copy_of_a_project_leaves_alone_what_the_original_is_publishing(erp, monkeypatch, tmp_path):
    original = erp("original")
    first = original.placed("1", ("A", 1))
    export(original)
    second = original.placed("2", ("A", 1))
    original.app.db.checkpoint()
    killed_at(monkeypatch, original.app.target, "publish", original)
    shutil.copytree(tmp_path / "original", tmp_path / "copy")
    copy = building.load(tmp_path / "copy" / "config" / "connector.toml")
    with copy.db.write() as tx:  # it was made a moment before the original began to write
        tx.execute(tables.outbox.update().where(tables.outbox.c.state == "publishing").values(state="delivered", lease=None, partial=None))
        outbox.put(tx, ERP, Kind.ORDER_FILE, [first], copy.now)
    export_orders.run(copy, Pass(by_hand=True))
    copy.db.close()
    copy.target.close()

    assert len(unfinished(original)) == 1
    export(original)
    assert written(original) == sorted([first, second])


def test_what_an_earlier_version_left_unfinished_is_left_there_since_nobody_can_tell_whose_it_is(erp):
    shop = erp("shop")
    shop.placed("1", ("A", 1))
    export(shop)
    (shop.target / ".partial" / f"X-1.json.{'0' * 32}").write_text("{}")
    shop.placed("2", ("A", 1))
    export(shop)

    assert unfinished(shop) == [f"X-1.json.{'0' * 32}"]


def test_a_database_keeps_its_id_where_it_is_and_a_copy_of_it_gets_another(tmp_path):
    shop = Seller(tmp_path / "shop")
    first, again = own_id(shop.app.db), own_id(shop.app.db)
    shop.app.db.checkpoint()
    shop.app.db.close()
    shutil.copytree(tmp_path / "shop", tmp_path / "copy")
    copy = building.load(tmp_path / "copy" / "config" / "connector.toml").db

    assert first == again
    assert own_id(copy) not in ("", first)
    assert own_id(shop.app.db) == first


def test_a_postgresql_database_keeps_its_id_whichever_machine_asks_and_another_has_another(postgresql_url, monkeypatch):
    db = Database(postgresql_url)
    migrate(db)
    first = own_id(db)
    monkeypatch.setattr("socket.gethostname", lambda: "node-2")
    again = own_id(db)
    with db.write() as tx:
        noted = json.loads(watermarks.value(tx, project.PROJECT))
        watermarks.put(tx, project.PROJECT, json.dumps({**noted, "place": "shop/1"}))  # as in a dump that was read in elsewhere
    other = own_id(db)
    db.close()

    assert first == again != other

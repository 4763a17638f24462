"""The ERP's folder is another one after a pass was killed with a file half-way: a person is told, for nobody knows whether it arrived."""

import shutil

import pytest
from orders_world import Seller, target_in

from connector import app as building
from connector import settings as settings_module
from connector.errors import Unreachable
from connector.usecases import alarms, letters
from connector.usecases.passes import Pass
from jobs import export_orders


@pytest.fixture(params=["file", "sftp"])
def seller(request, tmp_path):
    """A seller whose ERP takes its files from a local folder, or from a real SFTP server."""
    made = Seller(tmp_path / "shop")
    target = tmp_path / "target"
    lines = target_in(target, request.getfixturevalue("sshd") if request.param == "sftp" else None)
    made.config.write_text(f"[erp]\n{lines}{made.config.read_text()}")
    made.app = building.App(settings_module.load(made.config), made.app.db, made.app.clock)
    made.target = target
    made.sells("A")
    yield made
    made.app.target.close()
    made.app.db.close()


@pytest.fixture
def half_way(seller, monkeypatch):
    """An order whose file was finished and marked when the process was killed; returns its number."""

    class Killed(BaseException):
        """The process ended here."""

    def die(*_):
        raise Killed

    order_id = seller.placed()
    with monkeypatch.context() as patched:
        patched.setattr(seller.app.target, "publish", die)
        with pytest.raises(Killed):
            export(seller)
    return order_id


def export(seller):
    return export_orders.run(seller.app, Pass(by_hand=True))


def replace_folder(seller):
    seller.target.rename(seller.target.with_name("away"))
    seller.target.mkdir()


def bring_back(seller):
    shutil.rmtree(seller.target)
    seller.target.with_name("away").rename(seller.target)


def written(seller):
    return sorted(path.stem for path in seller.target.glob("orders/*.json"))


def unfinished(seller):
    return [path.name for path in seller.target.glob(".partial/*") if path.name != ".folder-id"]


def on(seller):
    with seller.app.db.read() as tx:
        return [(alarm.name, alarm.subject) for alarm in alarms.current(tx, seller.app)]


def test_what_was_half_way_when_the_erps_folder_was_replaced_is_a_dead_letter_and_an_alarm(seller, half_way):
    replace_folder(seller)
    report = export(seller)
    (letter,) = letters.listing(seller.app)

    assert report.exit_status == 1
    assert f"orders/{half_way}.json: cannot tell whether it was published" in report.failures[0]
    assert letter["reference"] == half_way
    assert "whether the ERP has got it cannot be told" in letter["reason"]
    assert ("dead-letters", "erp") in on(seller)
    assert export(seller).exit_status == 0
    assert written(seller) == []


def test_replayed_it_is_written_into_the_new_folder(seller, half_way):
    replace_folder(seller)
    export(seller)
    letters.replay(seller.app)
    report = export(seller)

    assert report.exit_status == 0
    assert written(seller) == [half_way]
    assert on(seller) == []


@pytest.mark.usefixtures("half_way")
def test_laid_aside_it_is_looked_for_no_more(seller):
    replace_folder(seller)
    export(seller)
    letters.discard(seller.app, [letters.listing(seller.app)[0]["id"]])
    bring_back(seller)

    assert export(seller).exit_status == 0
    assert written(seller) == []
    assert on(seller) == []


def test_where_the_folder_comes_back_with_the_unfinished_file_it_is_published_by_itself(seller, half_way):
    replace_folder(seller)
    export(seller)
    other = seller.placed("2")
    bring_back(seller)
    report = export(seller)

    assert report.exit_status == 0
    assert written(seller) == sorted([half_way, other])
    assert unfinished(seller) == []
    assert on(seller) == []


@pytest.mark.usefixtures("half_way")
def test_where_the_folder_comes_back_without_the_unfinished_file_it_was_published(seller):
    (name,) = unfinished(seller)
    (seller.target / ".partial" / name).unlink()  # as after the rename; the ERP has taken the file already
    replace_folder(seller)
    export(seller)
    bring_back(seller)

    assert export(seller).exit_status == 0
    assert written(seller) == []
    assert (on(seller), letters.listing(seller.app)) == ([], [])


def test_a_folder_that_cannot_be_reached_gives_nothing_up(seller, half_way):
    seller.target.rename(seller.target.with_name("away"))
    report = export(seller)
    nothing_given_up = letters.listing(seller.app)
    seller.target.mkdir()
    bring_back(seller)

    assert (report.exit_status, nothing_given_up) == (Unreachable.exit_status, [])
    assert export(seller).exit_status == 0
    assert written(seller) == [half_way]


@pytest.mark.usefixtures("half_way")
def test_one_that_is_looked_at_again_where_its_folder_cannot_be_reached_stays_a_dead_letter(seller):
    replace_folder(seller)
    export(seller)
    shutil.rmtree(seller.target)

    assert export(seller).exit_status == Unreachable.exit_status
    assert len(letters.listing(seller.app)) == 1

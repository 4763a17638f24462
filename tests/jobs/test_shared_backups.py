"""Several projects whose backups lie in one folder: each makes its own, removes its own, and is restored from its own."""

import os
import socket
from dataclasses import replace
from datetime import timedelta

import pytest
from orders_world import Seller

from connector import app as building
from connector import settings as settings_module
from connector.errors import NotFound
from connector.usecases import backups, leftovers, restoring, retention

DAY = timedelta(days=1)


@pytest.fixture
def shops(tmp_path):
    """Two projects with one folder for their backups, an order in each."""
    made = [Seller(tmp_path / name) for name in ("brand", "other")]
    for shop in made:
        shop.config.write_text(f'[backup]\nfolder = "{tmp_path}/disk"\n{shop.config.read_text()}')
        shop.app = building.App(settings_module.load(shop.config), shop.app.db, shop.app.clock)
        shop.sells("A")
        shop.order_id = shop.placed("1")
    yield made
    for shop in made:
        shop.app.db.close()


def test_each_is_backed_up_however_fresh_the_others_backup_is(shops):
    brand, other = shops
    made = backups.keep_up(brand.app, "1"), backups.keep_up(other.app, "1")
    again = backups.keep_up(brand.app, "2"), backups.keep_up(other.app, "2")

    assert None not in made
    assert made[0].path != made[1].path
    assert again == (None, None)
    assert [[one.path for one in backups.known(shop.app)] for shop in shops] == [[one.path] for one in made]


def test_a_lost_database_is_restored_from_its_own_backup_though_the_others_is_newer(shops):
    brand, other = shops
    made = backups.make(brand.app)
    other.now += DAY
    backups.make(other.app)
    brand.app.db.close()
    brand.app.db.path.unlink()
    done = restoring.restore(brand.app, None)

    assert done.backup == made.path
    assert brand.order(brand.order_id).order_id == brand.order_id


def test_where_only_others_have_backups_none_is_restored_unless_it_is_named(shops):
    brand, other = shops
    made = backups.make(other.app)
    brand.app.db.close()
    brand.app.db.path.unlink()
    with pytest.raises(NotFound, match="of other projects, or of this one where it lay before") as refused:
        restoring.restore(brand.app, None)
    done = restoring.restore(brand.app, made.path)

    assert made.path.name in refused.value.remedy
    assert done.backup == made.path


def test_nobody_thins_out_sooner_than_after_thirty_days_what_is_the_others(shops):
    brand, other = shops
    old = [backups.make(other.app)]
    other.now += DAY
    old.append(backups.make(other.app))
    brand.now += 29 * DAY
    backups.make(brand.app)
    then = [one.path for one in old if one.path.exists()]
    brand.now += 2 * DAY
    backups.make(brand.app)

    assert then == [one.path for one in old]
    assert [one.path for one in old if one.path.exists()] == [old[1].path]  # the newest of each stays


def test_housekeeping_removes_no_more_of_the_others_than_a_backup_does(shops):
    brand, other = shops
    first, second = backups.make(other.app), replace(other.app, clock=lambda: other.now + DAY)
    backups.make(second)
    brand.now += 29 * DAY
    retention.remove_copies(brand.app)

    assert first.path.exists()


def test_backups_of_earlier_versions_count_as_ones_own(shops, monkeypatch):
    brand, _ = shops
    made = backups.make(brand.app)
    older = made.path.rename(made.path.with_name(f"connector-{made.at:{backups.TIME}}.db"))
    monkeypatch.setattr(socket, "gethostname", lambda: "another-machine")

    assert [one.path for one in backups.known(brand.app)] == [older]
    assert backups.keep_up(brand.app, "1") is None


def test_what_lies_in_the_project_itself_is_its_own_whatever_its_machine_is_called_by_now(shops, monkeypatch):
    """A container has another name each time it is made."""
    brand = shops[0]
    brand.config.write_text(brand.config.read_text().replace(str(backups.folder(brand.app)), "var/backups"))
    brand.app = building.App(settings_module.load(brand.config), brand.app.db, brand.app.clock)
    made = backups.make(brand.app)
    monkeypatch.setattr(socket, "gethostname", lambda: "another")

    assert [one.path for one in backups.known(brand.app)] == [made.path]
    assert backups.newest(brand.app).path == made.path


def test_a_backup_that_another_project_is_making_is_no_leftover_for_a_day(shops):
    brand, other = shops
    made = backups.make(other.app)
    under_way = made.path.rename(made.path.with_name(f".{made.path.name}.partial"))
    while_young = leftovers.remove(brand.app)
    os.utime(under_way, (0, 0))
    when_old = leftovers.remove(brand.app)

    assert (while_young, when_old) == (0, 1)

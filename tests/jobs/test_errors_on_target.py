"""Errors files that go back to the ERP: in its language, whole, and once."""

import os

import pytest
from catalog_world import Catalog

from connector.storage.tables import files
from connector.usecases import repair, retrying
from connector.usecases.passes import Pass
from jobs import export_orders

BACK = "[feeds.stock]\nmax_rejected = 1\n"


@pytest.fixture
def world(tmp_path):
    os.environ.update(CATALOG_KEY="key", CATALOG_TOKEN="token", CONNECTOR__ERP__LANGUAGE="pt", CONNECTOR__ERP__ERRORS_ON_TARGET="true")
    one = Catalog(tmp_path / "project", more=BACK)
    (one.root / "outbox").mkdir()
    yield one
    one.app.db.close()
    del os.environ["CONNECTOR__ERP__LANGUAGE"], os.environ["CONNECTOR__ERP__ERRORS_ON_TARGET"]


def export(world):
    return export_orders.run(world.app, Pass(by_hand=True))


def written(world, name):
    return (world.root / "outbox" / name).read_bytes().decode("utf-8-sig").splitlines()


def test_refused_rows_go_back_in_portuguese(world):
    world.export("stock/s.csv", "1;5", "2;x")
    report = export(world)

    assert report.failures == []
    assert report.lines == ["wrote errors/stock/s.csv.errors.csv"]
    assert written(world, "errors/stock/s.csv.errors.csv") == ["linha;coluna;valor;motivo", "3;quantity;x;não é um número"]
    assert world.lies("rejected") == ["stock/s.csv.errors.csv"]
    assert world.lies("var/errors") == []


def test_what_the_erp_takes_away_is_not_written_again(world):
    world.export("stock/s.csv", "1;5", "2;x")
    export(world)
    (world.root / "outbox/errors/stock/s.csv.errors.csv").unlink()
    world.run()
    export(world)

    assert world.lies("outbox/errors") == []


def test_the_next_files_errors_do_not_overwrite_those_that_lie_there(world):
    world.export("stock/s.csv", "1;5", "2;x")
    export(world)
    world.export("stock/s.csv", "1;5", "2;y")
    export(world)

    assert world.lies("outbox/errors") == ["stock/s.csv-2.errors.csv", "stock/s.csv.errors.csv"]
    assert written(world, "errors/stock/s.csv-2.errors.csv")[1] == "3;quantity;y;não é um número"


def test_a_held_file_that_is_approved_gives_the_errors_of_its_bad_rows(world):
    world.export("stock/1.csv", "1;5", "2;5", "3;5")
    world.export("stock/2.csv", "1;0", "2;0", "3;x")
    export(world)
    before = world.lies("rejected"), world.lies("outbox")
    repair.held_approve(world.app, world.held()[0]["id"], by="ana")
    export(world)

    assert before == ([], [])
    assert world.lies("rejected") == ["stock/2.csv.errors.csv"]
    assert written(world, "errors/stock/2.csv.errors.csv") == ["linha;coluna;valor;motivo", "4;quantity;x;não é um número"]


def test_a_file_refused_whole_goes_back_with_its_reason(world):
    world.drop("stock/s.csv", "1;2", head="codigo;saldo")
    world.run()
    export(world)

    assert written(world, "errors/stock/s.csv.errors.csv")[1].startswith(
        "1;;;\"a linha 1 não é um cabeçalho: não cita nenhuma coluna do feed ('codigo, saldo') (a primeira linha dá nome às colunas; se têm"
    )


def test_a_retry_that_is_refused_again_sends_its_errors_again(world):
    world.drop("stock/s.csv", "1;2", head="codigo;saldo")
    world.run()
    retrying.retry(world.app, None)
    export(world)

    assert world.lies("outbox/errors") == ["stock/s.csv-2.errors.csv", "stock/s.csv.errors.csv"]


def test_a_crash_before_the_file_left_the_source_asks_once(world):
    path = world.drop("stock/s.csv", "1;5", "2;x")
    kept, when = path.read_bytes(), path.stat().st_mtime
    world.run()
    export(world)
    path.write_bytes(kept)
    os.utime(path, (when, when))
    with world.app.db.write() as tx:
        tx.execute(files.update().values(moved_at=None, place=None))
    world.run()
    export(world)

    assert world.lies("outbox/errors") == ["stock/s.csv.errors.csv"]
    assert not path.exists()


def test_rows_of_one_key_that_differ_are_named_by_it(world):
    world.export("stock/s.csv", "7;5", "7;6", "8;x", "8;1")
    export(world)

    assert written(world, "errors/stock/s.csv.errors.csv")[1:] == [
        "2;sku;7;a chave aparece com conteúdos diferentes nas linhas 2, 3",
        "3;sku;7;a chave aparece com conteúdos diferentes nas linhas 2, 3",
        "4;quantity;x;não é um número",
        '5;sku;8;"a linha 4 tem a mesma chave e foi recusada; então nenhuma linha dessa chave é aceita"',
    ]

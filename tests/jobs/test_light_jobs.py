"""Jobs and commands by hand stay light: a pass is started every two minutes, and what it does not need is not loaded."""

import json
import subprocess
import sys

import pytest
from catalog_world import Catalog, product

from connector.cli.project import SKELETON

NEVER = {
    *("pandas", "numpy", "openpyxl", "xlrd", "paramiko", "requests", "urllib3", "alembic", "apscheduler", "jinja2", "prometheus_client"),
    *("rich", "structlog", "pydantic_settings", "falcon", "gunicorn", "holidays", "sqlalchemy.dialects.postgresql", "connector.log_lines"),
    *("connector.erp.sftp", "connector.delivery.relay", "connector.sandbox", "connector.demo", "connector.bench"),
}
"""A terminal, a log line, an ERP behind SFTP, a spreadsheet, PostgreSQL, a setting in the environment: each loads what it needs."""
CALL = """
import json, sys
from connector.cli.main import main
sys.argv[0] = "connector"
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A project as `init` makes it, with its samples taken, and its prices come again with one more."""
    made = tmp_path_factory.mktemp("light") / "shop"
    for words in (("init", str(made)), ("--config", str(made / "config" / "connector.toml"), "run", "refresh-snapshot")):
        subprocess.run([sys.executable, "-m", "connector", *words], capture_output=True, check=True)
    for sample in (SKELETON / "inbox" / "prices").iterdir():
        (made / "inbox" / "prices" / sample.name).write_text(sample.read_text(encoding="utf-8") + "NEW-1;1,00;;\n", encoding="utf-8")
    return made


@pytest.mark.parametrize("words", [("run", "refresh-snapshot", "--json"), ("status", "--json")])
def test_a_refresh_and_a_status_load_nothing_that_they_do_not_need(root, words):
    done = subprocess.run([sys.executable, "-c", CALL, *words], cwd=root, capture_output=True, text=True, check=False)
    loaded = set(json.loads(done.stderr.splitlines()[-1]))

    assert done.returncode == 0, done.stderr
    assert loaded & NEVER == set()


def test_what_refreshes_ask_of_the_database_is_made_ready_once_and_known_again(tmp_path):
    shop, made = Catalog(tmp_path / "project"), []
    for day in range(1, 8):
        shop.drop("products/p.csv", *(product(sku) for sku in "ABCDE"[: 2 + day % 3]))
        shop.drop("prices/p.csv", f"A;{day},00;9,90", f"B;{day},50;9,90", *(["C;x;9,90"] if day % 2 else []))
        shop.drop("stock/s.csv", f"A;{day}")
        shop.drop("freight/f.csv", f"01000000;99999999;0;30000;{day};5")
        shop.run()
        made.append(len(shop.app.db.engine._compiled_cache))

    assert made[6] == made[5] == made[4], made

"""The product's side: a project directory as an operator has it, with the first exports loaded and told, set back by copying."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from connector.bench import show
from connector.bench.exports import COLUMNS, Variant, price_cents, quantity
from connector.bench.freight import write_freight
from connector.bench.peers.told import digest
from connector.bench.processes import Run, Wrong, connector, run

ACCOUNT = "bench"
NAME = "connector.toml"
DATABASE = Path("var") / "connector.db"
SETTINGS = """
[database]
url = "{database}"
[erp]
settle_seconds = 0
[[shipping.slas]]
id = "Normal"
table = "freight/normal*.csv"
[[shipping.slas]]
id = "Expressa"
table = "freight/express*.csv"
[[marketplaces]]
account = "bench"
seller_id = "acme"
base_url = "{marketplace}"
suggestions_url = "{marketplace}"
app_key = "file:config/secret"
app_token = "file:config/secret"
services_hosts = ["127.0.0.1"]
requests_per_minute = 100000000
concurrency = {concurrency}
[api]
bind = "127.0.0.1:{port}"
workers = {workers}
threads = 16
{more}
"""
KINDS = {"products": ("catalog",), "prices": ("price",), "stock": ("inventory", "sold-out")}


def furnish(root: Path, *, url: str = "sqlite:///var/connector.db", **settings: Any) -> Path:
    """Make a project directory with these settings; returns it."""
    for folder in ("config", "var", "outbox", *(f"inbox/{feed}" for feed in (*COLUMNS, "freight"))):
        (root / folder).mkdir(parents=True, exist_ok=True)
    secret = root / "config" / "secret"
    secret.touch(mode=0o600)
    secret.write_text("bench", encoding="utf-8")
    configure(root, url=url, **settings)
    write_freight(root / "inbox" / "freight")
    return root


def configure(root: Path, *, url: str = "sqlite:///var/connector.db", name: str = NAME, **settings: Any) -> None:
    """Write the settings anew, or beside them under another name; `more` is text for the end of the section api."""
    values = {"marketplace": "http://127.0.0.1:9", "concurrency": 16, "port": 8000, "workers": 1, "more": ""} | settings
    (root / "config" / name).write_text(SETTINGS.format(database=url, **values), encoding="utf-8")


def deliver(root: Path, files: Path) -> None:
    """Lay the three exports into the inbox, as links: the product copies what it takes."""
    for feed in COLUMNS:
        os.link(files / f"{feed}.csv", root / "inbox" / feed / f"{feed}.csv")


def refresh(root: Path) -> list[str]:
    """Return the command line of one pass over what lies in the inbox."""
    return connector(root, "run", "refresh-snapshot", "--json")


def loaded(work: Path, files: Path, variant: Variant) -> Path:
    """Return a project with these exports loaded and every SKU known and told; made where it is not there yet."""
    root = work / "projects" / variant.name
    if not (root / "whole").exists():
        shutil.rmtree(root, ignore_errors=True)
        deliver(furnish(root), files)
        show.progress(f"  loading {variant.size:,} SKUs into a project")
        run(refresh(root))
        settle(root)
        (root / "whole").touch()
    return root


def settle(root: Path) -> None:
    """Have the marketplace know every SKU, with nothing left to tell, as after weeks of work."""
    with closing(sqlite3.connect(root / DATABASE, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute(
            "INSERT INTO listings (account, sku, state, told_at) SELECT ?, sku, 'known', '2025-06-01 00:00:00.000000' FROM products",
            (ACCOUNT,),
        )
        db.execute("DELETE FROM outbox")
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def restored(kept: Path, to: Path) -> None:
    """Make `to` a copy of a project that is kept: its database copied, its archive linked."""
    shutil.rmtree(to, ignore_errors=True)
    for folder in ("config", "inbox", "outbox", "archive"):
        shutil.copytree(kept / folder, to / folder, copy_function=os.link if folder == "archive" else shutil.copy2)
    (to / "var").mkdir()
    for path in (kept / "var").iterdir():
        if path.is_file():
            subprocess.run(["/bin/cp", "--reflink=auto", path, to / "var" / path.name], check=True)


@contextmanager
def reading(root: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{root / DATABASE}?mode=ro", uri=True)) as db:
        yield db


def told(root: Path, feed: str) -> str:
    """Return the hash of the SKUs that the marketplace is to be told about."""
    kinds = KINDS[feed]
    with reading(root) as db:
        marks = ", ".join("?" * len(kinds))
        return digest(row[0] for row in db.execute(f"SELECT reference FROM outbox WHERE kind IN ({marks})", kinds))


def sums(root: Path) -> tuple[int, int]:
    """Return the sums of all prices, in cents, and of all stock."""
    with reading(root) as db:
        prices, stock = (
            db.execute(f"SELECT sum({c}) FROM {t}").fetchone()[0] for c, t in (("price_cents", "prices"), ("quantity", "stock"))
        )
        return int(prices or 0), int(stock or 0)


def expected_sums(variant: Variant, changes: dict[str, int]) -> tuple[int, int]:
    """Return what the sums are after so many changes of each feed, each by one."""
    numbers = range(variant.size)
    return sum(map(price_cents, numbers)) + changes["prices"], sum(map(quantity, numbers)) + changes["stock"]


def counts(done: Run) -> dict[str, int]:
    """Return what a pass counted. Raises Wrong where anything failed."""
    report = json.loads(done.output[done.output.index("{") :])
    if report["failures"]:
        raise Wrong(f"refresh-snapshot: {report['failures']}")
    found: dict[str, int] = report["counts"]
    return found

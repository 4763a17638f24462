"""pandas as connectors are often written with it: the old table in a dict, a loop over the rows, and `to_sql` for all of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from connector.bench.exports import ENCODING
from connector.bench.peers.told import FEEDS, Peer, answer

DECIMAL = {"price", "list_price"}


def refresh(state: Path, files: Path) -> None:
    with closing(sqlite3.connect(state)) as db:
        for feed in FEEDS:
            _refresh(db, feed, files / f"{feed}.csv")
        db.commit()


def told(state: Path, feed: str) -> Iterable[str]:
    with closing(sqlite3.connect(state)) as db:
        return [row[0] for row in db.execute("SELECT sku FROM outbox WHERE feed = ?", [feed])]


def forget(state: Path) -> None:
    with closing(sqlite3.connect(state)) as db:
        db.execute("DELETE FROM outbox")
        db.commit()


def _refresh(db: sqlite3.Connection, feed: str, path: Path) -> None:
    import pandas as pd

    new = pd.read_csv(path, sep=";", encoding=ENCODING, decimal=",", dtype={"sku": str, "ean": str})
    known = db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (feed,)).fetchone()
    old = pd.read_sql(f"SELECT * FROM {feed}", db) if known else new.head(0)
    before = {row[0]: row for row in old.itertuples(index=False, name=None)}
    changed = [row[0] for row in new.itertuples(index=False, name=None) if before.pop(row[0], None) != row]
    outbox = pd.DataFrame({"feed": feed, "sku": [*changed, *before]})
    new.to_sql(feed, db, if_exists="replace", index=False)
    outbox.to_sql("outbox", db, if_exists="append", index=False)


if __name__ == "__main__":
    answer(Peer(refresh, told, forget))

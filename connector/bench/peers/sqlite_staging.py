"""Python's csv and sqlite3: every line staged in a temporary table, compared with the tables by SQL, in one durable transaction."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from connector.bench.exports import COLUMNS, ENCODING
from connector.bench.peers.told import FEEDS, Peer, answer

MONEY = ("price", "list_price")
WHOLE = ("quantity",)


def refresh(state: Path, files: Path) -> None:
    with closing(opened(state)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("CREATE TABLE IF NOT EXISTS outbox (feed TEXT, sku TEXT)")
        for feed in FEEDS:
            _refresh(db, feed, files / f"{feed}.csv")
        db.execute("COMMIT")


def told(state: Path, feed: str) -> Iterable[str]:
    with closing(opened(state)) as db:
        return [row[0] for row in db.execute("SELECT sku FROM outbox WHERE feed = ?", [feed])]


def forget(state: Path) -> None:
    with closing(opened(state)) as db:
        db.execute("DELETE FROM outbox")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def opened(state: Path) -> sqlite3.Connection:
    db = sqlite3.connect(state, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "temp_store=FILE"):
        db.execute(f"PRAGMA {pragma}")
    return db


def rows(feed: str, path: Path) -> Iterator[list[object]]:
    """Yield a file's rows, money in cents."""
    names = COLUMNS[feed]
    money = [names.index(name) for name in MONEY if name in names]
    whole = [names.index(name) for name in WHOLE if name in names]
    with path.open(encoding=ENCODING, newline="") as file:
        lines = csv.reader(file, delimiter=";")
        next(lines)
        for line in lines:
            row: list[object] = [*line]
            for at in money:
                row[at] = int(line[at].replace(",", ""))
            for at in whole:
                row[at] = int(line[at])
            yield row


def _refresh(db: sqlite3.Connection, feed: str, path: Path) -> None:
    names = COLUMNS[feed]
    db.execute(f"CREATE TABLE IF NOT EXISTS {feed} ({names[0]} TEXT PRIMARY KEY, {', '.join(names[1:])}) WITHOUT ROWID")
    db.execute(f"CREATE TEMP TABLE new (sku TEXT PRIMARY KEY, {', '.join(names[1:])}) WITHOUT ROWID")
    db.executemany(f"INSERT INTO new VALUES ({', '.join('?' * len(names))})", rows(feed, path))
    differ = " OR ".join(f"n.{name} IS NOT o.{name}" for name in names[1:])
    db.execute(f"CREATE TEMP TABLE changed AS SELECT n.sku FROM new n LEFT JOIN {feed} o USING (sku) WHERE o.sku IS NULL OR {differ}")
    db.execute(f"CREATE TEMP TABLE gone AS SELECT sku FROM {feed} EXCEPT SELECT sku FROM new")
    db.execute(f"INSERT INTO outbox SELECT '{feed}', sku FROM changed UNION ALL SELECT '{feed}', sku FROM gone")
    db.execute(f"INSERT OR REPLACE INTO {feed} SELECT n.* FROM changed JOIN new n USING (sku)")
    db.execute(f"DELETE FROM {feed} WHERE sku IN (SELECT sku FROM gone)")
    for table in ("new", "changed", "gone"):
        db.execute(f"DROP TABLE temp.{table}")


if __name__ == "__main__":
    answer(Peer(refresh, told, forget))

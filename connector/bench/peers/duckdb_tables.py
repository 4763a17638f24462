"""DuckDB: three tables of its own in its own file, compared with the exports by joins; 400 MB (10 M SKUs: 1 GB), both cores."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from connector.bench.exports import COLUMNS
from connector.bench.peers.told import FEEDS, Peer, answer

NUMBERS = {"price": "DECIMAL(12,2)", "list_price": "DECIMAL(12,2)", "quantity": "BIGINT", "weight": "DECIMAL(9,3)"}
LARGE_BYTES = 500 * 2**20
"""From this size on the join does not fit into 400 MB: it ends with "out of memory", also with one thread."""


def refresh(state: Path, files: Path) -> None:
    with _opened(state) as db:
        db.execute("CREATE TABLE IF NOT EXISTS outbox (feed VARCHAR, sku VARCHAR)")
        db.execute("BEGIN")
        for feed in FEEDS:
            _refresh(db, feed, files / f"{feed}.csv")
        db.execute("COMMIT")


def told(state: Path, feed: str) -> Iterable[str]:
    with _opened(state) as db:
        return [row[0] for row in db.execute("SELECT sku FROM outbox WHERE feed = ?", [feed]).fetchall()]


def forget(state: Path) -> None:
    with _opened(state) as db:
        db.execute("DELETE FROM outbox")


def _opened(state: Path) -> Any:
    import duckdb

    many = state.exists() and state.stat().st_size > LARGE_BYTES
    return duckdb.connect(str(state), config={"memory_limit": "1GB" if many else "400MB"})


def _refresh(db: Any, feed: str, path: Path) -> None:
    """Compare by a hash kept with each row, in one join over the file: half the time of comparing every column."""
    columns = ", ".join(f"'{name}': '{NUMBERS.get(name, 'VARCHAR')}'" for name in COLUMNS[feed])
    source = f"read_csv('{path}', delim=';', header=true, columns={{{columns}}}, encoding='latin-1', decimal_separator=',')"
    new = f"SELECT *, hash({', '.join(COLUMNS[feed][1:])}) AS h FROM {source}"
    if not db.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [feed]).fetchone():
        db.execute(f"CREATE TABLE {feed} AS {new}")
        db.execute(f"INSERT INTO outbox SELECT '{feed}', sku FROM {feed}")
        return
    db.execute(
        f"CREATE TEMP TABLE changed AS SELECT coalesce(n.sku, o.sku) AS key, n.* FROM ({new}) n"
        f" FULL JOIN (SELECT sku, h FROM {feed}) o ON n.sku = o.sku WHERE n.h IS DISTINCT FROM o.h"
    )
    db.execute(f"INSERT INTO outbox SELECT '{feed}', key FROM changed")
    db.execute(f"DELETE FROM {feed} WHERE sku IN (SELECT key FROM changed)")
    db.execute(f"INSERT INTO {feed} SELECT * EXCLUDE (key) FROM changed WHERE sku IS NOT NULL")
    db.execute("DROP TABLE changed")


if __name__ == "__main__":
    answer(Peer(refresh, told, forget))
